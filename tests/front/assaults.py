"""What strangers can do to a listener, without credentials."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field
from typing import Final, cast

Address = tuple[str, int]

_PARTS: Final = 20
HOST: Final = b"Host: gateway.example.com\r\n"
GET: Final = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
HALF_A_BODY: Final = b"POST /v0.1/dispatch HTTP/1.1\r\n" + HOST + b"Content-Length: 5000\r\n\r\n"
_CHUNKED: Final = (
    b"POST /v0.1/dispatch HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2"
)

FLOODS: Final = {
    "one header": (b"GET /livez HTTP/1.1\r\n" + HOST + b"X: ", b"x"),
    "many headers": (b"GET /livez HTTP/1.1\r\n" + HOST, b"X: y\r\n"),
    "a URL": (b"GET /", b"x"),
    "a chunk extension": (_CHUNKED + b";x=", b"x"),
    "many chunks": (_CHUNKED + b"\r\n{}\r\n", b"1;x=yyyyyyyyyyyyyyyyyyyyy\r\nx\r\n"),
    "a trailer": (_CHUNKED + b"\r\n{}\r\n0\r\nX: ", b"x"),
    "many trailers": (_CHUNKED + b"\r\n{}\r\n0\r\n", b"X: y\r\n"),
    "a body": (_CHUNKED + b"\r\n{}\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"),
    "empty lines": (b"", b"\r\n"),
}
"""How each flood begins, and what it goes on with."""


@dataclass(slots=True)
class Crowd:
    """What became of many connections."""

    opened: int = 0
    refused: int = 0
    """Which the server did not take."""
    lasted_s: list[float] = field(default_factory=list)
    """How long each was open that the server closed."""
    left: int = 0
    """How many were open at the end."""


class _Guest(asyncio.Protocol):
    """One connection that sends too little."""

    def __init__(self, crowd: Crowd, first: bytes) -> None:
        self._crowd = crowd
        self._first = first
        self._since_s = 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._since_s = asyncio.get_running_loop().time()
        self._crowd.opened += 1
        if self._first:
            self.transport.write(self._first)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.transport is not None:
            self._crowd.lasted_s.append(asyncio.get_running_loop().time() - self._since_s)
        self.transport = None

    def go(self) -> None:
        """Go away, uncounted."""
        if self.transport is not None:
            transport, self.transport = self.transport, None
            self._crowd.left += 1
            transport.abort()


async def crowd(
    address: Address,
    *,
    count: int,
    wave: int,
    first: bytes,
    drip: bytes,
    within_s: float,
    every_s: float = 1,
) -> Crowd:
    """Open connections in waves, and send a little on each again and again.

    Args:
        first: sent on connecting.
        drip: sent from then on; nothing, if empty.
        every_s: how often a wave comes, and a drip.
        within_s: how long to wait, after the last wave, for the server to close them all.
    """
    result = Crowd()
    guests: list[_Guest] = []
    loop = asyncio.get_running_loop()

    async def join() -> None:
        guest = _Guest(result, first)
        try:
            await loop.create_connection(lambda: guest, *address)
            guests.append(guest)
        except OSError:
            result.refused += 1

    async def dripping() -> None:
        while drip:
            for part in range(_PARTS):  # of a second: who drips does not do it in step
                await asyncio.sleep(every_s / _PARTS)
                for guest in guests[part::_PARTS]:
                    if guest.transport is not None:
                        guest.transport.write(drip)

    drips = asyncio.create_task(dripping())
    for begun in range(0, count, wave):
        at_s = loop.time()
        await asyncio.gather(*(join() for _ in range(min(wave, count - begun))))
        if begun + wave < count:
            await asyncio.sleep(max(0, at_s + every_s - loop.time()))
    end_s = loop.time() + within_s
    while loop.time() < end_s and any(guest.transport for guest in guests):
        await asyncio.sleep(0.1)
    drips.cancel()
    for guest in guests:
        guest.go()
    return result


async def flood(address: Address, *, begin: bytes, filler: bytes, upto: int) -> int:
    """Send one request without end on one connection; return how many bytes were taken."""
    loop = asyncio.get_running_loop()
    block = filler * (65_536 // len(filler))
    sent = 0
    with socket.socket() as client, contextlib.suppress(ConnectionError):
        client.setblocking(False)
        await loop.sock_connect(client, address)
        await loop.sock_sendall(client, begin)
        while sent < upto:
            await loop.sock_sendall(client, block)
            sent += len(block)
    return sent


async def pipeline(address: Address, *, connections: int, lasts_s: float) -> int:
    """Send requests on these connections and never read an answer; return the bytes sent.

    A connection that the server closes is opened anew.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + lasts_s
    block = GET * 1000

    async def pump() -> int:
        sent = 0
        while loop.time() < end_s:
            with socket.socket() as client, contextlib.suppress(OSError, TimeoutError):
                client.setblocking(False)
                await loop.sock_connect(client, address)
                while loop.time() < end_s:
                    async with asyncio.timeout(max(0.01, end_s - loop.time())):
                        await loop.sock_sendall(client, block)
                    sent += len(block)
        return sent

    return sum(await asyncio.gather(*(pump() for _ in range(connections))))
