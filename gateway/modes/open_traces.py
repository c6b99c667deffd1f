"""The traces that are open: how many they may be, and which of them is over next.

All wait equally long, and equally long after their report, so the first of either kind is over
first. Nothing is kept of a trace that was discarded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from gateway.modes.open_trace import OpenTrace


class OpenTraces:
    """Open traces by the workflow, with and without a report."""

    def __init__(self, *, most: int, most_bytes: int) -> None:
        """Prepare to hold traces.

        Args:
            most: how many there may be.
            most_bytes: what they may hold together.
        """
        self._most = most
        self._most_bytes = most_bytes
        self._waiting: OrderedDict[str, OpenTrace] = OrderedDict()
        self._reported: OrderedDict[str, OpenTrace] = OrderedDict()
        self.size = 0
        """What they hold together, in bytes."""

    def __len__(self) -> int:
        return len(self._waiting) + len(self._reported)

    def get(self, dispatch_uuid: str) -> OpenTrace | None:
        """Return the open trace of a workflow; `None` if it has none."""
        return self._waiting.get(dispatch_uuid) or self._reported.get(dispatch_uuid)

    def all(self) -> list[OpenTrace]:
        """Return all of them."""
        return [*self._waiting.values(), *self._reported.values()]

    def add(self, opened: OpenTrace) -> None:
        """Hold a new one."""
        self._waiting[opened.dispatch_uuid] = opened
        self.size += opened.size

    def change(self, opened: OpenTrace, take: Callable[[], None]) -> None:
        """Have an open trace take something in."""
        before = opened.size
        take()
        self.size += opened.size - before
        if opened.is_reported and self._waiting.pop(opened.dispatch_uuid, None) is not None:
            self._reported[opened.dispatch_uuid] = opened

    def discard(self, opened: OpenTrace) -> None:
        """Forget one, if it is held."""
        for held in (self._waiting, self._reported):
            if held.pop(opened.dispatch_uuid, None) is not None:
                self.size -= opened.size

    def overdue(self, now_ms: int) -> OpenTrace | None:
        """Return one of which nothing more is expected; `None` if there is none."""
        return next((each for each in self._first() if each.due_ms <= now_ms), None)

    def surplus(self) -> OpenTrace | None:
        """Return the oldest if they are too many or hold too much; else `None`."""
        if len(self) <= self._most and self.size <= self._most_bytes:
            return None
        return min(self._first(), key=lambda each: each.accepted_ms, default=None)

    def _first(self) -> list[OpenTrace]:
        fronts = (next(iter(held.values()), None) for held in (self._waiting, self._reported))
        return [each for each in fronts if each is not None]
