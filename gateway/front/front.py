"""What all connections of one server share, and the way uvicorn makes them."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn import Config
from uvicorn.server import ServerState

from gateway.clock import Clock, SystemClock
from gateway.front.limits import Limits
from gateway.front.places import Places
from gateway.front.protocol import Connection
from gateway.front.tally import Tally


class Front:
    """The front door of one server."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        tally: Tally | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Open it.

        Args:
            tally: counts who is turned away.
            clock: draws the ids of refusals.
        """
        self.limits = limits or Limits()
        self.tally = tally or Tally()
        self.places = Places(self.limits, self.tally)
        self._clock = clock or SystemClock()
        # One for all connections: what was read is parsed before anybody else reads. It bounds what
        # is read ahead, too.
        self.buffer = memoryview(bytearray(self.limits.head_bytes))
        self._common: list[tuple[bytes, bytes]] | None = None
        self._common_lines = b""

    def connect(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> Connection:
        """Return the protocol of a new connection: what uvicorn asks its `http` for."""
        return Connection(self, config.loaded_app, server_state, app_state)

    def draw_instance(self) -> str:
        """Draw the id of a refusal."""
        return self._clock.draw_token(16).hex()

    def common_lines(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return what uvicorn puts into every head: the date, renewed once a second."""
        if headers is not self._common:
            self._common = headers
            self._common_lines = b"".join(b"%b: %b\r\n" % each for each in headers)
        return self._common_lines
