"""What a comparison says: the words that everything else in this package speaks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.compare.kinds import DifferenceKind, Weight
from gateway.compare.shape import Shape


class Outcome(StrEnum):
    """What two traces of one workflow come to, from the best to the worst."""

    IDENTICAL = "identical"
    """Nothing differs once ids and the beginning of time are taken out."""
    EQUIVALENT = "equivalent"
    """Instants differ within the tolerances, and nothing else."""
    EXPLAINED = "explained"
    """Every difference is a known one, with a number."""
    COSMETIC = "cosmetic"
    """The same is told in another form."""
    SEMANTIC = "semantic"
    """Something else was sent, or told."""
    NOT_COMPARABLE = "not-comparable"
    """The traces do not hold enough, or are of two workflows; `Comparison.note` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """By how much instants may differ, in milliseconds."""

    failover_late_ms: int = 5_000
    """The reference's failover after the candidate's. An expiry is a lower bound in Dispatch: one
    of 15 s was seen to take 17.95 s. Source: docs/wire.md section 6.2."""
    failover_early_ms: int = 1_000
    """The reference's failover before the candidate's: v1 tells time in whole seconds."""
    report_ms: int = 5_000
    """Between the deciding status and the report, in either order.

    Source: docs/wire.md section 6.1, D8."""


DEFAULT_TOLERANCES: Final = Tolerances()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One finding. It holds no ids, addresses and texts, because it travels into reports."""

    kind: DifferenceKind
    step: int | None
    """An index into the workflow; `None` for what concerns the whole."""
    reference: str
    """What really happened, in a few words."""
    candidate: str
    """What happens on the other side."""
    detail: str
    fingerprint: str
    """The same for the same difference of another workflow of the same shape."""
    known: str | None = None
    """The number of the known difference that explains it, such as `DIFF-08`."""

    @property
    def is_critical(self) -> bool:
        """Whether one of it is enough to stop."""
        return self.kind.is_critical

    @property
    def is_semantic(self) -> bool:
        """Whether it matters, and nothing explains it."""
        return self.known is None and self.kind.weight is Weight.SEMANTIC


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What came of comparing two traces of one workflow."""

    outcome: Outcome
    differences: tuple[Difference, ...]
    shape: Shape
    note: str | None = None
    """Why the traces cannot be compared."""

    @property
    def semantic(self) -> tuple[Difference, ...]:
        """The differences that matter."""
        return tuple(each for each in self.differences if each.is_semantic)

    @property
    def is_critical(self) -> bool:
        """Whether a wrong person or a wrong content is among the differences."""
        return any(each.is_critical for each in self.differences)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A difference before its workflow's shape is known."""

    kind: DifferenceKind
    step: int | None = None
    reference: str
    candidate: str
    detail: str
    cause: str
    """What is alike in all differences of this kind: no ids, instants or amounts."""

    def of_shape(self, shape: Shape) -> Difference:
        """Return the difference as it counts for workflows of one shape."""
        said = "\n".join([self.kind.code, str(shape), str(self.step), self.cause])
        return Difference(
            kind=self.kind,
            step=self.step,
            reference=self.reference,
            candidate=self.candidate,
            detail=self.detail,
            fingerprint=hashlib.sha256(said.encode()).hexdigest()[:12],
        )


def outcome_of(differences: tuple[Difference, ...], *, is_exact: bool) -> Outcome:
    """Return what differences come to; `is_exact` if no tolerance was made use of."""
    if not differences:
        return Outcome.IDENTICAL if is_exact else Outcome.EQUIVALENT
    unexplained = [each for each in differences if each.known is None]
    if not unexplained:
        return Outcome.EXPLAINED
    is_semantic = any(each.is_semantic for each in unexplained)
    return Outcome.SEMANTIC if is_semantic else Outcome.COSMETIC
