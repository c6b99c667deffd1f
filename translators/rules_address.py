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

RECIPIENT_BY_USER_ID: Final = Rule(
    code="REQ150",
    name="recipient-by-user-id",
    severity=Severity.NOTE,
    why="The recipient is a WhatsApp user id, which v1 takes where a number stands; it is sent as"
    " it is.",
    remedy="None. Steps by other channels need the person's number.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 2.6",
)
USER_ID_UNUSUAL: Final = Rule(
    code="REQ151",
    name="user-id-unusual",
    severity=Severity.WARNING,
    why="It is no number and has not the documented form of a user id. The form may change, so it"
    " is sent as it is.",
    remedy="Send the id exactly as an inbound message or a status gave it; see that it is no typing"
    " error in a number.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 2.6",
    tolerance=Tolerance.ACCEPT,
)
USER_ID_MISPLACED: Final = Rule(
    code="REQ152",
    name="user-id-misplaced",
    severity=Severity.ERROR,
    why="A user id names somebody on WhatsApp. No other channel reaches it, and nobody sends from"
    " it.",
    remedy="Give the number or id of this channel, or send by WhatsApp.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 2.6",
)
ADDRESSES_DIFFER: Final = Rule(
    code="REQ153",
    name="addresses-differ",
    severity=Severity.ERROR,
    why="number and id name two recipients, and a message has one.",
    remedy="Leave one of the two out, or write the same value into both.",
    example="/workflow/0/to/id",
    since="0.1.0",
    source="docs/wire.md section 2.6",
)
AUTHENTICATION_TEMPLATE_TO_USER_ID: Final = Rule(
    code="REQ154",
    name="template-to-user-id",
    severity=Severity.ERROR,
    why="WhatsApp sends authentication templates to phone numbers only, and the operator lists this"
    " template as one.",
    remedy="Send it to the person's number, or send the code by another channel.",
    example="/workflow/0/to/number",
    since="0.1.0",
    source="docs/wire.md section 2.6",
)
NUMBER_IN_ID: Final = Rule(
    code="REQ155",
    name="number-in-id",
    severity=Severity.WARNING,
    why="On WhatsApp id is for user ids; this one holds a phone number, which is sent as such.",
    remedy="Write the number into number.",
    example="/workflow/0/to/id",
    since="0.1.0",
    source="docs/wire.md section 2.6",
    tolerance=Tolerance.ACCEPT,
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
    RECIPIENT_BY_USER_ID,
    USER_ID_UNUSUAL,
    USER_ID_MISPLACED,
    ADDRESSES_DIFFER,
    AUTHENTICATION_TEMPLATE_TO_USER_ID,
    NUMBER_IN_ID,
)
"""REQ140 to REQ155, by code."""
