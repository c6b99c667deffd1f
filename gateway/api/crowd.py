"""How much one application may have waiting: not more than can be sent in time.

Applications of one account share its pace, in rounds. What an application has waiting is therefore
sent once each of them has sent as much, or all it has: that is how long the last one of it waits.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.api.promises import Promises
from gateway.clock import Clock
from gateway.metrics import Metrics
from gateway.settings import Application
from gateway.stores.base import Store, WaitingSends

_LOOK_EVERY_MS: Final = 1_000
_ALARM_MS: Final = 60_000
"""For how long after the latest refusal the alarm stands."""
_GUESS_S: Final = 10
"""When to come again where nothing tells how fast sends leave."""
_LONGEST_GUESS_S: Final = 3_600.0
_MANY: Final = 64
"""So many wait while sends leave as fast as they can."""
_LEARNING: Final = 0.2
"""How much of what was seen last counts."""
_MARGIN: Final = 0.1
_FEW: Final = 10
_PASSES_AT_MOST: Final = 100_000
_LONGEST_LOOK_S: Final = 5.0
_SLOWEST_PER_S: Final = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowded:
    """Why an application has enough waiting."""

    retry_after_s: int
    """When it has so much less that one more is sent in time."""


class Crowd:
    """Counts what waits, by application."""

    def __init__(
        self,
        *,
        store: Store,
        applications: Sequence[Application],
        rate_per_s: float,
        silence_ms: Callable[[str], int],
        clock: Clock,
        alarms: Alarms,
        metrics: Metrics,
        max_age_s: int,
        is_stopped: Callable[[str], bool],
    ) -> None:
        """Prepare.

        Args:
            rate_per_s: how fast sends of an account leave; 0 is without a limit.
            silence_ms: tells for how much longer none of an account may leave.
            max_age_s: how long a send may wait for its turn; 0 is for ever.
            is_stopped: tells whether no send of an account can be made at the moment. What waits
                then is put aside, and whether more is accepted is another question.
        """
        self._store = store
        self._rate_per_s = rate_per_s
        self._silence_ms = silence_ms
        self._clock = clock
        self._alarms = alarms
        self._metrics = metrics
        self._max_age_s = max_age_s
        self._is_stopped = is_stopped
        self._accounts: dict[str, list[str]] = defaultdict(list)
        for application in applications:
            self._accounts[application.account].append(application.name)
        self._looked_ms: int | None = None
        self._waiting: Mapping[str, WaitingSends] = {}
        self._admitted: Counter[str] = Counter()
        """Since the last look."""
        self._passes: dict[str, int] = {}
        """How many more workflows of an application have room for sure, until the next look."""
        self._promises: dict[str, Promises] = defaultdict(Promises)
        self._left_per_s: dict[str, float] = {}
        """How fast sends of an account leave while many wait, as far as that was seen."""
        self._refused_ms: dict[str, int] = {}

    def passes(self, application: Application) -> bool:
        """Count one more workflow where there is room for sure: nearly always, and for little."""
        name = application.name
        if (
            self._looked_ms is None
            or not 0 <= self._clock.now_ms() - self._looked_ms < _LOOK_EVERY_MS
            or not self._passes.get(name)
        ):
            return False
        self._passes[name] -= 1
        self._admitted[name] += 1
        return True

    async def admit(self, application: Application, said: bytes) -> Crowded | None:
        """Count one more workflow of an application; return why it has enough waiting.

        Args:
            application: whose it is.
            said: what it says, by which it is known when it comes again.

        Raises:
            StoreUnavailable: nothing can be accepted anyway.
        """
        name = application.name
        if not self._max_age_s:
            return None
        now_ms = self._clock.now_ms()
        if self._looked_ms is None or not 0 <= now_ms - self._looked_ms < _LOOK_EVERY_MS:
            await self._look(now_ms)
        promises = self._promises[name]
        if reserved := promises.reserved(now_ms):
            is_expected = promises.is_kept(mark := Promises.mark(said), now_ms)
            over = self._over(application, now_ms, reserved=-1 if is_expected else reserved)
            if over is None and is_expected:
                promises.keep(mark)
        else:
            over = self._over(application, now_ms)
        if over is None:
            self._admitted[name] += 1
            return None
        reason, over_s = over
        if name not in self._refused_ms:
            self._raise(application, now_ms)
        self._refused_ms[name] = now_ms
        self._metrics.workflows_refused.labels(name, reason).inc()
        if reason == "age":
            return Crowded(retry_after_s=max(1, math.ceil(over_s)))
        # What has left is seen by the next look.
        free_s = self._takes_s(application) - self._max_age_s
        sharing = sum(self._count(each) > 0 for each in self._accounts[application.account])
        return Crowded(
            retry_after_s=promises.make(
                Promises.mark(said),
                free_ms=now_ms + 1000 * max(0.0, free_s) + _LOOK_EVERY_MS,
                every_ms=1000 * max(1, sharing) / self._rate(application.account),
                within_ms=1000 * self._max_age_s,
                now_ms=now_ms,
            )
        )

    def _over(
        self, application: Application, now_ms: int, reserved: int = 0
    ) -> tuple[str, float] | None:
        """Return what the application has too much of, and for how many seconds it has.

        `reserved` counts those who are about to come and go first; -1 is one of them.
        """
        account, known = application.account, self._waiting.get(application.name)
        if self._is_stopped(account):
            return None
        if known is not None and known.oldest_ms is not None:
            age_ms = now_ms - known.oldest_ms
            if age_ms > 1000 * self._max_age_s:
                return "age", max(self._silence_ms(account) / 1000, self._lasts_s(application))
        if self._rate_per_s:
            over_s = self._takes_s(application, reserved) - self._max_age_s
            if over_s > 0:
                return "queue", over_s
        return None

    def _takes_s(self, application: Application, reserved: int = 0) -> float:
        """Return how long one more send of an application would wait for its turn."""
        rate = self._rate(application.account)
        # With a margin: nobody knows exactly who comes and what leaves.
        if reserved > _FEW:
            reserved += math.ceil(min(reserved, _MARGIN * self._max_age_s * rate))
        elif reserved < 0:
            reserved, rate = 0, min(self._rate_per_s or rate, rate / (1 - _MARGIN))
        own = self._count(application.name) + 1 + reserved
        before = sum(
            min(own, self._count(name)) if name != application.name else own
            for name in self._accounts[application.account]
        )
        silence_s = self._silence_ms(application.account) / 1000
        return silence_s + before / rate

    def _lasts_s(self, application: Application) -> float:
        """Return how long it takes until all that waits has left."""
        if self._rate_per_s or application.account in self._left_per_s:
            return min(_LONGEST_GUESS_S, self._takes_s(application))
        return _GUESS_S

    def _rate(self, account: str) -> float:
        """Return how fast sends of an account leave: as they may, or slower where they do."""
        seen = self._left_per_s.get(account, math.inf)
        return max(_SLOWEST_PER_S, min(seen, self._rate_per_s or math.inf))

    def _count(self, name: str) -> int:
        known = self._waiting.get(name)
        return self._admitted[name] + (0 if known is None else known.count)

    async def _look(self, now_ms: int) -> None:
        """Count what waits; also learn how fast it leaves."""
        before, admitted, looked_ms = self._waiting, self._admitted, self._looked_ms
        self._looked_ms, self._admitted = now_ms, Counter()
        self._waiting = await self._store.waiting_sends()
        seconds = 0.0 if looked_ms is None else (now_ms - looked_ms) / 1000
        for account, names in self._accounts.items() if 0 < seconds < _LONGEST_LOOK_S else ():
            waited = sum(before[name].count for name in names if name in before)
            still = sum(self._waiting[name].count for name in names if name in self._waiting)
            left = waited + sum(admitted[name] for name in names) - still
            if still < _MANY or self._silence_ms(account) or self._is_stopped(account):
                self._left_per_s.pop(account, None)
            else:
                known = self._left_per_s.get(account, self._rate_per_s or left / seconds)
                self._left_per_s[account] = known + _LEARNING * (left / seconds - known)

        for account, names in self._accounts.items():
            self._passes.update(dict.fromkeys(names, self._room_for_sure(account, now_ms)))

    def _room_for_sure(self, account: str, now_ms: int) -> int:
        """Return how many more of each application of an account are in time, whatever comes."""
        names = self._accounts[account]
        known = [self._waiting[name] for name in names if name in self._waiting]
        oldest_ms = min((each.oldest_ms for each in known if each.oldest_ms), default=now_ms)
        is_late = now_ms - oldest_ms + _LOOK_EVERY_MS > 1000 * self._max_age_s
        if is_late or any(self._promises[name].are_open for name in names):
            return 0
        if not self._rate_per_s:
            return _PASSES_AT_MOST
        in_time = self._rate(account) * (self._max_age_s - self._silence_ms(account) / 1000)
        room = int(in_time) - sum(each.count for each in known)
        return max(0, min(_PASSES_AT_MOST, room // len(names)))

    async def tell(self) -> None:
        """Renew the figures, and take back the alarm of who was not refused for a while."""
        now_ms = self._clock.now_ms()
        waiting = await self._store.waiting_sends()
        for account, names in self._accounts.items():
            for name in names:
                known = waiting.get(name)
                oldest_ms = None if known is None else known.oldest_ms
                age_s = 0.0 if oldest_ms is None else max(0, now_ms - oldest_ms) / 1000
                self._metrics.waiting_sends.labels(name).set(0 if known is None else known.count)
                self._metrics.oldest_send_seconds.labels(name).set(age_s)
                if not 0 <= now_ms - self._refused_ms.get(name, now_ms) < _ALARM_MS:
                    del self._refused_ms[name]
            if self._refused_ms.keys().isdisjoint(names):
                self._alarms.clear(AlarmKind.CROWDED, account)

    def _raise(self, application: Application, now_ms: int) -> None:
        names = self._accounts[application.account]
        crowded = sorted({application.name, *(self._refused_ms.keys() & names)})
        self._alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.CROWDED,
                subject=application.account,
                since_ms=now_ms,
                why=f"More messages of {', '.join(crowded)} wait than can be sent in"
                f" {self._max_age_s} s; its new workflows are answered 429.",
                remedy="Have the callers send at the pace of GATEWAY_SEND_RATE, or raise it to what"
                " the account may send, or GATEWAY_MAX_SEND_AGE to what may wait.",
            )
        )
