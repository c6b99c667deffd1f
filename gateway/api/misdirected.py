"""Requests for a host that is not ours: 421, whatever they ask for (RFC 9110 section 15.5.20)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.metering import UNMATCHED
from gateway.clock import Clock
from gateway.hosts import Hosts
from gateway.logs import get_logger
from gateway.metrics import Metrics

log = get_logger()

_MISDIRECTED: Final = 421
_QUIET_MS: Final = 60_000
"""Between two lines: a stranger can ask as often as he likes."""


class OwnHostsOnly:
    """ASGI middleware that answers requests for other hosts itself."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Hosts,
        remedy: str,
        metrics: Metrics,
        clock: Clock,
        open_paths: Collection[str] = (),
    ) -> None:
        """Stand before `app`.

        Args:
            hosts: which are ours.
            remedy: what an operator does whose host it should be; it is told to the caller, too.
            open_paths: what may be asked under any name. Load balancers ask for the health of an
                address, not of a name.
        """
        self._app = app
        self._hosts = hosts
        self._remedy = remedy
        self._metrics = metrics
        self._clock = clock
        self._open_paths = frozenset(open_paths)
        self._told_ms = -_QUIET_MS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is ours."""
        if scope["type"] != "http" or scope["path"] in self._open_paths or self._is_ours(scope):
            await self._app(scope, receive, send)
            return
        self._metrics.requests.labels(UNMATCHED, str(_MISDIRECTED)).inc()
        now_ms = self._clock.now_ms()
        if not 0 <= now_ms - self._told_ms < _QUIET_MS:
            self._told_ms = now_ms
            log.warning("request.misdirected", http_status=_MISDIRECTED, remedy=self._remedy)
        answer = PlainTextResponse(
            f"This host is not served here. {self._remedy}\n", status_code=_MISDIRECTED
        )
        await answer(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        values = [value for name, value in scope["headers"] if name == b"host"]
        reached_at = scope.get("server") or ("", None)
        return len(values) == 1 and self._hosts.admits(
            values[0].decode("latin-1"), reached_at=reached_at[0]
        )
