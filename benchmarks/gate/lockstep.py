"""Load in lockstep: a batch is sent at once, and the next one when the gateway is idle again.

So each run does the same things in the same order, however fast the machine is: who overtakes whom,
and how many operations share a transaction, is decided here.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from benchmarks.cycles import request, webhook_request
from benchmarks.gate.peers import Connection, Listener, connect
from benchmarks.gate.process import CannotCount, Counted, Field, Order, Process
from benchmarks.wire import answer_bytes

T = TypeVar("T")

AT_ONCE: Final = 8
"""Requests in flight. They share transactions, as they do under load."""

_PATIENCE_S: Final = 60.0
_LOOK_EVERY_S: Final = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A POST of the gateway to the upstream."""

    connection: Connection
    message_uuid: str
    body: bytes


class Lockstep:
    """Plays callers, upstream and receiver for one gateway, a batch at a time."""

    def __init__(
        self, process: Process, *, port: int, upstream: Listener, receiver: Listener
    ) -> None:
        self._process = process
        self._callers = [connect(port) for _ in range(AT_ONCE)]
        self._vendors = [connect(port) for _ in range(AT_ONCE)]
        self._upstream = upstream
        self._receiver = receiver
        self._numbers = itertools.count()
        # The gateway's clock stands still since a moment ago: what is signed later is the future.
        self._issued_at_s = int(time.time())

    @contextlib.contextmanager
    def counting(self) -> Iterator[list[Counted]]:
        """Count what the process does within the block; the list holds it afterwards."""
        counted: list[Counted] = []
        self._process.do(Order.BEGIN)
        yield counted
        self._process.do(Order.END)
        counted.append(self._process.take())

    def requests(self) -> None:
        """Send requests, and take their 202s."""
        self._play([(each, request(next(self._numbers))) for each in self._callers])
        self._take_answers(self._callers, b"202")

    def sends(self) -> list[Send]:
        """Take the POSTs that followed; they wait for their answers."""
        return [
            Send(connection=at, message_uuid=self._draw_uuid(), body=body)
            for at, body in _gather(self._upstream.requests, "sends")
        ]

    def answer_sends(self, sends: Sequence[Send]) -> None:
        """Answer POSTs with 202."""
        body = b'{"message_uuid":"%s"}'
        self._play(
            [
                (each.connection, answer_bytes("202 Accepted", body % each.message_uuid.encode()))
                for each in sends
            ]
        )

    def webhooks(self, sends: Sequence[Send]) -> None:
        """Send the status webhooks of messages, and take their 200s."""
        hooks = [
            webhook_request(each.message_uuid, each.body, issued_at_s=self._issued_at_s)
            for each in sends
        ]
        self._play(list(zip(self._vendors, hooks, strict=True)))
        self._take_answers(self._vendors, b"200")

    def callbacks(self) -> list[Connection]:
        """Take the callbacks that followed; they wait for their answers."""
        return [at for at, _ in _gather(self._receiver.requests, "callbacks")]

    def answer_callbacks(self, callbacks: Sequence[Connection]) -> None:
        """Answer callbacks with 200."""
        self._play([(at, answer_bytes("200 OK")) for at in callbacks])

    def _play(self, messages: Sequence[tuple[Connection, bytes]]) -> None:
        wakes = self._process[Field.WAKES]
        self._process[Field.NOW_MS] += 1
        with self._process.stopped():
            for connection, data in messages:
                connection.write(data)
            for connection, _ in messages:
                _wait_until(connection.is_delivered, "delivery")
        self._process.wait_until_idle(after=wakes)

    def _take_answers(self, connections: Sequence[Connection], status: bytes) -> None:
        answers = _gather(lambda: [got for each in connections for got in each.read()], "answers")
        for head, _ in answers:
            if head.split(b" ", 2)[1] != status:
                raise CannotCount(f"the gateway answered {head.decode(errors='replace')}")

    def _draw_uuid(self) -> str:
        return f"{next(self._numbers):08x}-0000-4000-8000-0123456789ab"


def _gather(read: Callable[[], list[T]], what: str) -> list[T]:
    """Read until a batch has come; what the gateway said may be under way for a moment yet."""
    found: list[T] = []

    def is_whole() -> bool:
        found.extend(read())
        return len(found) >= AT_ONCE

    _wait_until(is_whole, what)
    if len(found) > AT_ONCE:
        raise CannotCount(f"{len(found)} {what} came where {AT_ONCE} were to come")
    return found


def _wait_until(is_so: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while not is_so():
        if time.monotonic() > until:
            raise CannotCount(f"the {what} did not come")
        time.sleep(_LOOK_EVERY_S)
