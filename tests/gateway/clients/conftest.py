"""Every test of the wire runs on both event loops: the one that serves, and the plain one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import uvloop

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return LOOPS
