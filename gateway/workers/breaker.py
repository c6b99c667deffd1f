"""The circuit breaker of an account: whether its sends may leave, and which one tries first.

What provably did not leave is never the message's fault, so no message is given up for it. After
a send that could not be made, the others of its account wait in the store, and one of them is
tried at a time, the earliest accepted first. Once one is answered, those that waited leave in the
order of acceptance, and whatever comes meanwhile queues up behind them.

Source: docs/adr/0019-sends-that-cannot-be-made.md.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Final

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.clock import Clock
from gateway.core.backoff import SEND_DELAYS_S
from gateway.stores.base import OutboxItem, OutboxItemId
from gateway.workers.obstacles import Obstacle

MUTE_AFTER: Final = 3
"""Refusals in a row after which the account is mute: one or two can be a hiccup."""
_AT_ONCE: Final = 16
"""Sends that are under way when those that waited leave: at 30 a second, enough for 0.5 s each."""


class Breaker:
    """The circuit breaker of one account. It is open while the latest send could not be made."""

    def __init__(
        self, account: str, *, clock: Clock, tell: Callable[[Breaker], None], news: asyncio.Event
    ) -> None:
        """Begin closed.

        Args:
            tell: is called whenever what an alarm would say may have changed.
            news: is set when there may be something to take up.
        """
        self.account = account
        self._clock = clock
        self._tell = tell
        self._news = news
        self.refusals = 0
        """In a row."""
        self.since_ms = 0
        """When the first of them was."""
        self.obstacle: Obstacle | None = None
        self.has_waiting = False
        """Whether sends may be suspended in the store."""
        self._probe_ms = 0
        self._delays = 0
        self._hastened = 0  # how many tries need not wait for their time
        self._taken: dict[OutboxItemId, int] = {}  # to when their leases end
        self._in_line: set[OutboxItemId] = set()  # of those taken up, who did not leave yet
        self._suspensions = 0
        self._door = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the latest send that told could not be made."""
        return self.refusals > 0

    @property
    def is_mute(self) -> bool:
        """Whether so many could not be made that a person should know."""
        return self.refusals >= MUTE_AFTER

    def is_in_line(self, item_id: OutboxItemId) -> bool:
        """Tell whether the send waited, was taken up, and did not leave yet."""
        return bool(self._in_line) and item_id in self._in_line

    def permits(self, item: OutboxItem) -> bool:
        """Tell whether the send may be tried now."""
        if self.is_in_line(item.item_id):
            return True
        return not (self.is_open or self.has_waiting or self._in_line)

    def recall(self) -> None:
        """Learn at the start that sends were suspended by an earlier run: try one soon."""
        self.refusals, self.since_ms = MUTE_AFTER - 1, self._clock.now_ms()
        self.suspended(is_new=False)

    def refused(self, obstacle: Obstacle, *, will_wait: bool) -> None:
        """Take that a send could not be made; `will_wait` says that it is about to be suspended."""
        if not self.is_open:
            self.since_ms = self._clock.now_ms()
        self.refusals += 1
        self.obstacle = obstacle
        if will_wait:
            self._expect()
        if self.is_mute:
            self._hastened = 0
        self._put_off()
        self._tell(self)

    def left_open(self) -> None:
        """Take that a send came to nothing that says whether others can be made."""
        if self.is_open:
            self._hastened = 0
            self._put_off()

    def answered(self) -> None:
        """Take that a send was made: whatever came of it, others can be made, too."""
        if self.is_open:
            self.refusals, self._probe_ms, self._delays, self._hastened = 0, 0, 0, 0
            self._tell(self)
            self._news.set()

    def suspended(self, *, is_new: bool) -> None:
        """Take that a send waits in the store.

        `is_new` says that it was not tried yet. Before the account is mute, each such one hastens
        an attempt: whether it is a hiccup is found out as fast as messages come.
        """
        self._hastened += is_new and self.is_open and not self.is_mute
        is_first = not self.has_waiting
        self._expect()
        if is_first:
            self._tell(self)
        self._news.set()

    def _expect(self) -> None:
        self.has_waiting = True
        self._suspensions += 1

    def hasten(self) -> None:
        """Have one send tried soon: what stood in the way may have been mended."""
        self._hastened += self.is_open
        self._news.set()

    def clock_set_back(self) -> None:
        """Let the next try be soon: its time is of a clock that was ahead."""
        self._probe_ms = 0
        self._news.set()

    def room(self) -> int:
        """Return how many suspended sends may be taken up now."""
        now_ms = self._clock.now_ms()
        # One whose lease ran out before anybody worked it is claimed again by others.
        for lost in [key for key, until_ms in self._taken.items() if until_ms <= now_ms]:
            self.done(lost)
        if not self.has_waiting:
            return 0
        if not self.is_open:
            return _AT_ONCE - len(self._taken)
        is_time = self._hastened > 0 or now_ms >= self._probe_ms
        return 1 if is_time and not self._taken else 0

    @property
    def suspensions(self) -> int:
        """How many sends were put aside so far."""
        return self._suspensions

    def take_up(self, items: Sequence[OutboxItem], *, are_all: bool) -> None:
        """Take that these suspended sends were claimed, to be tried in this order.

        `are_all` says that no other one is suspended any more.
        """
        self._hastened = max(0, self._hastened - 1)
        for item in items:
            self._taken[item.item_id] = item.lease_until_ms
            self._in_line.add(item.item_id)
        if are_all:
            self.has_waiting = False
            self._tell(self)

    def done(self, item_id: OutboxItemId) -> None:
        """Take that a send is no longer worked at."""
        self._in_line.discard(item_id)
        if self._taken.pop(item_id, None) is not None:
            self._news.set()

    @contextlib.asynccontextmanager
    async def in_order(self, item: OutboxItem) -> AsyncIterator[Callable[[], None]]:
        """Let those that waited leave one after the other; yield what to call when this one left.

        Its answer is not waited for. A send that never waited does not wait here.
        """
        if item.item_id not in self._in_line:
            yield _nothing
            return
        await self._door.acquire()
        is_inside = True

        def leave() -> None:
            nonlocal is_inside
            if is_inside:
                is_inside = False
                self._in_line.discard(item.item_id)
                self._door.release()

        try:
            yield leave
        finally:
            leave()

    def _put_off(self) -> None:
        """Let some time pass before the next attempt; whatever else was under way waits again."""
        self._in_line.clear()
        now_ms = self._clock.now_ms()
        if now_ms >= self._probe_ms:
            delay_s = SEND_DELAYS_S[min(self._delays, len(SEND_DELAYS_S) - 1)]
            self._probe_ms = now_ms + int(1000 * delay_s * self._clock.jitter(0.1))
            self._delays += 1


