"""Whether what was given up, doubted or made again had a reason, told from what was seen outside.

A gateway that gives up too early, or repeats what was taken, harms nobody in a world where things
go wrong anyway: it has to be asked why.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from gateway.core.events import SendRefused, SendUnconfirmed, StatusReceived
from gateway.core.state import StepStatus
from tests.laboratory.left import Left, LeftDispatch, Move
from tests.laboratory.loop import LONGEST_TICK_AT_THE_END_S, LONGEST_TICK_S
from tests.laboratory.plan import FaultKind
from tests.laboratory.seen import Life, Posted, Received, Told
from tests.laboratory.world import BEGIN_MS, World

_UNCLEAN: Final[frozenset[FaultKind]] = frozenset(
    {"kill", "power", "stop", "store-down", "store-unknown"}
)
"""Faults after which nobody can know what was under way."""
_CLEAR: Final = frozenset({"accept", "reject", "throttle", "unauthorised", "unreachable"})
"""Answers that leave no doubt."""
_SUCCESSES: Final = frozenset({"delivered", "read"})
_BUDGET_S: Final = 3600.0
_TIMEOUT_S: Final = 10.0
_DRAIN_S: Final = 5.0
_LONGEST_DELAY_S: Final = 9.0
"""Between two attempts of a send that was put off: whoever may not wait so long gives up."""
_TICKS: Final = 4
"""So often a process may look before what was given back meanwhile is tried."""
LEASE_S: Final = 30.0
"""How long a send that a dead process had taken is nobody's."""
_TOLERANCE_S: Final = 30
"""By how much a machine's clock may be wrong."""
_ENDING_S: Final = 3 * LONGEST_TICK_S
"""How long a process takes to notice that it has to end, at the longest."""
_READ_S: Final = 0.5
"""For instants around the reading of a clock."""


