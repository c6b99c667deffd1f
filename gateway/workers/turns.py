"""Turns: what is under way together and has an order begins in it, as far as that costs little."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from typing import Final

LONGEST_S: Final = 1.0
"""How long one waits for those before it: a receiver that answers usually does within that."""


class Turns:
    """One queue for each key; who waits too long in it goes out of turn."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._last: dict[Hashable, asyncio.Event] = {}

    @contextlib.asynccontextmanager
    async def taking(self, key: Hashable) -> AsyncIterator[None]:
        """Wait until the one before with this key has ended, or for long enough."""
        before, ended = self._last.get(key), asyncio.Event()
        self._last[key] = ended
        try:
            if before is not None:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._longest_s):
                        await before.wait()
            yield
        finally:
            ended.set()
            if self._last.get(key) is ended:
                del self._last[key]
