"""How long a dispatch may take at most, and how fast an account may send at most."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Final

from gateway.core.state import DispatchStatus
from tests.laboratory.credentials import ACCOUNTS
from tests.laboratory.left import Left, LeftDispatch
from tests.laboratory.plan import DispatchPlan
from tests.laboratory.rhythm import grace_ms
from tests.laboratory.silence import Silence
from tests.laboratory.world import World

_HORIZON_S: Final = 72 * 3600.0
_IN_DOUBT_S: Final = 900.0
_BUDGET_S: Final = 3600.0
_UNHEARD_S: Final = 900.0
_SLACK_S: Final = 1800.0
"""For leases, restarts, stalls of a process and the vendor's next attempt, generously."""
_UNEVEN: Final = frozenset({"store-down", "store-unknown"})
_JITTER_S: Final = 0.02
"""By how much two sends can come closer to each other than they left."""


class Bounds:
    """Looks for what took too long, or came too fast."""

    def __init__(self, world: World, left: Left) -> None:
        self._world = world
        self._left = left
        self._environ = world.plan.environ
        self._silence = Silence(world)

    def liveness(self) -> Iterator[str]:
        """A dispatch ends in its own time and that of all that went wrong, and not much later."""
        if self._silence.clock_was_wrong:
            return
        troubles_s = self._troubles_s()
        for one in self._left.dispatches:
            limit_s = self._own_s(self._world.plan.dispatches[one.number]) + troubles_s + _SLACK_S
            ended_s = _ended_s(one)
            took_s = 0.0 if ended_s is None else ended_s - one.moves[0].at_s
            if took_s > limit_s:
                yield f"d{one.number} took {took_s:.0f} s, and {limit_s:.0f} s were enough"

    def _own_s(self, plan: DispatchPlan) -> float:
        """Return how long a dispatch may take where all that lasts is its own."""
        horizon_s = float(self._environ.get("GATEWAY_HORIZON", _HORIZON_S))
        in_doubt_s = float(self._environ.get("GATEWAY_IN_DOUBT_GRACE", _IN_DOUBT_S))
        budget_s = float(self._environ.get("GATEWAY_SEND_BUDGET", _BUDGET_S))
        # Each step may wait to be sent, as long as its budget or its expiry, and then for a word.
        steps_s = sum(2.0 * (step.expiry_s or 0) for step in plan.steps)
        return steps_s + horizon_s + in_doubt_s + budget_s

    def _troubles_s(self) -> float:
        """Return how long everything together went wrong, with the graces that follow."""
        gaps_s = sum(
            end_s - begin_s + grace_ms(round(1000 * (end_s - begin_s))) / 1000
            for begin_s, end_s in self._silence.gaps
        )
        windows_s = sum(
            fault.for_s + grace_ms(round(1000 * fault.for_s)) / 1000
            for fault in self._world.plan.faults
            if fault.kind not in ("kill", "power", "end", "stop") and fault.for_s
        )
        # Each start finds a gap, however short, and each hears nobody at first.
        starts_s = sum(grace_ms(0) / 1000 for _ in self._world.seen.lives)
        unheard_s = float(self._environ.get("GATEWAY_UNHEARD_HOLD", _UNHEARD_S))
        return gaps_s + windows_s + starts_s + 2 * unheard_s

    def pace(self) -> Iterator[str]:
        """No account sends faster than its rate, in one life of a process that is alone."""
        rate = float(self._environ.get("GATEWAY_SEND_RATE", "0"))
        world = self._world
        # What lies between a turn and its POST takes longer where our code makes detours, or where
        # the store is away or slow: simulated workers may sleep on meanwhile.
        is_uneven = (
            bool(world.plan.detours or world.plan.store_turns)
            or bool(world.seen.stops)
            or self._silence.clock_was_wrong
            or any(fault.kind in _UNEVEN for fault in world.plan.faults)
        )
        if not rate or world.plan.processes > 1 or is_uneven:
            return
        for account in range(len(ACCOUNTS)):
            for life in world.seen.lives:
                until_s = math.inf if life.until_s is None else life.until_s
                instants = [
                    posted.at_s
                    for posted in world.seen.posted
                    if posted.account == account and life.from_s <= posted.at_s <= until_s
                ]
                yield from self._bursts(account, instants, rate)

    def _bursts(self, account: int, instants: list[float], rate: float) -> Iterator[str]:
        for (first, begin_s), (last, at_s) in itertools.combinations(enumerate(instants), 2):
            if (last - first) / rate > at_s - begin_s + _JITTER_S:
                yield (
                    f"account {account} sent {last - first + 1} within {at_s - begin_s:.3f} s"
                    f" from {begin_s:.3f}"
                )
                return


def _ended_s(one: LeftDispatch) -> float | None:
    return next(
        (move.at_s for move in one.moves if move.decision.state.status is not DispatchStatus.OPEN),
        None,
    )
