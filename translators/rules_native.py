"""The rules of native failover: what one v1 request does otherwise than a dispatch.

All of them speak of the recipient and of the caller, never of faults of the document: only a
workflow that was carried has them. A rule with a switch marks what the recipient would miss.
"""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule, Tolerance

EXPIRY_DROPPED: Final = Rule(
    code="NAT501",
    name="expiry-dropped",
    severity=Severity.WARNING,
    why=(
        "v1 has no timer. It fails over on rejected only, so a message that just stays undelivered"
        " holds the workflow until its channel gives it up, days later or never."
    ),
    remedy="Add a ttl with --ttl, or leave the workflow on the gateway.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 4.4",
)
EXPIRY_AS_TTL: Final = Rule(
    code="NAT502",
    name="expiry-as-ttl",
    severity=Severity.WARNING,
    why=(
        "The ttl takes the place of the expiry: when it lapses, v1 gives the message up, reports it"
        " as rejected (1360) and only then fails over. Fewer people get two messages, because"
        " nothing comes late any more, and nobody gets the one that would have. The vendor's pages"
        " disagree on whether a lapsed ttl is reported at all, and say that it binds the vendor's"
        " platform and not the carrier behind it."
    ),
    remedy="Try it with a phone that is switched off before relying on it.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 3.2",
)
TTL_RAISED: Final = Rule(
    code="NAT503",
    name="ttl-raised",
    severity=Severity.WARNING,
    why="The channel takes no ttl as short as the expiry; the shortest it takes is longer.",
    remedy="Accept the longer wait, or leave the workflow on the gateway.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 3.2",
)
TTL_UNAVAILABLE: Final = Rule(
    code="NAT504",
    name="ttl-unavailable",
    severity=Severity.ERROR,
    why=(
        "v1 has neither a timer nor, on this channel, a ttl: a message that is never delivered"
        " never fails over, and its recipient gets nothing."
    ),
    remedy="Leave the workflow on the gateway.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 4.4",
    tolerance=Tolerance.REFUSE,
)
TTL_OF_CALLER: Final = Rule(
    code="NAT505",
    name="ttl-of-caller",
    severity=Severity.WARNING,
    why=(
        "The message brings a ttl of its own. Dispatch fails over at whichever ends first, that ttl"
        " or the expiry, so the shorter of the two is the one to send."
    ),
    remedy="Try it with a phone that is switched off before relying on it.",
    example="/workflow/0/message/viber_service_msg/ttl",
    since="0.1.0",
    source="docs/wire.md section 3.2",
)
READ_INEXPRESSIBLE: Final = Rule(
    code="NAT506",
    name="read-inexpressible",
    severity=Severity.ERROR,
    why=(
        "v1 fails over on rejected only. A message that is delivered and not read was not"
        " rejected, so its recipient gets no other."
    ),
    remedy='Leave the workflow on the gateway, or wait for "delivered".',
    example="/workflow/0/failover/condition_status",
    since="0.1.0",
    source="docs/wire.md section 4.4",
    tolerance=Tolerance.REFUSE,
)
UNDELIVERABLE_ENDS_WORKFLOW: Final = Rule(
    code="NAT507",
    name="undeliverable-ends-workflow",
    severity=Severity.WARNING,
    why=(
        "v1 documents rejected as its only trigger. It reports undeliverable when it cannot reach"
        " the provider, and then nothing more is sent; Dispatch sends the next message."
    ),
    remedy="Send the rest yourself on such a status, or assume that it fails over.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 4.4",
)
UNDELIVERABLE_ASSUMED: Final = Rule(
    code="NAT508",
    name="undeliverable-assumed",
    severity=Severity.NOTE,
    why="The verdict assumes, as it was told to, what v1 does not document.",
    remedy="Have the vendor confirm it.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 4.4",
)
FINAL_REPORT_MISSING: Final = Rule(
    code="NAT509",
    name="final-report-missing",
    severity=Severity.NOTE,
    why="v1 tells of each message and never of the workflow as a whole.",
    remedy="Take the end from the statuses: a delivery, or a failure of the last message.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 4.4",
)
WEBHOOKS_OF_ONE_KIND: Final = Rule(
    code="NAT510",
    name="webhooks-of-one-kind",
    severity=Severity.NOTE,
    why="v1 sends statuses of messages, flat, in the version that the application is set to.",
    remedy="Receive v1 statuses at the status URL, and set the application's version to v1.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 3.5",
)
IDS_REPLACED: Final = Rule(
    code="NAT511",
    name="ids-replaced",
    severity=Severity.NOTE,
    why="v1 gives ids of its own, and no dispatch_uuid.",
    remedy="Keep the ids of the answer; the statuses repeat them.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 4.4",
)
REFUSED_AT_SUBMIT: Final = Rule(
    code="NAT512",
    name="refused-at-submit",
    severity=Severity.WARNING,
    why=(
        "One request has one answer: when v1 refuses it, none of its messages is sent. Dispatch"
        " tells a refused message by callback and goes on with the next."
    ),
    remedy="Read the answer, and send the other messages yourself when it is a refusal.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 4.4",
)
TTL_BELOW_ADVICE: Final = Rule(
    code="NAT513",
    name="ttl-below-advice",
    severity=Severity.NOTE,
    why="v1 takes so short a ttl, and the vendor's reference advises against it.",
    remedy="Try it on the networks you send to.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 3.2",
)

NATIVE_RULES: Final[tuple[Rule, ...]] = (
    EXPIRY_DROPPED,
    EXPIRY_AS_TTL,
    TTL_RAISED,
    TTL_UNAVAILABLE,
    TTL_OF_CALLER,
    READ_INEXPRESSIBLE,
    UNDELIVERABLE_ENDS_WORKFLOW,
    UNDELIVERABLE_ASSUMED,
    FINAL_REPORT_MISSING,
    WEBHOOKS_OF_ONE_KIND,
    IDS_REPLACED,
    REFUSED_AT_SUBMIT,
    TTL_BELOW_ADVICE,
)
"""NAT501 to NAT513, by code."""
