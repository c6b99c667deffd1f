"""`POST /v0.1/dispatch`: authenticate, read, translate, make durable, answer 202.

Nothing is sent before the 202, and nothing is stored for a request that is refused.
"""

from __future__ import annotations

import hashlib

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.auth import Authenticator, AuthFault
from gateway.api.problems import DIAGNOSTICS_HEADER, Problems
from gateway.api.requests import (
    ClientDisconnect,
    Refusal,
    check_media_types,
    read_body,
    read_idempotency_key,
)
from gateway.engine import Engine, IdempotencyConflict
from gateway.logs import get_logger
from gateway.settings import Application
from gateway.stores.base import StoreUnavailable
from translators.diagnostics import Diagnostic, Translation, field_path
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.documents import parse_document
from translators.problems import Problem
from translators.rules import Switches

log = get_logger()


class DispatchApi:
    """Accepts workflows."""

    def __init__(
        self,
        *,
        engine: Engine,
        authenticator: Authenticator,
        problems: Problems,
        switches: Switches,
        max_body: int,
        max_steps: int | None,
        default_locale: str | None,
    ) -> None:
        self._engine = engine
        self._authenticator = authenticator
        self._problems = problems
        self._switches = switches
        self._max_body = max_body
        self._max_steps = max_steps
        self._default_locale = default_locale

    async def create(self, request: Request) -> Response:
        """Answer one POST."""
        try:
            outcome = await self._create(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except StoreUnavailable:
            outcome = Refusal(
                problem=Problem.UNAVAILABLE, detail="Nothing was accepted. Send it again shortly."
            )
        return self._problems.answer(outcome) if isinstance(outcome, Refusal) else outcome

    async def _create(self, request: Request) -> Response | Refusal:
        application = self._authenticator.authenticate(request.scope["headers"])
        if isinstance(application, AuthFault):
            return refuse_stranger(application)
        body = await read_body(request, self._max_body)
        if isinstance(body, Refusal):
            return body
        if refusal := check_media_types(request):
            return refusal
        key = read_idempotency_key(request)
        if isinstance(key, Refusal):
            return key
        plan = self._translate(body)
        if plan.value is None:
            return _refuse_faults(plan.errors, plan.codes)
        return await self._accept(application, plan.value, plan.codes, key, body)

    def _translate(self, body: bytes) -> Translation[DispatchPlan]:
        document = parse_document(body)
        if document.errors:
            return Translation(value=None, diagnostics=document.diagnostics)
        plan = translate_dispatch(
            document.value,
            self._switches,
            max_steps=self._max_steps,
            default_locale=self._default_locale,
        )
        return Translation(value=plan.value, diagnostics=(*document.diagnostics, *plan.diagnostics))

    async def _accept(
        self,
        application: Application,
        plan: DispatchPlan,
        codes: tuple[str, ...],
        key: str | None,
        body: bytes,
    ) -> Response | Refusal:
        accepted = await self._engine.accept(
            application,
            plan,
            idempotency_key=key,
            fingerprint=hashlib.sha256(body).hexdigest() if key is not None else "",
        )
        if isinstance(accepted, IdempotencyConflict):
            return Refusal(
                problem=Problem.CONFLICT,
                detail="This Idempotency-Key was used for another body. Draw a new one.",
            )
        if codes:
            log.info("dispatch.accepted", dispatch_uuid=accepted, rules=list(codes))
        return Response(
            orjson.dumps({"dispatch_uuid": accepted}),
            status_code=202,
            media_type="application/json",
            headers={DIAGNOSTICS_HEADER: ", ".join(codes)} if codes else None,
        )


def refuse_stranger(fault: AuthFault) -> Refusal:
    """Return the answer to bad credentials; what is wrong with them is for the log only."""
    log.warning("caller.refused", reason=fault.reason.value)
    return Refusal(problem=Problem.UNAUTHORIZED)


def _refuse_faults(errors: tuple[Diagnostic, ...], codes: tuple[str, ...]) -> Refusal:
    return Refusal(
        problem=Problem.INVALID_PARAMETERS,
        invalid=tuple((field_path(fault.pointer), fault.detail) for fault in errors),
        codes=codes,
    )
