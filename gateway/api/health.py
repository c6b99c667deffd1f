"""`/livez`, `/readyz`, `/metrics`: constant work, whatever the query says."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.clock import Clock
from gateway.metrics import Metrics
from gateway.stores.base import Store, StoreUnavailable

_CACHE_MS = 1_000


class HealthApi:
    """Tells orchestrators and scrapers how the gateway is."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        metrics: Metrics,
        refresh_gauges: Callable[[], Awaitable[None]],
        describe_legacy: Callable[[], str] = str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._refresh_gauges = refresh_gauges
        self._describe_legacy = describe_legacy
        self._checked_ms = -_CACHE_MS
        self._can_write = False
        self._checking = asyncio.Lock()
        self.is_draining = False

    async def live(self, request: Request) -> Response:
        """Answer 200: the loop turns."""
        return PlainTextResponse("live\n")

    async def ready(self, request: Request) -> Response:
        """Answer 200 when a dispatch could be made durable now, else 503."""
        if self.is_draining:
            return PlainTextResponse("draining\n", status_code=503)
        # Who comes during a check waits for it: the answer of before says nothing about now.
        async with self._checking:
            if self._clock.now_ms() - self._checked_ms >= _CACHE_MS:
                await self._check()
        if self._can_write:
            detail = self._describe_legacy()
            return PlainTextResponse(f"ready; {detail}\n" if detail else "ready\n")
        return PlainTextResponse("store unavailable\n", status_code=503)

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