class Reasons:
    """Looks for what was done without a reason."""

    def __init__(self, world: World, left: Left) -> None:
        self._world = world
        self._left = left
        self._plan = world.plan
        self._is_clean = not any(fault.kind in _UNCLEAN for fault in world.plan.faults)
        self._has_wrong_clock = any(fault.kind == "clock-wrong" for fault in world.plan.faults)
        self._posted: dict[tuple[int, int], list[Posted]] = defaultdict(list)
        for posted in world.seen.posted:
            self._posted[posted.dispatch, posted.step].append(posted)

    def refusals(self) -> Iterator[str]:
        """A step is refused for what the upstream said of it, or when its patience was over."""
        if self._has_wrong_clock:
            return
        budget_s = float(self._plan.environ.get("GATEWAY_SEND_BUDGET", _BUDGET_S))
        for one in self._left.dispatches:
            for move in one.moves:
                step = move.event.step
                if not isinstance(move.event, SendRefused) or move.event.is_outdated:
                    continue
                if not move.moves(step, StepStatus.REJECTED):
                    continue
                if any(post.kind == "reject" for post in self._posted[one.number, step]):
                    continue
                expiry_s = self._plan.dispatches[one.number].steps[step].expiry_s
                patience_s = budget_s if expiry_s is None or not budget_s else float(expiry_s)
                waited_s = move.at_s - _asked_s(one, step)
                if waited_s < patience_s - _LONGEST_DELAY_S:
                    yield f"d{one.number} s{step} was given up after {waited_s:.3f} s"

    def patience(self) -> Iterator[str]:
        """While a send waits for better times, some send of its account is tried now and then."""
        if self._has_wrong_clock:
            return
        for one in self._left.dispatches:
            account = self._plan.dispatches[one.number].account
            tried = [
                tried_s
                for tried_s, dispatch in self._world.seen.tried
                if self._plan.dispatches[dispatch].account == account
            ]
            for step in range(len(one.state.steps)):
                for begin_s, end_s in _waits(one, step):
                    within = [begin_s, *(at_s for at_s in tried if begin_s < at_s < end_s), end_s]
                    for before_s, after_s in itertools.pairwise(within):
                        if self._is_idle(before_s, after_s):
                            yield (
                                f"d{one.number} s{step} waited, and from {before_s:.3f} to"
                                f" {after_s:.3f} no send was tried"
                            )

    def _is_idle(self, begin_s: float, end_s: float) -> bool:
        """Tell whether a process that could work let so long a time pass."""
        limit_s = LONGEST_TICK_S if end_s < self._world.calm_s else LONGEST_TICK_AT_THE_END_S
        if end_s - begin_s < _TICKS * limit_s + LEASE_S:
            return False
        disturbed = [*self._world.seen.stops, *self._windows("store-down")]
        return not any(_meet(begin_s, end_s, *span) for span in disturbed) and any(
            life.from_s <= begin_s and (life.until_s is None or end_s <= life.until_s)
            for life in self._world.seen.lives
        )

    def _windows(self, kind: FaultKind) -> Iterator[tuple[float, float]]:
        for fault in self._plan.faults:
            if fault.kind == kind:
                yield fault.at_s, fault.at_s + fault.for_s

    def strangers(self) -> Iterator[str]:
        """No genuine webhook is refused, none is put off without a reason, and all are taken."""
        taken: set[tuple[str, int]] = set()
        for told in self._world.seen.told:
            what = f"{told.status} of {told.message_uuid}"
            match told.http_status:
                case None:
                    continue
                case 200:
                    taken.add((told.message_uuid, told.number))
                case 503:
                    if not self._may_be_put_off(told):
                        yield f"{what} was answered 503 at {told.at_s:.3f}, for no reason"
                case status if self._plan.has_public_url or status >= 500:
                    yield f"{what} was answered {status}"
                case _:
                    pass  # who it belongs to is not known without our URL
        for posted in self._world.seen.posted:
            if posted.message_uuid is None:
                continue
            words = self._plan.dispatches[posted.dispatch].steps[posted.step].words
            for number, word in enumerate(words):
                if (posted.message_uuid, number) not in taken:
                    yield f"{word.status} of {posted.message_uuid} was never taken"

    def _may_be_put_off(self, told: Told) -> bool:
        """Tell whether a webhook came while it could not be kept or verified, or amid an end."""
        begin_s = told.at_s
        end_s = begin_s if told.ended_s is None else told.ended_s
        spans = [*self._windows("store-down"), *self._unreadable(told)]
        for life in self._world.seen.lives:
            if life.wrong_clock_s:
                spans.append((life.from_s, _until(life, self._world)))
            if life.until_s is not None:
                # Who waits inside gets an answer; a store that failed ends its process at once.
                spans.append((life.until_s - _ENDING_S, life.until_s + _DRAIN_S))
        return any(_meet(begin_s, end_s, *span) for span in spans)

    def _unreadable(self, told: Told) -> Iterator[tuple[float, float]]:
        """Yield when the secret of a webhook's account was wrong, and until it was put right."""
        account = self._plan.dispatches[told.dispatch].account
        for fault in self._plan.faults:
            if fault.kind == "wrong-secret" and fault.account == account:
                yield fault.at_s, fault.at_s + fault.for_s + _ENDING_S

    def doubts(self) -> Iterator[str]:
        """A step is in doubt only if its answer was lost, or whoever waited for it."""
        if not self._is_clean:
            return
        timeout_s = float(self._plan.environ.get("GATEWAY_SEND_TIMEOUT", _TIMEOUT_S))
        longest_s = 0.9 * min(timeout_s, _DRAIN_S)
        for one in self._left.dispatches:
            for move in one.moves:
                step = move.event.step
                answers = self._plan.dispatches[one.number].steps[step].answers
                is_clear = all(
                    answer.kind in _CLEAR and answer.after_s < longest_s for answer in answers
                )
                if isinstance(move.event, SendUnconfirmed) and is_clear:
                    yield f"d{one.number} s{step} is in doubt: {move.event.cause}"

    def contradictions(self) -> Iterator[str]:
        """No failure fails a step over to a person who has its message already."""
        for one in self._left.dispatches:
            arrived: set[int] = set()
            for move in one.moves:
                if not isinstance(move.event, StatusReceived):
                    continue
                step, status = move.event.step, move.event.report.status
                if status in _SUCCESSES:
                    arrived.add(step)
                if step in arrived and move.moves(step, StepStatus.REJECTED):
                    yield f"d{one.number} s{step} failed by {status} after it was delivered"

    def repetitions(self, received: Mapping[str, Sequence[Received]]) -> Iterator[str]:
        """What a receiver took is not posted again, unless its answer could not be kept."""
        if not self._is_clean:
            return
        for webhook_id, attempts in received.items():
            taken = [one.at_s for one in attempts if one.was_taken]
            if taken and attempts[-1].at_s > taken[0]:
                yield f"{webhook_id} was posted again at {attempts[-1].at_s:.3f}"

    def parking(self) -> Iterator[str]:
        """No webhook is left parked whose step can be known, by its URL or by its message."""
        for message_uuid, reason in self._left.parked:
            if message_uuid in self._left.bound:
                yield f"{message_uuid} is known, and a webhook of it is still parked ({reason})"
            elif self._plan.has_public_url and not self._is_other(message_uuid):
                yield f"the URL of {message_uuid} names its step, and it is parked ({reason})"

    def _is_other(self, message_uuid: str) -> bool:
        """Tell whether a message is one of two of a step, the other of which is the known one."""
        return any(
            len({post.message_uuid for post in posts} - {None}) > 1
            and message_uuid in {post.message_uuid for post in posts}
            for posts in self._posted.values()
        )

    def clocks(self) -> Iterator[str]:
        """Under a clock that is wrong nothing is accepted and nothing is sent; nor ahead of time.

        These instants are true: nobody here has the gateway's clock.
        """
        if any(fault.kind == "upstream-down" for fault in self._plan.faults):
            return  # then nothing tells what time it is
        wrong = self._only_wrong()
        for asked in self._world.seen.asked:
            first = self._first_move(asked.dispatch_uuid)
            if first is not None and _lies_in(asked.at_s, wrong):
                began_s = asked.at_s
                # One that was asked for before, and not answered, may have been accepted then.
                may_be_older = any(
                    other.dispatch == asked.dispatch
                    and other.status is None
                    and other.at_s < began_s
                    and not _lies_in(other.at_s, wrong)
                    for other in self._world.seen.asked
                )
                if first.at_s - BEGIN_MS / 1000 >= began_s - _READ_S and not may_be_older:
                    yield f"d{asked.dispatch} was accepted at {began_s:.3f} under a wrong clock"
        for posted in self._world.seen.posted:
            if _lies_in(posted.at_s, wrong):
                yield f"d{posted.dispatch} s{posted.step} was sent under a wrong clock"

    def _first_move(self, dispatch_uuid: str | None) -> Move | None:
        return next(
            (one.moves[0] for one in self._left.dispatches if one.uuid == dispatch_uuid), None
        )

    def _only_wrong(self) -> list[tuple[float, float]]:
        """Return when there were processes, and all of them had started with a wrong clock."""
        lives = self._world.seen.lives
        return [
            (life.from_s + _READ_S, _until(life, self._world) - _READ_S)
            for life in lives
            if _is_wrong(life)
            and all(_is_wrong(other) for other in lives if _overlap(life, other, self._world))
        ]


