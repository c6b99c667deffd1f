"""`/webhooks/…`: the vendor calling us. Verified over the raw bytes, durable before the 200.

Each route takes every kind of webhook: the body tells which it is (`gateway/reception.py`).

Signed but unusable is kept and answered 200, because a poison event must not hold up the
vendor's queue; unsigned is answered 503, because the vendor sends it again, signed.
"""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.problems import Problems
from gateway.api.requests import ClientDisconnect, Refusal, read_body
from gateway.api.strangers import Strangers
from gateway.applications import UNSIGNED, Applications
from gateway.clock import Clock
from gateway.core.state import DispatchStatus
from gateway.correlation import Disposition
from gateway.engine import Engine
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.reception import Reception
from gateway.safeguards.safeguards import Safeguards
from gateway.signatures import SignatureFault, claimed_key, verify_body
from gateway.stores.base import StoreUnavailable
from gateway.tokens import StepAddress, TokenMint
from translators.problems import Problem
from translators.webhook_shapes import WebhookKind

log = get_logger()

_INBOUND: Final = "/webhooks/inbound"

_UNSIGNED = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="The webhook is not signed. Switch signed webhooks on in the account's settings.",
)
"""docs/wire.md section 7: the vendor may fail to sign one, and sends it again on a 503."""
_NO_ROOM = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="Enough webhooks that nobody signed were kept today. Send it again tomorrow.",
)
_REFUSED: Final = {
    Disposition.FORBIDDEN: Refusal(problem=Problem.UNAUTHORIZED),
    Disposition.NO_ROOM: _NO_ROOM,
}

_UNKEPT = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="The webhook may not have been kept. Send it again: it counts once.",
)
"""True whether the store did nothing, a part of it, or does not know."""

_UNREADABLE = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="The webhook cannot be verified with the secrets of this gateway. Send it again.",
)
"""Known to be the vendor's, by our token or because the account is deaf: it must come again."""

_DISPOSITIONS = {id(_UNSIGNED): "unsigned", id(_UNREADABLE): "unreadable"}


