"""The scripts of the sandbox: what happens to a message, chosen by its recipient's last two digits.

The table is data; `tables.py` puts it into words for the command's help, `GET /sandbox/scripts` and
docs/sandbox.md. Both import nothing heavy, because the command line's help needs them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Body(StrEnum):
    """What an answer to a POST carries."""

    UUID = "message_uuid"
    PROBLEM = "problem"
    """The documented error of the HTTP status."""
    OBJECT = "empty object"
    GARBAGE = "not JSON"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a POST is answered."""

    http_status: int | None = 202
    """`None` closes the connection without a byte of an answer."""
    body: Body = Body.UUID
    delay_s: float = 0
    """Measured against a client's deadline, so no pace scales it."""
    retry_after_s: int | None = None
    is_for_first_only: bool = False
    """The same POST again is accepted."""
    follows_webhook: bool = False
    """Sent once the first webhook was attempted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One status webhook of a message."""

    after_s: float
    """When it is sent, counted from the answer."""
    status: str
    code: int | None = None
    """The code of its `error`, from the asynchronous catalogue."""
    stamped_s: float | None = None
    """When the status claims to have come about; `None`: when it is sent."""
    is_paced: bool = True
    """False where the delay is measured against a timer of the gateway, which no pace scales."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One row of the table."""

    digits: str
    name: str
    summary: str
    answer: Answer = Answer()
    moments: tuple[Moment, ...] = ()
    """In the order of their sending."""
    copies: int = 1
    """How often each webhook is delivered."""
    is_sent: bool = True
    """Whether a person gets the message, whatever the answer says."""


def _refused(http_status: int, *, body: Body = Body.PROBLEM) -> Answer:
    return Answer(http_status=http_status, body=body)


_SUBMITTED: Final = Moment(after_s=0.2, status="submitted")
_DELIVERED: Final = Moment(after_s=1, status="delivered")
_READ: Final = Moment(after_s=2, status="read")
_ARRIVES: Final = (_SUBMITTED, _DELIVERED)

SCRIPTS: Final = (
    Script(
        digits="00",
        name="delivered",
        summary="Delivered. Also what all digits do that are not listed.",
        moments=_ARRIVES,
    ),
    Script(digits="01", name="read", summary="Delivered and read.", moments=(*_ARRIVES, _READ)),
    Script(
        digits="02",
        name="never-delivered",
        summary="Submitted, then silence.",
        moments=(_SUBMITTED,),
    ),
    Script(
        digits="03",
        name="rejected",
        summary="Rejected: the recipient does not use the channel.",
        moments=(_SUBMITTED, Moment(after_s=1, status="rejected", code=1300)),
    ),
    Script(
        digits="04",
        name="undeliverable",
        summary="Undeliverable: the provider does not answer.",
        moments=(Moment(after_s=1, status="undeliverable", code=1331),),
    ),
    Script(
        digits="05",
        name="duplicated",
        summary="Delivered; every webhook comes twice.",
        moments=_ARRIVES,
        copies=2,
    ),
    Script(
        digits="06",
        name="out-of-order",
        summary="Delivered; the earlier status comes last.",
        moments=(
            Moment(after_s=0.5, status="delivered", stamped_s=0.4),
            Moment(after_s=1, status="submitted", stamped_s=0.1),
        ),
    ),
    Script(
        digits="07",
        name="just-too-late",
        summary="Delivered just after the shortest expiry a Dispatch step can have, 15 s.",
        moments=(_SUBMITTED, Moment(after_s=16, status="delivered", is_paced=False)),
    ),
    Script(
        digits="08",
        name="slow-answer",
        summary="Answered after 3 s, then delivered.",
        answer=Answer(delay_s=3),
        moments=_ARRIVES,
    ),
    Script(
        digits="09",
        name="lost-answer",
        summary="Sent, but the connection closes without an answer; delivered.",
        answer=Answer(http_status=None),
        moments=_ARRIVES,
    ),
    Script(
        digits="10",
        name="throttled-once",
        summary="Throttled with Retry-After: 1; the same POST again is accepted and delivered.",
        answer=Answer(http_status=429, body=Body.PROBLEM, retry_after_s=1, is_for_first_only=True),
        moments=_ARRIVES,
    ),
    Script(
        digits="11",
        name="throttled",
        summary="Throttled for ever.",
        answer=_refused(429),
        is_sent=False,
    ),
    Script(
        digits="12",
        name="no-credit",
        summary="Refused: low balance.",
        answer=_refused(402),
        is_sent=False,
    ),
    Script(
        digits="13",
        name="invalid-recipient",
        summary="Refused: invalid recipient.",
        answer=_refused(422),
        is_sent=False,
    ),
    Script(
        digits="14",
        name="internal-error",
        summary="Refused with an internal error; not sent.",
        answer=_refused(500),
        is_sent=False,
    ),
    Script(
        digits="15",
        name="broken-proxy",
        summary="Something in between answers with HTML; not sent.",
        answer=_refused(503, body=Body.GARBAGE),
        is_sent=False,
    ),
    Script(
        digits="16",
        name="wrong-credentials",
        summary="Refused as if the credentials were wrong.",
        answer=_refused(401),
        is_sent=False,
    ),
    Script(
        digits="17",
        name="overtaking-webhook",
        summary="Delivered; the first webhook comes before the answer.",
        answer=Answer(follows_webhook=True),
        moments=(Moment(after_s=0, status="submitted"), _DELIVERED),
    ),
    Script(
        digits="18",
        name="read-only",
        summary="Read, with no delivered before it.",
        moments=(_SUBMITTED, _READ),
    ),
    Script(
        digits="19",
        name="rejected-late",
        summary="Delivered, then rejected.",
        moments=(*_ARRIVES, Moment(after_s=2, status="rejected", code=1330)),
    ),
    Script(
        digits="20",
        name="lost-for-good",
        summary="Sent, but the connection closes without an answer, and no webhook ever comes.",
        answer=Answer(http_status=None),
    ),
    Script(
        digits="21",
        name="no-uuid",
        summary="Accepted without a message_uuid; delivered.",
        answer=Answer(body=Body.OBJECT),
        moments=_ARRIVES,
    ),
    Script(
        digits="22",
        name="unknown-status",
        summary="Delivered; a status that no specification lists comes first.",
        moments=(Moment(after_s=0.1, status="accepted"), *_ARRIVES),
    ),
    Script(
        digits="23",
        name="ttl-expired",
        summary="Rejected: its time to live ran out.",
        moments=(_SUBMITTED, Moment(after_s=1, status="rejected", code=1360)),
    ),
    Script(
        digits="24",
        name="sent-despite-error",
        summary="Answered with an internal error, but sent and delivered.",
        answer=_refused(500),
        moments=_ARRIVES,
    ),
    Script(
        digits="25",
        name="forbidden",
        summary="Refused: the account may not do this.",
        answer=_refused(403),
        is_sent=False,
    ),
    Script(
        digits="26",
        name="no-answer",
        summary="Not answered for 30 s, then the connection closes; not sent.",
        answer=Answer(http_status=None, delay_s=30),
        is_sent=False,
    ),
)

_BY_DIGITS: Final = MappingProxyType({script.digits: script for script in SCRIPTS})


def script_for(recipient: str) -> Script:
    """Return the script of a recipient: its own, or that of 00."""
    return _BY_DIGITS.get(recipient[-2:], SCRIPTS[0])
