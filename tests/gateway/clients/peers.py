"""The other side of the wire: raw loopback servers that follow a script, and a name service."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

from gateway.clients.guard import AddressPolicy

LOOPBACK = AddressPolicy(allow_private=True)


class Peer:
    """One accepted connection, from the server's end."""

    def __init__(
        self, server: RawServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._server = server
        self.reader = reader
        self.writer = writer

    async def request(self) -> bytes:
        """Read one whole request and count it."""
        head = await self.head()
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or 0)
        request = head + await self.reader.readexactly(size)
        self._server.requests.append(request)
        self._server.asked.set()
        return request

    async def head(self) -> bytes:
        """Read the head of one request."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def hello(self) -> bytes:
        """Read the record that a client of TLS begins with."""
        header = await self.reader.readexactly(5)
        return header + await self.reader.readexactly(int.from_bytes(header[3:]))

    async def say(self, *data: bytes) -> None:
        """Write `data`, each piece in its own segment as far as the kernel allows."""
        for piece in data:
            self.writer.write(piece)
            await self.writer.drain()

    async def gone(self) -> bytes:
        """Wait until the client closes, and return what it still wrote."""
        return await self.reader.read()

    async def taken(self) -> None:
        """Give the client, which shares the loop, the turns it needs to read what was said."""
        for _ in range(20):
            await asyncio.sleep(0)

    def reset(self) -> None:
        """Close with a reset instead of a FIN."""
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


Script: TypeAlias = Callable[[Peer], Awaitable[object]]


class RawServer:
    """A server on loopback that runs one script per connection; the last one repeats."""

    def __init__(self, *scripts: Script, tls: ssl.SSLContext | None = None) -> None:
        self._scripts = list(scripts)
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._peers: list[Peer] = []
        self.connections = 0
        self.requests: list[bytes] = []
        self.asked = asyncio.Event()
        self.port = 0

    def hang_up(self) -> None:
        """Close what is connected, without waiting for anything."""
        for peer in self._peers:
            number = os.dup(peer.writer.get_extra_info("socket").fileno())
            with socket.socket(fileno=number) as own:
                own.shutdown(socket.SHUT_RDWR)

    def url(self, path: str = "", *, scheme: str = "http", host: str = "127.0.0.1") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        peer = Peer(self, reader, writer)
        self._peers.append(peer)
        task = asyncio.create_task(self._run(script, peer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, script: Script, peer: Peer) -> None:
        try:
            await script(peer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away, which is the point of many tests
        finally:
            peer.writer.close()


def answering(*pieces: bytes) -> Script:
    """Answer one request with `pieces`, then keep the connection open."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(*pieces)
        await peer.gone()

    return script


def answering_then_closing(*pieces: bytes) -> Script:
    """Answer one request with `pieces`, then close."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(*pieces)

    return script


def flooding(start: bytes, repeated: bytes) -> Script:
    """Answer one request with `start` and then `repeated` without end."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(start)
        while True:
            await peer.say(repeated)

    return script


def dripping(data: bytes) -> Script:
    """Answer one request a byte at a time."""

    async def script(peer: Peer) -> None:
        await peer.request()
        for index in range(len(data)):
            await peer.say(data[index : index + 1])
            await asyncio.sleep(0.02)
        await peer.gone()

    return script


async def resetting(peer: Peer) -> None:
    """Read one request and reset the connection."""
    await peer.request()
    peer.reset()


def resetting_after(*pieces: bytes) -> Script:
    """Answer one request with `pieces`, and reset the connection once the client has them."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(*pieces)
        await peer.taken()
        peer.reset()

    return script


async def closing_at_once(peer: Peer) -> None:
    """Close without reading a byte."""


async def silent(peer: Peer) -> None:
    """Read one request and say nothing."""
    await peer.request()
    await peer.gone()


class StubResolver:
    """A name service that gives the listed answers in turn; the last one repeats.

    An answer that is an exception is raised.
    """

    def __init__(self, *answers: list[str] | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    async def resolve(self, host: str) -> list[str]:
        answer = self._answers[min(len(self.asked), len(self._answers) - 1)]
        self.asked.append(host)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        pass


class HangingResolver(StubResolver):
    """A name service that never answers."""

    async def resolve(self, host: str) -> list[str]:
        await asyncio.Event().wait()
        return []
