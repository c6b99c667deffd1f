"""Connections that are to speak TLS, until they do: each has a place and a deadline like any other.

The event loop's own TLS server tells of a connection once its handshake is over. Who connects and
says nothing would be in no count until then, and there would be no end to how many there are. So
connections are accepted here.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Final

from gateway.front.places import Shelf
from gateway.front.protocol import Connection
from gateway.front.refusals import Refusal

_AT_ONCE: Final = 64
"""Connections that are accepted before anybody else has a turn."""
_HANDSHAKE: Final = b"\x16"
"""The type of the record that a handshake begins with: RFC 8446, section 5.1."""
_AGAIN_S: Final = 0.5
"""When to look again after no more could be accepted."""


class SecuredServer:
    """Accepts what comes to one listener, and has it speak TLS."""

    def __init__(
        self, listener: socket.socket, connect: Callable[[], Connection], context: ssl.SSLContext
    ) -> None:
        """Begin; `connect` makes what takes a connection over once it is secured."""
        self._loop = asyncio.get_running_loop()
        self._listener = listener
        self._connect = connect
        self._context = context
        self._waiting: asyncio.TimerHandle | None = None
        listener.setblocking(False)
        self._loop.add_reader(listener.fileno(), self._accept)

    def close(self) -> None:
        """Accept nothing more; what was accepted goes on."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        elif self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener.fileno())
        self._listener.close()

    async def wait_closed(self) -> None:
        """Return: it is closed at once."""

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no more files can be opened, and asking on would take all the time
                self._loop.remove_reader(self._listener.fileno())
                self._waiting = self._loop.call_later(_AGAIN_S, self._go_on)
                return
            accepted.setblocking(False)
            Handshake(accepted, self._connect(), self._context).begin()

    def _go_on(self) -> None:
        self._waiting = None
        self._loop.add_reader(self._listener.fileno(), self._accept)


class Handshake:
    """What a connection is before `connection` takes it over."""

    def __init__(
        self, accepted: socket.socket, connection: Connection, context: ssl.SSLContext
    ) -> None:
        self._accepted = accepted
        self._connection = connection
        self._context = context
        self._limits = connection.front.limits
        self._places = connection.front.places
        self._task: asyncio.Task[None] | None = None
        self.shelf: Shelf | None = None
        self.due = 0
        self.held_bytes = 0
        self._has_place = False
        self._has_begun = False
        """Whether the task has the socket, and closes it."""

    def begin(self) -> None:
        """Take a place, or go."""
        if not self._places.enter(self):
            self._accepted.close()
            return
        self._has_place = True
        self._places.put(self, self._places.unfinished, self._limits.handshake_s)
        self._connection.before = self
        self._task = asyncio.get_running_loop().create_task(self._secure())

    def over(self) -> None:
        """Give the place back, once: the connection takes its own."""
        if self._has_place:
            self._has_place = False
            self._places.leave(self)

    def expire(self) -> None:
        """Take in that the handshake took too long."""
        self.cut(Refusal.SILENT)

    def cut(self, refusal: Refusal) -> None:
        """Close at once."""
        self._connection.front.tally.note(refusal)
        self.over()
        assert self._task is not None  # noqa: S101 - who has a place has begun
        self._task.cancel()
        if not self._has_begun:
            self._accepted.close()

    async def _secure(self) -> None:
        self._has_begun = True
        try:
            if not await self._is_begun_by_peer():
                self._accepted.close()
                return
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._connection,
                self._accepted,
                ssl=self._context,
                ssl_handshake_timeout=self._limits.handshake_s,
                ssl_shutdown_timeout=self._limits.goodbye_s,
            )
        except OSError:
            pass  # errors of TLS are, and who hangs up causes one; the event loop has closed it
        finally:
            self.over()
            self._connection.before = None

    async def _is_begun_by_peer(self) -> bool:
        """Wait for the first byte, and tell whether it begins a handshake.

        What speaks TLS takes tens of kilobytes, which the libraries below give back only in part:
        nobody gets it who says nothing, or speaks something else.
        """
        loop = asyncio.get_running_loop()
        came = loop.create_future()
        descriptor = self._accepted.fileno()
        loop.add_reader(descriptor, _tell, came)
        try:
            await came
        except asyncio.CancelledError:
            loop.remove_reader(descriptor)
            self._accepted.close()
            raise
        loop.remove_reader(descriptor)
        try:
            first = self._accepted.recv(1, socket.MSG_PEEK)
        except OSError:
            return False
        if first and first != _HANDSHAKE:
            self._connection.front.tally.note(Refusal.OTHER_PROTOCOL)
        return first == _HANDSHAKE


def _tell(came: asyncio.Future[None]) -> None:
    if not came.done():
        came.set_result(None)
