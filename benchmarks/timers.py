"""Timers with a million of them pending: how late they fire, and what waiting costs."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import uvloop

from benchmarks.figures import announce, describe_disk, percentile, show
from benchmarks.parts import Parts, be_a_server
from benchmarks.pending import check_copies, fill_store
from benchmarks.processes import gateway_environ
from gateway.app import Gateway
from gateway.clock import SystemClock
from gateway.settings import load_settings
from gateway.stores.base import OutboxItem, OutboxKind, Store
from gateway.stores.open import open_sqlite
from gateway.stores.record import unpack_id

PENDING = 1_000_000
PER_S, SECONDS, SLICES = 1_000, 10, 5
FIRING = PER_S * SECONDS
EVERY = PENDING // FIRING
POLLS, IDLE_S = 5_000, 10.0
_LEAD_MS = 1_000
_DAY_MS = 24 * 3600 * 1000


class MovableClock(SystemClock):
    """The machine's clock, which can be put forward to the hour when the timers are due."""

    def __init__(self) -> None:
        super().__init__()
        self._ahead_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + self._ahead_ms

    def put_at(self, instant_ms: int) -> None:
        """Make it `instant_ms` now."""
        self._ahead_ms += instant_ms - self.now_ms()


class Schedule:
    """When dispatch number n is due.

    One in a hundred fires during the measurement, one every millisecond, and the others days
    later. Those that fire lie far apart in the file, as they do where workflows of a minute and
    of a day share a store: no two of them are on one page.
    """

    def __init__(self, first_ms: int) -> None:
        self.first_ms = first_ms

    def due_ms(self, number: int) -> int:
        """Return the instant of a dispatch's timer."""
        turn, is_later = divmod(number, EVERY)
        if is_later:
            return self.first_ms + _DAY_MS + number * 100
        return self.first_ms + turn * 1000 // PER_S


class Watch:
    """Notes how late each failover is durable, by the items that its commit hands over."""

    def __init__(self, clock: SystemClock, due_ms: dict[str, int]) -> None:
        self._clock = clock
        self._due_ms = due_ms
        self.late_ms: list[float] = []
        self.is_over = asyncio.Event()

    def see(self, items: Sequence[OutboxItem]) -> None:
        """Take what a commit handed over, and drop it: nothing is sent."""
        now_ms = self._clock.now_ms()
        for item in items:
            assert (item.kind, item.step) == (OutboxKind.SEND, 1), "a firing is a failover"
            self.late_ms.append(now_ms - self._due_ms[item.item_id.owner])
        if len(self.late_ms) == len(self._due_ms):
            self.is_over.set()


async def measure_lateness(
    store: Store, clock: MovableClock, first_ms: int, due_ms: dict[str, int]
) -> None:
    """Go to the hour when the timers are due, and print how late they fire.

    Args:
        first_ms: the earliest instant in `due_ms`.
        due_ms: the timers that are due, by dispatch.
    """
    watch = Watch(clock, due_ms)
    parts = Parts(store=store, clock=clock, watch=watch.see)
    timers = parts.timers()
    busy_s = time.process_time()
    clock.put_at(first_ms - _LEAD_MS)
    task = asyncio.create_task(timers.run())
    for second in range(SECONDS + 30):
        announce(f"firing {PER_S} timers a second: {second} of {SECONDS} s")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(1):
                await watch.is_over.wait()
                break
    busy_s = time.process_time() - busy_s
    task.cancel()
    assert watch.is_over.is_set(), f"only {len(watch.late_ms)} of {FIRING} timers fired"
    size = FIRING // SLICES
    slices = [sorted(watch.late_ms[start : start + size]) for start in range(0, FIRING, size)]
    late_ms = sorted(watch.late_ms)
    show(
        f"timer lateness, p99 of {SLICES} slices, {PER_S} failovers a second,"
        f" {PENDING:,} timers pending",
        [percentile(each, 99) for each in slices],
        "must be at most 100, target 25",
        f"p50 {percentile(late_ms, 50):.0f} ms, p99 {percentile(late_ms, 99):.0f} ms,"
        f" max {late_ms[-1]:.0f} ms; {100 * busy_s / SECONDS:.0f} % of a core",
        unit=" ms",
    )


async def measure_polls(store: Store, clock: MovableClock) -> None:
    """Print what it costs to look for due timers in vain."""
    parts = Parts(store=store, clock=clock)
    timers = parts.timers()
    taken = []
    for _ in range(SLICES):
        begun = time.perf_counter()
        for _ in range(POLLS):
            assert await timers.fire_due() == 0
        taken.append(1e6 * (time.perf_counter() - begun) / POLLS)
    show(f"a poll with nothing due, {PENDING:,} timers pending", taken, unit=" us")


async def measure_idleness(store: Store, clock: MovableClock, folder: Path) -> None:
    """Print how much of a core the gateway's workers use while there is nothing to do."""
    gateway = Gateway(load_settings(gateway_environ(folder, 8080, 9)), store, clock)
    shares = []
    async with gateway.running():
        await asyncio.sleep(1)
        for number in range(SLICES):
            announce(f"idling: {number + 1} of {SLICES}")
            busy_s = time.process_time()
            await asyncio.sleep(IDLE_S / SLICES)
            shares.append(100 * (time.process_time() - busy_s) * SLICES / IDLE_S)
    show(
        f"idle workers, {PENDING:,} timers pending, of a core",
        shares,
        "must be at most 2.00, target 0.50",
        unit=" %",
    )


async def run_timers(folder: Path) -> None:
    """Fill a store and measure on it."""
    print(f"disk of {folder}, {describe_disk(folder)}")
    path, clock = folder / "bench.db", MovableClock()
    be_a_server()
    begun = time.perf_counter()
    # All that is due comes after the measurements of idleness; then the clock is put there.
    schedule = Schedule(clock.now_ms() + _DAY_MS)
    uuids = await fill_store(path, clock, count=PENDING, due_ms=schedule.due_ms)
    samples = [unpack_id(uuid) for uuid in uuids[:: PENDING // 10]]
    due_ms = {unpack_id(uuids[n]): schedule.due_ms(n) for n in range(0, PENDING, EVERY)}
    del uuids
    filled = time.perf_counter()
    announce("opening the store, which reads all of it")
    store = await open_sqlite(str(path), clock=clock, writer="auto", synchronous="full")
    opened = time.perf_counter()
    announce("")
    print(
        f"a store of {PENDING:,} pending dispatches, {path.stat().st_size / 1e6:.0f} MB:"
        f" made in {filled - begun:.0f} s, opened in {opened - filled:.0f} s"
    )
    be_a_server()
    try:
        counts = await store.counts()
        assert counts.pending_timers == counts.open_dispatches == PENDING
        await check_copies(store, samples)
        await measure_polls(store, clock)
        await measure_idleness(store, clock, folder)
        await measure_lateness(store, clock, schedule.first_ms, due_ms)
    finally:
        announce("closing the store")
        await store.close()


def main() -> None:
    """Run the measurements in a fresh folder."""
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder:
        uvloop.run(run_timers(Path(folder)))


if __name__ == "__main__":
    main()
