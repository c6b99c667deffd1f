"""Kill the owner of a store again and again; compare what it acknowledged with what is there.

    python -m tests.gateway.stores.kill_rounds DIRECTORY ROUNDS

Each round forks an owner, which opens the store, commits from many tasks at once and tells of
every commit after it returned; it is killed in the middle, by SIGKILL. The report is JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

from gateway.stores.base import OutboxKind
from tests.gateway.stores.building import (
    DAY,
    LEASE,
    NOW,
    SHOP,
    commit,
    put,
    send,
    timer,
)
from tests.support.stores import open_sqlite_in_loop, open_sqlite_in_thread

_WRITERS = 16
_PER_ROUND = 100_000
_LINE = 12


async def own(directory: Path, number: int, tell: int) -> None:
    """Commit without end, as the owner of round `number`."""
    opener = (open_sqlite_in_loop, open_sqlite_in_thread)[number % 2]
    store = await opener(directory)
    numbers = iter(range(number * _PER_ROUND + 1, (number + 1) * _PER_ROUND))

    async def write() -> None:
        for drawn in numbers:
            await put(store, commit(drawn, outbox=[send(1, drawn)], timers_set=[timer(drawn)]))
            os.write(tell, f"{drawn:{_LINE - 1}}\n".encode())

    await asyncio.gather(*(write() for _ in range(_WRITERS)))


def kill_one(directory: Path, number: int) -> list[int]:
    """Run one owner and kill it; return what it told of."""
    hear, tell = os.pipe()
    owner = os.fork()
    if owner == 0:
        os.close(hear)
        try:
            asyncio.run(own(directory, number, tell))
        finally:
            os._exit(1)
    os.close(tell)
    told = b""
    # Another amount each round, so that the kill falls on another point of a commit.
    while len(told) < _LINE * (20 + 7 * number):
        told += os.read(hear, 4096)
    os.kill(owner, signal.SIGKILL)
    os.waitpid(owner, 0)
    while rest := os.read(hear, 65536):
        told += rest
    os.close(hear)
    return [int(line) for line in told.splitlines()]


async def look(directory: Path, acknowledged: list[int]) -> dict[str, object]:
    """Open the store a last time, and compare."""
    store = await open_sqlite_in_loop(directory)
    owners = {commit(number).state.dispatch_uuid: number for number in acknowledged}
    lost = [number for uuid, number in owners.items() if await store.load(uuid) is None]
    items = await store.claim(OutboxKind.SEND, now_ms=NOW + DAY, lease_ms=LEASE, room={SHOP: 10**6})
    timers = await store.due_timers(now_ms=NOW + DAY, limit=10**6)
    sent = {item.item_id.owner for item in items}
    timed = {one.timer.dispatch_uuid for one in timers}
    count = (await store.counts()).open_dispatches
    await store.close()
    connection = sqlite3.connect(directory / "store.db")
    (integrity,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return {
        "acknowledged": len(acknowledged),
        "lost": lost,
        "torn": sorted(sent ^ timed) + [""] * (count - len(sent)),
        "integrity": integrity,
    }


def main() -> None:
    """Run the rounds and print the report."""
    directory, rounds = Path(sys.argv[1]), int(sys.argv[2])
    acknowledged = [one for number in range(rounds) for one in kill_one(directory, number)]
    print(json.dumps(asyncio.run(look(directory, acknowledged))))  # noqa: T201


if __name__ == "__main__":
    main()
