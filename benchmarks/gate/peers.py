"""Callers, upstream and receiver: what the gateway said lies there until somebody looks."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
from dataclasses import dataclass

from benchmarks.wire import split_message

_LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class Connection:
    """One TCP connection with the gateway."""

    socket: socket.socket
    buffer: bytes = b""

    def read(self) -> list[tuple[bytes, bytes]]:
        """Return the messages that have come, each as head and body."""
        self.buffer += _all_that_came(self.socket)
        messages = []
        while (parsed := split_message(self.buffer)) is not None:
            head, body, self.buffer = parsed
            messages.append((head, body))
        return messages

    def write(self, data: bytes) -> None:
        """Send a message that fits into the socket's buffer."""
        self.socket.sendall(data)

    def is_delivered(self) -> bool:
        """Tell whether the gateway's end has everything that was sent."""
        unacknowledged: int
        raw = fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4))
        (unacknowledged,) = struct.unpack("=i", raw)
        return unacknowledged == 0


def connect(port: int) -> Connection:
    """Open a connection to the gateway."""
    return _prepared(socket.create_connection((_LOOPBACK, port)))


class Listener:
    """A server whose requests wait until somebody looks, and for their answers, too."""

    def __init__(self) -> None:
        self._listener = socket.create_server((_LOOPBACK, 0), backlog=1024)
        self._listener.setblocking(False)
        self._connections: list[Connection] = []
        self.port: int = self._listener.getsockname()[1]

    def requests(self) -> list[tuple[Connection, bytes]]:
        """Return the bodies of the requests that have come, with where to answer them."""
        try:
            while True:
                self._connections.append(_prepared(self._listener.accept()[0]))
        except BlockingIOError:
            return [(each, body) for each in self._connections for _, body in each.read()]


def _prepared(made: socket.socket) -> Connection:
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setblocking(False)
    return Connection(made)


def _all_that_came(connection: socket.socket) -> bytes:
    came = b""
    try:
        while data := connection.recv(1 << 16):
            came += data
    except BlockingIOError:
        pass
    return came
