"""A loss on purpose: the gateway does something useless for each request, and the gate must see it.

`python -m benchmarks.gate.planted serve` is the gateway with an idle loop before each request. How
often it turns is read from the memory that the gate shares with the process it counts in.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

import gateway.server
from benchmarks.gate.figures import SCENARIOS, Figures
from benchmarks.gate.lockstep import AT_ONCE
from benchmarks.gate.process import CONTROL_SIZE, Field
from benchmarks.gate.scenarios import measure, staged
from gateway.__main__ import main

COMMAND: Final = ("-m", "benchmarks.gate.planted", "serve")

# Of a smaller measurement: what is planted is three times what it may be wrong by, and more.
_ROUNDS: Final = 8
_TRIAL_TURNS: Final = 1000
_REQUESTS_IN: Final = {"accept": 1, "accept_send": 1, "cycle": 2, "webhook": 1}
"""HTTP requests that the gateway takes for each: the loop runs before each of them."""


def measure_planted(percent: float) -> tuple[Figures, Figures]:
    """Return the figures without a loss and with one of so many percent in each scenario.

    Raises:
        CannotCount: something is missing, or the gateway did what it should not.
    """
    with staged(COMMAND) as stage:
        plain = measure(stage, rounds=_ROUNDS)
        stage.process[Field.PLANTED] = _TRIAL_TURNS
        trial = stage.count(_ROUNDS, lambda _: stage.load.requests())
    turn = (trial.instructions / (_ROUNDS * AT_ONCE) - plain["accept"]) / _TRIAL_TURNS
    turns = {
        name: round(percent / 100 * plain[name] / turn / _REQUESTS_IN[name]) for name in SCENARIOS
    }
    with staged(COMMAND) as stage:

        def plant(scenario: str) -> None:
            stage.process[Field.PLANTED] = turns[scenario]

        return plain, measure(stage, rounds=_ROUNDS, before=plant)


class _Planted:
    """An application with an idle loop before it."""

    def __init__(self, app: ASGIApp, turns: Iterator[int]) -> None:
        self._app = app
        self._turns = turns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            # Not a range: its numbers cost more from 257 on.
            for _ in repeat(None, next(self._turns)):
                pass
        await self._app(scope, receive, send)


def _turns() -> Iterator[int]:
    with Path(os.environ["GATE_CONTROL"]).open("r+b") as file:
        shared = mmap.mmap(file.fileno(), CONTROL_SIZE)
    while True:
        yield struct.unpack_from("=q", shared, 8 * Field.PLANTED)[0]


def _make_server(original: Any, app: ASGIApp, **options: Any) -> uvicorn.Server:
    server: uvicorn.Server = original(_Planted(app, _turns()), **options)
    return server


if __name__ == "__main__":
    gateway.server.make_server = partial(_make_server, gateway.server.make_server)
    main()
