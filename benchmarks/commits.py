"""The store: what durability costs, what the gateway adds to SQLite, and how much a dispatch is."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import uvloop

from benchmarks.figures import (
    announce,
    describe_disk,
    median,
    percentile,
    show,
)
from benchmarks.parts import APPLICATION, PAYLOAD_BYTES, Parts, accept_commits, be_a_server
from gateway.clock import SystemClock
from gateway.engine import LEASE_MS
from gateway.stores.base import Commit
from gateway.stores.codec import encode_entry, encode_state
from gateway.stores.codec_plan import encode_plan
from gateway.stores.open import open_sqlite
from gateway.stores.sqlite_commit import commit_operation
from gateway.stores.sqlite_lock import FileLock
from gateway.stores.sqlite_schema import connect_writer, migrate, migrations
from gateway.stores.transactions import Transaction

PAIRS = 11
COMMITS = 5_000  # about half a second a run: several checkpoints, and pairs that lie close together
IN_FLIGHT, PER_TRANSACTION = 50, 100
PENDING, PENDING_AT_ONCE = 20_000, 100

Statement: TypeAlias = tuple[str, Sequence[Any], bool]
"""The text, its parameters, and whether it answers with a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run did."""

    per_s: float
    p50_ms: float
    p99_ms: float


async def through_store(
    folder: Path, commits: Sequence[Commit], *, writer: str, synchronous: str, in_flight: int
) -> Run:
    """Commit everything to a new store in `folder`, so many at a time."""
    clock = SystemClock()
    with _fresh(folder) as path:
        store = await open_sqlite(str(path), clock=clock, writer=writer, synchronous=synchronous)
        waiting = iter(commits)
        times: list[float] = []

        async def user() -> None:
            for commit in waiting:
                begun = time.perf_counter()
                await store.commit(commit, now_ms=clock.now_ms(), lease_ms=LEASE_MS)
                times.append(time.perf_counter() - begun)

        begun = time.perf_counter()
        await asyncio.gather(*(user() for _ in range(in_flight)))
        took = time.perf_counter() - begun
        await store.close()
    times.sort()
    return Run(
        per_s=len(commits) / took,
        p50_ms=1000 * percentile(times, 50),
        p99_ms=1000 * percentile(times, 99),
    )


@dataclass(slots=True)
class _Recording(Transaction):
    """A transaction that writes down its statements."""

    statements: list[Statement] = field(default_factory=list)

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        cursor = self.connection.execute(sql, parameters)
        self.statements.append((sql, parameters, cursor.description is not None))
        return cursor


def statements_of(commits: Sequence[Commit]) -> list[Statement]:
    """Return the statements that the gateway's store runs for these commits on a new file."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    application = _prepare(connection)
    recording = _Recording(connection)
    now_ms = SystemClock().now_ms()
    for commit in commits:
        commit_operation(commit, application=application, now_ms=now_ms, lease_ms=LEASE_MS)(
            recording
        )
    connection.close()
    return recording.statements


def through_loop(
    folder: Path, statements: Sequence[Statement], commits: Sequence[Commit], *, encodes: bool
) -> float:
    """Run the same statements as a plain program would; return commits a second.

    The file has the same schema and the same durability; SQLite checkpoints by itself.

    Args:
        encodes: make the records that the statements write, as any program has to, and as the
            store does; otherwise they are there before.
    """
    with _fresh(folder) as path:
        lock = FileLock(path)
        connection = connect_writer(path, synchronous="FULL")
        connection.execute("PRAGMA wal_autocheckpoint = 1000")  # SQLite's own default
        _prepare(connection)
        execute = connection.execute
        each = len(statements) // len(commits)
        begun = time.perf_counter()
        for start in range(0, len(commits), PER_TRANSACTION):
            end = start + PER_TRANSACTION
            if encodes:
                for commit in commits[start:end]:
                    _encode(commit)
            execute("BEGIN IMMEDIATE")
            for sql, parameters, answers in statements[start * each : end * each]:
                cursor = execute(sql, parameters)
                if answers:
                    cursor.fetchone()
            execute("COMMIT")
        took = time.perf_counter() - begun
        connection.close()
        lock.release()
    return len(commits) / took


def _encode(commit: Commit) -> None:
    assert commit.plan is not None
    encode_state(commit.state)
    encode_plan(commit.plan)
    encode_entry(commit.history)


def _prepare(connection: sqlite3.Connection) -> int:
    """Make the schema and the application; return the application's row."""
    migrate(connection, Path("benchmark.db"), migrations())
    sql = "INSERT INTO application (name) VALUES (?) RETURNING id"
    return int(connection.execute(sql, (APPLICATION.name,)).fetchone()[0])


