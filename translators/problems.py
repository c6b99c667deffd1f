"""v0.1 error bodies, and what an answer of v1 to a send proves.

Fragment numbers in v1 answers are never read: they reuse the numbers of the asynchronous catalogue
with other meanings (docs/wire.md section 5.6, the collision table).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

from translators.diagnostics import JsonObject, JsonValue
from translators.envelope import read_uuid
from translators.error_codes import ERROR_CODES, invalid_parameters_code
from translators.status import StatusError

_GENERIC: Final = "https://developer.nexmo.com/api-errors#"


class Problem(Enum):
    """An error body of v0.1: HTTP status, `type`, `title`, and the `detail` if none is given.

    Only the first is documented for Dispatch; the others borrow the vendor's generic list where it
    has an entry. Source: docs/wire.md section 1.5.
    """

    INVALID_PARAMETERS = (
        400,
        "https://www.nexmo.com/messages/Errors#InvalidParams",
        "Invalid Parameters",
        "Your request parameters did not validate.",
    )
    UNAUTHORIZED = (
        401,
        _GENERIC + "unauthorized",
        "Invalid credentials supplied",
        "You did not provide correct credentials.",
    )
    FORBIDDEN = (
        403,
        _GENERIC + "forbidden",
        "Forbidden",
        "Your credentials do not cover this resource.",
    )
    NOT_FOUND = (404, _GENERIC + "not-found", "Not Found", "There is nothing at this path.")
    WRONG_VERB = (
        405,
        _GENERIC + "wrong-verb",
        "Request method not allowed",
        "This path does not support the method of the request.",
    )
    NOT_ACCEPTABLE = (
        406,
        _GENERIC + "accept-header",
        "Invalid Accept header",
        "The answer can only be application/json.",
    )
    REQUEST_TIMEOUT = (
        408,
        _GENERIC + "request-timeout",
        "Request Timeout",
        "The request did not arrive in time.",
    )
    CONFLICT = (
        409,
        _GENERIC + "conflict",
        "Conflict",
        "This idempotency key belongs to another request.",
    )
    TOO_LARGE = (
        413,
        _GENERIC + "payload-too-large",
        "Payload Too Large",
        "The request body is larger than this service reads.",
    )
    URI_TOO_LONG = (
        414,
        _GENERIC + "uri-too-long",
        "URI Too Long",
        "The request path is longer than this service reads.",
    )
    UNSUPPORTED_MEDIA = (
        415,
        _GENERIC + "content-type-header",
        "Unsupported Content-Type header",
        "The request body must be application/json in UTF-8.",
    )
    EXPECTATION_FAILED = (
        417,
        _GENERIC + "expectation-failed",
        "Expectation Failed",
        "The only expectation met is 100-continue.",
    )
    MISDIRECTED = (
        421,
        _GENERIC + "misdirected-request",
        "Misdirected Request",
        "This service does not answer for that host.",
    )
    TOO_MANY_REQUESTS = (
        429,
        _GENERIC + "throttled",
        "Rate Limit Hit",
        "Please wait, then retry your request",
    )
    HEADERS_TOO_LARGE = (
        431,
        _GENERIC + "headers-too-large",
        "Request Header Fields Too Large",
        "The request headers are larger than this service reads.",
    )
    INTERNAL = (
        500,
        _GENERIC + "internal-error",
        "Internal error",
        "There was an error processing your request in the Platform.",
    )
    BAD_GATEWAY = (
        502,
        _GENERIC + "bad-gateway",
        "Bad Gateway",
        "The service behind this one could not be reached.",
    )
    UNAVAILABLE = (
        503,
        _GENERIC + "unavailable",
        "Service Unavailable",
        "The request was not accepted. Please wait, then retry your request",
    )
    GATEWAY_TIMEOUT = (
        504,
        _GENERIC + "gateway-timeout",
        "Gateway Timeout",
        "The service behind this one did not answer. Whether it took the request is not known.",
    )

    def __init__(self, http_status: int, type: str, title: str, detail: str) -> None:
        self.http_status = http_status
        self.type = type
        self.title = title
        self.detail = detail


def problem_body(
    problem: Problem,
    *,
    instance: str,
    detail: str | None = None,
    invalid: Sequence[tuple[str, str]] = (),
    as_array: bool = False,
) -> JsonObject:
    """Write a v0.1 error body.

    Args:
        instance: the id under which the log knows this answer.
        detail: one sentence; `None` takes the problem's own.
        invalid: pairs of field path and reason, the most important first.
        as_array: list every pair, as v1 does. v0.1 shows one, as an object.

    Source: docs/wire.md section 1.5.
    """
    body: JsonObject = {
        "type": problem.type,
        "title": problem.title,
        "detail": problem.detail if detail is None else detail,
        "instance": instance,
    }
    pairs: list[JsonValue] = [{"name": name, "reason": reason} for name, reason in invalid]
    if pairs:
        body["invalid_parameters"] = pairs if as_array else pairs[0]
    return body


class Verdict(StrEnum):
    """What v1's answer to a send proves about the message."""

    ACCEPTED = "accepted"
    """It will be sent, under the uuid that came with the answer."""
    REJECTED = "rejected"
    """It will not be sent, and would not be if asked again."""
    CREDENTIALS = "credentials"
    """It was not sent: our credentials are at fault."""
    THROTTLED = "throttled"
    """It was not sent: ask again later."""
    IN_DOUBT = "in doubt"
    """It may have been sent. Asking again could reach a person twice."""
    MISCONFIGURED = "misconfigured"
    """It was not sent: whoever answered is not the Messages API."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAnswer:
    """v1's answer to a send."""

    verdict: Verdict
    message_uuid: str | None
    """Present exactly when accepted."""
    error: StatusError | None
    """For a v0.1 `rejected` status; absent exactly when accepted or in doubt."""


