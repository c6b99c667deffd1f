"""The floods of `make front-test` in short: fewer strangers, and deadlines of a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from gateway.front.limits import Limits
from tests.front.assaults import FLOODS, HALF_A_BODY, crowd, flood, pipeline
from tests.gateway.front.apps import Echo
from tests.gateway.front.requests import get
from tests.gateway.front.served import Served, nothing_around, served
from tests.support.wire import Answer, connected

_STRANGERS: Final = 250
_LIMITS: Final = replace(
    Limits(), head_s=0.3, body_s=0.5, ending_s=0.3, connections=100, sweep_s=0.05
)
_MOST: Final = 64 * 1024 * 1024
_GROWTH_MB: Final = 40
"""The buffers of ten connections are far below it; what they send in a second is far above it."""


@pytest.fixture
def server() -> Iterator[Served]:
    """A server with few places and little patience."""
    with served(lambda: nothing_around(Echo()), _LIMITS) as running:
        yield running


@pytest.mark.parametrize("name", FLOODS)
def test_no_flood_is_read_to_its_end(name: str, server: Served) -> None:
    begin, filler = FLOODS[name]
    taken = asyncio.run(flood(server.address, begin=begin, filler=filler, upto=_MOST))
    # What is left of it is the size of the kernel's buffers.
    assert taken < _MOST


@pytest.mark.parametrize(
    ("first", "drip"),
    [(b"", b""), (b"GET /livez HTTP/1.1\r\nX: ", b"x"), (HALF_A_BODY, b"x")],
    ids=["silent", "dripping heads", "dripping bodies"],
)
def test_a_crowd_that_sends_too_little_is_cut_and_keeps_nobody_out(
    first: bytes, drip: bytes, server: Served
) -> None:
    async def both() -> tuple[int, int, list[int]]:
        came = asyncio.create_task(
            crowd(
                server.address,
                count=_STRANGERS,
                wave=50,
                first=first,
                drip=drip,
                within_s=10,
                every_s=0.1,
            )
        )
        healthy = []
        while not came.done():
            healthy.append(await asyncio.to_thread(health, server))
        done = await came
        return len(done.lasted_s), done.left, healthy

    cut, left, healthy = asyncio.run(both())
    assert (cut, left) == (_STRANGERS, 0)
    assert set(healthy) == {200}


def test_ten_that_pipeline_and_never_read_take_no_memory(server: Served) -> None:
    before_mb = memory_mb()
    sent = asyncio.run(pipeline(server.address, connections=10, lasts_s=1))
    assert sent > 0
    assert memory_mb() - before_mb < _GROWTH_MB


def health(server: Served) -> int:
    """Ask how the server is; return the status."""
    with connected(server.address) as wire:
        wire.send(get())
        answer = wire.answer()
    return (answer or Answer(status=0)).status


def memory_mb() -> float:
    """Return how much memory this process has now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 1e6
