"""The rules of message content: which types a channel carries, and within which limits."""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule, Tolerance

CONTENT_TYPE_UNKNOWN: Final = Rule(
    code="REQ160",
    name="content-type-unknown",
    severity=Severity.ERROR,
    why="Dispatch has no content type of this name.",
    remedy="Use a type the channel supports.",
    example="/workflow/0/message/content/type",
    since="0.1.0",
    source="docs/wire.md section 2.1",
)
CONTENT_TYPE_UNSUPPORTED: Final = Rule(
    code="REQ161",
    name="content-type-unsupported",
    severity=Severity.ERROR,
    why="The channel does not carry this type of content.",
    remedy="Use a type the channel supports, or another channel.",
    example="/workflow/0/message/content/type",
    since="0.1.0",
    source="docs/wire.md section 4.2",
)
CONTENT_TYPE_IMG: Final = Rule(
    code="REQ162",
    name="content-type-img",
    severity=Severity.WARNING,
    why="Official samples write img where the documentation says image.",
    remedy="Write image.",
    example="/workflow/0/message/content/type",
    since="0.1.0",
    source="docs/wire.md section 1.4",
    tolerance=Tolerance.ACCEPT,
)
TEXT_TOO_LONG: Final = Rule(
    code="REQ163",
    name="text-too-long",
    severity=Severity.ERROR,
    why="Each channel documents a limit; a text cut in silence may say something else.",
    remedy="Shorten the text. Characters are counted as Unicode code points.",
    example="/workflow/0/message/content/text",
    since="0.1.0",
    source="docs/wire.md section 2.2",
)
URL_LENGTH: Final = Rule(
    code="REQ164",
    name="url-length",
    severity=Severity.ERROR,
    why="A media URL is 1 to 2000 characters long.",
    remedy="Use a shorter URL.",
    example="/workflow/0/message/content/image/url",
    since="0.1.0",
    source="docs/wire.md section 2.2",
)
URL_SCHEME: Final = Rule(
    code="REQ165",
    name="url-scheme",
    severity=Severity.ERROR,
    why="The upstream fetches media over http or https and nothing else.",
    remedy="Publish the file on the web and give its https URL.",
    example="/workflow/0/message/content/image/url",
    since="0.1.0",
    source="docs/wire.md section 2.2",
)
URL_CHARACTER: Final = Rule(
    code="REQ166",
    name="url-character",
    severity=Severity.ERROR,
    why="Control and invisible characters in a URL split it into something else on the way.",
    remedy="Percent-encode or remove the character.",
    example="/workflow/0/message/content/image/url",
    since="0.1.0",
    source="docs/wire.md section 2.2",
)
CAPTION_LENGTH: Final = Rule(
    code="REQ167",
    name="caption-length",
    severity=Severity.ERROR,
    why="A caption is 1 to 3000 characters long.",
    remedy="Shorten the caption, or leave it out.",
    example="/workflow/0/message/content/image/caption",
    since="0.1.0",
    source="docs/wire.md section 2.2",
)
CAPTION_UNDOCUMENTED: Final = Rule(
    code="REQ168",
    name="caption-undocumented",
    severity=Severity.WARNING,
    why="v0.1 documents no caption here; v1 takes one, so it is carried.",
    remedy="See on a phone whether it is shown.",
    example="/workflow/0/message/content/image/caption",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.ACCEPT,
)
CAPTION_DROPPED: Final = Rule(
    code="REQ169",
    name="caption-dropped",
    severity=Severity.WARNING,
    why="Neither v0.1 nor v1 shows a caption here, so the recipient does not see it.",
    remedy="Send the words as a text.",
    example="/workflow/0/message/content/image/caption",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.ACCEPT,
)
MMS_TEXT: Final = Rule(
    code="REQ170",
    name="mms-text",
    severity=Severity.WARNING,
    why="The documentation disagrees on whether v0.1 sends texts by MMS; v1 does.",
    remedy="Send texts by sms.",
    example="/workflow/0/message/content/type",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.ACCEPT,
)
MMS_MEDIA: Final = Rule(
    code="REQ171",
    name="mms-media",
    severity=Severity.ERROR,
    why="Audio, video and file came to MMS with v1; Dispatch never sent them.",
    remedy="Send an image or a vcard, or switch the rule to accept.",
    example="/workflow/0/message/content/type",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.REFUSE,
)
MESSENGER_CUSTOM: Final = Rule(
    code="REQ172",
    name="messenger-custom",
    severity=Severity.WARNING,
    why="Shown in a guide, absent from the v1 specification: the upstream may refuse it.",
    remedy="Try it against the upstream before relying on it.",
    example="/workflow/0/message/content/type",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.ACCEPT,
)
VIBER_CONTENT_WITHOUT_V1: Final = Rule(
    code="REQ173",
    name="viber-content-without-v1",
    severity=Severity.ERROR,
    why="v1 has no form for Viber template or custom content.",
    remedy="Send text or image.",
    example="/workflow/0/message/content/type",
    since="0.1.0",
    source="docs/wire.md section 4.2",
)
PARAMETER_AS_NUMBER: Final = Rule(
    code="REQ174",
    name="parameter-as-number",
    severity=Severity.WARNING,
    why="v1 takes strings; the number is written out, and trailing zeros may be lost.",
    remedy="Write template parameters as strings.",
    example="/workflow/0/message/content/template/parameters/0",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.ACCEPT,
)
PARAMETER_KEYS_DROPPED: Final = Rule(
    code="REQ175",
    name="parameter-keys-dropped",
    severity=Severity.WARNING,
    why="v1 takes the default of a parameter; its other keys have no place there.",
    remedy='Write the parameter as a string, or as {"default": "…"}.',
    example="/workflow/0/message/content/template/parameters/0",
    since="0.1.0",
    source="docs/wire.md section 4.2",
    tolerance=Tolerance.ACCEPT,
)

CONTENT_DROPPED: Final = Rule(
    code="REQ176",
    name="content-dropped",
    severity=Severity.WARNING,
    why="v0.1 reads no such member of a message's content, so what it holds is not sent: the"
    " message says something else without it.",
    remedy="Leave it out, or send the whole as custom content where the channel takes it.",
    example="/workflow/0/message/content/template/components",
    since="0.1.0",
    source="docs/wire.md section 2.4",
    tolerance=Tolerance.ACCEPT,
)

CONTENT_RULES: Final[tuple[Rule, ...]] = (
    CONTENT_TYPE_UNKNOWN,
    CONTENT_TYPE_UNSUPPORTED,
    CONTENT_TYPE_IMG,
    TEXT_TOO_LONG,
    URL_LENGTH,
    URL_SCHEME,
    URL_CHARACTER,
    CAPTION_LENGTH,
    CAPTION_UNDOCUMENTED,
    CAPTION_DROPPED,
    MMS_TEXT,
    MMS_MEDIA,
    MESSENGER_CUSTOM,
    VIBER_CONTENT_WITHOUT_V1,
    PARAMETER_AS_NUMBER,
    PARAMETER_KEYS_DROPPED,
    CONTENT_DROPPED,
)
"""REQ160 to REQ176, by code."""