# The documented answers of v1 are below 1 KiB. What is larger comes from something else.
_BODY_LIMIT: Final = 64 * 1024

_THROTTLE_TITLE: Final = "rate limit hit"

# Titles of 422. Those of invalid parameters are refined by the parameter's name instead.
_REJECTED_TITLES: Final = {
    "invalid sender": 1120,
    "invalid recipient": 1170,
    "invalid message type": 1040,
}
_IN_DOUBT: Final = SendAnswer(verdict=Verdict.IN_DOUBT, message_uuid=None, error=None)


def read_send_answer(http_status: int, body: bytes) -> SendAnswer:
    """Judge v1's answer to a send. Never raises, whatever `body` is.

    A refusal proves that nothing was sent only if the Messages API itself made it. A broken gateway
    in between may answer 500, 502, 503 or 504 to a request that got through, so those stay in
    doubt, but for a 503 that carries the documented throttle problem.

    Source: docs/wire.md section 3.7 and 5.6.
    """
    fields = _read_body(body)
    if 200 <= http_status < 300:
        message_uuid = read_uuid(fields.get("message_uuid"))
        if message_uuid is None:
            return _IN_DOUBT
        return SendAnswer(verdict=Verdict.ACCEPTED, message_uuid=message_uuid, error=None)
    if 300 <= http_status < 400:
        return _refusal(Verdict.MISCONFIGURED, 1030)
    title = _title(fields)
    match http_status:
        case 401:
            return _refusal(Verdict.CREDENTIALS, 1140 if _is_unprovisioned(fields) else 1030)
        case 403:
            return _refusal(Verdict.CREDENTIALS, 1140)
        case 402:
            return _refusal(Verdict.REJECTED, 1070)
        case 404:
            return _refusal(Verdict.MISCONFIGURED, 1030)
        case 429:
            return _refusal(Verdict.THROTTLED, 1000)
        case 503 if title == _THROTTLE_TITLE:
            return _refusal(Verdict.THROTTLED, 1000)
        case _ if 400 <= http_status < 500:
            code = _REJECTED_TITLES.get(title)
            invalid = fields.get("invalid_parameters")
            return _refusal(Verdict.REJECTED, code or invalid_parameters_code(invalid))
        case _:
            return _IN_DOUBT


def _refusal(verdict: Verdict, code: int) -> SendAnswer:
    error = StatusError(code=code, reason=ERROR_CODES[code].name)
    return SendAnswer(verdict=verdict, message_uuid=None, error=error)


def _read_body(body: bytes) -> JsonObject:
    if len(body) > _BODY_LIMIT:
        return {}
    try:
        # Decoded here, because json.loads would guess at UTF-16 and UTF-32.
        document: JsonValue = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _title(fields: JsonObject) -> str:
    title = fields.get("title")
    return title.strip().lower() if isinstance(title, str) else ""


def _is_unprovisioned(fields: JsonObject) -> bool:
    # The one fragment that is a word: its title is a sentence no source quotes in full.
    link = fields.get("type")
    return isinstance(link, str) and link.rpartition("#")[2] == "unprovisioned"
