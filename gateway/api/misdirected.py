"""Requests for a host that is not ours: 421, whatever they ask for (RFC 9110 section 15.5.20)."""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.metering import UNMATCHED
from gateway.api.problems import Problems
from gateway.api.repeated_lines import RepeatedLines
from gateway.api.requests import Refusal
from gateway.hosts import Hosts
from gateway.metrics import Metrics
from translators.problems import Problem


class OwnHostsOnly:
    """ASGI middleware that answers requests for other hosts itself."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Hosts,
        remedy: str,
        problems: Problems,
        lines: RepeatedLines,
        metrics: Metrics,
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
        self._problems = problems
        self._lines = lines
        self._metrics = metrics
        self._open_paths = frozenset(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is ours."""
        if scope["type"] != "http" or scope["path"] in self._open_paths or self._is_ours(scope):
            await self._app(scope, receive, send)
            return
        status = Problem.MISDIRECTED.http_status
        self._metrics.requests.labels(UNMATCHED, str(status)).inc()
        self._lines.write(
            "warning", "request.misdirected", latest={}, http_status=status, remedy=self._remedy
        )
        refusal = Refusal(
            problem=Problem.MISDIRECTED, detail=f"This host is not served here. {self._remedy}"
        )
        await self._problems.answer(refusal)(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        values = [value for name, value in scope["headers"] if name == b"host"]
        reached_at = scope.get("server") or ("", None)
        return len(values) == 1 and self._hosts.admits(
            values[0].decode("latin-1"), reached_at=reached_at[0]
        )
