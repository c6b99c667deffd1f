"""The rules of reading bytes as a JSON document: requests and webhooks alike."""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule

BODY_EMPTY: Final = Rule(
    code="REQ101",
    name="body-empty",
    severity=Severity.ERROR,
    why="There is nothing to read.",
    remedy="Send the request as a JSON object.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
NOT_UTF8: Final = Rule(
    code="REQ102",
    name="not-utf-8",
    severity=Severity.ERROR,
    why="JSON travels as UTF-8; any other encoding would turn texts into other texts.",
    remedy="Encode the body as UTF-8.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
JSON_INVALID: Final = Rule(
    code="REQ103",
    name="json-invalid",
    severity=Severity.ERROR,
    why="Reading past a syntax fault means guessing what was meant.",
    remedy=(
        "Mend the JSON at the line and column given. Common causes: a comment, a comma after the"
        " last member, single quotes, a {{placeholder}} without quotes, a text with a line break."
    ),
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
DATA_AFTER_DOCUMENT: Final = Rule(
    code="REQ104",
    name="data-after-document",
    severity=Severity.ERROR,
    why="One request is one document; what follows it would be lost in silence.",
    remedy="Send one JSON object per request.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
DOCUMENT_NULL: Final = Rule(
    code="REQ105",
    name="document-null",
    severity=Severity.ERROR,
    why="The document is null, so it holds nothing.",
    remedy="Send the request as a JSON object.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
NUMBER_NOT_FINITE: Final = Rule(
    code="REQ106",
    name="number-not-finite",
    severity=Severity.ERROR,
    why="NaN and Infinity are not JSON; parsers of other languages refuse them.",
    remedy="Write a number, or leave the field out.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
NUMBER_TOO_LARGE: Final = Rule(
    code="REQ107",
    name="number-too-large",
    severity=Severity.ERROR,
    why="A fraction this large would be read as infinite.",
    remedy="Write a number within the range of a double.",
    example="/workflow/0/failover/expiry_time",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
INTEGER_OUT_OF_RANGE: Final = Rule(
    code="REQ108",
    name="integer-out-of-range",
    severity=Severity.ERROR,
    why="Beyond 2^63 parsers disagree about the value, and a rounded id is another person's id.",
    remedy="Write ids and phone numbers as strings.",
    example="/workflow/0/to/id",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
KEY_DUPLICATE: Final = Rule(
    code="REQ109",
    name="key-duplicate",
    severity=Severity.ERROR,
    why="Parsers keep one of the two values, and not all keep the same one.",
    remedy="Name each field once.",
    example="/workflow/0/to",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
NESTING_TOO_DEEP: Final = Rule(
    code="REQ110",
    name="nesting-too-deep",
    severity=Severity.ERROR,
    why="No message needs such depth, and it exhausts the readers behind this one.",
    remedy="Flatten the document; custom objects included.",
    example="/workflow/0/message/content/custom",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
SURROGATE_LONE: Final = Rule(
    code="REQ111",
    name="surrogate-lone",
    severity=Severity.ERROR,
    why="Half of a surrogate pair is no character and cannot be sent as UTF-8.",
    remedy="Write the character itself, or both escapes together in one string.",
    example="/workflow/0/message/content/text",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
CHARACTER_NUL: Final = Rule(
    code="REQ112",
    name="character-nul",
    severity=Severity.ERROR,
    why="U+0000 ends strings early in many systems on the way to a phone.",
    remedy="Remove the character.",
    example="/workflow/0/message/content/text",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
BYTE_ORDER_MARK: Final = Rule(
    code="REQ113",
    name="byte-order-mark",
    severity=Severity.NOTE,
    why="The UTF-8 byte order mark carries no meaning in JSON and was skipped.",
    remedy="None.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)

DOCUMENT_RULES: Final[tuple[Rule, ...]] = (
    BODY_EMPTY,
    NOT_UTF8,
    JSON_INVALID,
    DATA_AFTER_DOCUMENT,
    DOCUMENT_NULL,
    NUMBER_NOT_FINITE,
    NUMBER_TOO_LARGE,
    INTEGER_OUT_OF_RANGE,
    KEY_DUPLICATE,
    NESTING_TOO_DEEP,
    SURROGATE_LONE,
    CHARACTER_NUL,
    BYTE_ORDER_MARK,
)
"""REQ101 to REQ113, by code."""
