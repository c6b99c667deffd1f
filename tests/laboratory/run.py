"""Run one plan: chaos, then a tail without faults, then the verdict."""

from __future__ import annotations

import asyncio
import functools
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import starlette.routing
import structlog

from tests.laboratory import judge
from tests.laboratory.callers import Callers
from tests.laboratory.left import Left, read
from tests.laboratory.lives import FrontDoor, Process
from tests.laboratory.loop import LONGEST_TICK_AT_THE_END_S, VirtualLoop
from tests.laboratory.plan import Fault, Plan
from tests.laboratory.receiver import Receiver
from tests.laboratory.seen import Seen
from tests.laboratory.storage import Storage
from tests.laboratory.storage_forms import DictStorage, SqliteStorage
from tests.laboratory.upstream import Upstream
from tests.laboratory.vendor import VendorWebhooks
from tests.laboratory.world import World

_LOOK_EVERY_S: Final = 60.0
_PATIENCE_S: Final = 27 * 3600.0
"""How long the tail may take beside the horizon: vendor and callbacks repeat for 24 hours."""


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What came of one seed."""

    plan: Plan
    violations: list[str]
    counts: Counter[str]
    seen: Seen
    dispatches: int
    virtual_s: float
    turns: int
    left: Left


def run(plan: Plan, folder: Path | None = None) -> Verdict:
    """Run a plan in a world of its own; `folder` keeps the files of one that has any."""
    place = Path(tempfile.mkdtemp(prefix="laboratory-", dir=memory())) if folder is None else folder
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    world = World(plan, loop)
    loop.set_exception_handler(world.note_loose_error)
    try:
        with _log_into(world):
            return loop.run_until_complete(_Run(world, place).whole())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def memory() -> str | None:
    """Return where files are kept in memory: what a disk takes for an fsync proves nothing here."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108


class _log_into:  # noqa: N801 - reads as a statement
    def __init__(self, world: World) -> None:
        self._world = world

    def __enter__(self) -> None:
        # A world starts gateways by the hundred, and each compiles the same routes.
        starlette.routing.compile_path = _compiled
        structlog.configure(
            processors=[self._count],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            cache_logger_on_first_use=False,
        )

    def __exit__(self, *error: object) -> None:
        structlog.reset_defaults()
        starlette.routing.compile_path = _compile_path

    def _count(self, logger: Any, name: str, line: Any) -> Any:
        self._world.log[line["event"]] += 1
        judge.hear(self._world, line)
        raise structlog.DropEvent


