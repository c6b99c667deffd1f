"""Requests whose head goes out as it came in, byte for byte.

What is no UTF-8 in a header or a query is kept as lone surrogates (PEP 383).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.clients.guard import Target

# RFC 9110 sections 5.1 and 5.5: what a header's name is, and what no value holds.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_END_OF_TARGET: Final = re.compile(r"[\x00-\x20\x7f]")


def to_bytes(text: str) -> bytes:
    """Return the bytes that a text was read from."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(raw: bytes) -> str:
    """Return bytes as a text that can be written again."""
    return raw.decode("utf-8", "surrogateescape")


def with_query(target: Target, query: bytes) -> Target:
    """Return a target with a query as it was written, but for what would end the request line.

    An empty query cannot be told from none: servers and clients alike drop its question mark.
    """
    if not query:
        return target
    path = target.path.partition("?")[0]
    written = _END_OF_TARGET.sub(lambda found: f"%{ord(found[0]):02X}", from_bytes(query))
    return replace(target, path=f"{path}?{written}")


def sayable(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Return the headers of an answer that HTTP allows to be said; a lenient reader takes more."""
    told = [(from_bytes(name), from_bytes(value)) for name, value in headers]
    return [
        (name, value)
        for name, value in told
        if _NAME.fullmatch(name) and not _CONTROL.search(value)
    ]
