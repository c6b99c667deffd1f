"""What waits to be taken in by the recorder, and may not grow without bound.

Both are bounded by number and by bytes: what strangers can send is large as well as frequent.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from gateway.modes.facts import Fact, LegacyEnded, Told, size_of

QUEUE_BYTES: Final = 64 * 2**20
ORPHAN_LIMIT: Final = 1_000
ORPHAN_BYTES: Final = 8 * 2**20
ORPHAN_MS: Final = 60_000
"""A callback can overtake the answer that names its workflow, but not by a minute."""


class FactQueue:
    """Facts in the order in which they came."""

    def __init__(self, *, most: int, most_bytes: int = QUEUE_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._facts: deque[tuple[Fact, int]] = deque()
        self._size = 0

    def __len__(self) -> int:
        return len(self._facts)

    def put(self, fact: Fact) -> bool:
        """Take a fact; return whether there was room for it."""
        size = size_of(fact)
        is_full = len(self._facts) >= self._most or self._size + size > self._most_bytes
        # The end of the legacy service comes once, and changes what all its traces can say.
        if is_full and not isinstance(fact, LegacyEnded):
            return False
        self._facts.append((fact, size))
        self._size += size
        return True

    def pop(self) -> Fact:
        """Hand out the first one."""
        fact, size = self._facts.popleft()
        self._size -= size
        return fact


class Orphans:
    """Callbacks of workflows whose answer was not seen yet."""

    def __init__(self, *, most: int = ORPHAN_LIMIT, most_bytes: int = ORPHAN_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._held: deque[tuple[str, Told]] = deque()
        self._size = 0

    def put(self, whose: str, told: Told) -> int:
        """Hold a callback; return how many were given up for it, the oldest first."""
        self._held.append((whose, told))
        self._size += size_of(told)
        given_up = 0
        while len(self._held) > self._most or self._size > self._most_bytes:
            self._forget()
            given_up += 1
        return given_up

    def claim(self, whose: str) -> list[Told]:
        """Hand out those of a workflow, in the order in which they came."""
        claimed = [told for owner, told in self._held if owner == whose]
        if claimed:
            self._held = deque(each for each in self._held if each[0] != whose)
            self._size -= sum(map(size_of, claimed))
        return claimed

    def expire(self, now_ms: int) -> int:
        """Give up those that nobody will claim any more; return how many."""
        given_up = 0
        while self._held and self._held[0][1].at_ms + ORPHAN_MS <= now_ms:
            self._forget()
            given_up += 1
        return given_up

    def _forget(self) -> None:
        _, told = self._held.popleft()
        self._size -= size_of(told)
