"""The catalogue of asynchronous error codes, and the v0.1 code for those only v1 knows.

Both APIs put a number of this catalogue into the statuses of a failed message. The numbers that
v1 puts into its *answers* to a request look alike and mean something else (docs/wire.md section
5.6, the collision table); `translators.problems` reads those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from translators.diagnostics import JsonValue


class Temporary(StrEnum):
    """Whether the same message might get through later: advice, nothing depends on it."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One row of the catalogue. Source: docs/wire.md appendix A."""

    code: int
    name: str
    """What v0.1 puts into `error.reason`."""
    meaning: str
    temporary: Temporary


_YES, _NO, _MAYBE = Temporary.YES, Temporary.NO, Temporary.MAYBE

# Names are the vendor's, letter for letter: consumers compare them. 1110 is not in use.
_ROWS: Final = (
    (1000, "Throttled", "the account submits faster than it may", _YES),
    (1010, "Missing params", "a mandatory parameter is absent", _NO),
    (1020, "Invalid params", "the value of a parameter is not valid", _NO),
    (1021, "Invalid tag", "the Messenger tag is not valid", _NO),
    (1022, "Invalid template", "the template or one of its parameters is not valid", _NO),
    (1030, "Internal error", "a fault inside the platform", _MAYBE),
    (1040, "Invalid message", "the platform cannot work on the message", _NO),
    (1050, "Number barred", "the recipient is on a block list", _NO),
    (1060, "Partner account barred", "the account may not submit", _NO),
    (1070, "Partner quota exceeded", "the account has no credit until it is topped up", _MAYBE),
    (1080, "Account not enabled for REST", "the account is limited to SMPP", _NO),
    (1090, "Message too long", "a binary SMS of more than 140 octets", _NO),
    (1100, "Communication Failed", "not submitted, because a link failed", _YES),
    (1120, "Illegal Sender Address - rejected", "the sender is not allowed there", _NO),
    (1130, "Invalid TTL", "the time to live is not valid", _NO),
    (1140, "Facility not allowed", "the account lacks the feature", _NO),
    (1150, "Invalid Message class", "the message class is out of range", _NO),
    (1160, "Non White-listed Destination", "the recipient is not on the trial list", _NO),
    (1170, "Invalid or Missing Msisdn Param", "the recipient is missing or wrong", _NO),
    (1180, "Absent Subscriber Temporary", "the handset is off or out of reach", _YES),
    (1190, "Absent Subscriber Permanent", "the number is no longer active", _NO),
    (1200, "Portability Error", "the number's change of carrier got in the way", _NO),
    (1210, "Anti-Spam Rejection", "the carrier's filter refused it", _NO),
    (1220, "Handset Busy", "the handset is busy; delivery may still be tried", _YES),
    (1230, "Network Error", "a fault in the network", _YES),
    (1240, "Illegal Number", "the recipient opted out", _NO),
    (1241, "Too many send requests", "too many sends to these numbers", _YES),
    (1250, "Unroutable", "there is no route for the number or the account", _NO),
    (1260, "Destination unreachable", "it cannot be delivered there", _NO),
    (1270, "Subscriber Age Restriction", "blocked for the subscriber's age", _NO),
    (1280, "Number Blocked by Carrier", "plan or suspension blocks the number", _NO),
    (1290, "Pre-Paid - Insufficient funds", "the recipient has no credit", _MAYBE),
    (1300, "Not part of the provider network", "the recipient does not use the channel", _NO),
    (1310, "Not suitable device", "the device cannot receive it", _NO),
    (1320, "Message already sent", "a duplicate", _NO),
    (1330, "Unknown", "an unknown error of the carrier", _MAYBE),
    (1331, "Provider error", "the provider does not answer", _YES),
    (1340, "Outside of the allowed window", "the session window of 24 hours is closed", _NO),
    (1350, "Phone matching fee not paid", "a setting of the Facebook page", _NO),
    (1360, "TTL was activated", "it expired before it was delivered", _NO),
    (1370, "Expired access Token", "the Facebook page must be linked again", _NO),
    (1380, "Invalid resource", "the media could not be fetched", _NO),
    (1381, "Resource size is too large", "the media is too big", _NO),
    (1382, "Resource type is invalid", "media of this type are not allowed", _NO),
    # A v0.1 consumer's table ends above; these came with v1.
    (1400, "Unsupported channel", "the channel is not supported", _NO),
    (1410, "Invalid channel parameters", "an option of the channel is not valid", _NO),
    (1420, "Invalid sender", "the sender is not valid", _NO),
    (1430, "Invalid recipient", "the recipient is not valid", _NO),
    (1440, "Invalid message type", "the channel does not carry this type", _NO),
    (1450, "Invalid client reference", "the client reference is not valid", _NO),
)

ERROR_CODES: Final[Mapping[int, ErrorCode]] = MappingProxyType(
    {
        code: ErrorCode(code=code, name=name, meaning=meaning, temporary=temporary)
        for code, name, meaning, temporary in _ROWS
    }
)
"""Every code of appendix A, in ascending order."""

UNKNOWN: Final = 1330
"""The code for an error that carries none."""

INVALID_CHANNEL_PARAMETERS: Final = 1410

INVALID_TEMPLATE: Final = 1022

NOT_TO_A_USER_ID: Final = 131062
"""WhatsApp's own code for an authentication template to a user id, which no v0.1 catalogue lists.
Source: docs/wire.md section 2.6."""

_V01_CODES: Final = {
    1400: 1020,
    INVALID_CHANNEL_PARAMETERS: 1020,
    1420: 1120,
    1430: 1170,
    1440: 1040,
    1450: 1020,
}


def v01_code(code: int, invalid_parameters: JsonValue = None) -> int:
    """Return the v0.1 code that means what `code` means in v1; most are the same.

    `invalid_parameters` is the member of that name in the v1 problem, of whatever shape; it
    refines 1410. Source: docs/wire.md section 5.6.
    """
    if code == INVALID_CHANNEL_PARAMETERS:
        return invalid_parameters_code(invalid_parameters)
    return _V01_CODES.get(code, code)


def invalid_parameters_code(invalid_parameters: JsonValue) -> int:
    """Return 1021, 1022 or 1130 if a named parameter calls for it, else 1020.

    Takes v1's array of `{name, reason}` and v0.1's single object; ignores everything else. The
    first parameter that calls for a code of its own decides.
    """
    for name in _names(invalid_parameters):
        if name == "messenger.tag":
            return 1021
        if name == "template" or name.startswith("template."):
            return 1022
        if name == "ttl" or name.endswith(".ttl"):
            return 1130
    return 1020


def _names(invalid_parameters: JsonValue) -> Iterable[str]:
    entries = invalid_parameters if isinstance(invalid_parameters, list) else [invalid_parameters]
    for entry in entries:
        if isinstance(entry, dict) and isinstance(name := entry.get("name"), str):
            yield name
