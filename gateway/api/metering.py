"""Counting answers: by the route's template and the status code, whatever the path says."""

from __future__ import annotations

from typing import Final

from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.metrics import Metrics

UNMATCHED: Final = "unmatched"
"""The label of every path that no route has: a raw path would be a label a stranger chooses."""


class Metering:
    """ASGI middleware that counts each answer in `gateway_requests_total`."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._requests = metrics.requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, and note the status on its way out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        code = 500  # what is answered, further out, to an exception that passes through here

        async def noting(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            # The router notes the route in the scope, also when only the method did not fit.
            route = scope.get("route")
            template = route.path if isinstance(route, Route) else UNMATCHED
            self._requests.labels(template, str(code)).inc()
