"""The rules of v1 inbound webhooks: what a person sent, on its way to v0.1."""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule

MESSAGE_TYPE_UNREADABLE: Final = Rule(
    code="STS251",
    name="message-type-unreadable",
    severity=Severity.ERROR,
    why="Without a message type it cannot be said what the person sent.",
    remedy="Keep the webhook and report it to the vendor: the field is always there.",
    example="/message_type",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
CONTENT_UNSUPPORTED: Final = Rule(
    code="STS252",
    name="content-unsupported",
    severity=Severity.WARNING,
    why="v0.1 has no such content on this channel and calls it unsupported; the body is dropped.",
    remedy="Take such messages from the v1 webhook directly.",
    example="/message_type",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
CONTENT_UNREADABLE: Final = Rule(
    code="STS253",
    name="content-unreadable",
    severity=Severity.WARNING,
    why="The body that the message type announces is missing or malformed; v0.1 shows unsupported.",
    remedy="Look at the v1 webhook, and report it to the vendor.",
    example="/image/url",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
CONTENT_PART_DROPPED: Final = Rule(
    code="STS254",
    name="content-part-dropped",
    severity=Severity.WARNING,
    why="v0.1 has one content per message; of several the first image, else the first, is kept.",
    remedy="Take multi-part messages from the v1 webhook directly.",
    example="/content",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
CONTENT_UNDOCUMENTED: Final = Rule(
    code="STS255",
    name="content-undocumented",
    severity=Severity.NOTE,
    why="v0.1 documents no inbound content of this type here; it is written as on other channels.",
    remedy="See that the receiver copes with it.",
    example="/message_type",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
INBOUND_USAGE_ASSUMED: Final = Rule(
    code="STS256",
    name="inbound-usage-assumed",
    severity=Severity.WARNING,
    why="v0.1 requires usage on an inbound SMS; v1 sent no readable one, so the charge shows zero.",
    remedy="Take charges of inbound SMS from the vendor's invoice.",
    example="/usage",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
PART_COUNT_ASSUMED: Final = Rule(
    code="STS257",
    name="part-count-assumed",
    severity=Severity.WARNING,
    why="v0.1 requires the number of parts of an inbound SMS; v1 sent none, so it shows one.",
    remedy="None, unless the receiver counts parts.",
    example="/sms",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
REPLY_AS_TEXT: Final = Rule(
    code="STS258",
    name="reply-as-text",
    severity=Severity.WARNING,
    why="v0.1 has no replies to buttons or lists; on request the chosen title stands as text.",
    remedy="Leave the switch off to receive such messages as unsupported.",
    example="/reply",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)

INBOUND_RULES: Final = (
    MESSAGE_TYPE_UNREADABLE,
    CONTENT_UNSUPPORTED,
    CONTENT_UNREADABLE,
    CONTENT_PART_DROPPED,
    CONTENT_UNDOCUMENTED,
    INBOUND_USAGE_ASSUMED,
    PART_COUNT_ASSUMED,
    REPLY_AS_TEXT,
)
