"""What becomes of a verified webhook: told by its body, whatever route it came by.

A status goes to the correlator, a person's message to the application, and what speaks of something
else is kept under a reason of its own. What is kept can be released: it takes the same way again.
"""

from __future__ import annotations

import hashlib
from typing import Final

import orjson

from gateway.applications import Applications
from gateway.clock import Clock
from gateway.correlation import Correlator, Disposition, try_again
from gateway.engine import Engine
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.parking import HeldReason, Parking
from gateway.render import LONE_POSITION
from gateway.settings import Application
from gateway.sms_api import SmsApiNotice
from gateway.stores.base import (
    CauseSpent,
    HeldWebhook,
    NewOutboxItem,
    OutboxItemId,
    OutboxKind,
)
from gateway.tokens import StepAddress
from translators.diagnostics import JsonObject, JsonValue, Translation
from translators.documents import parse_document
from translators.inbound import WhatsappSender, translate_inbound, whatsapp_sender
from translators.rules_webhook import WEBHOOK_IN_V01_SHAPE
from translators.user_ids import UserIdForm
from translators.webhook_shapes import WebhookKind, is_v01_inbound, read_loosely, webhook_kind

log = get_logger()

_MAX_UNPROVEN: Final = 16 * 1024
"""Bytes of a webhook that nobody signed: an SMS with all its parameters is far shorter."""

_FOREIGN: Final = {
    WebhookKind.SMS_API: HeldReason.SMS_API_FORMAT,
    WebhookKind.VERIFY: HeldReason.VERIFY_FORMAT,
    WebhookKind.DISPATCH_REPORT: HeldReason.DISPATCH_REPORT,
}


