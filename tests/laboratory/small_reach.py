"""What the small world reaches of the table of the machine, and why it reaches nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from gateway.core.state import TRANSITIONS, StepStatus, Trigger
from tests.laboratory.points import KILL_POINTS

Pair = tuple[StepStatus, Trigger]

_S, _T = StepStatus, Trigger
_OPEN: Final = (_S.SENDING, _S.WAITING, _S.UNKNOWN)
_RESOLVED: Final = (_S.MET, _S.EXPIRED, _S.REJECTED)
_TIMERS: Final = (_T.EXPIRY, _T.HORIZON, _T.SECOND_CHANCE)


def _all(
    statuses: tuple[StepStatus, ...], triggers: tuple[Trigger, ...], why: str
) -> dict[Pair, str]:
    return {(status, trigger): why for status in statuses for trigger in triggers}


_WHY: Final[dict[Pair, str]] = {
    **_all(
        (_S.PENDING,),
        tuple(one for one in Trigger if one is not _T.DISPATCHED),
        "a step that was not sent has no message, no answer and no timer",
    ),
    **_all(
        (*_OPEN, *_RESOLVED),
        (_T.DISPATCHED,),
        "a request that is repeated finds its cause spent, and is not decided again",
    ),
    **_all(
        (*_OPEN, *_RESOLVED),
        (_T.FOREIGN,),
        "the upstream makes one message of a POST, and a step is POSTed once; of one that is sent"
        " a second time both messages speak",
    ),
    **_all(
        (*_OPEN, *_RESOLVED),
        (_T.SUPERSEDED,),
        "a timer that is replaced is dropped in the same commit, so that firing finds it spent",
    ),
    **_all((_S.SENDING,), _TIMERS, "a step that is being sent has no timer"),
    **_all(
        _RESOLVED,
        (*_TIMERS, _T.OUTDATED),
        "a resolved step has no timer, and what fires late finds it spent",
    ),
    **_all(_OPEN, (_T.CORRECTION,), "a dispatch that was reported has no open step"),
    (_S.MET, _T.CORRECTION): "a dispatch with a step that is met was not reported as an error",
    **_all(
        (_S.WAITING, _S.UNKNOWN, *_RESOLVED),
        (_T.REFUSED,),
        "the upstream tells nothing of a message that it refused, and nothing else ends a send",
    ),
    **_all(
        (_S.SENDING, _S.UNKNOWN),
        (_T.CONTRADICTION,),
        "a step that was told delivered is not in doubt any more",
    ),
    (_S.MET, _T.FAILURE): "a step that is met was told delivered: a failure contradicts it",
    **_all(
        (_S.UNKNOWN,),
        (_T.SENT, _T.UNCONFIRMED),
        "one process has one answer to a send; two processes, or one that was stopped, have two",
    ),
}


def explained() -> set[Pair]:
    """Return the pairs of which it is written here why they cannot come about."""
    return set(_WHY)


def unreached(moves: Counter[Pair]) -> Iterator[tuple[Pair, str]]:
    """Yield every pair that never came about, and why."""
    for pair in TRANSITIONS:
        if not moves[pair]:
            yield pair, _WHY.get(pair, "not explained")


def missing(moves: Counter[Pair], killed: Counter[str]) -> Iterator[str]:
    """Yield what the whole small world must reach, and did not."""
    for point in KILL_POINTS:
        if not killed[point]:
            yield f"no process was killed at {point}"
    for status, trigger in TRANSITIONS:
        if not moves[status, trigger] and (status, trigger) not in _WHY:
            yield f"{status} × {trigger} never came about"


def unexplained(moves: Counter[Pair]) -> Iterator[str]:
    """Yield what came about though it is written here that it cannot."""
    for status, trigger in _WHY:
        if moves[status, trigger]:
            yield f"{status} × {trigger} came about: {_WHY[status, trigger]}"
