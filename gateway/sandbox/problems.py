"""What the sandbox answers when it does not accept: the errors of v1, letter for letter.

Source: docs/wire.md section 3.7.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

import orjson
from starlette.responses import Response

from translators.diagnostics import JsonObject
from translators.v1 import REFERENCE, V1Problem, V1Title

_GENERIC: Final = "https://developer.vonage.com/api-errors#"


class Refusal(Enum):
    """An error without a look at the content: HTTP status, `type`, `title`, `detail`."""

    UNAUTHORIZED = (
        401,
        # The misprint is the service's own.
        REFERENCE + "unathorized",
        "You did not provide correct credentials.",
        "Check that you're using the correct credentials, and that your account has this feature "
        "enabled",
    )
    LOW_BALANCE = (
        402,
        REFERENCE + "low-balance",
        "Low balance",
        "This request could not be performed due to your account balance being low.",
    )
    FORBIDDEN = (
        403,
        _GENERIC + "forbidden",
        "Forbidden",
        "Your account does not have permission to perform this action.",
    )
    NOT_FOUND = (404, _GENERIC + "not-found", "Not Found", "There is nothing at this path.")
    WRONG_VERB = (
        405,
        _GENERIC + "wrong-verb",
        "Request method not allowed",
        "This path does not support the method of the request.",
    )
    TOO_LARGE = (
        413,
        _GENERIC + "payload-too-large",
        "Payload Too Large",
        "The request body is larger than this service reads.",
    )
    INVALID_JSON = (
        422,
        REFERENCE + "invalid-json",
        "The request body did not contain valid JSON",
        "Unable to parse the request body.",
    )
    RATE_LIMIT = (
        429,
        REFERENCE + "1010",
        "Rate Limit Hit",
        "Please wait, then retry your request",
    )
    INTERNAL = (
        500,
        REFERENCE + "1000",
        "Internal error",
        "There was an error processing your request in the Platform.",
    )

    def __init__(self, http_status: int, type: str, title: str, detail: str) -> None:
        self.http_status = http_status
        self.type = type
        self.title = title
        self.detail = detail


INVALID_RECIPIENT: Final = V1Problem(
    title=V1Title.INVALID_RECIPIENT,
    invalid_parameters=(("to", "is refused by the script of its last digits"),),
)

GARBAGE: Final = "<html><head><title>503 Service Unavailable</title></head><body></body></html>"

_BY_STATUS: Final = {refusal.http_status: refusal for refusal in Refusal} | {422: INVALID_RECIPIENT}


def scripted_problem(http_status: int) -> Refusal | V1Problem:
    """Return the error that a script with this HTTP status answers with."""
    return _BY_STATUS[http_status]


def problem_response(
    problem: Refusal | V1Problem, *, instance: str, retry_after_s: int | None = None
) -> Response:
    """Write an error answer; `instance` is an id that the ledger's reader can ignore."""
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if isinstance(problem, V1Problem):
        return _json(422, problem.body(instance=instance), headers)
    body: JsonObject = {
        "type": problem.type,
        "title": problem.title,
        "detail": problem.detail,
        "instance": instance,
    }
    return _json(problem.http_status, body, headers)


def _json(http_status: int, body: JsonObject, headers: dict[str, str]) -> Response:
    return Response(orjson.dumps(body), http_status, headers, "application/problem+json")