@contextlib.contextmanager
def _fresh(folder: Path) -> Iterator[Path]:
    """Make a folder of its own for one database, and remove it."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        yield Path(made) / "bench.db"


async def compare_durability(folder: Path, commits: Sequence[Commit], writer: str) -> None:
    """Print what `synchronous=FULL` costs against `NORMAL`."""
    runs: dict[str, list[Run]] = {"full": [], "normal": []}
    for number in range(PAIRS):
        announce(f"FULL / NORMAL, writer {writer}: pair {number + 1} of {PAIRS}")
        for synchronous, done in runs.items():
            run = await through_store(
                folder, commits, writer=writer, synchronous=synchronous, in_flight=IN_FLIGHT
            )
            done.append(run)
    show(
        f"store commits, FULL / NORMAL, {IN_FLIGHT} in flight, writer {writer}",
        [a.per_s / b.per_s for a, b in zip(runs["full"], runs["normal"], strict=True)],
        "must 0.85, target 0.95",
        *(
            f"{name.upper()} {median([run.per_s for run in done]):.0f}/s,"
            f" p50 {median([run.p50_ms for run in done]):.1f} ms,"
            f" p99 {median([run.p99_ms for run in done]):.1f} ms"
            for name, done in runs.items()
        ),
    )


async def compare_with_loop(folder: Path, commits: Sequence[Commit]) -> None:
    """Print what the gateway's store adds to its statements, per writer."""
    statements = statements_of(commits)
    be_a_server()
    bare: list[float] = []
    encoding: list[float] = []
    writers: dict[str, list[float]] = {"loop": [], "thread": []}
    for number in range(PAIRS):
        announce(f"store / plain loop of the same statements: round {number + 1} of {PAIRS}")
        bare.append(through_loop(folder, statements, commits, encodes=False))
        encoding.append(through_loop(folder, statements, commits, encodes=True))
        for writer, done in writers.items():
            run = await through_store(
                folder, commits, writer=writer, synchronous="full", in_flight=PER_TRANSACTION
            )
            done.append(run.per_s)
    for writer, done in writers.items():
        beside = [a / b for a, b in zip(done, encoding, strict=True)]
        show(
            "store commits / plain sqlite3 loop of the same statements,"
            f" {PER_TRANSACTION} a transaction, writer {writer}",
            [a / b for a, b in zip(done, bare, strict=True)],
            "must 0.70, target 0.90",
            f"{median(beside):.2f} [{min(beside):.2f}..{max(beside):.2f}] of a loop that encodes"
            " the records, too, as the store does",
            f"store {median(done):.0f}/s, loop {median(bare):.0f}/s, with encoding"
            f" {median(encoding):.0f}/s; {len(statements) / len(commits):.1f} statements a commit",
        )


async def weigh_pending(folder: Path) -> None:
    """Print how much of the disk a pending dispatch takes."""
    path = folder / "pending.db"
    clock = SystemClock()
    store = await open_sqlite(str(path), clock=clock, writer="loop", synchronous="normal")
    parts = Parts(store=store, clock=clock)
    for first in range(0, PENDING, PENDING_AT_ONCE):
        announce(f"pending dispatches: {first} of {PENDING}")
        await parts.make_pending(first, PENDING_AT_ONCE)
    counts = await store.counts()
    assert counts.open_dispatches == counts.pending_timers == PENDING
    await store.close()
    size = path.stat().st_size / PENDING
    show(
        f"bytes on disk of a pending dispatch / its {PAYLOAD_BYTES} bytes of request",
        [size / PAYLOAD_BYTES],
        "must be at most 1.80, target 1.40",
        f"{size:.0f} bytes each: {PENDING} accepted, sent, reported submitted and called back",
        *_weights(path),
    )


def _weights(path: Path) -> Iterator[str]:
    """Tell how the file divides among its tables, where SQLite was built to tell."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        try:
            rows = connection.execute(
                "SELECT name, sum(pgsize) AS size FROM dbstat GROUP BY name ORDER BY size DESC"
            ).fetchall()
        except sqlite3.OperationalError:
            return
    large = itertools.takewhile(lambda row: row[1] >= PENDING, rows)
    yield "of these " + ", ".join(f"{name} {size / PENDING:.0f}" for name, size in large)


async def run_commits(folder: Path) -> None:
    """Measure the store."""
    print(f"disk of {folder}, {describe_disk(folder)}")
    announce(f"preparing {COMMITS} commits")
    commits = accept_commits(COMMITS, SystemClock())
    be_a_server()
    for writer in ("loop", "thread"):
        await compare_durability(folder, commits, writer)
    await compare_with_loop(folder, commits)
    await weigh_pending(folder)


def main() -> None:
    """Run the comparisons in a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder:
        uvloop.run(run_commits(Path(folder)))


if __name__ == "__main__":
    main()
