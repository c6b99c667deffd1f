"""Routes that answer to an application's own credentials, whatever they show."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.auth import Authenticator, AuthFault
from gateway.api.caller_limits import CallerLimits
from gateway.api.problems import Problems
from gateway.api.requests import ClientDisconnect, Refusal
from gateway.api.strangers import Strangers
from gateway.settings import Application
from gateway.stores.base import StoreUnavailable
from translators.diagnostics import JsonObject
from translators.problems import Problem

Answer: TypeAlias = Callable[[Request, Application], Awaitable[Response | Refusal]]

_UNREAD: Final = Refusal(
    problem=Problem.UNAVAILABLE, detail="The store cannot be read now. Ask again shortly."
)
_UNFINISHED: Final = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="What was asked for may be done, as a whole or in part. Look before you repeat it.",
    is_in_doubt=True,
)
"""Some of these take several commits, and the outcome of one may not be known."""


class Authenticated:
    """Lets in who proves to be an application, and turns refusals into bodies."""

    def __init__(
        self,
        authenticator: Authenticator,
        strangers: Strangers,
        limits: CallerLimits,
        problems: Problems,
    ) -> None:
        self._limits = limits
        self._authenticator = authenticator
        self._strangers = strangers
        self._problems = problems

    async def answer(self, request: Request, answer: Answer) -> Response:
        """Answer a request with what `answer` makes of it, or say why not."""
        application = self._authenticator.authenticate(request.scope["headers"])
        if isinstance(application, AuthFault):
            return self._problems.answer(self._strangers.refuse_caller(request.scope, application))
        if refusal := self._limits.refuse_rate(application):
            return self._problems.answer(refusal)
        try:
            outcome = await answer(request, application)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except StoreUnavailable:
            outcome = _UNREAD if request.method == "GET" else _UNFINISHED
        return self._problems.answer(outcome) if isinstance(outcome, Refusal) else outcome


def json_answer(status_code: int, body: JsonObject) -> Response:
    """Return an answer with a JSON body."""
    return Response(orjson.dumps(body), status_code=status_code, media_type="application/json")
