"""Who was told to come again, and when: so that a place is free when he does.

A place that comes free would else be taken by whoever comes next, and in a crowd that is nearly
always somebody else. Those who come as they were told go before those who were told nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from typing import Final

_LATE_S: Final = 2
"""For how long a place is kept for who is late."""
_KEPT_AT_MOST: Final = 20_000
"""Promises that are kept in mind, for one application."""
_FORGETS_AFTER: Final = 200
_RAREST: Final = 0.02


class Promises:
    """What those of one application were told who were refused."""

    def __init__(self) -> None:
        self._last_ms = 0.0
        self._second_of: dict[bytes, int] = {}
        self._due: dict[int, set[bytes]] = defaultdict(set)
        self._earliest_s = 0
        self._came = self._stayed_away = 0.0

    @staticmethod
    def mark(said: bytes) -> bytes:
        """Return what somebody is known again by: he says the same again."""
        return hashlib.blake2b(said, digest_size=8).digest()

    @property
    def are_open(self) -> bool:
        """Whether anybody may come who was told to."""
        return bool(self._second_of)

    def is_kept(self, mark: bytes, now_ms: int) -> bool:
        """Tell whether somebody comes as he was told to, and not earlier."""
        return self._second_of.get(mark, math.inf) <= now_ms // 1000

    def keep(self, mark: bytes) -> None:
        """Take that somebody came as he was told to, and got in."""
        self._came += 1
        self._drop(mark)

    def reserved(self, now_ms: int) -> int:
        """Return how many are about to come, of those who were told to."""
        now_s = now_ms // 1000
        if not self._second_of:
            return 0
        for second in range(self._earliest_s, now_s - _LATE_S):
            for mark in tuple(self._due.get(second, ())):
                self._stayed_away += 1
                self._drop(mark)
        self._earliest_s = max(self._earliest_s, now_s - _LATE_S)
        due = sum(len(self._due.get(now_s + each, ())) for each in range(-_LATE_S, 2))
        return math.ceil(due * self._share())

    def make(
        self, mark: bytes, *, free_ms: float, every_ms: float, within_ms: float, now_ms: int
    ) -> int:
        """Tell somebody when to come again; return in how many seconds, at least one.

        Args:
            mark: whom.
            free_ms: when the next place comes free.
            every_ms: how long it takes from one place to the next.
            within_ms: further ahead nobody is told to come: if all of a crowd that is larger came
                again, it would be in vain for some.
            now_ms: the present instant.
        """
        known = self._second_of.get(mark)
        if known is not None and known > now_ms // 1000:
            return known - now_ms // 1000
        if known is not None:  # he came in time, and in vain: he is the next one
            self._drop(mark)
            promised_ms = free_ms
        else:
            promised_ms = max(free_ms, self._last_ms) + every_ms * self._share()
            promised_ms = self._last_ms = min(promised_ms, free_ms + within_ms)
        wait_s = max(1, math.ceil((promised_ms - now_ms) / 1000))
        second = (now_ms + 1000 * wait_s) // 1000
        if len(self._second_of) < _KEPT_AT_MOST:
            if not self._second_of:
                self._earliest_s = now_ms // 1000 - _LATE_S
            self._second_of[mark] = second
            self._due[second].add(mark)
        return wait_s

    def _share(self) -> float:
        """Return how many come who were told to; as long as nobody knows, all."""
        if self._came + self._stayed_away > _FORGETS_AFTER:
            self._came, self._stayed_away = self._came / 2, self._stayed_away / 2
        return max(_RAREST, (self._came + 1) / (self._came + self._stayed_away + 1))

    def _drop(self, mark: bytes) -> None:
        second = self._second_of.pop(mark)
        self._due[second].discard(mark)
        if not self._due[second]:
            del self._due[second]
