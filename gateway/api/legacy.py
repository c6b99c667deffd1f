"""What passes through in the mode `observe`: requests to Dispatch, and its callbacks back.

Who calls is the legacy service's to judge: its 401 passes through like every other answer. Our own
answers are for what could not be passed on, in the v0.1 shape.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, assert_never

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.auth import AuthFault
from gateway.api.problems import Problems
from gateway.api.requests import Refusal, check_media_types, read_idempotency_key
from gateway.modes.forward import Headers, NotPassed, Passed, PassedInDoubt, Passing
from gateway.modes.observe import Observer
from gateway.modes.splitter import Splitter
from gateway.modes.verbatim import from_bytes, to_bytes
from gateway.settings import Application, Settings
from gateway.settings.mode_rules import PAIRED
from translators.problems import Problem

_OBSERVE: Final = "observe"

_FORWARD_UNSENT: Final = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="Nothing reached the legacy service. Send it again shortly.",
)
_FORWARD_IN_DOUBT: Final = Refusal(
    problem=Problem.GATEWAY_TIMEOUT,
    detail="The legacy service did not answer. Whether it accepted the workflow is not known:"
    " sending it again may message a person twice.",
)


class LegacyApi:
    """Passes requests and callbacks through."""

    def __init__(
        self,
        *,
        observer: Observer,
        applications: Sequence[Application],
        problems: Problems,
        max_body: int,
        splitter: Splitter | None = None,
        missed: Callable[[Request, int], Awaitable[None]] | None = None,
    ) -> None:
        """Prepare the routes.

        Args:
            splitter: is told how the workflows of Dispatch end.
            missed: is told of callbacks that nobody takes, and how they are answered.
        """
        self._missed = missed
        self._observer = observer
        self._problems = problems
        self._max_body = max_body
        self._splitter = splitter
        self._observed = {each.name for each in applications if each.mode == _OBSERVE}
        # In every mode: who was cut over still has workflows with Dispatch.
        self._told = {each.name: each for each in applications}
        # Strangers are everybody's: they pass only where we would serve nobody ourselves.
        self._takes_strangers = len(self._observed) == len(applications)

    @classmethod
    def of(
        cls,
        settings: Settings,
        observer: Observer | None,
        problems: Problems,
        splitter: Splitter | None = None,
        missed: Callable[[Request, int], Awaitable[None]] | None = None,
    ) -> LegacyApi | None:
        """Return the routes of these settings; `None` where there is no legacy service."""
        if observer is None:
            return None
        return cls(
            observer=observer,
            applications=settings.applications,
            problems=problems,
            max_body=settings.max_body,
            splitter=splitter,
            missed=missed,
        )

    def routes(self) -> list[Route]:
        """Return where the callbacks of the legacy service arrive."""
        paths = ("/legacy/status", "/legacy/status/{application}")
        return [
            Route(each, self.status, methods=["POST"])
            for path in paths
            for each in (path, f"{path}/")
        ]

    def takes(self, request: Request, caller: Application | AuthFault) -> bool:
        """Tell whether a request of `caller` is the legacy service's."""
        is_observed = (
            self._takes_strangers
            if isinstance(caller, AuthFault)
            else caller.name in self._observed
        )
        return is_observed and (self._observer.forwards or self._observer.keeps(_headers(request)))

    async def forward(self, request: Request) -> Response:
        """Answer a POST of a workflow with the legacy service's answer."""
        body = await self.read(request)
        if body is None:
            return self._problems.answer(Refusal(problem=Problem.TOO_LARGE))
        _, answer = await self.pass_on(request, body, origin=_OBSERVE)
        return answer

    @property
    def forwards(self) -> bool:
        """Whether there is a legacy service that new workflows can go to."""
        return self._observer.forwards

    async def read(self, request: Request) -> bytes | None:
        """Read the body of a request, whatever its type; `None` if it is too long."""
        return await _read(request, self._max_body)

    async def pass_on(
        self, request: Request, body: bytes, *, origin: str, pair: str | None = None
    ) -> tuple[Passing, Response]:
        """Pass a request on to the legacy service, once; return what came of it, and the answer.

        Args:
            body: of the request, already read.
            origin: the mode that passes it on.
            pair: what its trace shares with the one of our own path, if there is one.
        """
        passing = await self._observer.forward(
            request.scope["path"],
            request.scope["query_string"],
            body,
            _headers(request),
            origin=origin,
            pair=pair,
            refusal=_own_refusal(request),
        )
        answer = self._answer(passing, unsent=_FORWARD_UNSENT, in_doubt=_FORWARD_IN_DOUBT)
        return passing, answer

    async def status(self, request: Request) -> Response:
        """Answer a callback of Dispatch with the application's answer."""
        application = self._addressee(request.path_params.get("application"))
        if application is None:
            if self._missed is not None:
                await self._missed(request, Problem.NOT_FOUND.http_status)
            return self._problems.answer(
                Refusal(
                    problem=Problem.NOT_FOUND,
                    detail="No application with a status URL is told at this path. Where there are"
                    " several applications, use /legacy/status/ and the name of one.",
                )
            )
        try:
            body = await _read(request, self._max_body)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        if body is None:
            return self._problems.answer(Refusal(problem=Problem.TOO_LARGE))
        if application.mode == PAIRED:
            # The application was answered for our own path; this one is there to be compared.
            self._observer.keep(body)
            return Response(status_code=200)
        passing = await self._observer.relay(application, body, _headers(request))
        is_taken = isinstance(passing, Passed) and 200 <= passing.http_status <= 299
        if self._splitter is not None and is_taken:
            self._splitter.told(body)
        return self._answer(
            passing,
            unsent=Refusal(problem=Problem.BAD_GATEWAY),
            in_doubt=Refusal(problem=Problem.GATEWAY_TIMEOUT),
        )

    def _addressee(self, name: str | None) -> Application | None:
        """Return whom a callback is for. Of several it is nobody: it may be any one's."""
        if name is None:
            name = next(iter(self._told)) if len(self._told) == 1 else ""
        application = self._told.get(name)
        return application if application is not None and application.status_url else None

    def _answer(self, passing: Passing, *, unsent: Refusal, in_doubt: Refusal) -> Response:
        match passing:
            case Passed():
                return _as_it_came(passing)
            case NotPassed():
                return self._problems.answer(unsent)
            case PassedInDoubt():
                return self._problems.answer(in_doubt)
            case _:  # pragma: no cover
                assert_never(passing)


def _as_it_came(passed: Passed) -> Response:
    answer = Response(passed.body, status_code=passed.http_status)
    headers = [(b"content-length", str(len(passed.body)).encode())]
    answer.raw_headers = [
        *((to_bytes(name.lower()), to_bytes(value)) for name, value in passed.headers),
        *(headers if passed.http_status not in (204, 304) else []),
    ]
    return answer


def _own_refusal(request: Request) -> int | None:
    """Return with which HTTP status we would refuse the headers of a request; `None` if we take it.

    Its body is judged by whoever finishes the trace; the headers are gone by then.
    """
    if "content-encoding" in request.headers:
        return Problem.UNSUPPORTED_MEDIA.http_status
    refusal = check_media_types(request) or read_idempotency_key(request)
    return refusal.problem.http_status if isinstance(refusal, Refusal) else None


def _headers(request: Request) -> Headers:
    return [(from_bytes(name), from_bytes(value)) for name, value in request.scope["headers"]]


async def _read(request: Request, limit: int) -> bytes | None:
    """Read a body of at most `limit` bytes, whatever its type; `None` if it is longer.

    Raises:
        ClientDisconnect: the client hung up; there is nobody to answer.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            return None
    return bytes(body)
