"""Every test of the wire runs on both event loops: the one that serves, and the plain one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.SelectorEventLoop,
    "uvloop": uvloop.new_event_loop,
}


# What takes seconds of real time runs where it matters.
SERVING_ONLY = {"test_idle_connections.py"}


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"uvloop": LOOPS["uvloop"]} if item.path.name in SERVING_ONLY else LOOPS