class Breakers:
    """The breakers of all accounts, and the alarm that tells of each."""

    def __init__(
        self,
        *,
        clock: Clock,
        alarms: Alarms,
        refuses_intake: bool,
        became_mute: Callable[[str], None] = lambda account: None,
    ) -> None:
        """Begin with all of them closed.

        Args:
            refuses_intake: whether new workflows of a mute account are refused.
            became_mute: is told the account when it becomes mute.
        """
        self._clock = clock
        self._alarms = alarms
        self._refuses_intake = refuses_intake
        self._became_mute = became_mute
        self._breakers: dict[str, Breaker] = {}
        self.news = asyncio.Event()
        """Set when there may be a suspended send to take up."""

    def of(self, account: str) -> Breaker:
        """Return the breaker of an account."""
        if account not in self._breakers:
            self._breakers[account] = Breaker(
                account, clock=self._clock, tell=self._tell, news=self.news
            )
        return self._breakers[account]

    def secrets_changed(self, accounts: frozenset[str]) -> None:
        """Take that accounts have other secrets now: their sends may be possible again."""
        for account in accounts & self._breakers.keys():
            self._breakers[account].hasten()

    def clock_set_back(self) -> None:
        """Take that the clock was ahead until now."""
        for breaker in self:
            breaker.clock_set_back()

    def __iter__(self) -> Iterator[Breaker]:
        return iter(tuple(self._breakers.values()))

    def _tell(self, breaker: Breaker) -> None:
        """Raise the alarm, or take it back.

        The intake is refused only while there is something left to try: else nothing could find
        out that the upstream is back.
        """
        obstacle, account = breaker.obstacle, breaker.account
        if not breaker.is_mute or obstacle is None:
            self._alarms.clear(AlarmKind.MUTE, account)
            return
        self._alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.MUTE,
                subject=account,
                since_ms=breaker.since_ms,
                why=obstacle.why,
                remedy=obstacle.remedy,
                blocks_intake=self._refuses_intake and breaker.has_waiting,
            )
        )
        if breaker.has_waiting:
            self._became_mute(account)


def _nothing() -> None:
    """Do nothing."""
