"""Webhooks that hit no route: a wrong URL in a dashboard, which nobody would notice.

The vendor does not repeat what was answered 404, so each of them is lost.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.requests import ClientDisconnect, Refusal, read_body
from gateway.applications import Applications
from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.signatures import SignedClaims, verify_body

log = get_logger()

_LONGEST_PATH: Final = 100
# Words as people write them in paths, with few digits (`v0.1`). A segment that is anything else may
# be a token, a number or a text of a person.
_PLAIN: Final = re.compile(
    r"(?!(?:.*[0-9]){3})(?:[A-Za-z]?[a-z0-9._-]{0,30}|[A-Z0-9._-]{1,30})", re.ASCII
)

Fallback = Callable[[Request, Exception], Awaitable[Response]]


class UnroutedWebhooks:
    """Answers what no route takes, and says so in the log when the vendor signed it."""

    def __init__(
        self,
        *,
        fallback: Fallback,
        applications: Applications,
        clock: Clock,
        metrics: Metrics,
        max_body: int,
        max_age_s: int,
    ) -> None:
        """Prepare; `fallback` makes the answers, whatever is noticed."""
        self._fallback = fallback
        self._applications = applications
        self._clock = clock
        self._metrics = metrics
        self._max_body = max_body
        self._max_age_s = max_age_s

    async def answer(self, request: Request, error: Exception) -> Response:
        """Answer a request that the framework refused, having looked what it is."""
        if isinstance(error, HTTPException) and error.status_code in (404, 405):
            await self.notice(request, error.status_code)
        return await self._fallback(request, error)

    async def notice(self, request: Request, http_status: int) -> None:
        """Log a webhook that is answered `http_status`, if an account we know has signed it."""
        if "authorization" not in request.headers:
            return
        try:
            body = await read_body(request, self._max_body)
        except ClientDisconnect:
            return
        if isinstance(body, Refusal):
            return
        claims = verify_body(
            request.headers["authorization"],
            body,
            secrets_of=self._applications.secrets_of,
            now_s=self._clock.wall_s(),
            max_age_s=self._max_age_s,
        )
        if isinstance(claims, SignedClaims):
            self._metrics.webhooks.labels("unrouted", "not_found").inc()
            log.warning(
                "webhook.unrouted",
                http_status=http_status,
                path=shown_path(request.scope["path"]),
                remedy="Correct the URL in the vendor's dashboard: /webhooks/status,"
                " /webhooks/inbound or, of Dispatch, /legacy/status. What was answered so is not"
                " sent again.",
            )


def shown_path(path: str) -> str:
    """Return a path as a log may have it: no token, no number, of bounded length."""
    cut = path[: 4 * _LONGEST_PATH].split("/")
    shown = "/".join(each if _PLAIN.fullmatch(each) else "…" for each in cut)
    return shown[:_LONGEST_PATH]
