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
    NONE = "no-answer"
    """Nothing of it was decided by Dispatch, so there is nothing to answer from."""


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


def judge(
    tally: Tally, own: Tally | None = None, thresholds: Thresholds = DEFAULT_THRESHOLDS
) -> Verdict:
    """Return whether what was counted is enough to cut over.

    Args:
        tally: of what Dispatch decided.
        own: of what this gateway decided itself. It never makes a go; a message of its own that
            went to somebody else makes a no.
    """
    own = own or Tally()
    against, missing = list(_against(tally, own, thresholds)), list(_missing(tally, thresholds))
    answer = Answer.NO if against else Answer.NOT_YET if missing else Answer.GO
    if own.workflows and not tally.workflows:
        missing = list(_unanswerable())
        answer = answer if against else Answer.NONE
    reasons = [*against, *missing]
    return Verdict(
        answer=answer,
        reasons=tuple(reasons) or ("every main branch of the shapes that matter was seen",),
        notes=tuple(_notes(tally, own)),
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


def _against(tally: Tally, own: Tally, thresholds: Thresholds) -> Iterator[str]:
    if own.critical:
        yield "this gateway itself sent a message to a wrong recipient, or with the wrong content"
    if tally.critical:
        yield "a single wrong recipient or content is one too many"
    if tally.semantic > thresholds.semantic_share * tally.comparable:
        most = f"{100 * thresholds.semantic_share:g} %"
        part = f"{100 * tally.semantic / tally.comparable:.3g} %"
        yield f"{part} of what was compared differs; above {most} the answer is no"


def _unanswerable() -> Iterator[str]:
    yield "what this gateway decided itself is compared with itself, which proves nothing"
    yield (
        "record what Dispatch decides: run with GATEWAY_MODE=observe, or make traces of the"
        " application's own logs with `dispatch-gateway compare import`"
    )


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


def _notes(tally: Tally, own: Tally) -> Iterator[str]:
    if tally.workflows and own.workflows:
        judged = f"{counted(tally.workflows, 'workflow')} that Dispatch decided"
        others = f"the {number(own.workflows)} that this gateway served itself"
        yield f"judged by the {judged}; {others} are no evidence, and stand apart"
    if tally.cut:
        is_or_are = "it is" if tally.cut == 1 else "they are"
        told = f"{counted(tally.cut, 'workflow')} {_was(tally.cut)} cut"
        yield f"{told}: recording ended before the workflow was over, so {is_or_are} no evidence"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
