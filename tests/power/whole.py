"""A commit is there as a whole or not at all: asked of a store by its own methods."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from gateway.stores.base import (
    CauseSpent,
    Commit,
    OutboxItemId,
    OutboxKind,
    RequestCause,
    RevisionConflict,
    Store,
    Timer,
)
from tests.gateway.stores.building import DAY, LEASE, NOW, SHOP, commit, put, send, timer, uuid_of

_LATER_MS: Final = NOW + 2 * DAY
_ALL: Final = 9999
_NEW: Final = 3_000_000


class Found:
    """What the next owner of a store finds. All is asked for before anything is changed."""

    def __init__(self, store: Store, timers: Collection[Timer]) -> None:
        self._store = store
        self._timers = timers

    @classmethod
    async def of(cls, store: Store) -> Found:
        """Look at a store that was just opened."""
        due = await store.due_timers(now_ms=_LATER_MS, limit=_ALL)
        return cls(store, {each.timer for each in due})

    async def has(self, made: Commit) -> bool:
        """Tell whether a commit is there, by the revision of its dispatch."""
        record = await self._store.load(made.state.dispatch_uuid)
        return record is not None and record.state.revision >= made.state.revision

    async def missing(self, made: Commit) -> list[str]:
        """Return what is not there of a commit that has to be."""
        store, uuid, revision = self._store, made.state.dispatch_uuid, made.state.revision
        record = await store.load(uuid)
        if record is None or record.state.revision < revision:
            return [_of(made, "the record")]
        missing: list[str] = []
        entries = [entry.revision for entry in await store.history(uuid)]
        if entries != list(range(1, record.state.revision + 1)):
            missing.append("the history")
        for message, step in made.bindings:
            if await store.find_message(message) != (uuid, step):
                missing.append("a message id")
        if _key(made) is not None and not await self._keeps_key(made):
            missing.append("the idempotency key")
        # A later revision may have dropped them.
        if record.state.revision == revision and not {*made.timers_set} <= {*self._timers}:
            missing.append("a timer")
        if not await self._is_refused(made):
            missing.append("that its cause is spent")
        return [_of(made, what) for what in missing]

    async def leftovers(self, made: Commit) -> list[str]:
        """Return what is there of a commit that is not."""
        store, uuid, revision = self._store, made.state.dispatch_uuid, made.state.revision
        left: list[str] = []
        if any(entry.revision >= revision for entry in await store.history(uuid)):
            left.append("the history")
        if any([await store.find_message(message) for message, _ in made.bindings]):
            left.append("a message id")
        if await self._keeps_key(made):
            left.append("the idempotency key")
        if {*made.timers_set} & {*self._timers}:
            left.append("a timer")
        return [_of(made, what) for what in left]

    async def _keeps_key(self, made: Commit) -> bool:
        key = _key(made)
        request = None if key is None else await self._store.recall(made.application, key)
        return request is not None and request.dispatch_uuid == made.state.dispatch_uuid

    async def _is_refused(self, made: Commit) -> bool:
        try:
            await put(self._store, made)
        except (CauseSpent, RevisionConflict):
            return True
        return False


async def items(store: Store) -> set[OutboxItemId]:
    """Claim whatever can be claimed, and return what that is."""
    claimed = [
        *await store.claim(OutboxKind.SEND, now_ms=_LATER_MS, lease_ms=LEASE, room={SHOP: _ALL}),
        *await store.claim(
            OutboxKind.CALLBACK, now_ms=_LATER_MS, lease_ms=LEASE, room={SHOP: _ALL}
        ),
    ]
    return {each.item_id for each in claimed}


def halves(made: Commit, claimed: Collection[OutboxItemId], *, is_there: bool) -> Sequence[str]:
    """Return which sends of a commit that nobody was answered about are not as the rest of it.

    Callbacks may wait for others of their lane.
    """
    asked = {each.item_id for each in made.outbox if each.kind is OutboxKind.SEND}
    wrong = asked - {*claimed} if is_there else asked & {*claimed}
    return [_of(made, f"the send {each}") for each in wrong]


async def goes_on(store: Store) -> bool:
    """Tell whether a store takes a dispatch, hands out its send and lets it begin."""
    await put(store, commit(_NEW, outbox=[send(1, _NEW)], timers_set=[timer(_NEW)]))
    claimed = await store.claim(
        OutboxKind.SEND, now_ms=_LATER_MS, lease_ms=LEASE, room={SHOP: _ALL}
    )
    began = [
        await store.begin(each, now_ms=_LATER_MS)
        for each in claimed
        if each.item_id.owner == uuid_of(_NEW)
    ]
    return began == [True] and await store.load(uuid_of(_NEW)) is not None


def _key(made: Commit) -> str | None:
    return made.cause.idempotency_key if isinstance(made.cause, RequestCause) else None


def _of(made: Commit, what: str) -> str:
    return f"{what} of revision {made.state.revision} of {made.state.dispatch_uuid}"
