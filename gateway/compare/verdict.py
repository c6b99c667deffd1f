"""Whether to cut over: plain rules over the counts, each with its reason in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.compare.comparison import Outcome
from gateway.compare.tally import Tally
from gateway.offline.words import counted, number


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
    unknown_share: float = 0.1
    """Of workflows that were cut or could not be compared. Above it too little of the traffic is
    known."""
    shape_share: float = 0.01
    """Shapes that are rarer need not be covered."""


DEFAULT_THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer, and what it stands on."""

    answer: Answer
    reasons: tuple[str, ...]
    """The heaviest first; for a `go`, what it stands on."""
    notes: tuple[str, ...]
    """What is to be known whatever the answer: how many workflows are no evidence."""
    workflows: int
    """Those that could be compared, and are evidence."""
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
        reasons=tuple(reasons) or ("every main branch of the shapes that matter was seen",),
        notes=tuple(_notes(tally)),
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
        yield "a single wrong recipient or content is one too many"
    if tally.semantic > thresholds.semantic_share * tally.comparable:
        most = f"{100 * thresholds.semantic_share:g} %"
        part = f"{100 * tally.semantic / tally.comparable:.3g} %"
        yield f"{part} of what was compared differs; above {most} the answer is no"


def _missing(tally: Tally, thresholds: Thresholds) -> Iterator[str]:
    if 0 < tally.semantic <= thresholds.semantic_share * tally.comparable:
        yield "whatever differs in meaning has to be mended first, or answered for by an ignore"
    if tally.comparable < thresholds.workflows:
        told = f"{number(thresholds.workflows)} workflows are needed"
        yield f"{told} to say that fewer than 1 in 100 differ"
    unknown = tally.outcomes[Outcome.NOT_COMPARABLE] + tally.cut
    if unknown > thresholds.unknown_share * tally.workflows:
        part = f"{counted(unknown, 'workflow')} of {number(tally.workflows)}"
        yield f"{part} {_was(unknown) + ' cut or ' if tally.cut else ''}could not be compared"
    for covered in tally.coverage.shapes.values():
        if covered.workflows >= thresholds.shape_share * (tally.comparable + tally.cut):
            for name in covered.uncovered:
                yield f"{name} was never seen: {covered.shape.title}"


def _notes(tally: Tally) -> Iterator[str]:
    if tally.cut:
        is_or_are = "it is" if tally.cut == 1 else "they are"
        told = f"{counted(tally.cut, 'workflow')} {_was(tally.cut)} cut"
        yield f"{told}: recording ended before the workflow was over, so {is_or_are} no evidence"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
