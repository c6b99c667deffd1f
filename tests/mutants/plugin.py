"""A pytest plugin: runs the named tests in the named order, and notes how long each takes.

It is loaded by the process that tries a mutant, and by the one that sees what runs what.
"""

from __future__ import annotations

import json
import os
import resource
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest

ORDER: Final = "MUTANTS_ORDER"
"""Names a file with the node ids to run, one a line, in the order to run them."""
DURATIONS: Final = "MUTANTS_DURATIONS"
"""Names the file to write what was seen of each test: its seconds, and whether it passed."""
_MEMORY_BYTES: Final = 4 * 2**30
"""A mutant that collects without end fails before the machine does."""

_seconds: Final[defaultdict[str, float]] = defaultdict(float)
_failed: Final[set[str]] = set()


def pytest_configure() -> None:
    """Bound what the process may take."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, hard))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the tests that are asked for, in their order."""
    order = os.environ.get(ORDER)
    if order is None:
        return
    places = {name: place for place, name in enumerate(Path(order).read_text().splitlines())}
    items[:] = sorted(
        (item for item in items if item.nodeid in places), key=lambda item: places[item.nodeid]
    )


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Add up what a test took, its fixtures included."""
    _seconds[report.nodeid] += report.duration
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish() -> None:
    """Write what was seen."""
    durations = os.environ.get(DURATIONS)
    if durations is not None:
        seen = {name: [took, name not in _failed] for name, took in _seconds.items()}
        Path(durations).write_text(json.dumps(seen))
