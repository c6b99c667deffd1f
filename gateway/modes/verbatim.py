"""Requests whose head goes out as it came in, byte for byte.

What is no UTF-8 in a header or a query is kept as lone surrogates (PEP 383), as aiohttp reads it;
writing, aiohttp would leave it out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection
from aiohttp.http import StreamWriter
from yarl import URL

# RFC 9110 sections 5.1 and 5.5: what a header's name is, and what no value holds.
_NAME: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_END_OF_TARGET: Final = re.compile(r"[\x00-\x20\x7f]")


class VerbatimRequest(aiohttp.ClientRequest):
    """A request that writes its own head."""

    async def write_bytes(
        self,
        writer: AbstractStreamWriter,
        conn: Connection,
        content_length: int | None = None,
    ) -> None:
        """Write the request; aiohttp comes here with a head that it has not sent yet."""
        # A test holds that the head is still there, and that a body without bytes comes here, too.
        assert isinstance(writer, StreamWriter)  # noqa: S101 - the only one there is
        writer._headers_buf = self._head()
        await super().write_bytes(writer, conn, content_length)

    def _head(self) -> bytes:
        # Control characters in headers have been refused by then.
        lines = [
            f"{self.method} {self.url.raw_path_qs} HTTP/1.1",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return to_bytes("\r\n".join(lines) + "\r\n\r\n")


def to_bytes(text: str) -> bytes:
    """Return the bytes that a text was read from."""
    return text.encode("utf-8", "surrogateescape")


def from_bytes(raw: bytes) -> str:
    """Return bytes as a text that can be written again."""
    return raw.decode("utf-8", "surrogateescape")


def with_query(target: URL, query: bytes) -> URL:
    """Return a target with a query as it was written, but for what would end the request line.

    An empty query cannot be told from none: servers and clients alike drop its question mark.
    """
    if not query:
        return target
    return URL.build(
        scheme=target.scheme,
        authority=target.raw_authority,
        path=target.raw_path,
        query_string=_END_OF_TARGET.sub(lambda found: f"%{ord(found[0]):02X}", from_bytes(query)),
        encoded=True,
    )


def sayable(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers of an answer that HTTP allows to be said; a lenient reader takes more."""
    return [
        (name, value)
        for name, value in headers.items()
        if _NAME.fullmatch(name) and not _CONTROL.search(value)
    ]
