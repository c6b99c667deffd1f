"""The embedded store: one SQLite file, owned by one process.

One connection writes and checkpoints, another one reads. Operations that arrive in one turn of
the event loop share a transaction, and nobody is answered before it is on disk (`group_commit`).
The write-ahead log is copied into the file in the background, so that no commit pays for it.

Source: docs/adr/0004-sqlite-by-the-standard-library.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Final, ParamSpec, TypeVar

from gateway.stores import sqlite_dead_letters, sqlite_holds, sqlite_outbox, sqlite_upkeep
from gateway.stores.base import (
    EVERY_LETTER,
    CauseSpent,
    Commit,
    DeadLetter,
    DispatchRecord,
    DueTimer,
    HeldWebhook,
    HistoryEntry,
    Hold,
    LetterChoice,
    LetterPlace,
    NewOutboxItem,
    OutboxItem,
    OutboxItemId,
    OutboxKind,
    RequestRecord,
    StoreCounts,
    StoreFault,
    StoreUnavailable,
    Timer,
    WaitingSends,
)
from gateway.stores.group_commit import GroupCommit
from gateway.stores.recent import RecentRecords
from gateway.stores.sqlite_checkpoints import checkpoint_forever, close_writer
from gateway.stores.sqlite_commit import commit_operation
from gateway.stores.sqlite_lock import FileLock
from gateway.stores.sqlite_log import DatabaseFiles
from gateway.stores.sqlite_reads import SqliteReads
from gateway.stores.sqlite_rescue import Rescue
from gateway.stores.sqlite_rows import SENDS, item_key
from gateway.stores.sqlite_schema import affected_by_wal_reset_bug
from gateway.stores.transactions import Transaction, refused

T = TypeVar("T")
Asked = ParamSpec("Asked")


class SqliteStore:
    """The store contract on one SQLite file. Made by `open_store`."""

    affected_by_wal_reset_bug: Final = affected_by_wal_reset_bug
    """The linked SQLite has the bug; one connection that writes is safe from it."""

    def __init__(
        self,
        *,
        lock: FileLock,
        files: DatabaseFiles,
        rescue: Rescue,
        writer: sqlite3.Connection,
        reader: sqlite3.Connection,
        secret: bytes,
        inline: bool,
        description: str,
        checkpoint_every_s: float,
    ) -> None:
        self._description = description
        self._lock = lock
        self._files = files
        self._rescue = rescue
        self._secret = secret
        self._reads = SqliteReads(reader)
        self._sizes = self._reads.sizes()
        self.writer = GroupCommit(writer, inline=inline, files=files, rescue=rescue)
        """The one writer; `run_alone` is also the way to back the file up (`VACUUM INTO`)."""
        self._applications: dict[str, int] = {}
        self._recent = RecentRecords()
        self._checkpoints = asyncio.create_task(
            checkpoint_forever(self.writer, files, every_s=checkpoint_every_s)
        )

    @property
    def description(self) -> str:
        return self._description

    @property
    def failed(self) -> asyncio.Event:
        return self.writer.failed

    @property
    def fault(self) -> StoreFault | None:
        return self.writer.fault

    @property
    def fatal(self) -> asyncio.Event:
        return self.writer.fatal

    async def commit(
        self,
        commit: Commit,
        *,
        now_ms: int,
        lease_ms: int,
        unclaimed: Collection[OutboxItemId] = (),
    ) -> Sequence[OutboxItem]:
        application = await self._application(commit.application)
        operation = commit_operation(
            commit,
            application=application,
            now_ms=now_ms,
            lease_ms=lease_ms,
            unclaimed=unclaimed,
        )
        try:
            claimed = await self.writer.submit(operation)
        except BaseException:
            # A conflict, or a caller that was cancelled and never learned the outcome.
            self._recent.forget(commit.state.dispatch_uuid)
            raise
        self._recent.remember(commit)
        return claimed

    async def load(self, dispatch_uuid: str) -> DispatchRecord | None:
        recent = None if self.fault else self._recent.recall(dispatch_uuid)
        return recent or self._read(self._reads.load, dispatch_uuid)

    async def history(self, dispatch_uuid: str) -> Sequence[HistoryEntry]:
        return self._read(self._reads.history, dispatch_uuid)

    async def find_message(self, message_uuid: str) -> tuple[str, int] | None:
        return self._read(self._reads.find_message, message_uuid)

    async def recall(self, application: str, idempotency_key: str) -> RequestRecord | None:
        return self._read(self._reads.recall, application, idempotency_key)

    async def claim(
        self, kind: OutboxKind, *, now_ms: int, lease_ms: int, room: Mapping[str, int]
    ) -> Sequence[OutboxItem]:
        due = {
            name: limit
            for name, limit in room.items()
            if limit > 0 and self._read(self._reads.has_due, kind, name, now_ms)
        }
        if not due:
            return ()
        return await self.writer.submit(
            partial(sqlite_outbox.claim, kind=kind, now_ms=now_ms, lease_ms=lease_ms, room=due)
        )

    async def begin(self, item: OutboxItem, *, now_ms: int) -> bool:
        return await self.writer.submit(partial(sqlite_outbox.begin, item=item, now_ms=now_ms))

    async def settle(self, item: OutboxItem, *, now_ms: int, lease_ms: int) -> Sequence[OutboxItem]:
        return await self.writer.submit(
            partial(
                sqlite_outbox.remove,
                key=item_key(item.item_id),
                fence=item.fence,
                now_ms=now_ms,
                lease_ms=lease_ms,
            )
        )

    async def release(
        self,
        item: OutboxItem,
        *,
        due_ms: int,
        tried: bool,
        lane_waits_until_ms: int | None = None,
    ) -> None:
        await self.writer.submit(
            partial(
                sqlite_outbox.release,
                item=item,
                due_ms=due_ms,
                tried=tried,
                lane_waits_until_ms=lane_waits_until_ms,
            )
        )

    async def detach(
        self, item: OutboxItem, *, due_ms: int, now_ms: int, lease_ms: int
    ) -> Sequence[OutboxItem]:
        return await self.writer.submit(
            partial(
                sqlite_outbox.detach, item=item, due_ms=due_ms, now_ms=now_ms, lease_ms=lease_ms
            )
        )

    async def suspend(
        self, item: OutboxItem, *, account: str, until_ms: int, now_ms: int, tried: bool
    ) -> None:
        await self.writer.submit(
            partial(
                sqlite_outbox.suspend,
                item=item,
                account=account,
                until_ms=until_ms,
                now_ms=now_ms,
                tried=tried,
            )
        )

    async def resume(
        self, account: str, *, now_ms: int, lease_ms: int, limit: int
    ) -> Sequence[OutboxItem]:
        return await self.writer.submit(
            partial(
                sqlite_outbox.resume,
                account=account,
                now_ms=now_ms,
                lease_ms=lease_ms,
                limit=limit,
            )
        )

    async def suspended(self) -> Sequence[str]:
        return self._read(self._reads.suspended)

    async def waiting_sends(self) -> Mapping[str, WaitingSends]:
        return self._read(self._reads.waiting_sends, self._sizes + self.writer.sizes)

    async def bury(
        self,
        item: OutboxItem,
        *,
        reason: str,
        http_status: int | None,
        now_ms: int,
        lease_ms: int,
    ) -> Sequence[OutboxItem]:
        return await self.writer.submit(
            partial(
                sqlite_dead_letters.bury,
                item=item,
                reason=reason,
                http_status=http_status,
                now_ms=now_ms,
                lease_ms=lease_ms,
            )
        )

    async def dead_letters(
        self,
        application: str,
        *,
        limit: int,
        after: LetterPlace | None = None,
        choice: LetterChoice = EVERY_LETTER,
    ) -> Sequence[DeadLetter]:
        return self._read(self._reads.dead_letters, application, limit, after, choice)

    async def count_dead_letters(self, application: str, choice: LetterChoice) -> int:
        return self._read(self._reads.count_dead_letters, application, choice)

    async def exhume(self, application: str, item_id: OutboxItemId, *, now_ms: int) -> bool:
        row = await self._application(application)
        key = item_key(item_id)
        return await self.writer.submit(
            partial(sqlite_dead_letters.exhume, application=row, key=key, now_ms=now_ms)
        )

    async def replay(
        self,
        application: str,
        item_ids: Sequence[OutboxItemId],
        *,
        now_ms: int,
        due_ms: int,
        spacing_ms: int,
    ) -> int:
        return await self.writer.submit(
            partial(
                sqlite_dead_letters.replay,
                application=await self._application(application),
                keys=[item_key(item_id) for item_id in item_ids],
                now_ms=now_ms,
                due_ms=due_ms,
                spacing_ms=spacing_ms,
            )
        )

    async def enqueue(
        self,
        item: NewOutboxItem,
        *,
        digest: bytes,
        now_ms: int,
        lease_ms: int,
        unclaimed: Collection[OutboxItemId] = (),
    ) -> Sequence[OutboxItem]:
        application = await self._application(item.application)

        def operation(transaction: Transaction) -> Sequence[OutboxItem]:
            if not sqlite_upkeep.remember_inbound(transaction, digest, now_ms=now_ms):
                raise CauseSpent
            claimed = sqlite_outbox.append(
                transaction,
                item,
                application,
                now_ms=now_ms,
                lease_until_ms=now_ms + lease_ms,
                is_alone=True,
                is_claimed=item.item_id not in unclaimed,
            )
            return [] if claimed is None else [claimed]

        return await self.writer.submit(operation)

    async def due_timers(self, *, now_ms: int, limit: int) -> Sequence[DueTimer]:
        return self._read(self._reads.due_timers, now_ms, limit)

    async def next_timer_ms(self) -> int | None:
        return self._read(self._reads.next_timer_ms)

    async def place_hold(self, hold: Hold) -> None:
        await self.writer.submit(partial(sqlite_holds.place, hold=hold))

    async def lift_hold(self, hold: Hold) -> None:
        await self.writer.submit(partial(sqlite_holds.lift, hold=hold))

    async def holds(self) -> Sequence[Hold]:
        return self._read(self._reads.holds)

    async def set_aside(self, timers: Sequence[Timer], *, scope: str) -> None:
        await self.writer.submit(partial(sqlite_holds.set_aside, timers=timers, scope=scope))

    async def bring_back(self, scope: str, *, limit: int) -> int:
        return await self.writer.submit(partial(sqlite_holds.bring_back, scope=scope, limit=limit))

    async def scopes_aside(self) -> Sequence[str]:
        return self._read(self._reads.scopes_aside)

    async def note_silence(self, account: str, accepted_ms: Sequence[int]) -> None:
        await self.writer.submit(
            partial(sqlite_holds.note_silence, account=account, accepted_ms=accepted_ms)
        )

    async def silences(self) -> Mapping[str, Sequence[int]]:
        return self._read(self._reads.silences)

    async def sign(self, *, now_ms: int) -> None:
        await self.writer.submit(partial(sqlite_holds.sign, now_ms=now_ms))

    async def signed_ms(self) -> int | None:
        return self._read(self._reads.signed_ms)

    async def hold(
        self,
        *,
        application: str,
        reason: str,
        message_uuid: str | None,
        body: bytes,
        now_ms: int,
    ) -> tuple[str, int] | None:
        return await self.writer.submit(
            partial(
                sqlite_upkeep.hold,
                application=await self._application(application),
                reason=reason,
                message_uuid=message_uuid,
                body=body,
                now_ms=now_ms,
            )
        )

    async def held_for(self, message_uuid: str) -> Sequence[HeldWebhook]:
        # Asked after every send, and nearly always in vain.
        if not self._sizes["held_webhooks"] + self.writer.sizes["held_webhooks"]:
            return ()
        return self._read(self._reads.held_for, message_uuid)

    async def matchable(self, *, limit: int) -> Sequence[HeldWebhook]:
        return self._read(self._reads.matchable, limit)

    async def held(
        self, senders: Sequence[str], *, reason: str | None, after: int, limit: int
    ) -> Sequence[HeldWebhook]:
        return self._read(self._reads.held, senders, reason, after, limit)

    async def held_webhook(self, held_id: int) -> HeldWebhook | None:
        return self._read(self._reads.held_webhook, held_id)

    async def drop_held(self, held_id: int) -> None:
        await self.writer.submit(partial(sqlite_upkeep.drop_held, held_id=held_id))

    async def sweep(self, *, before_ms: int, limit: int) -> int:
        wiped = await self.writer.submit(
            partial(sqlite_upkeep.sweep, before_ms=before_ms, limit=limit)
        )
        if wiped:
            self._recent.clear()  # it remembers plans
        return wiped

    async def applications_in_use(self) -> Sequence[str]:
        return self._read(self._reads.applications_in_use)

    async def applications_at_work(self) -> Sequence[str]:
        return self._read(self._reads.applications_at_work)

    async def accepted_since(self, application: str, *, since_ms: int, limit: int) -> int:
        return self._read(self._reads.accepted_since, application, since_ms, limit)

    async def counts(self) -> StoreCounts:
        sizes = self._sizes + self.writer.sizes
        return StoreCounts(
            open_dispatches=sizes["open_dispatches"],
            pending_timers=sizes["pending_timers"],
            pending_sends=sum(count for name, count in sizes.items() if name.startswith(SENDS)),
            suspended_sends=self._read(self._reads.suspended_sends),
            pending_callbacks=sizes["pending_callbacks"],
            dead_letters=sizes["dead_letters"],
            held_webhooks=sizes["held_webhooks"],
            held_timers=sizes["held_timers"],
        )

    async def check(self) -> None:
        await self.writer.submit(sqlite_upkeep.check)

    def secret(self) -> bytes:
        return self._secret

    async def close(self) -> None:
        if self._checkpoints.cancelled():
            return
        self._checkpoints.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._checkpoints
        try:
            await self.writer.close(self._close_connections)
        finally:
            self._files.close()
            self._lock.release()

    def _close_connections(self, writer: sqlite3.Connection) -> None:
        if self.fault is None:
            self._reads.close()
            close_writer(writer)
            return
        if self.fault.needs_rescue:
            self._rescue(writer)  # there may be room for it by now
        # The last connection to close would copy the log, of which nobody knows what is durable,
        # into the file: the reader, which cannot, goes last.
        writer.close()
        self._reads.close()

    def _read(self, query: Callable[Asked, T], *args: Asked.args, **kwargs: Asked.kwargs) -> T:
        # What a failed store would read may be lost by the time it is opened anew.
        if self.writer.fault is not None:
            raise refused()
        try:
            return query(*args, **kwargs)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the store cannot read ({type(error).__name__})") from error

    async def _application(self, name: str) -> int:
        """Return the row of an application. It is remembered once it is durable, not before."""
        if name not in self._applications:
            self._applications[name] = await self.writer.submit(partial(_intern, name=name))
        return self._applications[name]


def _intern(transaction: Transaction, *, name: str) -> int:
    transaction.execute("INSERT OR IGNORE INTO application (name) VALUES (?)", (name,))
    row = transaction.execute("SELECT id FROM application WHERE name = ?", (name,)).fetchone()
    return int(row[0])
