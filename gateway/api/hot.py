"""The two routes that carry the traffic, answered without the framework's layers.

A dispatch costs one request on each of them. Middleware, exception handlers and a search through
all routes would take as long as the work itself; every other route goes through them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from prometheus_client import Counter
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.metrics import Metrics

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

STATUS_PREFIX: Final = "/webhooks/status/"


class HotRoutes:
    """An ASGI application in front of another one."""

    def __init__(
        self,
        rest: ASGIApp,
        *,
        exact: Mapping[str, Endpoint],
        status: Endpoint,
        failed: Callable[[Request, Exception], Awaitable[Response]],
        metrics: Metrics,
    ) -> None:
        """Answer POSTs to the paths of `exact`, and status webhooks with a token.

        Args:
            rest: answers everything else, other methods on these paths included.
            exact: endpoints by path.
            status: answers `/webhooks/status/{token}`.
            failed: answers what an endpoint did not expect.
        """
        self._rest = rest
        self._exact = exact
        self._status = status
        self._failed = failed
        self._requests = metrics.requests
        self._counters: dict[tuple[str, int], Counter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._rest(scope, receive, send)
            return
        path: str = scope["path"]
        template, endpoint = path, self._exact.get(path)
        if endpoint is None:
            token = path.removeprefix(STATUS_PREFIX)
            if token == path or not token or "/" in token:
                await self._rest(scope, receive, send)
                return
            template, endpoint = f"{STATUS_PREFIX}{{token}}", self._status
            scope["path_params"] = {"token": token}
        request = Request(scope, receive)
        try:
            answer = await endpoint(request)
        except Exception as error:
            answer = await self._failed(request, error)
        self._count(template, answer.status_code)
        await answer(scope, receive, send)

    def _count(self, template: str, code: int) -> None:
        counter = self._counters.get((template, code))
        if counter is None:
            counter = self._requests.labels(template, str(code))
            self._counters[template, code] = counter
        counter.inc()