class Reception:
    """Takes in webhooks of every kind."""

    def __init__(
        self,
        *,
        engine: Engine,
        correlator: Correlator,
        applications: Applications,
        sms_api: SmsApiNotice,
        clock: Clock,
        metrics: Metrics,
        reply_as_text: bool,
        user_ids: UserIdForm,
    ) -> None:
        self._engine = engine
        self._correlator = correlator
        self._applications = applications
        self._sms_api = sms_api
        self._clock = clock
        self._metrics = metrics
        self._reply_as_text = reply_as_text
        self._user_ids = user_ids
        self._parking = Parking(engine.store, clock)

    async def receive(
        self,
        body: bytes,
        *,
        sender: str,
        address: StepAddress | None,
        expected: WebhookKind = WebhookKind.STATUS,
    ) -> Disposition:
        """Take in one webhook whose sender is known.

        Args:
            body: the raw body.
            sender: who signed it, in the words of `Applications.sender_of`.
            address: what the token of the URL names, None without a good token.
            expected: what the route is for, if the body does not tell.

        Raises:
            StoreUnavailable: it may not be kept; the vendor must send it again, and it counts once.
        """
        document = parse_document(body)
        read = read_loosely(body) if document.errors else document.value
        kind = webhook_kind(read)
        match expected if kind is WebhookKind.UNKNOWN else kind:
            case WebhookKind.INBOUND:
                return await self._relay(
                    document, body, sender, address, is_theirs=is_v01_inbound(read)
                )
            case WebhookKind.SMS_API | WebhookKind.VERIFY | WebhookKind.DISPATCH_REPORT:
                if kind is WebhookKind.SMS_API:
                    self._sms_api.raise_alarm(self._applications.account_of(sender))
                await self._parking.hold(sender, _FOREIGN[kind], None, body)
                return Disposition.HELD_FOREIGN
            case _:
                return await self._correlator.receive(
                    body, sender=sender, address=address, document=document
                )

    async def receive_unproven(self, body: bytes) -> Disposition | None:
        """Keep a webhook of the SMS API, which nobody signs; None if it is none.

        It is told by the form alone and touches no dispatch, also when it is released.

        Args:
            body: the raw body, or the query of the URL.

        Raises:
            StoreUnavailable: it may not be kept; the vendor must send it again, and it counts once.
        """
        if len(body) > _MAX_UNPROVEN:
            return None
        document = parse_document(body)
        fields = read_loosely(body) if document.errors else document.value
        if webhook_kind(fields) is not WebhookKind.SMS_API or not isinstance(fields, dict):
            return None
        sender = self._applications.stranger_of(fields.get("api-key"))
        self._sms_api.raise_alarm(self._applications.account_of(sender))
        if not self._sms_api.may_keep(len(body)):
            return Disposition.NO_ROOM
        await self._parking.hold(sender, HeldReason.SMS_API_FORMAT, None, body)
        return Disposition.HELD_FOREIGN

    async def release(self, held: HeldWebhook) -> Disposition:
        """Take a held webhook in anew, as if it came now; it is dropped once it was used.

        One that still cannot be used stays, under the reason of today.

        Raises:
            StoreUnavailable: whether it was used is not known; to release it again is safe.
        """
        attempt = self.receive(held.body, sender=held.application, address=None)
        return await try_again(held, attempt, store=self._engine.store, parking=self._parking)

    async def _relay(
        self,
        document: Translation[JsonValue],
        body: bytes,
        sender: str,
        address: StepAddress | None,
        *,
        is_theirs: bool,
    ) -> Disposition:
        """Relay what a person wrote: rewritten, or to the byte where it `is_theirs` already."""
        application = self._applications.inbound_of(sender)
        if address is not None:
            # A token says of whose message this is about, where the signer is a whole account.
            record = await self._engine.store.load(address.dispatch_uuid)
            if record is not None:
                if not self._applications.speaks_for(sender, record.application):
                    log.error("webhook.refused", reason="not-permitted")
                    return Disposition.FORBIDDEN
                application = self._wanting(record.application)
        callback = document.value if is_theirs else self._rewritten(document)
        if isinstance(callback, str):
            await self._parking.hold(sender, callback, None, body)
            return Disposition.HELD_UNUSABLE
        if application is None:
            await self._parking.hold(sender, HeldReason.NO_INBOUND_URL, None, body)
            return Disposition.HELD_UNUSABLE
        if is_theirs:
            log.warning("webhook.in_v01_shape", rules=[WEBHOOK_IN_V01_SHAPE.code])
        try:
            await self._engine.enqueue(
                NewOutboxItem(
                    item_id=OutboxItemId(
                        owner=str(self._clock.draw_uuid()), position=LONE_POSITION
                    ),
                    kind=OutboxKind.CALLBACK,
                    application=application.name,
                    url=application.inbound_url or "",
                    step=-1,
                    # In the shape of v0.1 already: what the application expects, to the byte.
                    body=body if is_theirs else orjson.dumps(callback),
                ),
                digest=hashlib.blake2b(body, digest_size=12).digest(),
            )
        except CauseSpent:
            return Disposition.DUPLICATE
        self._count_sender(callback)
        return Disposition.APPLIED

    def _rewritten(self, document: Translation[JsonValue]) -> JsonObject | str:
        """Return a v1 message as v0.1 has it, or the reason why it cannot be read."""
        read, codes = None, document.codes
        if not document.errors:
            inbound = translate_inbound(
                document.value,
                reply_as_text=self._reply_as_text,
                user_ids=self._user_ids,
                arrived_ms=self._clock.now_ms(),
            )
            read, codes = inbound.value, inbound.codes
        return f"{HeldReason.UNUSABLE}:{','.join(codes)}" if read is None else read

    def _count_sender(self, callback: JsonValue) -> None:
        """Let operators see it coming that people hide their numbers."""
        named = whatsapp_sender(callback)
        if named is not None:
            self._metrics.inbound_senders.labels(named.value).inc()
        if named is WhatsappSender.NOBODY:
            log.warning("inbound.sender_unknown", reason="no number and no user id")

    def _wanting(self, name: str) -> Application | None:
        application = self._applications.by_name[name]
        return application if application.inbound_url is not None else None