class WebhookApi:
    """Receives webhooks."""

    def __init__(
        self,
        *,
        engine: Engine,
        reception: Reception,
        applications: Applications,
        mint: TokenMint,
        safeguards: Safeguards,
        strangers: Strangers,
        problems: Problems,
        clock: Clock,
        metrics: Metrics,
        max_body: int,
        max_age_s: int,
    ) -> None:
        self._engine = engine
        self._reception = reception
        self._applications = applications
        self._mint = mint
        self._safeguards = safeguards
        self._strangers = strangers
        self._problems = problems
        self._clock = clock
        self._metrics = metrics
        self._max_body = max_body
        self._max_age_s = max_age_s

    def routes(self) -> list[Route]:
        """Return where webhooks arrive: each with and without a slash, as dashboards have it."""
        paths = {
            "/webhooks/status": self.status,
            "/webhooks/status/{token}": self.status,
            _INBOUND: self.inbound,
        }
        return [
            route
            for path, endpoint in paths.items()
            for each in (path, f"{path}/")
            for route in (
                Route(each, endpoint, methods=["POST"]),
                Route(each, self.query, methods=["GET"]),
            )
        ]

    async def status(self, request: Request) -> Response:
        """Answer a status webhook."""
        return await self._answer(WebhookKind.STATUS, request)

    async def inbound(self, request: Request) -> Response:
        """Answer an inbound message."""
        return await self._answer(WebhookKind.INBOUND, request)

    async def query(self, request: Request) -> Response:
        """Answer a GET: the SMS API may come as one, and nothing else does.

        Raises:
            HTTPException: 405.
        """
        is_inbound = request.scope["path"].startswith(_INBOUND)
        kind = WebhookKind.INBOUND if is_inbound else WebhookKind.STATUS
        try:
            kept = await self._reception.receive_unproven(request.scope["query_string"])
        except StoreUnavailable:
            return self._answered(kind, _UNKEPT)
        if kept is None:
            raise HTTPException(405, headers={"Allow": "POST"})
        return self._answered(kind, _REFUSED.get(kept, kept))

    async def _answer(self, kind: WebhookKind, request: Request) -> Response:
        try:
            outcome = await self._receive(kind, request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        except StoreUnavailable:
            self._safeguards.hearing.lose_store()
            outcome = _UNKEPT
        return self._answered(kind, outcome)

    def _answered(self, kind: WebhookKind, outcome: Disposition | Refusal) -> Response:
        if isinstance(outcome, Refusal):
            disposition = _DISPOSITIONS.get(id(outcome), outcome.problem.name.lower())
            self._metrics.webhooks.labels(kind.value, disposition).inc()
            return self._problems.answer(outcome, is_repeated=True)
        self._metrics.webhooks.labels(kind.value, outcome.value).inc()
        return Response(status_code=200)

    async def _receive(self, kind: WebhookKind, request: Request) -> Disposition | Refusal:
        body = await read_body(request, self._max_body)
        if isinstance(body, Refusal):
            return body
        # The vendor signs with a bearer token; a proxy may add credentials of its own.
        if not request.headers.get("authorization", "").lower().startswith("bearer"):
            kept = await self._reception.receive_unproven(body)
            if kept is not None:
                return _REFUSED.get(kept, kept)
        address = self._mint.read(request.path_params.get("token", ""))
        sender = await self._sender_of(request, body, address)
        if isinstance(sender, Refusal):
            return sender
        disposition = await self._reception.receive(
            body, sender=sender, address=address, expected=kind
        )
        return _REFUSED.get(disposition, disposition)

    async def _sender_of(
        self, request: Request, body: bytes, address: StepAddress | None
    ) -> str | Refusal:
        """Return who sent the webhook.

        Of an application without a signature secret, the unguessable token is the only proof.
        """
        if address is not None and not self._applications.are_all_signed:
            record = await self._engine.store.load(address.dispatch_uuid)
            if record is None and not self._applications.are_signed:
                return UNSIGNED  # of a dispatch that is gone: ours all the same
            if record is not None and self._applications.speaks_for(UNSIGNED, record.application):
                await self._safeguards.webhook_verified(
                    self._applications.account_of(record.application)
                )
                return UNSIGNED
        if not self._applications.are_signed:
            return self._strangers.refuse_webhook(request.scope, "no-token", None)
        authorization = request.headers.get("authorization")
        verdict = verify_body(
            authorization,
            body,
            secrets_of=self._applications.secrets_of,
            now_s=self._clock.wall_s(),
            max_age_s=self._max_age_s,
        )
        if isinstance(verdict, SignatureFault):
            return await self._refuse_unverified(request, verdict, address)
        await self._safeguards.webhook_verified(verdict.api_key)
        sender = self._applications.sender_of(verdict)
        if sender is None:
            log.error("webhook.refused", reason="application")
            return Refusal(problem=Problem.UNAUTHORIZED)
        return sender

    async def _refuse_unverified(
        self, request: Request, fault: SignatureFault, address: StepAddress | None
    ) -> Refusal:
        """Answer a webhook that cannot be verified: 401, unless it is known to be the vendor's.

        The token was minted here and went to the vendor alone, so what comes with it is genuine:
        the fault is in our secrets or our clock, and its step must not act on the silence.
        """
        account = claimed_key(request.headers.get("authorization"))
        is_deaf = account is not None and self._safeguards.is_deaf(account)
        if address is not None or fault is SignatureFault.MISSING or is_deaf:
            self._strangers.note_webhook(fault)
        if address is not None:
            record = await self._engine.store.load(address.dispatch_uuid)
            if record is not None and record.state.status is DispatchStatus.OPEN:
                await self._safeguards.webhook_unreadable(record.application, address)
            return _UNREADABLE
        if fault is SignatureFault.MISSING:
            return _UNSIGNED
        if is_deaf:
            return _UNREADABLE
        return self._strangers.refuse_webhook(request.scope, fault.value, account)
