"""Chance that a seed repeats: numbers are drawn by name."""

from __future__ import annotations

import hashlib


class Draws:
    """Draws numbers that depend on the seed and their name alone.

    So the plan of a run is the same again, in whatever order its tasks happen to ask.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def fraction(self, *name: object) -> float:
        """Draw a number from 0 up to 1."""
        digest = hashlib.blake2b(repr((self._seed, *name)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64

    def between(self, low: float, high: float, *name: object) -> float:
        """Draw a number from `low` up to `high`."""
        return low + (high - low) * self.fraction(*name)
