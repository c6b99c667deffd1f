"""`/livez`, `/readyz`, `/metrics`: constant work, whatever the query says.

Strangers learn on the public bind whether the gateway is ready, and no more; why not, and the
figures, are on the admin bind.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.alarms import Alarm, Alarms
from gateway.clock import Clock
from gateway.metrics import Metrics
from gateway.stores.base import Store, StoreUnavailable
from translators.status import format_timestamp

_CACHE_MS = 1_000
_METRICS_MOVED = (
    "Metrics are not on this bind: GATEWAY_ADMIN_HOST and GATEWAY_ADMIN_PORT say where they are.\n"
)


class HealthApi:
    """Tells orchestrators and scrapers how the gateway is."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        alarms: Alarms,
        refresh_gauges: Callable[[], Awaitable[None]],
        describe_legacy: Callable[[], str] = str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._alarms = alarms
        self._refresh_gauges = refresh_gauges
        self._describe_legacy = describe_legacy
        self._checked_ms = -_CACHE_MS
        self._can_write = False
        self._checking = asyncio.Lock()
        self.is_draining = False

    def public_routes(self) -> list[Route]:
        """Return what strangers may ask for."""
        return [
            Route("/livez", self.live, methods=["GET"]),
            Route("/readyz", self.ready_or_not, methods=["GET"]),
            Route("/metrics", self.metrics_moved, methods=["GET"]),
        ]

    def admin_routes(self) -> list[Route]:
        """Return what operators ask for."""
        return [
            Route("/livez", self.live, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
        ]

    async def live(self, request: Request) -> Response:
        """Answer 200: the loop turns."""
        return PlainTextResponse("live\n")

    async def ready_or_not(self, request: Request) -> Response:
        """Answer as `ready`, with the status alone."""
        status_code = (await self.ready(request)).status_code
        body = "ready\n" if status_code == 200 else "not ready\n"
        return PlainTextResponse(body, status_code=status_code)

    async def metrics_moved(self, request: Request) -> Response:
        """Answer 404, and where the figures are."""
        return PlainTextResponse(_METRICS_MOVED, status_code=404)

    async def ready(self, request: Request) -> Response:
        """Answer 200 when a dispatch could be accepted and made durable now, else 503.

        The first line is `ready`, `degraded` (alarms stand, and are lines of their own) or why
        not. Degraded is 200: a platform that took us out of service for being deaf would take the
        webhooks away that could end it.
        """
        if self.is_draining:
            return PlainTextResponse("draining\n", status_code=503)
        # Who comes during a check waits for it: the answer of before says nothing about now.
        async with self._checking:
            # A clock that was set back must not make the last answer the newest one for hours.
            if not 0 <= self._clock.now_ms() - self._checked_ms < _CACHE_MS:
                await self._check()
        alarms = self._alarms.standing()
        if not self._can_write:
            lines = ["store unavailable", *map(_line, alarms)]
            return PlainTextResponse("\n".join(lines) + "\n", status_code=503)
        detail = self._describe_legacy()
        word = "degraded" if alarms else "ready"
        is_shut = any(alarm.blocks_intake and not alarm.subject for alarm in alarms)
        lines = [f"{word}; {detail}" if detail else word, *map(_line, alarms)]
        if is_shut:
            lines[0] = "not accepting workflows"
        return PlainTextResponse("\n".join(lines) + "\n", status_code=503 if is_shut else 200)

    async def _check(self) -> None:
        self._checked_ms = self._clock.now_ms()
        try:
            await self._store.check()
            self._can_write = True
        except StoreUnavailable:
            self._can_write = False

    async def metrics(self, request: Request) -> Response:
        """Answer with the Prometheus exposition."""
        with contextlib.suppress(StoreUnavailable):  # the counters are still worth having
            await self._refresh_gauges()
        return Response(generate_latest(self._metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _line(alarm: Alarm) -> str:
    whom = f" account {alarm.subject}" if alarm.subject else ""
    when = f"since {format_timestamp(alarm.since_ms)}"
    if alarm.until_ms is not None:
        when += f" until {format_timestamp(alarm.until_ms)}"
    # Where the intake of the whole gateway is shut, the first line says so.
    is_shut_out = alarm.blocks_intake and alarm.subject
    intake = " Its new workflows are answered 503." if is_shut_out else ""
    return f"{alarm.kind.value}:{whom} {when}: {alarm.why}{intake} {alarm.remedy}"
