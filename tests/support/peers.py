"""What the servers on loopback answer: as the upstream, as a receiver, and not at all."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import orjson

from tests.support.loopback import Loopback, Reply, Seen
from tests.support.world import message_uuid_of
from translators.diagnostics import JsonValue


def accepting(seen: Seen) -> Reply:
    """Answer a send with 202 and the message id that belongs to it."""
    body = orjson.dumps({"message_uuid": message_uuid_of(seen.json())})
    return Reply(status=202, body=body, headers={"Content-Type": "application/json"})


def receiving(seen: Seen) -> Reply:
    """Answer a callback with 200."""
    return Reply()


def answer(status: int, body: JsonValue = None, **headers: str) -> Reply:
    """Return a JSON answer; `Retry_After` is written as `Retry-After`."""
    return Reply(
        status=status,
        body=b"" if body is None else orjson.dumps(body),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


class ClosedAtFirst(Loopback):
    """A server whose port refuses connections until it is opened."""

    def __init__(self) -> None:
        super().__init__(accepting)
        # Bound and not listening: nobody else gets the port, and connecting is refused.
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Loopback]:
        """Keep the port closed."""
        with self._socket:
            yield self

    async def open(self) -> None:
        """Listen from now on, for as long as the loop runs."""
        await asyncio.start_server(self._serve, sock=self._socket)
