"""Random histories of a store: a script of moves, and a player that performs it on any store.

The player writes down every answer in a form that two stores can be compared by. A move that has
nothing to act on (settling before anything was handed out) is a move that does nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from gateway.core.state import DispatchStatus
from gateway.stores.base import (
    Cause,
    CauseSpent,
    LetterChoice,
    OutboxCause,
    OutboxItem,
    OutboxKind,
    RequestCause,
    RevisionConflict,
    Store,
    TimerCause,
)
from tests.gateway.stores.building import (
    DAY,
    LEASE,
    NOW,
    OTHER_URL,
    SHOP,
    URL,
    callback,
    commit,
    put,
    send,
    timer,
    uuid_of,
    webhook,
)

DISPATCHES: Final = (1, 2)
MESSAGES: Final = (uuid_of(7), "not a uuid")
KEYS: Final = ("k1", "k2")
SCOPES: Final = ("account:shop", "step:another/0")


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that is done to a store: a name and small numbers that pick its arguments."""

    name: str
    which: int
    choice: int
    wait_ms: int


moves: Final = st.builds(
    Move,
    name=st.sampled_from(
        (
            *("accept", "webhook", "outcome", "claim", "settle"),
            *("accept", "webhook", "outcome", "claim", "settle"),  # the usual life, twice as often
            *("begin", "release", "release", "detach", "bury", "bury", "exhume", "replay"),
            *("enqueue", "fire", "hold", "drop", "sweep", "set_aside", "bring_back"),
            *("suspend", "resume", "suspend"),
        )
    ),
    which=st.integers(0, 5),
    choice=st.integers(0, 11),
    wait_ms=st.sampled_from([0, 1, LEASE, LEASE + 7, DAY]),
)
scripts: Final = st.lists(moves, max_size=50)

Answer: TypeAlias = Any


