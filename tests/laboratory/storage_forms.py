"""What outlives the processes, in two forms: a dict behind a link, and SQLite on a disk."""

from __future__ import annotations

import functools
import math
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from gateway.clock import SystemClock
from gateway.stores.open import open_sqlite
from gateway.stores.record import unpack_id
from gateway.stores.sqlite_schema import connect_writer, migrate, migrations
from tests.laboratory.storage import Connection
from tests.laboratory.upstream import Reach
from tests.laboratory.world import BEGIN_MS, World
from tests.power.disk import Disk, abandon
from tests.power.vfs import CAN_HEAR
from tests.support.model_store import ModelStore

_NEXT: Final = """
SELECT min(due_ms) FROM (
    SELECT min(due_ms) AS due_ms FROM timer WHERE due_ms >= ?
    UNION ALL SELECT min(due_ms) FROM outbox WHERE due_ms >= ?
    UNION ALL SELECT min(holds_until_ms) FROM outbox WHERE holds_until_ms >= ?
    UNION ALL SELECT min(until_ms) FROM hold WHERE until_ms >= ?
)
"""


class DictStorage:
    """The dict model, as a server on the network would keep it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._model = ModelStore()
        world.loop.next_due_s = self._next_due_s

    async def connect(self, index: int, reach: Reach, clock: Any) -> Connection:
        return Connection(self._world, self._model, reach, has_link=True, index=index)

    def _next_due_s(self, since_s: float) -> float:
        since_ms = BEGIN_MS + int(1000 * since_s)
        due_ms = min((one for one in self._model.instants() if one >= since_ms), default=None)
        return math.inf if due_ms is None else (due_ms - BEGIN_MS) / 1000

    def crash(self, *, loses_power: bool) -> None:
        pass  # the server is another machine

    def fail_after(self, changes: int, then: Callable[[], None]) -> None:
        pass

    async def read(self) -> Any:
        return self._model, self._model.uuids()

    async def close(self) -> None:
        pass


class SqliteStorage:
    """SQLite on a disk; what a process that was killed leaves behind is found by the next."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        place = folder / "disk"
        place.mkdir()
        self._path = place / "gateway.db"
        self._path.write_bytes(_empty_store())
        self._disk = Disk(place)
        if CAN_HEAR:
            self._disk.__enter__()
        self._store: Any = None
        self._open: Connection | None = None
        self._cuts = 0
        world.loop.next_due_s = self._next_due_s

    async def connect(self, index: int, reach: Reach, clock: Any) -> Connection:
        self._store = await self._opened(clock)
        self._open = Connection(self._world, self._store, reach, has_link=False, index=index)
        return self._open

    async def _opened(self, clock: Any) -> Any:
        return await open_sqlite(str(self._path), clock=clock, writer="loop", synchronous="full")

    def _next_due_s(self, since_s: float) -> float:
        if self._open is None or self._open.is_closing:
            return math.inf
        since_ms = BEGIN_MS + int(1000 * since_s)
        eye = self._store._reads._connection
        try:
            due_ms = eye.execute(_NEXT, (since_ms,) * 4).fetchone()[0]
        except sqlite3.ProgrammingError:
            return math.inf  # it is being closed just now
        return math.inf if due_ms is None else (due_ms - BEGIN_MS) / 1000

    def crash(self, *, loses_power: bool) -> None:
        """Let whoever had it open be gone; with the power goes what was not synced."""
        store = None if self._open is None or self._open.is_closed else self._store
        self._store = self._open = None
        if not CAN_HEAR:
            # This SQLite cannot be heard: what was not synced is there as well.
            if store is not None:
                abandon(store)
        elif loses_power:
            self._cuts += 1
            self._disk.cut(store, self._world.random("cut", self._cuts))
        else:
            self._disk.kill(store)

    def fail_after(self, changes: int, then: Callable[[], None]) -> None:
        """Let the power go after so many changes of the files, in the midst of a write."""
        if CAN_HEAR:
            self._disk.fail_after(changes, then)

    async def read(self) -> Any:
        self._store = await self._opened(SystemClock())
        rows = self._store._reads._connection.execute("SELECT uuid FROM dispatch").fetchall()
        return self._store, [unpack_id(row[0]) for row in rows]

    async def close(self) -> None:
        await self._store.close()
        if CAN_HEAR:
            self._disk.__exit__(None, None, None)


@functools.cache
def _empty_store() -> bytes:
    """Return a store that nobody owned yet, made once: most of a start is making its tables."""
    with tempfile.TemporaryDirectory(prefix="laboratory-") as folder:
        path = Path(folder) / "empty.db"
        path.touch(mode=0o600)
        connection = connect_writer(path, synchronous="full")
        migrate(connection, path, migrations())
        connection.close()
        return path.read_bytes()
