"""What outlives the processes, in two forms: a dict behind a link, and SQLite on a disk."""

from __future__ import annotations

import atexit
import functools
import math
import os
import shutil
from pathlib import Path
from typing import Any, Final

from gateway.clock import SystemClock
from gateway.stores.open import open_sqlite
from gateway.stores.record import unpack_id
from gateway.stores.sqlite_schema import connect_writer, migrate, migrations
from tests.laboratory.storage import Connection
from tests.laboratory.upstream import Reach
from tests.laboratory.world import BEGIN_MS, World
from tests.support.model_store import ModelStore

_NEXT: Final = """
SELECT min(due_ms) FROM (
    SELECT min(due_ms) AS due_ms FROM timer WHERE due_ms > ?
    UNION ALL SELECT min(due_ms) FROM outbox WHERE due_ms > ?
    UNION ALL SELECT min(holds_until_ms) FROM outbox WHERE holds_until_ms > ?
    UNION ALL SELECT min(until_ms) FROM hold WHERE until_ms > ?
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

    def _next_due_s(self, now_s: float) -> float:
        after_ms = BEGIN_MS + int(1000 * now_s)
        due_ms = min((one for one in self._model.instants() if one > after_ms), default=None)
        return math.inf if due_ms is None else (due_ms - BEGIN_MS) / 1000

    def crash(self, *, loses_power: bool) -> None:
        pass  # the server is another machine

    async def read(self) -> Any:
        return self._model, self._model.uuids()

    async def close(self) -> None:
        pass


class SqliteStorage:
    """SQLite on a disk; what a process that was killed leaves behind is found by the next."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._disks = 0
        self._store: Any = None
        self._open: Connection | None = None
        self._left: list[Any] = []
        world.loop.next_due_s = self._next_due_s

    @property
    def _path(self) -> Path:
        return self._folder / str(self._disks) / "gateway.db"

    def _next_due_s(self, now_s: float) -> float:
        if self._store is None:
            return math.inf
        after_ms = BEGIN_MS + int(1000 * now_s)
        due_ms = self._eye.execute(_NEXT, (after_ms,) * 4).fetchone()[0]
        return math.inf if due_ms is None else (due_ms - BEGIN_MS) / 1000

    async def connect(self, index: int, reach: Reach, clock: Any) -> Connection:
        if not self._path.parent.exists():
            self._path.parent.mkdir()
            shutil.copyfile(_empty_store(self._folder.parent), self._path)
        self._store = await open_sqlite(
            str(self._path), clock=clock, writer="loop", synchronous="full"
        )
        self._eye = self._store._reads._connection
        self._open = Connection(self._world, self._store, reach, has_link=False, index=index)
        return self._open

    def crash(self, *, loses_power: bool) -> None:
        """Go on with a copy of the files: whoever had them open is gone, and does nothing more."""
        if self._open is None or self._open.is_closed:
            return
        self._left.append(self._store)
        self._store = self._open = None
        before = self._path.parent
        self._disks += 1
        after = self._path.parent
        after.mkdir()
        for file in before.iterdir():
            if not file.name.endswith("-shm"):
                shutil.copyfile(file, after / file.name)

    async def read(self) -> Any:
        self._store = await open_sqlite(
            str(self._path), clock=SystemClock(), writer="loop", synchronous="full"
        )
        rows = self._store._reads._connection.execute("SELECT uuid FROM dispatch").fetchall()
        return self._store, [unpack_id(row[0]) for row in rows]

    async def close(self) -> None:
        for store in self._left:
            _abandon(store)
        await self._store.close()


@functools.lru_cache(maxsize=1)
def _empty_store(folder: Path) -> Path:
    """Return a store that nobody owned yet, made once: most of a start is making its tables."""
    path = folder / f"laboratory-{os.getpid()}.db"
    path.unlink(missing_ok=True)
    connection = connect_writer(path, synchronous="full")
    migrate(connection, path, migrations())
    connection.close()
    atexit.register(path.unlink, missing_ok=True)
    return path


def _abandon(store: Any) -> None:
    """Let go of what a killed process had open; its files are nobody's any more."""
    store.writer._connection.close()
    store._reads.close()
    store._files.close()
    store._lock.release()
