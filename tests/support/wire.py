"""Plain sockets against a server that listens: what a client can send that no library would."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.support.loopback import WAIT_S

_LOOK_EVERY_S: Final = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, as it stands on the wire."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Wire:
    """One connection."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._socket = socket.create_connection(address, timeout=WAIT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""

    def send(self, data: bytes) -> None:
        """Send all of it, as far as the server takes it."""
        try:
            self._socket.sendall(data)
        except ConnectionError:
            return

    def end(self) -> None:
        """Send no more; go on reading."""
        self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Go away."""
        self._socket.close()

    def answer(self, *, is_head: bool = False) -> Answer | None:
        """Read one answer; None where the server closes without one."""
        while b"\r\n\r\n" not in self._received:
            if not self._read():
                assert self._received == b""
                return None
        head, _, self._received = self._received.partition(b"\r\n\r\n")
        status_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        status = int(status_line.split(" ")[1])
        length = 0 if is_head or status < 200 else int(headers["content-length"])
        while len(self._received) < length:
            assert self._read(), "the body is cut short"
        body, self._received = self._received[:length], self._received[length:]
        return Answer(status=status, headers=headers, body=body)

    def is_closed(self) -> bool:
        """Wait for the server to close; False if it sends something else."""
        return self._received == b"" and not self._read()

    def rest(self) -> bytes:
        """Read until the server closes; return all of it."""
        while self._read():
            pass
        return self._received

    def _read(self) -> bool:
        try:
            part = self._socket.recv(65_536)
        except ConnectionError:
            return False
        self._received += part
        return part != b""


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that another thread brings about."""
    for _ in range(int(WAIT_S / _LOOK_EVERY_S)):
        if holds():
            return
        time.sleep(_LOOK_EVERY_S)
    raise AssertionError("it did not come to hold")


def takes_connections(address: tuple[str, int]) -> bool:
    """Tell whether anybody listens."""
    try:
        socket.create_connection(address, timeout=WAIT_S).close()
    except ConnectionError:
        return False
    return True


@contextmanager
def connected(address: tuple[str, int]) -> Iterator[Wire]:
    """Connect for as long as the block lasts."""
    wire = Wire(address)
    try:
        yield wire
    finally:
        wire.close()
