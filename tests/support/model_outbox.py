"""The outbox of the dict model: lanes, leases, fences and dead letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from gateway.stores.base import (
    DeadLetter,
    LetterPlace,
    NewOutboxItem,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    WaitingSends,
)
from gateway.stores.record import pack_id

_Lane: TypeAlias = tuple[str, OutboxKind, str, bool]


@dataclass(slots=True, kw_only=True)
class _Entry:
    """An item of the outbox. `due_ms` is None while it waits for its turn."""

    item: NewOutboxItem
    created_ms: int
    due_ms: int | None = None
    lane_waits_until_ms: int | None = None
    fence: int = 0
    tries: int = 0
    begun_ms: int | None = None
    refused_ms: int | None = None
    suspended_for: str | None = None
    is_alone: bool = False
    is_replayed: bool = False
    made_ms: int = 0

    @property
    def lane(self) -> _Lane:
        return self.item.item_id.owner, self.item.kind, self.item.url, self.is_replayed


class ModelOutbox:
    """What is to be sent and posted, by item id."""

    def __init__(self) -> None:
        self._entries: dict[OutboxItemId, _Entry] = {}
        self._dead: dict[OutboxItemId, tuple[DeadLetter, int]] = {}

    def holds(self, item_id: OutboxItemId, fence: int) -> bool:
        """Tell whether the item is there and its latest claim has this fence."""
        entry = self._entries.get(item_id)
        return entry is not None and entry.fence == fence

    def append(
        self,
        item: NewOutboxItem,
        *,
        now_ms: int,
        lease_ms: int,
        is_alone: bool = False,
        is_claimed: bool = True,
    ) -> list[OutboxItem]:
        """Append an item; when it need not wait for its turn, claim it, or let it be due."""
        entry = _Entry(item=item, created_ms=now_ms, is_alone=is_alone, made_ms=now_ms)
        self._entries[item.item_id] = entry
        due_ms = self._due_ms(entry)
        if self._lane(entry.lane)[:1] == [entry] or is_alone:
            return self._hand_out(entry, now_ms, lease_ms, is_claimed=is_claimed)
        if due_ms is not None and due_ms <= now_ms:
            entry.lane_waits_until_ms = due_ms
            return self._hand_out(entry, now_ms, lease_ms, is_claimed=is_claimed)
        return []

    def _hand_out(
        self, entry: _Entry, now_ms: int, lease_ms: int, *, is_claimed: bool
    ) -> list[OutboxItem]:
        if is_claimed:
            return [_lease(entry, now_ms + lease_ms)]
        entry.due_ms = now_ms
        return []

    def instants(self) -> list[int]:
        """Return when items can be claimed, those that wait for their turn aside."""
        return [due for entry in self._entries.values() if (due := self._due_ms(entry)) is not None]

    def applications(self) -> set[str]:
        """Return the names of the applications with items here."""
        return {entry.item.application for entry in self._entries.values()}

    def claim(
        self, kind: OutboxKind, application: str, *, now_ms: int, lease_ms: int, limit: int
    ) -> list[OutboxItem]:
        """Claim what is due, the longest due first."""
        due = [
            (due_ms, entry.item.item_id.owner, entry.item.item_id.position, entry)
            for entry in self._entries.values()
            if entry.item.kind is kind
            and entry.item.application == application
            and (due_ms := self._due_ms(entry)) is not None
            and due_ms <= now_ms
        ]
        due.sort(key=lambda one: one[:3])
        return [self._claim(entry, now_ms + lease_ms) for *_, entry in due[:limit]]

    def _due_ms(self, entry: _Entry) -> int | None:
        """Return when an item can be claimed: at the latest when its lane waits no longer."""
        if entry.due_ms is not None or entry.is_alone:
            return entry.due_ms
        return self._lane(entry.lane)[0].lane_waits_until_ms

    def _claim(self, entry: _Entry, until_ms: int) -> OutboxItem:
        """Claim an item; the lane does not wait again for one that could not wait for its turn."""
        if entry.due_ms is None:
            entry.lane_waits_until_ms = self._due_ms(entry)
        return _lease(entry, until_ms)

    def begin(self, item: OutboxItem, *, now_ms: int) -> bool:
        """Record that an attempt is about to leave."""
        if not self.holds(item.item_id, item.fence):
            return False
        self._entries[item.item_id].begun_ms = now_ms
        return True

    def release(
        self, item: OutboxItem, *, due_ms: int, tried: bool, waits_until_ms: int | None
    ) -> None:
        """Give an item back until `due_ms`."""
        if self.holds(item.item_id, item.fence):
            entry = self._entries[item.item_id]
            if tried and entry.refused_ms is None:
                entry.refused_ms = entry.begun_ms
            entry.due_ms, entry.begun_ms, entry.tries = due_ms, None, entry.tries + tried
            entry.suspended_for = None
            if entry.lane_waits_until_ms is None:
                entry.lane_waits_until_ms = waits_until_ms

    def detach(
        self, item: OutboxItem, *, due_ms: int, now_ms: int, lease_ms: int
    ) -> list[OutboxItem]:
        """Give an item back until `due_ms`, outside of its lane; claim the next of that."""
        if not self.holds(item.item_id, item.fence):
            return []
        entry = self._entries[item.item_id]
        self.release(item, due_ms=due_ms, tried=True, waits_until_ms=None)
        entry.is_alone = True
        return self._go_on(entry.lane, now_ms + lease_ms)

    def suspend(
        self, item: OutboxItem, *, account: str, until_ms: int, now_ms: int, tried: bool
    ) -> None:
        """Put a send aside."""
        if self.holds(item.item_id, item.fence) and item.kind is OutboxKind.SEND:
            entry = self._entries[item.item_id]
            if entry.refused_ms is None:
                entry.refused_ms = now_ms if entry.begun_ms is None else entry.begun_ms
            entry.due_ms, entry.begun_ms, entry.tries = until_ms, None, entry.tries + tried
            entry.suspended_for = account

    def resume(
        self, account: str, accepted: list[str], *, now_ms: int, lease_ms: int, limit: int
    ) -> list[OutboxItem]:
        """Claim what is suspended; `accepted` has the dispatches in the order of acceptance."""
        aside = [entry for entry in self._entries.values() if entry.suspended_for == account]
        aside.sort(
            key=lambda one: (accepted.index(one.item.item_id.owner), one.item.item_id.position)
        )
        return [_lease(entry, now_ms + lease_ms) for entry in aside[:limit]]

    def suspended(self) -> list[str]:
        """Return for whom a send is suspended, once for each."""
        return [one.suspended_for for one in self._entries.values() if one.suspended_for]

    def waiting_sends(self) -> dict[str, WaitingSends]:
        """Return the sends of each application that has any."""
        sends: dict[str, list[_Entry]] = {}
        for entry in self._entries.values():
            if entry.item.kind is OutboxKind.SEND:
                sends.setdefault(entry.item.application, []).append(entry)
        return {
            name: WaitingSends(
                count=len(entries),
                oldest_ms=min(
                    (entry.created_ms for entry in entries if entry.refused_ms is None),
                    default=None,
                ),
            )
            for name, entries in sends.items()
        }

    def remove(
        self, item_id: OutboxItemId, fence: int, *, now_ms: int, lease_ms: int
    ) -> list[OutboxItem]:
        """Remove an item; claim the next of its lane."""
        if not self.holds(item_id, fence):
            return []
        removed = self._entries.pop(item_id)
        return [] if removed.is_alone else self._go_on(removed.lane, now_ms + lease_ms)

    def _go_on(self, lane: _Lane, until_ms: int) -> list[OutboxItem]:
        """Claim the oldest item of a lane if it waited for its turn until now."""
        return [_lease(entry, until_ms) for entry in self._lane(lane)[:1] if entry.due_ms is None]

    def bury(
        self,
        item: OutboxItem,
        *,
        reason: str,
        http_status: int | None,
        now_ms: int,
        lease_ms: int,
    ) -> list[OutboxItem]:
        """Turn an item into a dead letter; claim the next of its lane."""
        if self.holds(item.item_id, item.fence):
            entry = self._entries[item.item_id]
            letter = DeadLetter(
                item=entry.item,
                reason=reason,
                http_status=http_status,
                tries=entry.tries + 1,
                created_ms=entry.made_ms,
                died_ms=now_ms,
            )
            self._dead[item.item_id] = (letter, entry.fence)
        return self.remove(item.item_id, item.fence, now_ms=now_ms, lease_ms=lease_ms)

    def dead_letters(self) -> list[DeadLetter]:
        """Return all dead letters, in the order of making."""
        letters = [letter for letter, _ in self._dead.values()]
        return sorted(letters, key=lambda letter: in_order_of_making(letter.place))

    def exhume(self, application: str, item_id: OutboxItemId, *, now_ms: int) -> bool:
        """Append a dead letter anew, outside of its lane."""
        entry = self._come_back(application, item_id, now_ms=now_ms)
        if entry is None:
            return False
        entry.is_alone, entry.due_ms = True, now_ms
        return True

    def replay(
        self,
        application: str,
        item_ids: Sequence[OutboxItemId],
        *,
        now_ms: int,
        due_ms: int,
        spacing_ms: int,
    ) -> int:
        """Append dead letters anew, in lanes of their own; return how many there were."""
        back: list[tuple[_Entry, int]] = []
        for number, item_id in enumerate(item_ids):
            entry = self._come_back(application, item_id, now_ms=now_ms)
            if entry is not None:
                entry.is_replayed = True
                back.append((entry, due_ms + number * spacing_ms))
        for entry, entry_due_ms in back:
            if self._lane(entry.lane)[0] is entry:
                entry.due_ms = entry_due_ms
        return len(back)

    def _come_back(self, application: str, item_id: OutboxItemId, *, now_ms: int) -> _Entry | None:
        found = self._dead.get(item_id)
        if found is None or found[0].item.application != application:
            return None
        letter, fence = self._dead.pop(item_id)
        entry = _Entry(
            item=letter.item, created_ms=now_ms, fence=fence + 1, made_ms=letter.created_ms
        )
        self._entries[item_id] = entry
        return entry

    def forget(self, letter: DeadLetter) -> None:
        """Wipe a dead letter."""
        del self._dead[letter.item.item_id]

    def owners(self) -> set[str]:
        """Return who has anything left to send or post."""
        return {item_id.owner for item_id in self._entries}

    def count(self, kind: OutboxKind) -> int:
        """Count the items of a kind."""
        return [entry.item.kind for entry in self._entries.values()].count(kind)

    def _lane(self, lane: _Lane) -> list[_Entry]:
        found = [one for one in self._entries.values() if one.lane == lane and not one.is_alone]
        return sorted(found, key=lambda one: one.item.item_id.position)


def in_order_of_making(place: LetterPlace) -> tuple[int, bool, str, int]:
    """Return a key that sorts dead letters; ids that are no UUIDs come first."""
    owner = place.item_id.owner
    return place.created_ms, isinstance(pack_id(owner), bytes), owner, place.item_id.position


def _lease(entry: _Entry, until_ms: int) -> OutboxItem:
    entry.fence += 1
    entry.due_ms, entry.suspended_for = until_ms, None
    item = entry.item
    return OutboxItem(
        item_id=item.item_id,
        kind=item.kind,
        application=item.application,
        url=item.url,
        step=item.step,
        body=item.body,
        fence=entry.fence,
        lease_until_ms=until_ms,
        created_ms=entry.created_ms,
        tries=entry.tries,
        begun_ms=entry.begun_ms,
        refused_ms=entry.refused_ms,
    )
