"""The rules of the addresses of a step: its channel, its recipient and its sender."""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule, Tolerance

CHANNEL_UNKNOWN: Final = Rule(
    code="REQ140",
    name="channel-unknown",
    severity=Severity.ERROR,
    why="Dispatch has no channel of this name.",
    remedy="Use sms, mms, whatsapp, messenger or viber_service_msg.",
    example="/workflow/0/to/type",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
CHANNELS_DIFFER: Final = Rule(
    code="REQ141",
    name="channels-differ",
    severity=Severity.ERROR,
    why="One message has one channel; v1 has a single field for it.",
    remedy="Give from and to the same type.",
    example="/workflow/0/from/type",
    since="0.1.0",
    source="docs/wire.md section 1.4",
)
VIBER_SERVICE_MESSAGE: Final = Rule(
    code="REQ142",
    name="viber-service-message",
    severity=Severity.WARNING,
    why="A published sample spells the Viber channel viber_service_message.",
    remedy="Write viber_service_msg.",
    example="/workflow/0/to/type",
    since="0.1.0",
    source="docs/wire.md section 1.4",
    tolerance=Tolerance.ACCEPT,
)
VIBER_RECIPIENT_ID: Final = Rule(
    code="REQ143",
    name="viber-recipient-id",
    severity=Severity.WARNING,
    why="A published sample puts the Viber recipient's phone number into id.",
    remedy="Write it into number.",
    example="/workflow/0/to/id",
    since="0.1.0",
    source="docs/wire.md section 1.4",
    tolerance=Tolerance.ACCEPT,
)
ADDRESS_AS_NUMBER: Final = Rule(
    code="REQ144",
    name="address-as-number",
    severity=Severity.WARNING,
    why="Published samples write ids and numbers without quotes; leading zeros are lost that way.",
    remedy="Write addresses as strings.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 1.3",
    tolerance=Tolerance.ACCEPT,
)
ADDRESS_LENGTH: Final = Rule(
    code="REQ145",
    name="address-length",
    severity=Severity.ERROR,
    why="An id or number is 1 to 50 characters long.",
    remedy="Correct the address.",
    example="/workflow/0/from/id",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)
ADDRESS_WHITESPACE: Final = Rule(
    code="REQ146",
    name="address-whitespace",
    severity=Severity.WARNING,
    why="White space around an address is not part of it; it is sent without.",
    remedy="Trim addresses.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 1.3",
    tolerance=Tolerance.ACCEPT,
)
NUMBER_PREFIX: Final = Rule(
    code="REQ147",
    name="number-prefix",
    severity=Severity.WARNING,
    why="Numbers start with the country code; v1 refuses a leading + or 00, so it is sent without.",
    remedy="Leave the + or 00 out.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 4.1",
    tolerance=Tolerance.ACCEPT,
)
NUMBER_MALFORMED: Final = Rule(
    code="REQ148",
    name="number-malformed",
    severity=Severity.ERROR,
    why="v1 takes 7 to 15 digits from 0 to 9, the first of them not 0.",
    remedy="Write the number with its country code and digits only.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 3.2",
)
ADDRESS_CHARACTER: Final = Rule(
    code="REQ149",
    name="address-character",
    severity=Severity.ERROR,
    why="Control and invisible characters make two addresses look alike.",
    remedy="Remove the character.",
    example="/workflow/0/from/id",
    since="0.1.0",
    source="docs/wire.md section 1.3",
)

ADDRESS_RULES: Final[tuple[Rule, ...]] = (
    CHANNEL_UNKNOWN,
    CHANNELS_DIFFER,
    VIBER_SERVICE_MESSAGE,
    VIBER_RECIPIENT_ID,
    ADDRESS_AS_NUMBER,
    ADDRESS_LENGTH,
    ADDRESS_WHITESPACE,
    NUMBER_PREFIX,
    NUMBER_MALFORMED,
    ADDRESS_CHARACTER,
)
"""REQ140 to REQ149, by code."""
