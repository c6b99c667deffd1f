"""The rules of channel options: the objects beside `content` that only one channel reads."""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule, Tolerance

OPTION_UNKNOWN: Final = Rule(
    code="REQ180",
    name="option-unknown",
    severity=Severity.ERROR,
    why="The value is none of those documented.",
    remedy="Use one of the values named.",
    example="/workflow/0/message/viber_service_msg/category",
    since="0.1.0",
    source="docs/wire.md section 2.3",
)
TTL_OUT_OF_RANGE: Final = Rule(
    code="REQ181",
    name="ttl-out-of-range",
    severity=Severity.ERROR,
    why="Viber keeps a message between 30 seconds and three days.",
    remedy="Choose 30 to 259200 seconds.",
    example="/workflow/0/message/viber_service_msg/ttl",
    since="0.1.0",
    source="docs/wire.md section 2.3",
)
MESSAGE_TAG_WITHOUT_TAG: Final = Rule(
    code="REQ182",
    name="message-tag-without-tag",
    severity=Severity.ERROR,
    why="The category message_tag has no meaning without its tag.",
    remedy="Add the tag, or choose response or update.",
    example="/workflow/0/message/messenger/tag",
    since="0.1.0",
    source="docs/wire.md section 2.3",
)
POLICY_FALLBACK: Final = Rule(
    code="REQ183",
    name="policy-fallback",
    severity=Severity.ERROR,
    why="WhatsApp withdrew the policy in January 2020 and v1 has no such value.",
    remedy="Write deterministic and choose the locale.",
    example="/workflow/0/message/whatsapp/policy",
    since="0.1.0",
    source="docs/wire.md section 2.3",
)
LOCALE_MISSING: Final = Rule(
    code="REQ184",
    name="locale-missing",
    severity=Severity.ERROR,
    why="A template exists per language; the upstream must be told which one.",
    remedy="Add whatsapp.locale, or set a default locale in the gateway.",
    example="/workflow/0/message/whatsapp/locale",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.REFUSE,
)
LOCALE_DEFAULTED: Final = Rule(
    code="REQ185",
    name="locale-defaulted",
    severity=Severity.NOTE,
    why="The request names no locale; the configured default was added.",
    remedy="Add whatsapp.locale.",
    example="/workflow/0/message/whatsapp/locale",
    since="0.1.0",
    source="docs/wire.md section 4.2",
)
LOCALE_REWRITTEN: Final = Rule(
    code="REQ186",
    name="locale-rewritten",
    severity=Severity.NOTE,
    why="v1 writes locales with an underscore.",
    remedy="None.",
    example="/workflow/0/message/whatsapp/locale",
    since="0.1.0",
    source="docs/wire.md section 3.3",
)
OPTIONS_WITHOUT_TEMPLATE: Final = Rule(
    code="REQ187",
    name="options-without-template",
    severity=Severity.WARNING,
    why="policy and locale choose a template's language; other content has no use for them.",
    remedy="Leave the object out.",
    example="/workflow/0/message/whatsapp",
    since="0.1.0",
    source="docs/wire.md section 4.1",
    tolerance=Tolerance.ACCEPT,
)
OPTIONS_OF_ANOTHER_CHANNEL: Final = Rule(
    code="REQ188",
    name="options-of-another-channel",
    severity=Severity.WARNING,
    why="The options of one channel mean nothing to another, so they are dropped.",
    remedy="Leave the object out, or correct the channel.",
    example="/workflow/0/message/messenger",
    since="0.1.0",
    source="docs/wire.md section 4.1",
    tolerance=Tolerance.ACCEPT,
)

TTL_AS_TEXT: Final = Rule(
    code="REQ189",
    name="ttl-as-text",
    severity=Severity.WARNING,
    why="Clients that write expiry_time as a string write ttl as one, too.",
    remedy="Write it as a number.",
    example="/workflow/0/message/viber_service_msg/ttl",
    since="0.1.0",
    source="docs/wire.md section 2.3",
    tolerance=Tolerance.ACCEPT,
)
OPTION_CAPITALS: Final = Rule(
    code="REQ190",
    name="option-capitals",
    severity=Severity.WARNING,
    why="A published sample writes the category in capitals; v1 takes lower case, which is sent.",
    remedy="Write it in lower case.",
    example="/workflow/0/message/messenger/category",
    since="0.1.0",
    source="docs/wire.md section 2.3",
    tolerance=Tolerance.ACCEPT,
)
TAG_UNKNOWN: Final = Rule(
    code="REQ191",
    name="tag-unknown",
    severity=Severity.WARNING,
    why="Messenger never had a tag of this name, so the message will probably be rejected.",
    remedy="Write HUMAN_AGENT, or the category response within 24 hours of the person's message.",
    example="/workflow/0/message/messenger/tag",
    since="0.1.0",
    source="docs/wire.md section 2.7",
    tolerance=Tolerance.ACCEPT,
)
TAG_WITHDRAWN_2020: Final = Rule(
    code="REQ192",
    name="tag-withdrawn-2020",
    severity=Severity.WARNING,
    why="Messenger withdrew the tag in March 2020. Its successor, if it had one, was withdrawn in"
    " 2026. It is sent as it is, and will probably be rejected.",
    remedy="Write HUMAN_AGENT, for answers of people within 7 days; or the category response within"
    " 24 hours of the person's message.",
    example="/workflow/0/message/messenger/tag",
    since="0.1.0",
    source="docs/wire.md section 2.7",
    tolerance=Tolerance.ACCEPT,
)
TAG_WITHDRAWN_2026: Final = Rule(
    code="REQ193",
    name="tag-withdrawn-2026",
    severity=Severity.WARNING,
    why="Messenger withdrew the tag in 2026; only HUMAN_AGENT is left. It is sent as it is, and"
    " will probably be rejected.",
    remedy="Write HUMAN_AGENT, for answers of people within 7 days; or the category response within"
    " 24 hours of the person's message.",
    example="/workflow/0/message/messenger/tag",
    since="0.1.0",
    source="docs/wire.md section 2.7",
    tolerance=Tolerance.ACCEPT,
)

OPTION_RULES: Final[tuple[Rule, ...]] = (
    OPTION_UNKNOWN,
    TTL_OUT_OF_RANGE,
    MESSAGE_TAG_WITHOUT_TAG,
    POLICY_FALLBACK,
    LOCALE_MISSING,
    LOCALE_DEFAULTED,
    LOCALE_REWRITTEN,
    OPTIONS_WITHOUT_TEMPLATE,
    OPTIONS_OF_ANOTHER_CHANNEL,
    TTL_AS_TEXT,
    OPTION_CAPITALS,
    TAG_UNKNOWN,
    TAG_WITHDRAWN_2020,
    TAG_WITHDRAWN_2026,
)
"""REQ180 to REQ193, by code."""
