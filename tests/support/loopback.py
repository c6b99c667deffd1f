"""Real servers on loopback: an upstream and a receiver that do what a test tells them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import orjson

from translators.diagnostics import JsonObject

WAIT_S = 10.0
"""How long a test waits for something that must happen; it takes milliseconds."""


@dataclass(slots=True, kw_only=True)
class Seen:
    """One request as it came over the wire."""

    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> JsonObject:
        """Return the body, parsed."""
        document: JsonObject = orjson.loads(self.body)
        return document


@dataclass(slots=True, kw_only=True)
class Reply:
    """What to answer: a status and a body, or nothing at all and a closed connection."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    hangs_up: bool = False
    holds: asyncio.Event | None = None
    """Answer only once this is set."""


class Loopback:
    """A server that records every request and answers from a queue, else by default."""

    def __init__(self, default: Callable[[Seen], Reply]) -> None:
        self.default = default
        self.replies: deque[Reply] = deque()
        self.seen: list[Seen] = []
        self._news = asyncio.Event()
        self.url = ""

    async def wait_for(self, count: int) -> list[Seen]:
        """Wait until `count` requests were seen; return all of them."""
        async with asyncio.timeout(WAIT_S):
            while len(self.seen) < count:
                self._news.clear()
                await self._news.wait()
        return self.seen

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Loopback]:
        """Listen on a free port of loopback."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        listener: socket.socket = server.sockets[0]
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError), _closing(writer):
            while True:
                seen = await _read(reader)
                self.seen.append(seen)
                reply = self.replies.popleft() if self.replies else self.default(seen)
                self._news.set()
                if reply.holds is not None:
                    await reply.holds.wait()
                if reply.hangs_up:
                    break
                writer.write(_render(reply))
                await writer.drain()


@contextlib.contextmanager
def _closing(writer: asyncio.StreamWriter) -> Iterator[None]:
    try:
        yield
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    request_line, *lines = head.rstrip("\r\n").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(path=request_line.split(" ")[1], headers=headers, body=body)


def _render(reply: Reply) -> bytes:
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + reply.body
