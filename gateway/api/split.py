"""What is asked of applications in the mode `split`: one path for each workflow.

A path is pledged before anything leaves, and what was handed to one path is never handed to the
other: not when it failed, and not when nobody knows (docs/adr/0012-one-path-per-workflow.md).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, assert_never

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.auth import AuthFault
from gateway.api.legacy import LegacyApi
from gateway.api.requests import Asked, Refusal, read_idempotency_key
from gateway.modes.forward import NotPassed, Passed, PassedInDoubt
from gateway.modes.observe import dispatch_uuid_of
from gateway.modes.pledges import Claim, Route, Subjects
from gateway.modes.splitter import Splitter
from gateway.settings import Application, Settings
from gateway.settings.mode_rules import SPLIT
from gateway.traces.model import Path
from translators.documents import parse_document
from translators.problems import Problem

_OBSERVE: Final = "observe"


class SplitApi:
    """Gives each request of a split application its path."""

    def __init__(
        self,
        *,
        splitter: Splitter,
        legacy: LegacyApi,
        applications: Sequence[Application],
    ) -> None:
        self._splitter = splitter
        self._legacy = legacy
        self._split = {each.name for each in applications if each.mode == SPLIT}
        self._takes_strangers = all(each.mode in (_OBSERVE, SPLIT) for each in applications)

    @classmethod
    def of(
        cls, settings: Settings, splitter: Splitter | None, legacy: LegacyApi | None
    ) -> SplitApi | None:
        """Return the choice of paths of these settings; `None` where nothing is split."""
        if splitter is None or legacy is None:
            return None
        return cls(splitter=splitter, legacy=legacy, applications=settings.applications)

    def takes(self, caller: Application | AuthFault) -> bool:
        """Tell whether the workflows of `caller` are split.

        A stranger's are where no application is served here alone: Dispatch judges who may call.
        """
        if isinstance(caller, AuthFault):
            return self._takes_strangers
        return caller.name in self._split

    async def create(
        self,
        request: Request,
        caller: Application | AuthFault,
        *,
        ask: Callable[[Request, bytes], Asked | Refusal],
        accept: Callable[[Application, Asked], Awaitable[Response | Refusal]],
        is_spent: Callable[[str, str], Awaitable[bool]],
        refuse: Callable[[AuthFault], Refusal],
    ) -> Response | Refusal:
        """Answer one POST by the path it is given.

        Args:
            ask: reads a request as far as it has to be for serving it.
            accept: serves it.
            is_spent: tells whether an application used an idempotency key here.
            refuse: answers a stranger.

        Raises:
            StoreUnavailable: nothing was accepted, neither here nor by Dispatch.
            OutcomeUnknown: we may have accepted it; its pledge to us stays as it is.
        """
        body = await self._legacy.read(request)
        if body is None:
            return Refusal(problem=Problem.TOO_LARGE)
        asked = ask(request, body)
        application = None if isinstance(caller, AuthFault) else caller
        claim = Claim(
            application=None if application is None else application.name,
            request=parse_document(body).value,
            raw=body,
            key=(key := _key_of(request)),
            is_servable=application is not None and isinstance(asked, Asked),
            is_spent_here=key is not None and await self._is_spent(application, key, is_spent),
        )
        subjects = await self._subjects(claim)
        route = self._splitter.route(claim, subjects=subjects, has_legacy=self._legacy.forwards)
        if route.path is Path.LEGACY:
            return await self._pass_on(request, body, route)
        if isinstance(caller, AuthFault):
            # Its key was used here, so Dispatch must not get it, and it gets nothing from us.
            outcome: Response | Refusal = refuse(caller)
        elif isinstance(asked, Refusal):
            outcome = asked
        else:
            outcome = await accept(caller, asked)
        if isinstance(outcome, Refusal):
            self._splitter.answered(route, outcome.problem.http_status, None)
        else:
            dispatch_uuid = orjson.loads(outcome.body)["dispatch_uuid"]
            self._splitter.answered(route, outcome.status_code, dispatch_uuid)
        return outcome

    async def _subjects(self, claim: Claim) -> Subjects:
        if claim.is_servable:
            return self._splitter.subjects(claim)
        # It is read in every way there is. Of a long one from a stranger that takes up to a second,
        # in which nobody else would be served.
        return await asyncio.to_thread(self._splitter.subjects, claim)

    async def _is_spent(
        self,
        application: Application | None,
        key: str,
        is_spent: Callable[[str, str], Awaitable[bool]],
    ) -> bool:
        """Tell whether the engine knows a key: longer than the ledger, and from other modes."""
        names = self._splitter.applications if application is None else {application.name}
        return any([await is_spent(name, key) for name in sorted(names)])

    async def _pass_on(self, request: Request, body: bytes, route: Route) -> Response:
        """Pass a request on; from the moment it left, nothing may say that nothing was accepted."""
        passing, answer = await self._legacy.pass_on(request, body, origin=SPLIT)
        match passing:
            case Passed(http_status=http_status):
                dispatch_uuid = dispatch_uuid_of(passing) if http_status == 202 else None
                self._splitter.answered(route, http_status, dispatch_uuid)
            case PassedInDoubt():
                self._splitter.answered(route, None, None)
            case NotPassed():
                self._splitter.unsent(route)
            case _:  # pragma: no cover
                assert_never(passing)
        return answer


def _key_of(request: Request) -> str | None:
    key = read_idempotency_key(request)
    return None if isinstance(key, Refusal) else key
