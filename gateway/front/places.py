"""Who is connected, how long each may take, and who goes when there is no room.

Two budgets. Connections: when all places are taken, the one goes that has waited longest without
having sent a whole request; an idle one goes before anybody is refused. Requests that are being
answered: callers, webhooks and health checks have places of their own, so that no crowd of one kind
keeps another out. As there are more connections than requests, there is always somebody to go.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from gateway.front.limits import Limits
from gateway.front.refusals import Refusal
from gateway.front.tally import Tally


class Share:
    """The places of one kind of request."""

    __slots__ = ("free",)

    def __init__(self, size: int) -> None:
        self.free = size

    def take(self) -> bool:
        """Take a place; False if there is none."""
        if self.free <= 0:
            return False
        self.free -= 1
        return True

    def give_back(self) -> None:
        """Give a place back."""
        self.free += 1


_EXPIRE_AT_ONCE: Final = 50

_HEALTH: Final = frozenset({"/livez", "/readyz"})
# The callbacks of Dispatch are to the mode `observe` what webhooks are to the others.
_WEBHOOKS: Final = ("/webhooks/", "/legacy/status")


class Guest(Protocol):
    """A connection, as the places see it."""

    shelf: Shelf | None
    due: int
    held_bytes: int

    def expire(self) -> None:
        """Take in that the deadline of its shelf has passed."""
        ...

    def cut(self, refusal: Refusal) -> None:
        """Close at once, with whatever was not sent yet."""
        ...


Shelf = dict[Guest, None]
"""Connections that wait for the same thing, in the order in which they began."""


class Places:
    """All connections of one server.

    Time is counted in sweeps, which come by one timer for all: an event loop that stood still has
    made nobody late.
    """

    def __init__(self, limits: Limits, tally: Tally) -> None:
        self._limits = limits
        self._tally = tally
        self.unfinished: Shelf = {}
        """Those whose next request is not whole; the new ones among them have sent nothing."""
        self.idle: Shelf = {}
        """Those between two requests."""
        self.unread: Shelf = {}
        """Those whose client does not read."""
        self.ending: Shelf = {}
        """Those that were told the last thing."""
        self._count = 0
        self._held_bytes = 0
        self._callers = Share(limits.callers)
        self._webhooks = Share(limits.webhooks)
        self._health = Share(limits.health)
        self._sweeps = 0
        self._timer: asyncio.TimerHandle | None = None
        self._next_s = 0.0

    @property
    def count(self) -> int:
        """How many connections have a place."""
        return self._count

    def enter(self, guest: Guest) -> bool:
        """Give a new connection a place; False if there is none and none can be made."""
        if self._count >= self._limits.connections and not self._make_room():
            self._tally.note(Refusal.NO_PLACE)
            return False
        self._count += 1
        if self._timer is None:
            self._next_s = asyncio.get_running_loop().time()
            self._set_timer()
        return True

    def leave(self, guest: Guest) -> None:
        """Give the place of a connection back, once."""
        self._count -= 1
        self.hold(guest, 0)
        self.put(guest, None)

    def put(self, guest: Guest, shelf: Shelf | None, within_s: float = 0) -> None:
        """Move a connection to the end of a shelf, or off all of them.

        Args:
            within_s: after how long it expires there.
        """
        if guest.shelf is not None:
            guest.shelf.pop(guest, None)
        guest.shelf = shelf
        if shelf is not None:
            guest.due = self._sweeps + max(1, round(within_s / self._limits.sweep_s))
            shelf[guest] = None

    def hold(self, guest: Guest, size: int) -> None:
        """Note how many bytes of an unfinished request a connection keeps.

        When all together keep too much, those go that began first.
        """
        self._held_bytes += size - guest.held_bytes
        guest.held_bytes = size
        while size and self._held_bytes > self._limits.held_bytes:
            oldest = next((each for each in self.unfinished if each.held_bytes), guest)
            oldest.cut(Refusal.CROWDED_OUT)
            if oldest is guest:
                break

    def share_of(self, path: str) -> Share:
        """Return which places a request to `path` may take, before anybody has read it."""
        if path.startswith(_WEBHOOKS):
            return self._webhooks
        return self._health if path in _HEALTH else self._callers

    def _expire(self, guests: list[Guest]) -> None:
        """Let these expire, a few in each turn of the event loop: others wait for theirs."""
        for guest in guests[:_EXPIRE_AT_ONCE]:
            # What came in meanwhile may have given it another deadline.
            if guest.shelf is not None and guest.due <= self._sweeps:
                guest.expire()
        if rest := guests[_EXPIRE_AT_ONCE:]:
            asyncio.get_running_loop().call_soon(self._expire, rest)

    def _make_room(self) -> bool:
        for shelf in (self.ending, self.unfinished, self.unread, self.idle):
            if shelf:
                next(iter(shelf)).cut(Refusal.CROWDED_OUT)
                return True
        return False

    def _set_timer(self) -> None:
        """Come again one sweep after the last one, however long that one took."""
        loop = asyncio.get_running_loop()
        self._next_s = max(self._next_s + self._limits.sweep_s, loop.time())
        self._timer = loop.call_at(self._next_s, self._sweep)

    def _sweep(self) -> None:
        self._sweeps += 1
        shelves = (self.unfinished, self.idle, self.unread, self.ending)
        self._expire([each for shelf in shelves for each in shelf if each.due <= self._sweeps])
        self._tally.tell(self._limits.sweep_s)
        self._timer = None
        if self._count:
            self._set_timer()
