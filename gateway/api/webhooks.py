"""`/webhooks/…`: v1 calling us. Verified over the raw bytes, durable before the 200.

Signed but unusable is kept and answered 200, because a poison event must not hold up the
vendor's queue; unsigned is answered 503, because the vendor sends it again, signed.
"""

from __future__ import annotations

import hashlib

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.api.problems import Problems
from gateway.api.requests import ClientDisconnect, Refusal, read_body
from gateway.applications import UNSIGNED, Applications
from gateway.clock import Clock
from gateway.correlation import Correlator, Disposition
from gateway.engine import Engine
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.signatures import SignatureFault, verify_body
from gateway.stores.base import (
    CauseSpent,
    NewOutboxItem,
    OutboxItemId,
    OutboxKind,
    StoreUnavailable,
)
from gateway.tokens import StepAddress, TokenMint
from translators.documents import parse_document
from translators.inbound import translate_inbound
from translators.problems import Problem

log = get_logger()


_UNSIGNED = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="The webhook is not signed. Switch signed webhooks on in the account's settings.",
)
"""docs/wire.md section 7: the vendor may fail to sign one, and sends it again on a 503."""


class WebhookApi:
    """Receives status and inbound webhooks."""

    def __init__(
        self,
        *,
        engine: Engine,
        correlator: Correlator,
        applications: Applications,
        mint: TokenMint,
        problems: Problems,
        clock: Clock,
        metrics: Metrics,
        max_body: int,
        max_age_s: int,
        reply_as_text: bool,
    ) -> None:
        self._engine = engine
        self._correlator = correlator
        self._applications = applications
        self._mint = mint
        self._problems = problems
        self._clock = clock
        self._metrics = metrics
        self._max_body = max_body
        self._max_age_s = max_age_s
        self._reply_as_text = reply_as_text

    async def status(self, request: Request) -> Response:
        """Answer a status webhook."""
        return await self._answer("status", request)

    async def inbound(self, request: Request) -> Response:
        """Answer an inbound message."""
        return await self._answer("inbound", request)

    async def _answer(self, kind: str, request: Request) -> Response:
        try:
            outcome = await self._receive(kind, request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except StoreUnavailable:
            outcome = Refusal(problem=Problem.UNAVAILABLE)
        if isinstance(outcome, Refusal):
            disposition = "unsigned" if outcome is _UNSIGNED else outcome.problem.name.lower()
            self._metrics.webhooks.labels(kind, disposition).inc()
            return self._problems.answer(outcome)
        self._metrics.webhooks.labels(kind, outcome.value).inc()
        return Response(status_code=200)

    async def _receive(self, kind: str, request: Request) -> Disposition | Refusal:
        body = await read_body(request, self._max_body)
        if isinstance(body, Refusal):
            return body
        address = self._mint.read(request.path_params.get("token", ""))
        sender = await self._sender_of(request, body, address)
        if isinstance(sender, Refusal):
            return sender
        if kind == "inbound":
            return await self._relay_inbound(sender, body)
        disposition = await self._correlator.receive(body, sender=sender, address=address)
        if disposition is Disposition.FORBIDDEN:
            return Refusal(problem=Problem.UNAUTHORIZED)
        return disposition

    async def _sender_of(
        self, request: Request, body: bytes, address: StepAddress | None
    ) -> str | Refusal:
        """Return who sent the webhook.

        Of an application without a signature secret, the unguessable token is the only proof.
        """
        if address is not None and not self._applications.are_all_signed:
            record = await self._engine.store.load(address.dispatch_uuid)
            if record is not None and self._applications.speaks_for(UNSIGNED, record.application):
                return UNSIGNED
        if not self._applications.are_signed:
            log.warning("webhook.refused", reason="no-token")
            return Refusal(problem=Problem.UNAUTHORIZED)
        verdict = verify_body(
            request.headers.get("authorization"),
            body,
            secrets_of=self._applications.secrets_of,
            now_s=self._clock.wall_s(),
            max_age_s=self._max_age_s,
        )
        if verdict is SignatureFault.MISSING:
            log.error("webhook.refused", reason=verdict.value)
            return _UNSIGNED
        if isinstance(verdict, SignatureFault):
            log.error("webhook.refused", reason=verdict.value)
            return Refusal(problem=Problem.UNAUTHORIZED)
        sender = self._applications.sender_of(verdict)
        if sender is None:
            log.error("webhook.refused", reason="application")
            return Refusal(problem=Problem.UNAUTHORIZED)
        return sender

    async def _relay_inbound(self, sender: str, body: bytes) -> Disposition:
        document = parse_document(body)
        inbound = None
        if not document.errors:
            inbound = translate_inbound(document.value, reply_as_text=self._reply_as_text).value
        application = self._applications.inbound_of(sender)
        if inbound is None or application is None:
            reason = "unusable" if inbound is None else "no-inbound-url"
            await self._engine.store.hold(
                application=sender,
                reason=reason,
                message_uuid=None,
                body=body,
                now_ms=self._clock.now_ms(),
            )
            log.warning("webhook.held", reason=reason)
            return Disposition.HELD_UNUSABLE
        try:
            await self._engine.enqueue(
                NewOutboxItem(
                    item_id=OutboxItemId(owner=str(self._clock.draw_uuid()), position=0),
                    kind=OutboxKind.CALLBACK,
                    application=application.name,
                    url=application.inbound_url or "",
                    step=-1,
                    body=orjson.dumps(inbound),
                ),
                digest=hashlib.blake2b(body, digest_size=12).digest(),
            )
        except CauseSpent:
            return Disposition.DUPLICATE
        return Disposition.APPLIED
