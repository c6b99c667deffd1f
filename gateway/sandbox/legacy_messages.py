"""What happens to the messages of the stand-in of Dispatch, as the sandbox's scripts have it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from gateway.sandbox.legacy_quirks import Charges
from gateway.sandbox.legacy_requests import LegacyStep
from gateway.sandbox.scripts import script_for

PRICES: Final = MappingProxyType(
    {
        "sms": Decimal("0.0333"),  # a segment
        "mms": Decimal("0.0512"),
        "whatsapp": Decimal("0.0479"),
        "messenger": Decimal("0.001"),
        "viber_service_msg": Decimal("0.0215"),
    }
)
"""In EUR: what the simulated Messages API v1 charges, too."""
TEXTING: Final = frozenset({"sms", "mms"})
"""No read receipts, and charged when handed over. Source: docs/wire.md section 5.2."""

# As what a message is told that is not sent. Source: docs/wire.md section 5.6.
_REFUSALS: Final = MappingProxyType[int | None, int](
    {401: 1030, 402: 1070, 403: 1140, 422: 1170, 429: 1000, 500: 1030, 503: 1100, None: 1100}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One status of one message. Instants count from the acceptance of the request."""

    at_ms: int
    stamped_ms: int
    """When it claims to have come about."""
    status: str
    code: int | None = None
    charge: Decimal | None = None
    """On the one status at which the message is charged, and its copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One step's message, and everything that happens to it."""

    index: int
    step: LegacyStep
    message_uuid: str
    sent_ms: int
    answered_ms: int
    """When the platform had taken or refused it."""
    is_sent: bool
    """Whether a person gets it."""
    facts: tuple[Fact, ...]
    """In order of time."""


def sent_at(message: Message, sent_ms: int) -> Message:
    """Return a message that was to be sent with the request as one that is sent later."""
    return replace(
        message,
        sent_ms=message.sent_ms + sent_ms,
        answered_ms=message.answered_ms + sent_ms,
        facts=tuple(
            replace(fact, at_ms=fact.at_ms + sent_ms, stamped_ms=fact.stamped_ms + sent_ms)
            for fact in message.facts
        ),
    )


def send(step: LegacyStep, *, index: int, message_uuid: str, charges: Charges) -> Message:
    """Return the message of a step with all of its future, as if sent with the request.

    Inside one platform no answer gets lost: a script that loses or garbles one plays as if the
    message was taken, or as if it was refused if nobody gets it.
    """
    script = script_for(step.recipient)
    answer = script.answer
    answered_ms = int(1000 * answer.delay_s)
    if script.is_sent and answer.is_for_first_only:
        answered_ms += 1000 * (answer.retry_after_s or 0)
    facts: list[Fact] = []
    if not script.is_sent:
        code = _REFUSALS[answer.http_status]
        facts.append(Fact(at_ms=answered_ms, stamped_ms=answered_ms, status="rejected", code=code))
    charged = _charged_status(step, {moment.status for moment in script.moments}, charges)
    price = PRICES[step.channel] * step.segments
    for moment in script.moments:
        if moment.status == "read" and step.channel in TEXTING:
            continue
        stamped_s = moment.after_s if moment.stamped_s is None else moment.stamped_s
        fact = Fact(
            at_ms=answered_ms + int(1000 * moment.after_s),
            stamped_ms=answered_ms + int(1000 * stamped_s),
            status=moment.status,
            code=moment.code,
            charge=price if moment.status == charged else None,
        )
        facts += [fact] * script.copies
    return Message(
        index=index,
        step=step,
        message_uuid=message_uuid,
        sent_ms=0,
        answered_ms=answered_ms,
        is_sent=script.is_sent,
        facts=tuple(facts),
    )


def _charged_status(step: LegacyStep, statuses: set[str], charges: Charges) -> str | None:
    is_early = step.channel in TEXTING and charges is Charges.DOCUMENTED
    chargeable = ("submitted", "delivered", "read") if is_early else ("delivered", "read")
    return next((status for status in chargeable if status in statuses), None)
