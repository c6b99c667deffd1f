"""From a verified v1 webhook to the event it means: which dispatch, which step, said before?

Two ways in: the token of the per-message webhook URL, and the `message_uuid` a send was answered
with. A webhook that overtakes that answer is held and matched when the answer is committed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Final

import orjson

from gateway.bodies import status_facts
from gateway.clock import Clock
from gateway.core.events import StatusReceived
from gateway.core.state import Reason
from gateway.engine import Engine, NotPermitted, UnknownDispatch
from gateway.logs import get_logger
from gateway.parking import HeldReason, Parking
from gateway.stores.base import HeldWebhook, Store, StoreUnavailable, WebhookCause
from gateway.tokens import StepAddress
from translators.diagnostics import JsonValue, Translation
from translators.documents import parse_document
from translators.rules_webhook import WEBHOOK_IN_V01_SHAPE
from translators.status import MessageStatus, translate_status

log = get_logger()

_MATCH_BATCH = 100


class Disposition(StrEnum):
    """What became of a webhook. All are answered 200, but `FORBIDDEN` and `NO_ROOM`."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    HELD_UNMATCHED = "held_unmatched"
    HELD_UNUSABLE = "held_unusable"
    HELD_OTHER_MESSAGE = "held_other_message"
    HELD_NOT_SENT_YET = "held_not_sent_yet"
    HELD_FAILED = "held_failed"
    """An error of ours, when a held one was tried again."""
    HELD_FOREIGN = "held_foreign"
    """It speaks of something that is not the gateway's: kept under a reason of its own."""
    UNKNOWN_DISPATCH = "unknown_dispatch"
    """Its token is ours and what it names is gone; nothing will ever come of it."""
    FORBIDDEN = "forbidden"
    NO_ROOM = "no_room"
    """Nobody signed it and enough of that was kept today: it may come again."""


SPENT: Final = frozenset({Disposition.APPLIED, Disposition.DUPLICATE, Disposition.UNKNOWN_DISPATCH})
"""Those after which nothing more can come of a webhook."""


async def try_again(
    held: HeldWebhook, attempt: Awaitable[Disposition], *, store: Store, parking: Parking
) -> Disposition:
    """Await an attempt to use a held webhook: drop it if it was used, else say why it stays.

    Raises:
        StoreUnavailable: whether it was used is not known; to try again is safe.
    """
    sender, body = held.application, held.body
    try:
        disposition = await attempt
    except StoreUnavailable:
        raise
    except Exception:
        await parking.hold(sender, HeldReason.FAILED, None, body, is_fault=True, exc_info=True)
        return Disposition.HELD_FAILED
    if disposition in SPENT:
        await store.drop_held(held.held_id)
    elif disposition is Disposition.FORBIDDEN:
        await parking.hold(sender, HeldReason.NOT_PERMITTED, None, body)
    return disposition


class Correlator:
    """Receives status webhooks."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        speaks_for: Callable[[str, str], bool],
        pass_v1_codes: bool,
        as_invalid_template: bool = False,
    ) -> None:
        """`speaks_for(sender, application)` tells whether a signer may report on its messages."""
        self._engine = engine
        self._speaks_for = speaks_for
        self._store = engine.store
        self._pass_v1_codes = pass_v1_codes
        self._parking = Parking(engine.store, clock)
        self._as_invalid_template = as_invalid_template

    async def receive(
        self,
        body: bytes,
        *,
        sender: str,
        address: StepAddress | None,
        document: Translation[JsonValue] | None = None,
    ) -> Disposition:
        """Apply, hold or refuse one status webhook whose signature was found good.

        Args:
            body: the raw body.
            sender: who signed it, in the words of `Applications.sender_of`.
            address: what the token of the URL names, None without a good token.
            document: the body, parsed, where that was done already.

        Raises:
            StoreUnavailable: not all of it is known to be kept; the upstream must send it again,
                and what was kept counts once.
        """
        read = self._read(document or parse_document(body))
        status = read.value
        if status is None:
            reason = f"{HeldReason.UNUSABLE}:{','.join(read.codes)}"
            await self._parking.hold(sender, reason, None, body)
            return Disposition.HELD_UNUSABLE
        if WEBHOOK_IN_V01_SHAPE.code in read.codes:
            log.warning("webhook.in_v01_shape", rules=[WEBHOOK_IN_V01_SHAPE.code])
        if address is None:
            address = await self._address_of(status.message_uuid)
        if address is None:
            bound = await self._parking.hold(
                sender, HeldReason.UNMATCHED, status.message_uuid, body
            )
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
        await try_again(held, self._apply_matched(held), store=self._store, parking=self._parking)

    async def _apply_matched(self, held: HeldWebhook) -> Disposition:
        status = self._read(parse_document(held.body)).value
        address = await self._address_of(held.message_uuid or "")
        assert status is not None, "what waits for its message could be read"  # noqa: S101
        assert address is not None, "its message is known by now"  # noqa: S101
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
        except NotPermitted:
            log.error(
                "webhook.refused", dispatch_uuid=address.dispatch_uuid, reason="not-permitted"
            )
            return Disposition.FORBIDDEN
        except UnknownDispatch:
            # A token is minted for a step that is there: the dispatch was pruned since.
            log.warning("webhook.dispatch_unknown", dispatch_uuid=address.dispatch_uuid)
            return Disposition.UNKNOWN_DISPATCH
        if decision is None:
            return Disposition.DUPLICATE
        if decision.ignored is Reason.OTHER_MESSAGE:
            log.error("webhook.other_message_held", dispatch_uuid=address.dispatch_uuid)
            await self._parking.hold(sender, HeldReason.OTHER_MESSAGE, None, body)
            return Disposition.HELD_OTHER_MESSAGE
        if decision.ignored is Reason.NOT_SENT_YET:
            # A token goes out with its send, so this one names a step nobody was told about.
            about = {"dispatch_uuid": address.dispatch_uuid, "step": address.step}
            await self._parking.hold(
                sender, HeldReason.NOT_SENT_YET, None, body, is_fault=True, **about
            )
            return Disposition.HELD_NOT_SENT_YET
        return Disposition.APPLIED

    def _read(self, document: Translation[JsonValue]) -> Translation[MessageStatus]:
        if document.errors:
            return Translation(value=None, diagnostics=document.diagnostics)
        return translate_status(
            document.value,
            pass_v1_codes=self._pass_v1_codes,
            as_invalid_template=self._as_invalid_template,
        )

    async def _address_of(self, message_uuid: str) -> StepAddress | None:
        bound = await self._store.find_message(message_uuid)
        return StepAddress(dispatch_uuid=bound[0], step=bound[1]) if bound else None


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
