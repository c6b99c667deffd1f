"""`POST /v0.1/dispatch`: authenticate, read, translate, make durable, answer 202.

Nothing is sent before the 202, and nothing is stored for a request that is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import takewhile
from typing import Final

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.admission import Admission
from gateway.api.auth import Authenticator, AuthFault
from gateway.api.caller_limits import CallerLimits
from gateway.api.legacy import LegacyApi
from gateway.api.paired import PairedApi
from gateway.api.problems import DIAGNOSTICS_HEADER, Problems
from gateway.api.rehearsal import Wish, plan_answer, read_wish
from gateway.api.requests import (
    Asked,
    ClientDisconnect,
    Refusal,
    check_media_types,
    may_be_repeated,
    read_body,
    read_idempotency_key,
    refuse_unkept,
)
from gateway.api.split import SplitApi
from gateway.api.strangers import Strangers
from gateway.engine import Engine, IdempotencyConflict
from gateway.logs import get_logger
from gateway.modes.recorder import Recorder
from gateway.settings import Application
from gateway.stores.base import OutcomeUnknown, StoreUnavailable
from translators.acl import acl_diagnostic
from translators.choices import RequestOptions
from translators.diagnostics import Diagnostic, Severity, Translation, field_path
from translators.dispatch import DispatchPlan
from translators.documents import parse_document
from translators.problems import Problem

log = get_logger()

_LONGEST_INDEX: Final = 5


class DispatchApi:
    """Accepts workflows."""

    def __init__(
        self,
        *,
        engine: Engine,
        authenticator: Authenticator,
        strangers: Strangers,
        problems: Problems,
        admission: Admission,
        limits: CallerLimits,
        requests: RequestOptions,
        max_body: int,
        public_url: str | None = None,
        legacy: LegacyApi | None = None,
        recorder: Recorder | None = None,
        split: SplitApi | None = None,
        paired: PairedApi | None = None,
    ) -> None:
        """Prepare the route.

        Args:
            strangers: answers who cannot prove who he is.
            requests: how workflows are read.
            admission: says whether a new workflow may be accepted now.
            limits: how much each application may ask for.
            public_url: how the upstream reaches us.
            legacy: answers in our place for the applications it takes.
            recorder: learns of every answer of ours to a workflow.
            split: chooses who serves, for the applications it takes.
            paired: serves twice, for the applications it takes.
        """
        self._engine = engine
        self._authenticator = authenticator
        self._strangers = strangers
        self._problems = problems
        self._admission = admission
        self._limits = limits
        self._requests = requests
        self._max_body = max_body
        self._public_url = public_url
        self._legacy = legacy
        self._recorder = recorder
        self._split = split
        self._paired = paired

    async def create(self, request: Request) -> Response:
        """Answer one POST of a workflow."""
        return await self._answer(request, self._create)

    async def rehearse(self, request: Request) -> Response:
        """Answer one POST of a workflow of which nothing may happen."""
        return await self._answer(request, partial(self._rehearse, wish=Wish()))

    async def _answer(
        self, request: Request, serve: Callable[[Request], Awaitable[Response | Refusal]]
    ) -> Response:
        try:
            outcome = await serve(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except StoreUnavailable as error:
            outcome = refuse_unkept(error, has_key="idempotency-key" in request.headers)
        return self._problems.answer(outcome) if isinstance(outcome, Refusal) else outcome

    async def _create(self, request: Request) -> Response | Refusal:
        # Before anything is forwarded, served or counted, in every mode.
        if (wish := read_wish(request.scope)) is not None:
            return await self._rehearse(request, wish=wish)
        application = self._authenticator.authenticate(request.scope["headers"])
        if (
            self._legacy is not None
            and self._legacy.takes(request, application)
            and not await self._was_served(application, request)
        ):
            return await self._legacy.forward(request)
        if (
            not isinstance(application, AuthFault)
            and (refusal := self._limits.refuse_rate(application)) is not None
            and not await self._was_served(application, request)
        ):
            return refusal
        if self._split is not None and self._split.takes(application):
            return await self._split.create(
                request,
                application,
                ask=self._ask,
                accept=self._accept_split,
                is_spent=self._is_spent,
                refuse=partial(self._strangers.refuse_caller, request.scope),
            )
        if isinstance(application, AuthFault):
            return self._strangers.refuse_caller(request.scope, application)
        body = await read_body(request, self._max_body)
        if isinstance(body, Refusal):
            return body
        # Before the work of reading it, because this is asked most when there is least time.
        if not self._admission.passes(application):
            key = read_idempotency_key(request)
            if not self._admission.closed(application) and (
                refusal := await self._refuse_crowd(application, key, body)
            ):
                return refusal
        asked = self._ask(request, body)
        if isinstance(asked, Refusal):
            if asked.codes and self._recorder is not None:
                self._recorder.take_answer(application, body, asked.problem.http_status, None)
            return asked
        if refusal := await self._refuse_for_now(application, asked.key):
            return refusal
        if self._paired is not None and self._paired.takes(application):
            accept = partial(self._accept, application, asked)
            return await self._paired.create(request, asked, accept=accept)
        return await self._accept(application, asked)

    async def _refuse_for_now(
        self, application: Application, key: str | None, *, may_wait: bool = False
    ) -> Refusal | None:
        """Refuse a new workflow while the gate is shut; what was accepted before gets its answer.

        In the mode `paired` this comes before Dispatch is asked, or half a pair would be left.
        """
        refusal = self._admission.closed(application, may_wait=may_wait)
        if refusal is None and self._limits.counts_days_of(application):
            refusal = await self._limits.refuse_day(application)
        return refusal and await self._unless_spent(refusal, application, key)

    async def _refuse_crowd(
        self, application: Application, key: str | Refusal | None, body: bytes
    ) -> Refusal | None:
        """Refuse a new workflow of who has enough waiting; else it is counted."""
        said = key.encode() if isinstance(key, str) else body
        refusal = await self._admission.crowded(application, said)
        return refusal and await self._unless_spent(refusal, application, key)

    async def _unless_spent(
        self, refusal: Refusal, application: Application, key: str | Refusal | None
    ) -> Refusal | None:
        if isinstance(key, str) and await self._is_spent(application.name, key):
            return None
        return refusal

    async def _accept_split(self, application: Application, asked: Asked) -> Response | Refusal:
        """Serve a workflow that a split gave to us.

        While our sends cannot be made, only those of people who have open workflows here are: they
        are accepted and wait, because Dispatch may not have them. Once it is gone, nobody else
        serves, and the gate is as it is elsewhere.
        """
        has_legacy = self._legacy is not None and self._legacy.forwards
        refusal = await self._refuse_for_now(application, asked.key, may_wait=has_legacy)
        if refusal is None:
            refusal = await self._refuse_crowd(application, asked.key, asked.body)
        return refusal or await self._accept(application, asked)

    async def _rehearse(self, request: Request, *, wish: Wish | Refusal) -> Response | Refusal:
        """Say what would be sent, or why it would be refused; send, store and forward nothing."""
        application = self._authenticator.authenticate(request.scope["headers"])
        if isinstance(application, AuthFault):
            return self._strangers.refuse_caller(request.scope, application)
        if refusal := self._limits.refuse_rate(application):
            return refusal
        if isinstance(wish, Refusal):
            return wish
        body = await read_body(request, self._max_body)
        if isinstance(body, Refusal):
            return body
        asked = self._ask(request, body)
        if isinstance(asked, Refusal):
            return asked
        if self._paired is not None and self._paired.takes(application):
            refusal = self._paired.rehearse(asked)
            if refusal is not None:
                return refusal
        return plan_answer(asked, wish, self._public_url)

    def _ask(self, request: Request, body: bytes) -> Asked | Refusal:
        """Read a request as far as it has to be for serving it."""
        if refusal := check_media_types(request):
            return refusal
        key = read_idempotency_key(request)
        if isinstance(key, Refusal):
            return key
        found: tuple[Diagnostic, ...] = ()
        if self._authenticator.is_meant_elsewhere(request.scope["headers"]):
            found = (acl_diagnostic(self._requests.switches),)
            if found[0].severity is Severity.ERROR:
                return Refusal(problem=Problem.FORBIDDEN, codes=(found[0].rule,))
        plan = self._translate(body)
        if plan.value is None:
            return _refuse_faults(plan.errors, plan.codes)
        return Asked(
            body=body,
            plan=plan.value,
            codes=(*(each.rule for each in found), *plan.codes),
            key=key,
            diagnostics=(*found, *plan.diagnostics),
        )

    def _translate(self, body: bytes) -> Translation[DispatchPlan]:
        document = parse_document(body)
        if document.errors:
            return Translation(value=None, diagnostics=document.diagnostics)
        plan = self._requests.translate(document.value)
        return Translation(value=plan.value, diagnostics=(*document.diagnostics, *plan.diagnostics))

    async def _was_served(self, application: Application | AuthFault, request: Request) -> bool:
        """Tell whether a request repeats one that was accepted here, be it in another mode.

        Dispatch must not get it: it knows nothing of the first one, and would send it again.
        """
        key = read_idempotency_key(request)
        if isinstance(application, AuthFault) or not isinstance(key, str):
            return False
        return await self._is_spent(application.name, key)

    async def _is_spent(self, application: str, key: str) -> bool:
        """Tell whether an idempotency key was used here."""
        return await self._engine.store.recall(application, key) is not None

    async def _accept(
        self,
        application: Application,
        asked: Asked,
        pair: str | None = None,
    ) -> Response | Refusal:
        key, codes = asked.key, asked.codes
        counted = 0
        if self._limits.counts_days_of(application):
            counted = int(key is None or not await self._is_spent(application.name, key))
            # Of a pair one half is sent already. Between the look and the count nobody comes in.
            refusal = await self._limits.refuse_day(application) if counted and not pair else None
            if refusal is not None:
                return refusal
            self._limits.count(application, counted)
        try:
            accepted = await self._engine.accept(
                application,
                asked.plan,
                idempotency_key=key,
                fingerprint=hashlib.sha256(asked.body).hexdigest() if key is not None else "",
            )
        except StoreUnavailable as error:
            if not isinstance(error, OutcomeUnknown):
                self._limits.count(application, -counted)
            raise
        if isinstance(accepted, IdempotencyConflict):
            self._limits.count(application, -counted)
            return Refusal(
                problem=Problem.CONFLICT,
                detail="This Idempotency-Key was used for another body. Draw a new one.",
            )
        if self._recorder is not None:
            self._recorder.take_answer(application, asked.body, 202, accepted, pair)
        if codes:
            log.info("dispatch.accepted", dispatch_uuid=accepted, rules=list(codes))
        return Response(
            orjson.dumps({"dispatch_uuid": accepted}),
            status_code=202,
            media_type="application/json",
            headers={DIAGNOSTICS_HEADER: ", ".join(codes)} if codes else None,
        )


def _refuse_faults(errors: tuple[Diagnostic, ...], codes: tuple[str, ...]) -> Refusal:
    return Refusal(
        problem=Problem.INVALID_PARAMETERS,
        invalid=tuple(map(_told, errors)),
        codes=codes,
    )


def _told(fault: Diagnostic) -> tuple[str, str]:
    """Return the path of a field, as far as it may be repeated, and what is wrong with it."""
    tokens = fault.pointer.split("/")
    shown = list(takewhile(_is_shown, tokens))
    path = field_path("/".join(shown))
    if len(shown) == len(tokens):
        return path, fault.detail
    return path, f"in a field whose name is not repeated here: {fault.detail}"


def _is_shown(token: str) -> bool:
    return may_be_repeated(token) or (token.isdigit() and len(token) <= _LONGEST_INDEX)
