"""How much one application may ask for: requests a second, and dispatches a day.

A guard against an account that misbehaves, for whoever serves several of them. What is refused is
not accepted, and says when to ask again; what was accepted before gets its answer, whatever is used
up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

from gateway.api.buckets import Buckets
from gateway.api.repeated_lines import RepeatedLines
from gateway.api.requests import Refusal
from gateway.clock import Clock
from gateway.metrics import Metrics
from gateway.settings import Application
from gateway.stores.base import Store
from translators.problems import Problem

_DAY_MS: Final = 24 * 3600 * 1000
_BURST_S: Final = 2
"""A burst without a setting is what may be asked for in this time."""

_TOO_FAST: Final = (
    "More requests than this application may make. Nothing was accepted. Please wait, then retry"
    " your request"
)
_TOO_MANY: Final = (
    "This application has sent as many dispatches as it may in a day. Nothing was accepted. Please"
    " wait, then retry your request"
)


class CallerLimits:
    """The limits of all applications."""

    def __init__(
        self,
        applications: Sequence[Application],
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        lines: RepeatedLines,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._lines = lines
        self._buckets = {
            each.name: Buckets(
                rate_per_s=each.request_rate,
                burst=each.request_burst or max(1, math.ceil(_BURST_S * each.request_rate)),
                clock=clock,
            )
            for each in applications
            if each.request_rate
        }
        self._daily = {each.name: each.daily_dispatches for each in applications}
        self._day = 0
        self._accepted: dict[str, int] = {}

    def refuse_rate(self, application: Application) -> Refusal | None:
        """Count one request; return its refusal if there were too many."""
        buckets = self._buckets.get(application.name)
        wait_s = 0 if buckets is None else buckets.take(application.name)
        return self._refuse(application, "rate", _TOO_FAST, wait_s) if wait_s else None

    async def refuse_day(self, application: Application) -> Refusal | None:
        """Return the refusal of a new dispatch if the day's are used up; counts nothing.

        A day is one of UTC.

        Raises:
            StoreUnavailable: nothing can be accepted anyway.
        """
        limit = self._daily.get(application.name)
        if not limit:
            return None
        now_ms = self._clock.now_ms()
        if await self._accepted_today(application.name, now_ms, limit) < limit:
            return None
        wait_s = math.ceil((_DAY_MS - now_ms % _DAY_MS) / 1000)
        return self._refuse(application, "day", _TOO_MANY, wait_s)

    def count(self, application: Application, dispatches: int) -> None:
        """Add to the dispatches of today, or take back what was not accepted after all."""
        if application.name in self._accepted:
            self._accepted[application.name] += dispatches

    def counts_days_of(self, application: Application) -> bool:
        """Tell whether the application's dispatches are limited by the day."""
        return bool(self._daily.get(application.name))

    async def _accepted_today(self, name: str, now_ms: int, limit: int) -> int:
        """Return how many dispatches were accepted today; a restart asks the store for them."""
        if self._day != now_ms // _DAY_MS:
            self._day = now_ms // _DAY_MS
            self._accepted.clear()
        if name not in self._accepted:
            day, since_ms = self._day, self._day * _DAY_MS
            found = await self._store.accepted_since(name, since_ms=since_ms, limit=limit)
            if day == self._day:
                # Who asked at the same time may have counted on from what it found.
                return self._accepted.setdefault(name, found)
            return found
        return self._accepted[name]

    def _refuse(
        self, application: Application, limit: Literal["rate", "day"], detail: str, wait_s: int
    ) -> Refusal:
        self._metrics.callers_limited.labels(limit).inc()
        self._lines.write(
            "warning", "caller.limited", application=application.name, reason=limit, latest={}
        )
        return Refusal(
            problem=Problem.TOO_MANY_REQUESTS, detail=detail, retry_after_s=max(1, wait_s)
        )
