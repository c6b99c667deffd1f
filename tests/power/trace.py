"""What a store did to its files and told its callers, in the order in which it did."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias

from gateway.stores.base import Commit
from tests.power.unsynced import Contents, FileChange

_LOG: Final = "-wal"
_FRAME_HEADER: Final = 24


@dataclass(frozen=True, slots=True)
class Asked:
    """The store was asked for a commit."""

    commit: Commit


@dataclass(frozen=True, slots=True)
class Answered:
    """A method of the store that writes has returned: what it did survives a loss of power."""

    commit: Commit | None = None
    """What was committed, if it was a commit."""


@dataclass(frozen=True, slots=True)
class Denied:
    """The store did not commit, and said that nothing of it can come back."""

    commit: Commit


Event: TypeAlias = FileChange | Asked | Answered | Denied


@dataclass(slots=True)
class Trace:
    """A run of a store."""

    start: Contents
    """What lay in the folder at the beginning, durable."""
    events: list[Event] = field(default_factory=list)

    def changes(self) -> list[int]:
        """Return the numbers of the events that are changes of files."""
        return [number for number, event in enumerate(self.events) if isinstance(event, partial)]

    def changes_after_answers(self) -> list[int]:
        """Return those before which somebody was answered and nothing was changed since."""
        return [
            number
            for number in self.changes()
            if number and isinstance(self.events[number - 1], Answered | Denied)
        ]

    def changes_after_a_failed_sync(self) -> list[int]:
        """Return those that were made after the first sync that failed."""
        changes = self.changes()
        names = [self._name(number) for number in changes]
        return changes[names.index("fail_to_sync") :] if "fail_to_sync" in names else []

    def _name(self, number: int) -> str:
        change = self.events[number]
        return change.func.__name__ if isinstance(change, partial) else ""

    @classmethod
    def load(cls, path: Path) -> Trace:
        """Read what `save` wrote."""
        loaded = pickle.loads(path.read_bytes())  # noqa: S301 - written by this very program
        assert isinstance(loaded, cls)
        return loaded

    def save(self, path: Path) -> None:
        """Keep it, so that a violation can be looked at again."""
        path.write_bytes(pickle.dumps(self))


def transaction_ends() -> Callable[[FileChange], bool]:
    """Return what tells, of one change after the other, which of them end a transaction.

    The last frame of a transaction has a number in its header, and its page is written next. One
    that failed is taken back by cutting the log off.
    Source: https://www.sqlite.org/walformat.html.
    """
    is_last = False

    def ends(change: FileChange) -> bool:
        nonlocal is_last
        data: bytes | None = change.keywords.get("data")
        if not change.keywords.get("name", "").endswith(_LOG):
            return False
        if data is None:
            return "size" in change.keywords
        was_last, is_last = is_last, len(data) == _FRAME_HEADER and any(data[4:8])
        return was_last

    return ends
