"""The parameters of the routes that operators use.

What cannot be read is refused and never left out: without a condition that was meant, more would
be done than was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

import orjson
from starlette.requests import Request

from gateway.api.requests import Refusal, may_be_repeated, read_body
from translators.problems import Problem

MAX_LIMIT: Final = 100
"""Entries of one page, at most."""
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_MAX_BODY: Final = 4096


class Unusable(Exception):
    """The parameters cannot be used; the refusal names one and never repeats its value."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.problem.name)
        self.refusal = refusal

    @classmethod
    def because(cls, name: str, reason: str) -> Unusable:
        """Say what is wrong with one parameter."""
        return cls(Refusal(problem=Problem.INVALID_PARAMETERS, invalid=((name, reason),)))


async def read_parameters(request: Request, known: Set[str]) -> dict[str, str]:
    """Return the parameters of a query and of a body, which may be a JSON object of them.

    Raises:
        Unusable: one is not known, or there twice, or the body is something else.
    """
    body = await read_body(request, _MAX_BODY)
    if isinstance(body, Refusal):
        raise Unusable(body)
    found: dict[str, str] = {}
    for place, given in (("query", request.query_params.multi_items()), ("body", _members(body))):
        for name, value in given:
            if name not in known:
                names = ", ".join(sorted(known))
                raise Unusable.because(
                    name if may_be_repeated(name) else place,
                    f"is not a parameter of this route; there are {names}",
                )
            if name in found:
                raise Unusable.because(name, "is there more than once")
            if value is None:
                raise Unusable.because(name, "is not a text")
            found[name] = value
    return found


def _members(body: bytes) -> Iterator[tuple[str, str | None]]:
    """Yield the parameters in a body; `None` stands for a value that is no text."""
    if not body.strip():
        return
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict):
        raise Unusable.because("body", "is neither empty nor a JSON object of parameters")
    for name, value in document.items():
        if isinstance(value, bool):
            yield name, str(value).lower()
        elif isinstance(value, str):
            yield name, value
        else:
            yield name, None


def read_flag(parameters: Mapping[str, str], name: str) -> bool:
    """Return a flag, false when it is not given.

    Raises:
        Unusable: it is neither true nor false.
    """
    text = parameters.get(name)
    if text is None:
        return False
    if text.lower() not in _FLAGS:
        raise Unusable.because(name, "is neither true nor false")
    return _FLAGS[text.lower()]


def read_limit(parameters: Mapping[str, str]) -> int:
    """Return how many entries a page holds.

    Raises:
        Unusable: it is out of range.
    """
    text = parameters.get("limit", str(MAX_LIMIT))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))
    if not is_number or not 1 <= int(text) <= MAX_LIMIT:
        raise Unusable.because("limit", f"is not a number from 1 to {MAX_LIMIT}")
    return int(text)
