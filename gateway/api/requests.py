"""Reading a request before anything is done with it: media types, size, headers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import ClientDisconnect, Request

from gateway.stores.base import OutcomeUnknown, StoreUnavailable
from translators.diagnostics import Diagnostic
from translators.dispatch import DispatchPlan
from translators.problems import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A workflow that we can serve."""

    body: bytes
    plan: DispatchPlan
    codes: tuple[str, ...]
    """Of the rules that it met."""
    key: str | None
    """Its `Idempotency-Key`."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What became of its meaning."""


# What a caller calls a field may be anything, a number of a person included. Fields are words.
_NAME: Final = re.compile(r"[a-z_]{0,32}", re.ASCII)


def may_be_repeated(name: str) -> bool:
    """Tell whether an answer may repeat the name of a field or of a parameter."""
    return _NAME.fullmatch(name) is not None


_UTF8: Final = frozenset({"utf-8", "utf8", "us-ascii"})
# "" is a caller who says nothing; whoever reads problem+json reads our refusals, too.
_JSON_RANGES: Final = frozenset(
    {"", "*/*", "application/*", "application/json", "application/problem+json"}
)


_USUAL: Final[list[tuple[str, list[str]]]] = [
    ("application/json", []),
    ("application/json", ["application/json"]),
    ("application/json", ["*/*"]),
]
"""Content-Type and Accept as nearly every client sends them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request that is answered with a problem and changes nothing."""

    problem: Problem
    detail: str | None = None
    invalid: tuple[tuple[str, str], ...] = ()
    codes: tuple[str, ...] = ()
    """Rule codes, for the `Gateway-Diagnostics` header and the log."""
    retry_after_s: int | None = None
    """When to ask again, for a problem that passes; None takes the usual."""
    is_in_doubt: bool = False
    """Whether it may have changed something after all: then nobody is told when to ask again."""


async def read_body(request: Request, limit: int) -> bytes | Refusal:
    """Read the whole body, but never more than `limit` bytes of it.

    Raises:
        ClientDisconnect: the client hung up; there is nobody to answer.
    """
    if "content-encoding" in request.headers:
        return Refusal(
            problem=Problem.UNSUPPORTED_MEDIA,
            detail="Send the body without Content-Encoding; a compressed body is not inflated.",
        )
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > limit:
        return _too_large(limit)
    body = bytearray()
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            return _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(limit: int) -> Refusal:
    return Refusal(
        problem=Problem.TOO_LARGE, detail=f"The body must not be longer than {limit} bytes."
    )


def check_media_types(request: Request) -> Refusal | None:
    """Refuse a body that is not declared as JSON in UTF-8, and a caller who wants no JSON."""
    headers = request.headers
    if (headers.get("content-type"), headers.getlist("accept")) in _USUAL:
        return None
    media_type, *parameters = headers.get("content-type", "").lower().split(";")
    if media_type.strip() != "application/json":
        return Refusal(
            problem=Problem.UNSUPPORTED_MEDIA,
            detail="Send the workflow with Content-Type: application/json.",
        )
    if any(_names_another_charset(parameter) for parameter in parameters):
        return Refusal(
            problem=Problem.UNSUPPORTED_MEDIA,
            detail="Send the workflow in UTF-8, the encoding of JSON.",
        )
    # A header that is repeated is one list, like any other (RFC 9110 section 5.3).
    wanted = ",".join(headers.getlist("accept")).split(",")
    ranges = {part.partition(";")[0].strip().lower() for part in wanted}
    if ranges.isdisjoint(_JSON_RANGES):
        return Refusal(
            problem=Problem.NOT_ACCEPTABLE, detail="The answer is always application/json."
        )
    return None


def _names_another_charset(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "charset" and value.strip().strip('"') not in _UTF8


def read_idempotency_key(request: Request) -> str | Refusal | None:
    """Return the optional `Idempotency-Key`: 1 to 255 printable ASCII characters."""
    values = request.headers.getlist("idempotency-key")
    if not values:
        return None
    key = values[0]
    if len(values) == 1 and 1 <= len(key) <= 255 and key.isascii() and key.isprintable():
        return key
    return Refusal(
        problem=Problem.INVALID_PARAMETERS,
        invalid=(("Idempotency-Key", "must be one value of 1 to 255 printable ASCII characters"),),
    )


def refuse_unkept(error: StoreUnavailable, *, has_key: bool) -> Refusal:
    """Return the answer to a workflow that the store did not keep, or may not have kept.

    Args:
        error: what the store said.
        has_key: whether the request has an `Idempotency-Key`. What came under it before may well
            have been accepted, so of such a request only this attempt is spoken of.
    """
    if isinstance(error, OutcomeUnknown):
        remedy = (
            "Repeat it with the same Idempotency-Key: it is accepted once."
            if has_key
            else "Sent again, it may reach a person twice; with an Idempotency-Key it could be"
            " repeated."
        )
        return Refusal(
            problem=Problem.UNAVAILABLE,
            detail=f"Whether the workflow was accepted is not known. {remedy}",
            is_in_doubt=True,
        )
    if has_key:
        return Refusal(
            problem=Problem.UNAVAILABLE,
            detail="This attempt was not accepted; an earlier one may have been. Repeat it with the"
            " same Idempotency-Key: it is accepted once.",
        )
    return Refusal(
        problem=Problem.UNAVAILABLE, detail="Nothing was accepted. Send it again shortly."
    )


__all__ = [
    "Asked",
    "ClientDisconnect",
    "Refusal",
    "check_media_types",
    "may_be_repeated",
    "read_body",
    "read_idempotency_key",
    "refuse_unkept",
]
