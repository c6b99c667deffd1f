"""Whether to cut over: plain rules over the counts, each with its reason in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.compare.comparison import Outcome
from gateway.compare.tally import Tally


class Answer(StrEnum):
    """The verdict in a word, from good to bad."""

    GO = "go"
    NOT_YET = "not-yet"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """How much evidence is enough, and how many differences are too many."""

    workflows: int = 300
    """With fewer, not one difference still leaves more than 1 in 100 possible."""
    semantic_share: float = 0.01
    """Above it the answer is no; below it, every finding is to be looked at first."""
    not_comparable_share: float = 0.1
    """Above it too much of the traffic is not known."""
    shape_share: float = 0.01
    """Shapes that are rarer need not be covered."""


DEFAULT_THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer, and what it stands on."""

    answer: Answer
    reasons: tuple[str, ...]
    """The heaviest first; for a `go`, what it stands on."""
    workflows: int
    """Those that could be compared."""
    shapes: int
    semantic: int
    """Workflows that differ in what matters."""
    explained: int
    """Workflows that differ in known or ignored ways alone."""
    upper_bound_95: float | None
    """The share of differing workflows that is still possible when none was seen, by the rule of
    three; `None` when there were some."""


def judge(tally: Tally, thresholds: Thresholds = DEFAULT_THRESHOLDS) -> Verdict:
    """Return whether what was counted is enough to cut over."""
    against, missing = list(_against(tally, thresholds)), list(_missing(tally, thresholds))
    answer = Answer.NO if against else Answer.NOT_YET if missing else Answer.GO
    reasons = [*against, *missing]
    return Verdict(
        answer=answer,
        reasons=tuple(reasons) or ("enough was compared, and nothing that matters differs",),
        workflows=tally.comparable,
        shapes=len(tally.shapes),
        semantic=tally.semantic,
        explained=tally.outcomes[Outcome.EXPLAINED],
        upper_bound_95=_upper_bound(tally),
    )


def _upper_bound(tally: Tally) -> float | None:
    if tally.semantic or not tally.comparable:
        return None
    return min(1.0, 3 / tally.comparable)


def _against(tally: Tally, thresholds: Thresholds) -> Iterator[str]:
    if tally.critical:
        yield f"{_workflows(tally.critical)} with a wrong recipient or content"
    if tally.semantic > thresholds.semantic_share * tally.comparable:
        most = f"{thresholds.semantic_share:.1%}"
        yield f"{_workflows(tally.semantic)} differ in what matters, more than {most}"


def _missing(tally: Tally, thresholds: Thresholds) -> Iterator[str]:
    if 0 < tally.semantic <= thresholds.semantic_share * tally.comparable:
        yield f"{_workflows(tally.semantic)} differ in what matters, and nobody answers for it"
    if tally.comparable < thresholds.workflows:
        yield f"{_workflows(tally.comparable)} compared; {thresholds.workflows} are needed"
    unknown = tally.outcomes[Outcome.NOT_COMPARABLE]
    if unknown > thresholds.not_comparable_share * tally.workflows:
        yield f"{_workflows(unknown)} of {tally.workflows} could not be compared"
    for covered in tally.coverage.shapes.values():
        if covered.workflows >= thresholds.shape_share * tally.comparable:
            for name in covered.uncovered:
                yield f"{name} was never seen: {covered.shape.title}"


def _workflows(number: int) -> str:
    return "1 workflow" if number == 1 else f"{number} workflows"