class _Run:
    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        plan = world.plan
        self.storage: Storage = (
            SqliteStorage(world, folder) if plan.form == "sqlite" else DictStorage(world)
        )
        self.receiver = Receiver(world)
        self.processes: list[Process] = []
        self.door = FrontDoor(self.processes)
        self.vendor = VendorWebhooks(world, self.door)
        self.upstream = Upstream(world, self.vendor)
        self.callers = Callers(world, self.door)
        for index in range(plan.processes):
            self.processes.append(
                Process(
                    world,
                    index,
                    storage=self.storage,
                    upstream=self.upstream,
                    receiver=self.receiver,
                    folder=folder,
                )
            )

    async def whole(self) -> Verdict:
        world = self.world
        faults = world.plan.faults
        chaos_s = max([world.plan.chaos_s, *(fault.at_s + fault.for_s for fault in faults)])
        for fault in faults:
            self._schedule(fault)
        for process in self.processes:
            process.start()
        self.callers.begin()
        await asyncio.sleep(chaos_s)
        self._calm()
        is_done = await self._until_done()
        for process in self.processes:
            process.is_over = True
            process.end(Fault(kind="end"))
        await self._until_down()
        store, uuids = await self.storage.read()
        left = await read(store, uuids, {one.message_uuid for one in world.seen.told})
        violations = [*world.violations, *judge.judge(world, left, is_done=is_done)]
        accepted = {one.dispatch_uuid for one in world.seen.asked if one.dispatch_uuid}
        for process in self.processes:
            process.bury()
        await self.storage.close()
        return Verdict(
            plan=world.plan,
            violations=violations,
            counts=world.sometimes.counts,
            seen=world.seen,
            dispatches=len(accepted),
            virtual_s=world.now_s,
            turns=world.loop.turns,
            left=left,
        )

    def _schedule(self, fault: Fault) -> None:
        """Have a fault happen; those that only last are looked at by whom they concern."""
        world = self.world
        process = self.processes[fault.process % len(self.processes)]
        match fault.kind:
            case "power" if fault.writes is not None:
                world.turn(fault.at_s, lambda: process.cut_amid_writes(fault))
            case "kill" | "power" if fault.point is None and fault.turns is None:
                world.turn(fault.at_s, lambda: process.kill(fault))
            case "kill" | "power":
                world.turn(fault.at_s, lambda: process.arm(fault))
            case "end":
                world.turn(fault.at_s, lambda: process.end(fault))
            case "stop" if fault.point is not None:
                world.turn(fault.at_s, lambda: process.stop_at_point(fault))
            case "stop":
                world.turn(fault.at_s, lambda: process.pause(fault))
            case "wrong-secret":
                if fault.at_s:
                    world.turn(fault.at_s, lambda: self._restart_wrong(fault))
                else:
                    for one in self.processes:
                        one.wrong_account = fault.account
                world.turn(fault.at_s + fault.for_s, lambda: self._put_right(fault))
            case "clock-wrong" if fault.at_s == 0.0:
                self._set_clocks_wrong(fault)
            case "clock-wrong":
                world.turn(fault.at_s, lambda: self._set_clocks_wrong(fault))
            case "store-unknown":
                world.turn(fault.at_s, lambda: world.lose_write(fault))
            case _:
                pass

    def _set_clocks_wrong(self, fault: Fault) -> None:
        """Have the processes that start from now on find a wrong clock."""
        for process in self.processes:
            process.wrong_clock_s = fault.offset_s

    def _restart_wrong(self, fault: Fault) -> None:
        """Have the operator start everything again, with a wrong secret."""
        self.world.happened("a secret was wrong after a later start")
        for process in self.processes:
            process.wrong_account = fault.account
            process.end(Fault(kind="end"))

    def _put_right(self, fault: Fault) -> None:
        for process in self.processes:
            if process.wrong_account is not None:
                process.wrong_account = None
                if fault.by_reload:
                    process.reload()
                else:
                    process.end(Fault(kind="end", for_s=fault.for_s))

    def _calm(self) -> None:
        """End all faults: from now on everything works."""
        world = self.world
        world.tell("the faults are over")
        world.faults_are_over, world.calm_s = True, world.now_s
        world.loop.longest_tick_s = LONGEST_TICK_AT_THE_END_S
        for process in self.processes:
            process.disarm()
            process.set_clock_right()
            if process.wrong_account is not None:
                process.wrong_account = None
                process.end(Fault(kind="end"))

    async def _until_done(self) -> bool:
        """Wait until nothing is under way; False when that takes too long."""
        world = self.world
        horizon_s = float(world.plan.environ.get("GATEWAY_HORIZON", 72 * 3600))
        ends_s = world.now_s + horizon_s + _PATIENCE_S
        while world.now_s < ends_s:
            await asyncio.sleep(_LOOK_EVERY_S)
            if self.callers.under_way or self.vendor.under_way:
                continue
            gateways = [one.gateway for one in self.processes if one.gateway is not None]
            if len(gateways) < len(self.processes):
                continue
            counts = await gateways[0].store.counts()
            if not (counts.open_dispatches or counts.pending_sends or counts.pending_callbacks):
                return True
        return False

    async def _until_down(self) -> None:
        # This world has no other way to be told.
        while any(one.domain is not None for one in self.processes):  # noqa: ASYNC110
            await asyncio.sleep(1.0)


_compile_path = starlette.routing.compile_path


@functools.cache
def _compiled(path: str) -> Any:
    return _compile_path(path)
