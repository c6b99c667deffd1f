"""Webhooks that were answered 200 and cannot be used: kept with the reason, and with what to do.

A store calls them held; operators list, release and discard them as parked.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.stores.base import Store

log = get_logger()


class HeldReason(StrEnum):
    """Why a webhook is held. One that cannot be read has its rules behind the word."""

    UNMATCHED = "unmatched"
    """Its message is not known yet: the only ones that are applied by themselves afterwards."""
    UNUSABLE = "unusable"
    OTHER_MESSAGE = "other-message"
    NOT_SENT_YET = "not-sent-yet"
    NOT_PERMITTED = "not-permitted"
    NO_INBOUND_URL = "no-inbound-url"
    SMS_API_FORMAT = "sms-api-format"
    VERIFY_FORMAT = "verify-format"
    DISPATCH_REPORT = "dispatch-report"
    FAILED = "failed"


REMEDIES: Final[Mapping[HeldReason, str]] = MappingProxyType(
    {
        HeldReason.UNMATCHED: "None, if its message is sent by another program of the account: then"
        " let that one name its own webhook_url. It is applied by itself when its message becomes"
        " known.",
        HeldReason.UNUSABLE: "Look the rules behind the reason up (explain CODE); release it after"
        " an update that can read it.",
        HeldReason.OTHER_MESSAGE: "Its URL belongs to another message. Ask the vendor, with both"
        " message_uuid.",
        HeldReason.NOT_SENT_YET: "It speaks of a step that was not sent. Tell us: this should not"
        " happen.",
        HeldReason.NOT_PERMITTED: "Its signer may not speak for the application of the message."
        " Check which account sends it.",
        HeldReason.NO_INBOUND_URL: "Set GATEWAY_INBOUND_URL (inbound_url of the application),"
        " restart, then release.",
        HeldReason.SMS_API_FORMAT: "Set the Messaging API Type of the account to Messages API, in"
        " the vendor's API settings. What came in the other form cannot be released: read it here.",
        HeldReason.VERIFY_FORMAT: "Point the status URL of Verify, in the vendor's dashboard, at"
        " the program that uses Verify.",
        HeldReason.DISPATCH_REPORT: "Dispatch itself told how its own workflow ended. Point its"
        " callbacks at /legacy/status, or at the application.",
        HeldReason.FAILED: "It could not be applied for a reason of ours: see the log at its time,"
        " then release it.",
    }
)


def reason_word(reason: str) -> str:
    """Return the word of a reason without the rules behind it."""
    return reason.partition(":")[0]


def remedy_of(reason: str) -> str:
    """Return what an operator can do about a held webhook; "" for a word of a later release."""
    word = reason_word(reason)
    return REMEDIES[HeldReason(word)] if word in set(HeldReason) else ""


class Parking:
    """Keeps webhooks, and says so in the log."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def hold(
        self,
        sender: str,
        reason: str,
        message_uuid: str | None,
        body: bytes,
        *,
        is_fault: bool = False,
        **about: object,
    ) -> tuple[str, int] | None:
        """Keep a webhook, or return the step its message is bound to by now.

        Args:
            sender: who signed it, in the words of `Applications.sender_of`.
            reason: a `HeldReason`, perhaps with rules behind it.
            message_uuid: the message it waits for; None if it waits for nothing.
            body: as it came.
            is_fault: log it as an error: somebody has to look.
            about: more fields for the log.

        Raises:
            StoreUnavailable: nothing happened; it must come again.
        """
        bound = await self._store.hold(
            application=sender,
            reason=reason,
            message_uuid=message_uuid,
            body=body,
            now_ms=self._clock.now_ms(),
        )
        if bound is None:
            report = log.error if is_fault else log.warning
            report("webhook.held", reason=reason, remedy=remedy_of(reason), **about)
        return bound
