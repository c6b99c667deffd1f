"""Splitters that are closed when a test ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.gateway.modes.splitting import Split, a_split


@pytest.fixture
def split_at(tmp_path: Path) -> Iterator[Callable[[str], Split]]:
    """Make a splitter whose dial stands at a percentage."""
    with ExitStack() as stack:
        yield lambda percentage: stack.enter_context(closing(a_split(tmp_path, percentage)))
