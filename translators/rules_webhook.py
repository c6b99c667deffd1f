"""The rules of v1 status webhooks, most of which hold for inbound ones as well.

Those of inbound webhooks alone and of final reports have modules of their own; the whole table of
this side of the gateway is `WEBHOOK_RULES`.
"""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule
from translators.rules_inbound import INBOUND_RULES
from translators.rules_report import REPORT_RULES

WEBHOOK_NOT_AN_OBJECT: Final = Rule(
    code="STS201",
    name="webhook-not-an-object",
    severity=Severity.ERROR,
    why="A v1 webhook is one JSON object; anything else names no message and no status.",
    remedy="Find out who posts to this URL: it is not the Messages API.",
    example="",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
MESSAGE_UUID_UNREADABLE: Final = Rule(
    code="STS202",
    name="message-uuid-unreadable",
    severity=Severity.ERROR,
    why="A callback without message_uuid cannot be matched by its receiver.",
    remedy="Keep the webhook and report it to the vendor: the field is always there.",
    example="/message_uuid",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
STATUS_UNREADABLE: Final = Rule(
    code="STS203",
    name="status-unreadable",
    severity=Severity.ERROR,
    why="Without a status there is nothing to tell the caller.",
    remedy="Keep the webhook and report it to the vendor: the field is always there.",
    example="/status",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
STATUS_UNKNOWN: Final = Rule(
    code="STS204",
    name="status-unknown",
    severity=Severity.NOTE,
    why="The status is in neither API's list. It is forwarded as it is and moves no dispatch.",
    remedy="See that the receiver ignores statuses it does not know.",
    example="/status",
    since="0.1.0",
    source="docs/wire.md section 5.2",
)
INBOUND_NOT_STATUS: Final = Rule(
    code="STS205",
    name="inbound-not-status",
    severity=Severity.ERROR,
    why="This is a message from a person, not the status of one that was sent.",
    remedy="Set the application's inbound URL to the gateway's inbound route.",
    example="/message_type",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
WEBHOOK_IN_V01_SHAPE: Final = Rule(
    code="STS206",
    name="webhook-in-v01-shape",
    severity=Severity.WARNING,
    why="The vendor's application is still set to v0.1. A status is read, a message relayed as is.",
    remedy="Set the Messages version of the application to v1 in the vendor's dashboard.",
    example="/to",
    since="0.1.0",
    source="docs/wire.md section 5.8",
)
CHANNEL_WITHOUT_V01_NAME: Final = Rule(
    code="STS207",
    name="channel-without-v01-name",
    severity=Severity.ERROR,
    why="v0.1 has no name for this channel, so there is nothing to forward.",
    remedy="Take messages of such channels from the v1 webhook directly.",
    example="/channel",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
CHANNEL_UNKNOWN: Final = Rule(
    code="STS208",
    name="webhook-channel-unknown",
    severity=Severity.WARNING,
    why="The channel is missing or new; only the stored request can say what v0.1 would call it.",
    remedy="None while the stored request supplies the addresses of the callback.",
    example="/channel",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
TIMESTAMP_UNREADABLE: Final = Rule(
    code="STS209",
    name="timestamp-unreadable",
    severity=Severity.WARNING,
    why="It is in none of the known forms. Text is carried as it is; for anything else the gateway"
    " writes the instant of arrival, and offline, where nothing arrives, empty text stands.",
    remedy="Order callbacks by arrival; report the new form, so that it can be added.",
    example="/timestamp",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
TIMESTAMP_TRUNCATED: Final = Rule(
    code="STS210",
    name="timestamp-truncated",
    severity=Severity.NOTE,
    why="v0.1 shows milliseconds; finer digits were cut off.",
    remedy="None.",
    example="/timestamp",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
ADDRESS_UNREADABLE: Final = Rule(
    code="STS211",
    name="address-unreadable",
    severity=Severity.WARNING,
    why="The address is missing or not text, so the webhook itself cannot supply it.",
    remedy="None while the stored request supplies the addresses of the callback.",
    example="/to",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
CLIENT_REF_UNREADABLE: Final = Rule(
    code="STS212",
    name="client-ref-unreadable",
    severity=Severity.WARNING,
    why="client_ref is text in both APIs; this value is not, and is left out.",
    remedy="None while the stored request supplies it.",
    example="/client_ref",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
ERROR_UNREADABLE: Final = Rule(
    code="STS213",
    name="error-unreadable",
    severity=Severity.WARNING,
    why="The error carries no code where v1 puts one; v0.1 needs one, so it reads 1330, Unknown.",
    remedy="Look the v1 webhook up in the history of the dispatch.",
    example="/error",
    since="0.1.0",
    source="docs/wire.md section 5.6",
)
ERROR_MISSING: Final = Rule(
    code="STS214",
    name="error-missing",
    severity=Severity.WARNING,
    why="v0.1 explains a failure in `error`; this webhook has none and none is made up.",
    remedy="See that the receiver can do without `error`.",
    example="/error",
    since="0.1.0",
    source="docs/wire.md section 5.3",
)
ERROR_EXPLANATION_DROPPED: Final = Rule(
    code="STS215",
    name="error-explanation-dropped",
    severity=Severity.NOTE,
    why="v0.1 names the error in a few words; the sentence that v1 adds has no place there.",
    remedy="Look the v1 webhook up in the history of the dispatch.",
    example="/error/detail",
    since="0.1.0",
    source="docs/wire.md section 5.6",
)
ERROR_CODE_MAPPED: Final = Rule(
    code="STS216",
    name="error-code-mapped",
    severity=Severity.NOTE,
    why="Codes 1400 to 1450 came with v1; a v0.1 receiver gets the code that meant the same.",
    remedy="Switch to passing v1 codes if the receiver knows them.",
    example="/error/title",
    since="0.1.0",
    source="docs/wire.md section 5.6",
)
USAGE_UNREADABLE: Final = Rule(
    code="STS217",
    name="usage-unreadable",
    severity=Severity.WARNING,
    why="The price is not a plain amount of at least zero; a wrong charge is worse than none.",
    remedy="Look the v1 webhook up in the history of the dispatch.",
    example="/usage/price",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
NUMBER_REWRITTEN: Final = Rule(
    code="STS218",
    name="number-rewritten",
    severity=Severity.NOTE,
    why="v0.1 writes amounts, counts and addresses as plain decimal text; v1 sent another form.",
    remedy="None.",
    example="/usage/price",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
CURRENCY_ASSUMED: Final = Rule(
    code="STS219",
    name="currency-assumed",
    severity=Severity.WARNING,
    why="The charge names no currency; EUR is the only one either API documents.",
    remedy="Check the charge against the vendor's invoice.",
    example="/usage/currency",
    since="0.1.0",
    source="docs/wire.md section 5.3",
)
WEBHOOK_FIELD_DROPPED: Final = Rule(
    code="STS220",
    name="webhook-field-dropped",
    severity=Severity.NOTE,
    why="v1 tells more than v0.1 has fields for.",
    remedy="Take the field from v1 if it is needed.",
    example="/destination",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
WEBHOOK_FIELD_UNKNOWN: Final = Rule(
    code="STS221",
    name="webhook-field-unknown",
    severity=Severity.NOTE,
    why="No documentation of v1 has this field, so it has no v0.1 form. v1 may have grown.",
    remedy="Report the field, so that it can be judged.",
    example="/new_field",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
TIMESTAMP_AS_NUMBER: Final = Rule(
    code="STS222",
    name="timestamp-as-number",
    severity=Severity.NOTE,
    why="It counts seconds or milliseconds since 1970; v0.1 writes the date and time it means.",
    remedy="None.",
    example="/timestamp",
    since="0.1.0",
    source="docs/wire.md section 5.5",
)
SENDER_FROM_WHATSAPP: Final = Rule(
    code="STS223",
    name="sender-from-whatsapp",
    severity=Severity.NOTE,
    why="`from` names nobody, as it may where the phone number is hidden; what the `whatsapp`"
    " object says of the sender stands in its place.",
    remedy="None.",
    example="/whatsapp/sender/user_id",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)
SENDER_WITHOUT_NUMBER: Final = Rule(
    code="STS224",
    name="sender-without-number",
    severity=Severity.WARNING,
    why="WhatsApp hides the sender's phone number. v0.1 has no field for the user id, so it stands"
    " in number and in id, or in the one that a setting names.",
    remedy="Answer to the address as it is; see that no receiver reads digits or sends SMS to it.",
    example="/from",
    since="0.1.0",
    source="docs/wire.md section 5.7",
)

STATUS_RULES: Final = (
    WEBHOOK_NOT_AN_OBJECT,
    MESSAGE_UUID_UNREADABLE,
    STATUS_UNREADABLE,
    STATUS_UNKNOWN,
    INBOUND_NOT_STATUS,
    WEBHOOK_IN_V01_SHAPE,
    CHANNEL_WITHOUT_V01_NAME,
    CHANNEL_UNKNOWN,
    TIMESTAMP_UNREADABLE,
    TIMESTAMP_TRUNCATED,
    ADDRESS_UNREADABLE,
    CLIENT_REF_UNREADABLE,
    ERROR_UNREADABLE,
    ERROR_MISSING,
    ERROR_EXPLANATION_DROPPED,
    ERROR_CODE_MAPPED,
    USAGE_UNREADABLE,
    NUMBER_REWRITTEN,
    CURRENCY_ASSUMED,
    WEBHOOK_FIELD_DROPPED,
    WEBHOOK_FIELD_UNKNOWN,
    TIMESTAMP_AS_NUMBER,
    SENDER_FROM_WHATSAPP,
    SENDER_WITHOUT_NUMBER,
)

WEBHOOK_RULES: Final[tuple[Rule, ...]] = (*STATUS_RULES, *INBOUND_RULES, *REPORT_RULES)