class Player:
    """Performs moves on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now_ms = NOW
        self._position = 0
        self._handed: list[OutboxItem] = []

    async def play(self, script: Sequence[Move]) -> list[Answer]:
        """Return the answer of every move, and everything the store shows in the end."""
        answers: list[Answer] = []
        for move in script:
            self._now_ms += move.wait_ms
            perform: Callable[[Move], Awaitable[Answer]] = getattr(self, f"_{move.name}")
            try:
                answers.append(await perform(move))
            except (CauseSpent, RevisionConflict) as refusal:
                answers.append(type(refusal).__name__)
            answers.append(await self._store.counts())
        return [*answers, *await self._everything()]

    async def _everything(self) -> list[Answer]:
        shown: list[Answer] = []
        for number in DISPATCHES:
            shown.append(await self._store.load(uuid_of(number)))
            shown.append(list(await self._store.history(uuid_of(number))))
        for message in MESSAGES:
            shown.append(await self._store.find_message(message))
            shown.append([one.body for one in await self._store.held_for(message)])
        shown += [await self._store.recall(SHOP, key) for key in KEYS]
        shown.append(sorted(await self._store.due_timers(now_ms=2 * NOW, limit=99), key=str))
        shown.append(await self._store.next_timer_ms())
        shown.append(await self._store.scopes_aside())
        shown.append(list(await self._store.dead_letters(SHOP, limit=99)))
        shown.append(sorted(one.body for one in await self._store.matchable(limit=99)))
        for reason in (None, "unmatched"):
            listed = await self._store.held([SHOP], reason=reason, after=0, limit=99)
            shown.append([replace(one, held_id=0) for one in listed])
        return shown

    async def _accept(self, move: Move) -> Answer:
        key = (*KEYS, None)[move.choice % 3]
        cause = RequestCause(application=SHOP, idempotency_key=key, fingerprint=str(move.which))
        return await self._commit(move, 1, cause)

    async def _webhook(self, move: Move) -> Answer:
        return await self._commit(move, None, webhook("abc"[move.which % 3]))

    async def _fire(self, move: Move) -> Answer:
        number = DISPATCHES[move.which % 2]
        return await self._commit(move, None, TimerCause(timer=timer(number, step=1)))

    async def _set_aside(self, move: Move) -> Answer:
        timers = [timer(number, step=1) for number in DISPATCHES[: 1 + move.choice % 2]]
        return await self._store.set_aside(timers, scope=SCOPES[move.which % 2])

    async def _bring_back(self, move: Move) -> Answer:
        return await self._store.bring_back(SCOPES[move.which % 2], limit=1 + move.choice % 2)

    async def _outcome(self, move: Move) -> Answer:
        return [
            await self._commit(move, None, OutboxCause(item_id=item.item_id, fence=item.fence))
            for item in self._picked(move)
        ]

    async def _commit(self, move: Move, revision: int | None, cause: Cause) -> Answer:
        number = DISPATCHES[move.which % 2]
        if revision is None:
            record = await self._store.load(uuid_of(number))
            revision = (record.state.revision if record else 4) + 1
        bits = move.choice
        items = [send(self._next(), number), callback(self._next(), number, url=URL)]
        items += [callback(self._next(), number, url=(URL, OTHER_URL)[bits % 2])]
        made = commit(
            number,
            revision,
            cause=cause,
            status=tuple(DispatchStatus)[bits % 3],
            changed_ms=self._now_ms,
            outbox=items[: bits % 4],
            timers_set=[timer(number, step=1), timer(number, due_ms=NOW + bits)][: bits % 3],
            timers_dropped=[timer(number, due_ms=NOW + bits - 1)],
            bindings=[(MESSAGES[bits % 2], bits % 2)][: move.which % 2],
        )
        unclaimed = [item.item_id for item in made.outbox if (bits + item.step) % 5 == 0]
        kept = await put(self._store, made, now_ms=self._now_ms, unclaimed=unclaimed)
        return self._keep(kept)

    async def _claim(self, move: Move) -> Answer:
        kind = tuple(OutboxKind)[move.which % 2]
        claimed = await self._store.claim(
            kind, now_ms=self._now_ms, lease_ms=LEASE, room={SHOP: 99}
        )
        return self._keep(sorted(claimed, key=lambda item: str(item.item_id)))

    async def _begin(self, move: Move) -> Answer:
        return [await self._store.begin(item, now_ms=self._now_ms) for item in self._picked(move)]

    async def _settle(self, move: Move) -> Answer:
        for item in self._picked(move):
            self._keep(await self._store.settle(item, now_ms=self._now_ms, lease_ms=LEASE))
        return list(self._handed)

    async def _release(self, move: Move) -> Answer:
        for item in self._picked(move):
            due_ms = self._now_ms + move.choice
            waits = (None, self._now_ms, self._now_ms + LEASE, self._now_ms + DAY)[move.which % 4]
            await self._store.release(
                item, due_ms=due_ms, tried=bool(move.which % 2), lane_waits_until_ms=waits
            )

    async def _detach(self, move: Move) -> Answer:
        return [
            self._keep(
                await self._store.detach(
                    item, due_ms=self._now_ms + move.which, now_ms=self._now_ms, lease_ms=LEASE
                )
            )
            for item in self._picked(move)
        ]

    async def _suspend(self, move: Move) -> Answer:
        for item in self._picked(move):
            await self._store.suspend(
                item,
                account="ab"[move.which % 2],
                until_ms=self._now_ms + move.choice * LEASE,
                now_ms=self._now_ms,
                tried=bool(move.choice % 2),
            )
        return await self._store.suspended()

    async def _resume(self, move: Move) -> Answer:
        resumed = await self._store.resume(
            "ab"[move.which % 2], now_ms=self._now_ms, lease_ms=LEASE, limit=1 + move.choice
        )
        return self._keep(resumed), await self._store.waiting_sends()

    async def _bury(self, move: Move) -> Answer:
        for item in self._picked(move):
            following = await self._store.bury(
                item, reason="refused", http_status=422, now_ms=self._now_ms, lease_ms=LEASE
            )
            self._keep(following)
        return list(self._handed)

    async def _exhume(self, move: Move) -> Answer:
        application = (SHOP, "other")[move.choice == 0]
        return [
            await self._store.exhume(application, item.item_id, now_ms=self._now_ms)
            for item in self._picked(move)
        ]

    async def _replay(self, move: Move) -> Answer:
        choice = LetterChoice(
            since_ms=(None, NOW, self._now_ms)[move.choice % 3],
            until_ms=(None, self._now_ms - 1)[move.which % 2],
            owner=(None, uuid_of(1))[move.choice % 2],
            reason=(None, None, "another")[move.which % 3],
        )
        count = await self._store.count_dead_letters(SHOP, choice)
        letters = await self._store.dead_letters(SHOP, limit=1 + move.choice, choice=choice)
        rest = letters and await self._store.dead_letters(SHOP, limit=9, after=letters[0].place)
        replayed = await self._store.replay(
            SHOP,
            [letter.item.item_id for letter in letters],
            now_ms=self._now_ms,
            due_ms=self._now_ms + move.which,
            spacing_ms=move.choice,
        )
        return [count, list(letters), list(rest), replayed]

    async def _enqueue(self, move: Move) -> Answer:
        item = replace(callback(self._next(), 9), application=("other", SHOP)[move.choice % 2])
        digest = str(move.which).encode()
        return self._keep(
            await self._store.enqueue(item, digest=digest, now_ms=self._now_ms, lease_ms=LEASE)
        )

    async def _hold(self, move: Move) -> Answer:
        return await self._store.hold(
            application=SHOP,
            reason=("unmatched", "unreadable")[move.choice % 2],
            message_uuid=(*MESSAGES, None)[move.choice % 3],
            body=str(move.which).encode(),
            now_ms=self._now_ms,
        )

    async def _drop(self, move: Move) -> Answer:
        held = await self._store.held_for(MESSAGES[move.which % 2])
        for one in held[:1]:
            await self._store.drop_held(one.held_id)

    async def _sweep(self, move: Move) -> Answer:
        before_ms = self._now_ms - (0, 1, LEASE, DAY)[move.choice % 4]
        return await self._store.sweep(before_ms=before_ms, limit=1 + move.which)

    def _picked(self, move: Move) -> list[OutboxItem]:
        """Return one of the items that were handed out, the latest ones being likelier."""
        return self._handed[-1 - move.choice :][:1]

    def _keep(self, items: Sequence[OutboxItem]) -> list[OutboxItem]:
        self._handed += items
        return list(items)

    def _next(self) -> int:
        self._position += 1
        return self._position
