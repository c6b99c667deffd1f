"""A load generator and a stub of everything around the gateway, in one process.

Written on asyncio's protocols by hand, because a comfortable client would be the slowest part of
what is measured. One process plays caller, upstream and receiver, so that a cycle's end is seen
where its beginning was.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

SEPARATOR = b"\r\n\r\n"


class Client(asyncio.Protocol):
    """One keep-alive connection that sends prepared requests, one at a time."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiter: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None
        self.is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def request(self, head_and_body: bytes) -> asyncio.Future[int]:
        """Send one request; the future holds the status code of its answer."""
        assert self._transport is not None
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(head_and_body)
        return self._waiter

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        parsed = split_message(self._buffer)
        if parsed is None:
            return
        head, _, self._buffer = parsed
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(ConnectionResetError("the server closed the connection"))

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()


class Server(asyncio.Protocol):
    """Answers every request with what `answer(path, body)` returns."""

    def __init__(self, answer: Callable[[bytes, bytes], bytes]) -> None:
        self._answer = answer
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._buffer += data
        while (parsed := split_message(self._buffer)) is not None:
            head, body, self._buffer = parsed
            path = head.split(b" ", 2)[1]
            self._transport.write(self._answer(path, body))


def split_message(buffer: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Split off the first HTTP message: head, body, rest; None while it is incomplete."""
    end = buffer.find(SEPARATOR)
    if end < 0:
        return None
    head = buffer[:end]
    at = head.lower().find(b"content-length:")
    size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    start = end + 4
    if len(buffer) < start + size:
        return None
    return head, buffer[start : start + size], buffer[start + size :]


def request_bytes(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return a whole POST, ready to be written."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + SEPARATOR + body


def answer_bytes(status: str, body: bytes = b"") -> bytes:
    """Return a whole answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return head.encode() + SEPARATOR + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a run of a closed loop did."""

    per_s: float
    p50_ms: float
    p99_ms: float
    refused: int


async def closed_loop(
    port: int,
    make_request: Callable[[int], bytes],
    *,
    seconds: float,
    in_flight: int,
    finished: Callable[[int], asyncio.Future[None]] | None = None,
) -> Rate:
    """Keep `in_flight` requests going for `seconds`.

    Args:
        make_request: returns the bytes of request number n.
        finished: if given, request n is over only when this future is, not with its answer.
    """
    loop = asyncio.get_running_loop()
    numbers = itertools.count()
    times: list[float] = []
    refused = 0
    stop_at = time.perf_counter() + seconds

    async def user() -> None:
        nonlocal refused
        _, client = await loop.create_connection(Client, "127.0.0.1", port)
        while time.perf_counter() < stop_at:
            number = next(numbers)
            over = finished(number) if finished is not None else None
            begun = time.perf_counter()
            status = await client.request(make_request(number))
            if status >= 300:
                refused += 1
                continue
            if over is not None:
                async with asyncio.timeout(30):
                    await over
            times.append(time.perf_counter() - begun)
        client.close()

    begun = time.perf_counter()
    await asyncio.gather(*(user() for _ in range(in_flight)))
    took = time.perf_counter() - begun
    times.sort()
    return Rate(
        per_s=len(times) / took,
        p50_ms=1000 * times[len(times) // 2],
        p99_ms=1000 * times[len(times) * 99 // 100],
        refused=refused,
    )
