"""The four scenarios, and what they cost a request."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.gate.figures import Figures
from benchmarks.gate.lockstep import AT_ONCE, Lockstep, Send
from benchmarks.gate.peers import Listener
from benchmarks.gate.process import SERVE, Counted, Order, Process, counted_gateway
from benchmarks.processes import free_port, gateway_environ

ROUNDS: Final = 24

_COLD_ROUNDS: Final = 8
"""Before anything is instrumented: caches fill, the interpreter specialises its code."""
_FIRST_ROUNDS: Final = 2
"""Instrumented but not counted: callgrind translates the code."""
_CALLBACK_ROUNDS: Final = 8
"""Batches of callbacks that fill the places at the receiver."""


@dataclass(slots=True)
class Stage:
    """One gateway, and the load on it."""

    process: Process
    load: Lockstep

    def send(self) -> list[Send]:
        """Have a batch accepted and sent."""
        self.load.requests()
        sends = self.load.sends()
        self.load.answer_sends(sends)
        return sends

    def cycle(self) -> None:
        """Have a batch accepted, sent and reported, and its callbacks taken."""
        self.load.webhooks(self.send())
        self.load.answer_callbacks(self.load.callbacks())

    def count(self, rounds: int, play: Callable[[int], object]) -> Counted:
        """Count `rounds` batches; `play` is handed the number of each."""
        with self.load.counting() as counted:
            for number in range(rounds):
                play(number)
        return counted[0]


@contextlib.contextmanager
def staged(command: Sequence[str] = SERVE) -> Iterator[Stage]:
    """Run a gateway until the block ends, with nothing played yet.

    Args:
        command: what Python runs as the gateway.

    Raises:
        CannotCount: it did not start.
    """
    # The free port last: one that is free and not taken yet may be given to the next who listens.
    upstream, receiver, port = Listener(), Listener(), free_port()
    with tempfile.TemporaryDirectory(prefix="gateway-gate-") as name:
        folder = Path(name)
        environ = gateway_environ(
            folder,
            port,
            upstream.port,
            GATEWAY_STATUS_URL=f"http://127.0.0.1:{receiver.port}/callback",
            # Sends that wait for their answers leave no place, and what is accepted stays so.
            GATEWAY_SEND_CONCURRENCY=str(AT_ONCE),
            GATEWAY_CALLBACK_CONCURRENCY=str(_CALLBACK_ROUNDS * AT_ONCE),
            # Where these are measured, the machine's load decides.
            GATEWAY_SQLITE_WRITER="loop",
            GATEWAY_CLOCK="own",
        )
        with counted_gateway(folder, environ, port=port, command=command) as process:
            load = Lockstep(process, port=port, upstream=upstream, receiver=receiver)
            yield Stage(process, load)


def measure(
    stage: Stage, *, rounds: int = ROUNDS, before: Callable[[str], object] = lambda scenario: None
) -> Figures:
    """Return what each scenario costs; a stage serves for one measurement.

    Args:
        rounds: batches of `AT_ONCE` requests of each scenario, 24 at most: callbacks that wait for
            a place are given back to the store when there are more.
        before: called before each scenario.

    Raises:
        CannotCount: the gateway did what it should not.
    """
    load = stage.load
    for _ in range(_COLD_ROUNDS):
        stage.cycle()
    stage.process.do(Order.INSTRUMENT)
    for _ in range(_FIRST_ROUNDS):
        stage.cycle()

    before("cycle")
    cycle = stage.count(rounds, lambda _: stage.cycle())

    before("accept_send")
    accept_send = stage.count(rounds, lambda _: stage.send())

    # Every place at the receiver is taken: the callbacks of what is counted wait for one.
    for _ in range(_CALLBACK_ROUNDS):
        load.webhooks(stage.send())
        load.callbacks()
    sends = [stage.send() for _ in range(rounds)]
    before("webhook")
    webhook = stage.count(rounds, lambda number: load.webhooks(sends[number]))

    # The same with sends.
    load.requests()
    load.sends()
    before("accept")
    accept = stage.count(rounds, lambda _: load.requests())

    requests = rounds * AT_ONCE
    return {
        "accept": accept.instructions / requests,
        "accept_send": accept_send.instructions / requests,
        "cycle": cycle.instructions / requests,
        "webhook": webhook.instructions / requests,
        "cycle_statements": cycle.statements / requests,
        "cycle_bytes": cycle.bytes_written / requests,
        "cycle_syncs": cycle.syncs / requests,
    }