def _asked_s(one: LeftDispatch, step: int) -> float:
    """Return when a step was first asked to be sent, in the gateway's Unix seconds."""
    return next(
        move.at_s
        for move in one.moves
        if move.decision.state.steps[step].status is StepStatus.SENDING
    )


def _waits(one: LeftDispatch, step: int) -> Iterator[tuple[float, float]]:
    """Yield from when to when a step was to be sent, in seconds of the world."""
    began_s: float | None = None
    for move in one.moves:
        is_asked = move.decision.state.steps[step].status is StepStatus.SENDING
        if is_asked and began_s is None:
            began_s = move.at_s
        elif not is_asked and began_s is not None:
            yield began_s - BEGIN_MS / 1000, move.at_s - BEGIN_MS / 1000
            began_s = None


def _meet(begin_s: float, end_s: float, other_begin_s: float, other_end_s: float) -> bool:
    return other_begin_s <= end_s and begin_s <= other_end_s


def _is_wrong(life: Life) -> bool:
    return abs(life.wrong_clock_s) > _TOLERANCE_S


def _until(life: Life, world: World) -> float:
    ended_s = world.now_s if life.until_s is None else life.until_s
    return min(ended_s, world.calm_s)


def _overlap(one: Life, other: Life, world: World) -> bool:
    return one.from_s <= _until(other, world) and other.from_s <= _until(one, world)


def _lies_in(at_s: float, spans: Sequence[tuple[float, float]]) -> bool:
    return any(begin_s <= at_s <= end_s for begin_s, end_s in spans)
