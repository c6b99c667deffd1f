"""Lines of items, worked in rounds: nobody's many stand before another's few."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeAlias, TypeVar

from gateway.stores.base import OutboxItem

T = TypeVar("T")


class Line(NamedTuple):
    """Where an item waits. Items of one line begin in its order."""

    account: str
    application: str
    """"" for a line that all applications of the account share."""
    destination: str
    """What may be overrun while others are not, such as the origin of a receiver; or ""."""


_Queues: TypeAlias = dict[str, deque[OutboxItem]]


class Rounds:
    """Items that wait to be begun.

    Each account has its turn, in it each of its applications, and in that each destination. Who
    has nothing that may begin lets the next one go first, and has its turn as soon as it has.
    """

    def __init__(self) -> None:
        self._accounts: dict[str, dict[str, _Queues]] = {}
        self._waiting = 0

    def __len__(self) -> int:
        """Count what waits."""
        return self._waiting

    def append(self, line: Line, item: OutboxItem) -> None:
        """Put an item at the end of its line."""
        applications = self._accounts.setdefault(line.account, {})
        queues = applications.setdefault(line.application, {})
        queues.setdefault(line.destination, deque()).append(item)
        self._waiting += 1

    def take(self, begins: Callable[[OutboxItem], bool]) -> bool:
        """Let the next item begin that can; False when none can.

        Args:
            begins: is asked about the first item of each line in turn, until it has begun one and
                says so.
        """
        for account in tuple(self._accounts):
            applications = self._accounts[account]
            for application in tuple(applications):
                queues = applications[application]
                for destination in tuple(queues):
                    queue = queues[destination]
                    if begins(queue[0]):
                        queue.popleft()
                        self._waiting -= 1
                        _had_its_turn(queues, destination)
                        _had_its_turn(applications, application)
                        _had_its_turn(self._accounts, account)
                        return True
        return False

    def waiting_in(self, line: Line) -> int:
        """Count the items of a line."""
        queues = self._accounts.get(line.account, {}).get(line.application, {})
        return len(queues.get(line.destination, ()))

    def waiting_of(self, account: str, application: str) -> int:
        """Count the items of an application, those of its account's shared line aside."""
        return sum(map(len, self._accounts.get(account, {}).get(application, {}).values()))

    def clear(self) -> None:
        """Let go of everything."""
        self._accounts.clear()
        self._waiting = 0


def _had_its_turn(round_: dict[str, T], name: str) -> None:
    """Put a name to the end of its round, or take it out when nothing of it is left."""
    left = round_.pop(name)
    if left:
        round_[name] = left
