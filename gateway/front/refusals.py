"""Requests and connections that the application is not asked about: why, and what they are told."""

from __future__ import annotations

from enum import Enum
from typing import Final

import orjson

from translators.problems import Problem, problem_body

CHALLENGE: Final = 'Basic realm="dispatch-gateway", Bearer'
_RETRY_AFTER_S: Final = 2
_METHODS: Final = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"


class Refusal(Enum):
    """Why a request or a connection is turned away: a word for metrics and log, and the answer."""

    MALFORMED = "malformed", Problem.INVALID_PARAMETERS, "The request is not well-formed HTTP/1.1."
    BAD_FRAMING = (
        "framing",
        Problem.INVALID_PARAMETERS,
        "Send the body with Content-Length or with Transfer-Encoding: chunked, and nothing else.",
    )
    BAD_HOST = "host", Problem.INVALID_PARAMETERS, "Send one well-formed Host."
    BAD_TARGET = (
        "target",
        Problem.INVALID_PARAMETERS,
        "The request target must be a path of this service.",
    )
    TWO_CREDENTIALS = "credentials", Problem.UNAUTHORIZED, "Send Authorization once."
    BAD_UPGRADE = "upgrade", Problem.INVALID_PARAMETERS, "This service speaks HTTP/1.1 only."
    BAD_METHOD = "method", Problem.WRONG_VERB, None
    BAD_EXPECTATION = "expectation", Problem.EXPECTATION_FAILED, None
    TARGET_TOO_LONG = "target-too-long", Problem.URI_TOO_LONG, None
    HEAD_TOO_LARGE = "head-too-large", Problem.HEADERS_TOO_LARGE, None
    BODY_TOO_LARGE = "body-too-large", Problem.TOO_LARGE, None
    FRAMING_TOO_LARGE = (
        "framing-too-large",
        Problem.INVALID_PARAMETERS,
        "Chunk extensions and trailers are larger than this service reads.",
    )
    BODY_LATE = "body-late", Problem.REQUEST_TIMEOUT, None
    BUSY = "busy", Problem.UNAVAILABLE, "Nothing was accepted. Send it again shortly."
    BROKEN = "broken", Problem.INTERNAL, None

    SILENT = "silent", None, None
    """Nothing was sent in time."""
    HEAD_LATE = "head-late", None, None
    UNREAD = "unread", None, None
    """The client does not read its answers."""
    OTHER_PROTOCOL = "other-protocol", None, None
    """TLS on a port that has none."""
    CROWDED_OUT = "crowded-out", None, None
    """It had not sent a whole request when its place was needed."""
    NO_PLACE = "no-place", None, None
    """All places were taken by requests that are being answered."""

    def __init__(self, word: str, problem: Problem | None, detail: str | None) -> None:
        self.word = word
        self.problem = problem
        self.detail = detail


def answer_to(
    refusal: Refusal, *, instance: str, date: bytes, is_last: bool, method: str = ""
) -> bytes:
    """Return the bytes of an answer in the v0.1 error shape.

    Args:
        refusal: one that has a problem.
        instance: the id of this answer.
        date: lines of the head that every answer has.
        is_last: whether the connection closes after it.
        method: of the request, if it is known: HEAD gets no body.
    """
    problem = refusal.problem
    assert problem is not None  # noqa: S101 - who asks has looked
    body = orjson.dumps(problem_body(problem, instance=instance, detail=refusal.detail))
    lines = [
        f"HTTP/1.1 {problem.http_status} {problem.title}",
        "content-type: application/json",
        f"content-length: {len(body)}",
    ]
    if problem is Problem.UNAUTHORIZED:
        lines.append(f"www-authenticate: {CHALLENGE}")
    if problem is Problem.WRONG_VERB:
        lines.append(f"allow: {_METHODS}")
    if problem is Problem.UNAVAILABLE:
        lines.append(f"retry-after: {_RETRY_AFTER_S}")
    if is_last:
        lines.append("connection: close")
    return "\r\n".join([*lines, ""]).encode() + date + b"\r\n" + (b"" if method == "HEAD" else body)
