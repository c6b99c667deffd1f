"""The dispatches that were committed last, as they were committed.

An event mostly concerns a dispatch that had one a moment ago. One process owns the file, so what
it committed last is what the file holds; reading and decoding it again would cost more than the
decision. Only what is durable is remembered.
"""

from __future__ import annotations

from typing import Final

from gateway.stores.base import Commit, DispatchRecord

CAPACITY: Final = 4096
"""Records, each a few kilobytes."""


class RecentRecords:
    """A bounded memory of records; the oldest one is forgotten first."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._records: dict[str, DispatchRecord] = {}

    def recall(self, dispatch_uuid: str) -> DispatchRecord | None:
        """Return the record, None when it is not remembered."""
        return self._records.get(dispatch_uuid)

    def remember(self, commit: Commit) -> None:
        """Take over the outcome of a commit that became durable.

        A later commit's plan is known from the first one; without it the record is left to the
        file. A commit whose notice comes late never replaces a newer one.
        """
        dispatch_uuid = commit.state.dispatch_uuid
        known = self._records.pop(dispatch_uuid, None)
        if known is not None and known.state.revision >= commit.state.revision:
            self._records[dispatch_uuid] = known
        elif commit.plan is not None or known is not None:
            plan = known.plan if known is not None else commit.plan
            self._records[dispatch_uuid] = DispatchRecord(
                application=commit.application, state=commit.state, plan=plan
            )
            if len(self._records) > self._capacity:
                del self._records[next(iter(self._records))]

    def forget(self, dispatch_uuid: str) -> None:
        """Leave the dispatch to the file."""
        self._records.pop(dispatch_uuid, None)

    def clear(self) -> None:
        """Forget everything."""
        self._records.clear()
