"""What seeds came to, as numbers that can be summed, and what was found in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from tests.laboratory.points import SOMETIMES
from tests.laboratory.run import Verdict

_TOLD_AT_MOST: Final = 5
_LONGEST: Final = 500
_NUMBERS: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|\d+")


@dataclass(slots=True, kw_only=True)
class Found:
    """A seed in which a promise was broken."""

    seed: int
    told: list[str]
    """The first few violations, each cut to a readable length."""

    @property
    def kind(self) -> str:
        """What the first of them is about."""
        return kind_of(self.told[0])


@dataclass(slots=True, kw_only=True)
class Tally:
    """The sums of some seeds."""

    seeds: int = 0
    dispatches: int = 0
    """Those that were answered 202."""
    steps: int = 0
    """The steps of their workflows."""
    lives: int = 0
    """Starts of gateways that came to listen."""
    turns: int = 0
    """Callbacks of the loop that ran."""
    virtual_s: float = 0.0
    """Time that passed in the worlds."""
    busy_s: float = 0.0
    """Processor time that it took."""
    found: list[Found] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """How often each of `points.SOMETIMES` happened."""

    def add(self, other: Tally) -> None:
        """Add what other seeds came to."""
        self.seeds += other.seeds
        self.dispatches += other.dispatches
        self.steps += other.steps
        self.lives += other.lives
        self.turns += other.turns
        self.virtual_s += other.virtual_s
        self.busy_s += other.busy_s
        self.found += other.found
        self.counts += other.counts

    def as_document(self) -> dict[str, Any]:
        """Return the sums as JSON types, from which `of_document` makes them again."""
        counts = {what: self.counts[what] for what in SOMETIMES if self.counts[what]}
        rounded = {"virtual_s": round(self.virtual_s, 3), "busy_s": round(self.busy_s, 3)}
        return {**asdict(self), **rounded, "counts": counts}

    @classmethod
    def of_document(cls, known: dict[str, Any]) -> Tally:
        """Read what `as_document` returned."""
        found = [Found(**one) for one in known["found"]]
        return cls(**{**known, "found": found, "counts": Counter(known["counts"])})


def total(tallies: Iterable[Tally]) -> Tally:
    """Return the sum."""
    whole = Tally()
    for one in tallies:
        whole.add(one)
    return whole


def tally(seed: int, verdict: Verdict, *, busy_s: float) -> Tally:
    """Return what one seed came to."""
    workflows = verdict.plan.dispatches
    accepted = {one.dispatch for one in verdict.seen.asked if one.dispatch_uuid is not None}
    return Tally(
        seeds=1,
        dispatches=len(accepted),
        steps=sum(len(workflows[number].steps) for number in accepted),
        lives=len(verdict.seen.lives),
        turns=verdict.turns,
        virtual_s=verdict.virtual_s,
        busy_s=busy_s,
        found=[found(seed, verdict.violations)] if verdict.violations else [],
        counts=Counter(verdict.counts),
    )


def found(seed: int, violations: list[str]) -> Found:
    """Return the finding of a seed, in a length that a person reads."""
    return Found(seed=seed, told=[one[:_LONGEST] for one in violations[:_TOLD_AT_MOST]])


def kind_of(violation: str) -> str:
    """Return which check found it, whatever dispatch and instant it speaks of."""
    return _NUMBERS.sub("#", violation.partition(":")[0])
