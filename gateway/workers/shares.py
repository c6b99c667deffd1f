"""Places that several parties share, so that who holds many cannot keep out who holds none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


class Shares:
    """A number of places.

    Half of them are divided: each party has its part of that half kept for it, one place at least
    as far as they reach. Who holds as much takes what is left over, which is all of it where there
    is no other party.
    """

    def __init__(self, places: int, parties: Iterable[str]) -> None:
        """`parties` are those who may ask; one that is not among them joins by asking."""
        self.free = places
        """Of the places, those that nobody holds."""
        self._kept_at_most = places // 2
        self._held: Counter[str] = Counter()
        self._parties: set[str] = set()
        self._own = 0
        self._unclaimed = 0
        """How many of the kept places are not held by those they are kept for."""
        self._share_out({*parties})

    def _share_out(self, parties: set[str]) -> None:
        self._parties = parties
        self._own = max(1, self._kept_at_most // max(1, len(parties)))
        self._unclaimed = sum(max(0, self._own - self._held[party]) for party in parties)

    def may_take(self, party: str) -> bool:
        """Tell whether there is a place for a party."""
        if party not in self._parties:
            self._share_out({*self._parties, party})
        if self._held[party] < self._own:
            return self.free > 0
        return self.free > min(self._unclaimed, self._kept_at_most)

    def take(self, party: str) -> None:
        """Take a place that `may_take` said is there."""
        self._unclaimed -= self._held[party] < self._own
        self._held[party] += 1
        self.free -= 1

    def give_back(self, party: str) -> None:
        """Let go of a place."""
        self._held[party] -= 1
        self._unclaimed += self._held[party] < self._own
        self.free += 1
