"""From a verified v1 webhook to the event it means: which dispatch, which step, said before?

Two ways in: the token of the per-message webhook URL, and the `message_uuid` a send was answered
with. A webhook that overtakes that answer is held and matched when the answer is committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from enum import StrEnum

import orjson

from gateway.bodies import status_facts
from gateway.clock import Clock
from gateway.core.events import StatusReceived
from gateway.core.state import Reason
from gateway.engine import Engine, UnknownDispatch
from gateway.logs import get_logger
from gateway.stores.base import HeldWebhook, StoreUnavailable, WebhookCause
from gateway.tokens import StepAddress
from translators.diagnostics import Translation
from translators.documents import parse_document
from translators.status import MessageStatus, translate_status

log = get_logger()

_MATCH_BATCH = 100


class Disposition(StrEnum):
    """What became of a webhook. Every one of them is answered 200, but `FORBIDDEN`."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    HELD_UNMATCHED = "held_unmatched"
    HELD_UNUSABLE = "held_unusable"
    HELD_OTHER_MESSAGE = "held_other_message"
    HELD_NOT_SENT_YET = "held_not_sent_yet"
    FORBIDDEN = "forbidden"


class HeldReason(StrEnum):
    """Why a status webhook is held. One that cannot be read has its rules behind the word."""

    UNMATCHED = "unmatched"
    """Its message is not known yet: the only ones that are ever applied afterwards."""
    UNUSABLE = "unusable"
    OTHER_MESSAGE = "other-message"
    NOT_SENT_YET = "not-sent-yet"
    NOT_PERMITTED = "not-permitted"
    FAILED = "failed"


class Correlator:
    """Receives status webhooks."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        speaks_for: Callable[[str, str], bool],
        pass_v1_codes: bool,
    ) -> None:
        """`speaks_for(sender, application)` tells whether a signer may report on its messages."""
        self._engine = engine
        self._speaks_for = speaks_for
        self._store = engine.store
        self._clock = clock
        self._pass_v1_codes = pass_v1_codes

    async def receive(
        self,
        body: bytes,
        *,
        sender: str,
        address: StepAddress | None,
    ) -> Disposition:
        """Apply, hold or refuse one status webhook whose signature was found good.

        Args:
            body: the raw body.
            sender: who signed it, in the words of `Applications.sender_of`.
            address: what the token of the URL names, None without a good token.

        Raises:
            StoreUnavailable: nothing happened; the upstream must send it again.
        """
        read = self._read(body)
        status = read.value
        if status is None:
            await self._hold(sender, f"{HeldReason.UNUSABLE}:{','.join(read.codes)}", None, body)
            return Disposition.HELD_UNUSABLE
        if address is None:
            address = await self._address_of(status.message_uuid)
        if address is None:
            bound = await self._hold(sender, HeldReason.UNMATCHED, status.message_uuid, body)
            if bound is None:
                return Disposition.HELD_UNMATCHED
            address = StepAddress(dispatch_uuid=bound[0], step=bound[1])
        return await self._apply(status, address, body, sender)

    async def match_held(self, message_uuid: str) -> None:
        """Apply the webhooks that came before `message_uuid` was known."""
        for held in await self._store.held_for(message_uuid):
            await self._apply_held(held)

    async def match_leftovers(self) -> None:
        """Apply held webhooks whose message became known just before a crash."""
        while batch := await self._store.matchable(limit=_MATCH_BATCH):
            for held in batch:
                await self._apply_held(held)

    async def _apply_held(self, held: HeldWebhook) -> None:
        """Apply one held webhook. One that cannot be used is kept, but does not wait any more."""
        try:
            disposition = await self._disposition_of(held)
        except StoreUnavailable:
            raise
        except Exception:
            await self._hold(
                held.application, HeldReason.FAILED, None, held.body, is_fault=True, exc_info=True
            )
            return
        if disposition in (Disposition.APPLIED, Disposition.DUPLICATE):
            await self._store.drop_held(held.held_id)
        elif disposition is Disposition.FORBIDDEN:
            await self._hold(held.application, HeldReason.NOT_PERMITTED, None, held.body)
        elif disposition is None:
            await self._hold(held.application, HeldReason.FAILED, None, held.body, is_fault=True)

    async def _disposition_of(self, held: HeldWebhook) -> Disposition | None:
        status = self._read(held.body).value
        address = await self._address_of(held.message_uuid or "")
        if status is None or address is None:
            return None
        return await self._apply(status, address, held.body, held.application)

    async def _apply(
        self,
        status: MessageStatus,
        address: StepAddress,
        body: bytes,
        sender: str,
    ) -> Disposition:
        event = StatusReceived(step=address.step, report=status_facts(status))
        try:
            decision = await self._engine.apply(
                address.dispatch_uuid,
                event,
                WebhookCause(digest=_digest(status)),
                told=status,
                permits=lambda application: self._speaks_for(sender, application),
            )
        except UnknownDispatch:
            log.error(
                "webhook.refused", dispatch_uuid=address.dispatch_uuid, reason="not-permitted"
            )
            return Disposition.FORBIDDEN
        if decision is None:
            return Disposition.DUPLICATE
        if decision.ignored is Reason.OTHER_MESSAGE:
            log.error("webhook.other_message_held", dispatch_uuid=address.dispatch_uuid)
            await self._hold(sender, HeldReason.OTHER_MESSAGE, None, body)
            return Disposition.HELD_OTHER_MESSAGE
        if decision.ignored is Reason.NOT_SENT_YET:
            # A token goes out with its send, so this one names a step nobody was told about.
            about = {"dispatch_uuid": address.dispatch_uuid, "step": address.step}
            await self._hold(sender, HeldReason.NOT_SENT_YET, None, body, is_fault=True, **about)
            return Disposition.HELD_NOT_SENT_YET
        return Disposition.APPLIED

    def _read(self, body: bytes) -> Translation[MessageStatus]:
        document = parse_document(body)
        if document.errors:
            return Translation(value=None, diagnostics=document.diagnostics)
        return translate_status(document.value, pass_v1_codes=self._pass_v1_codes)

    async def _address_of(self, message_uuid: str) -> StepAddress | None:
        bound = await self._store.find_message(message_uuid)
        return StepAddress(dispatch_uuid=bound[0], step=bound[1]) if bound else None

    async def _hold(
        self,
        sender: str,
        reason: str,
        message_uuid: str | None,
        body: bytes,
        *,
        is_fault: bool = False,
        **about: object,
    ) -> tuple[str, int] | None:
        bound = await self._store.hold(
            application=sender,
            reason=reason,
            message_uuid=message_uuid,
            body=body,
            now_ms=self._clock.now_ms(),
        )
        if bound is None:
            report = log.error if is_fault else log.warning
            report("webhook.held", reason=reason, **about)
        return bound


def _digest(status: MessageStatus) -> bytes:
    """Identify a webhook by what it says.

    Two events that differ in usage or error code are two events; the same words under a new
    signature or in another serialisation are a repetition.
    """
    usage, error = status.usage, status.error
    said = (
        status.message_uuid,
        status.status,
        status.timestamp,
        (usage.currency, usage.price) if usage else None,
        error.code if error else None,
    )
    return hashlib.blake2b(orjson.dumps(said), digest_size=12).digest()
