"""The lives of gateway processes: how they start, what comes in by the door, and how they end."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from gateway.app import Gateway
from gateway.clients.ports import Ports
from gateway.stores.base import StoreUnavailable
from tests.laboratory import judge
from tests.laboratory.clock import SimulatedClock
from tests.laboratory.credentials import settings_of
from tests.laboratory.loop import Domain
from tests.laboratory.plan import Fault
from tests.laboratory.receiver import Receiver, SimulatedCallbacks
from tests.laboratory.seen import Life
from tests.laboratory.storage import Storage
from tests.laboratory.upstream import SimulatedDate, SimulatedMessages, Upstream
from tests.laboratory.world import World

_LAST_TO_GO_ON_S: Final = 0.5
_DRAIN_S: Final = 10.0
_AGAIN_S: Final = 1.0
"""How long a process that cannot go on takes to be started again."""

_AGAIN_AT_MOST_S: Final = 60.0
_NEVER: Final = 1 << 60


class Process:
    """One place where a gateway runs; its lives come one after the other."""

    def __init__(
        self,
        world: World,
        index: int,
        *,
        storage: Storage,
        upstream: Upstream,
        receiver: Receiver,
        folder: Path,
    ) -> None:
        self.index = index
        self._world = world
        self._storage = storage
        self._upstream = upstream
        self._receiver = receiver
        self._folder = folder
        self.domain: Domain | None = None
        self.gateway: Gateway | None = None
        """What listens; None while nobody does."""
        self.wrong_account: int | None = None
        """Whose signature secret its operator has wrong."""
        self.wrong_clock_s = 0
        self.lives = 0
        self._past: list[Domain] = []
        self._app: Any = None
        self._clock: SimulatedClock | None = None
        self._pending: set[asyncio.Future[Any]] = set()
        self._ending: asyncio.Future[None]
        self._hits = Counter[str]()
        self._kills: list[Fault] = []
        self._stops: list[Fault] = []

    def stop_at_point(self, stop: Fault) -> None:
        """Have the process stopped when it reaches a point."""
        self._stops.append(stop)
        self._hits.clear()

    def arm(self, kill: Fault) -> None:
        """Have the process killed when it reaches a point, or after so many turns."""
        if kill.turns is not None and self.domain is not None:
            self.domain.dies_at_turn = self.domain.turns + 1 + kill.turns
        self._kills.append(kill)
        self._hits.clear()

    def disarm(self) -> None:
        """Have nothing of it happen any more."""
        self._kills.clear()
        self._stops.clear()
        self._storage.fail_after(_NEVER, lambda: None)
        if self.domain is not None:
            self.domain.dies_at_turn = None

    def reach(self, point: str) -> asyncio.Future[None] | None:
        """Take that the process reached a point.

        If it dies there, return what never comes; if it is stopped there, what comes when it goes
        on.
        """
        self._hits[point] += 1
        if not self._world.faults_are_over:
            self._world.seen.passed.append((self.lives, point))
        for kill in self._kills:
            if kill.point == point and self._hits[point] >= kill.nth:
                self._world.happened(f"killed at {point}")
                self._die(kill, f"at {point}")
                return self._world.loop.create_future()
        for stop in self._stops:
            if stop.point == point and self._hits[point] >= stop.nth:
                return self._stopped_amid(stop)
        return None

    def _stopped_amid(self, stop: Fault) -> asyncio.Future[None]:
        """Stop the process; return what comes a moment after it goes on.

        What else it does comes first then, so that a lease which is over is given to another.
        """
        self._stops.remove(stop)
        self.pause(stop)
        goes_on = self._world.loop.create_future()
        self._world.later(stop.for_s + _LAST_TO_GO_ON_S, lambda: goes_on.set_result(None))
        return goes_on

    def start(self) -> None:
        """Begin a life."""
        world = self._world
        self.lives += 1
        domain = Domain(world.loop, f"p{self.index}.{self.lives}", tick_s=world.plan.tick_s)
        self.domain = domain
        domain.on_death.append(self._gone)
        self._ending = world.loop.create_future()
        world.tell(f"{domain.name}: starts")
        for kill in self._kills:
            if kill.turns is not None:
                domain.dies_at_turn = 1 + kill.turns
        task = domain.create_task(self._live(domain))
        task.add_done_callback(lambda ended: self._ended(domain, ended), context=world.context)

    async def _live(self, domain: Domain) -> None:
        world = self._world
        chance = world.random("clock", self.index, self.lives)
        self._clock = clock = SimulatedClock(
            world, domain, wrong_s=self.wrong_clock_s, chance=chance
        )
        store = await self._storage.connect(self.index, self.reach, clock)
        settings = settings_of(
            tuple(world.plan.environ.items()),
            has_public_url=world.plan.has_public_url,
            wrong_account=self.wrong_account,
            folder=self._folder,
        )
        ports = Ports(
            messages=SimulatedMessages(self._upstream, self.reach, limit_s=settings.send_timeout_s),
            callbacks=SimulatedCallbacks(
                self._receiver, self.reach, limit_s=settings.callback_timeout_s
            ),
            upstream_date=SimulatedDate(self._upstream),
        )
        gateway = Gateway(settings, store, clock, ports=ports)
        self._app = gateway.app()
        life = Life(process=self.index, from_s=world.now_s, wrong_clock_s=self.wrong_clock_s)
        try:
            async with gateway.running():
                world.seen.lives.append(life)
                self._slower_s = _AGAIN_S
                life.from_s = world.now_s
                self.gateway = gateway
                ends = [
                    asyncio.ensure_future(end)
                    for end in (self._ending, gateway.wait_until_broken(), store.fatal.wait())
                ]
                await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                # As the server does: nobody is let in, and who is inside gets an answer.
                gateway.begin_drain()
                self.gateway = None
                life.until_s, life.end = world.now_s, "ended"
                if self._pending:
                    await asyncio.wait(tuple(self._pending), timeout=_DRAIN_S)
                if (stuck := self.reach("drain")) is not None:
                    await stuck
        finally:
            await store.close()

    def _ended(self, domain: Domain, ended: asyncio.Task[None]) -> None:
        """Take that a life came to its own end."""
        if domain.is_dead:
            return
        world = self._world
        error = None if ended.cancelled() else ended.exception()
        if isinstance(error, StoreUnavailable):
            world.tell(f"{domain.name}: cannot start without its store")
            self._again_s = self._slower_s = min(2 * self._slower_s, _AGAIN_AT_MOST_S)
        elif error is not None:
            world.violations.append(f"{domain.name} broke down: {error!r}")
        domain.kill()

    def _gone(self) -> None:
        """Tell those who waited for an answer that nobody is there any more."""
        world = self._world
        self.gateway = None
        for life in world.seen.lives:
            if life.process == self.index and life.until_s is None:
                life.until_s, life.end = world.now_s, "killed"
        for answer in tuple(self._pending):
            if not answer.done():
                answer.set_exception(ConnectionResetError())
        self._pending.clear()
        assert self.domain is not None
        self._past.append(self.domain)
        again_s, self._again_s = self._again_s, _AGAIN_S
        for kill in self._kills:
            # A kill in the middle of something comes from the loop, which knows no plan.
            if kill.turns is not None:
                self._kills.remove(kill)
                world.happened("killed between two turns")
                world.tell(f"{self.domain.name}: killed between two turns")
                again_s = kill.for_s
                self._storage.crash(loses_power=kill.kind == "power")
                break
        self.domain = None
        if not self.is_over:
            world.later(again_s, self._start_again)

    _again_s = _slower_s = _AGAIN_S
    is_over = False
    """Whether it is not started any more."""

    def _start_again(self) -> None:
        if self.domain is None and not self.is_over:
            self.start()

    def _die(self, fault: Fault, where: str) -> None:
        domain = self.domain
        assert domain is not None
        if fault in self._kills:
            self._kills.remove(fault)
        word = "the power fails" if fault.kind == "power" else "killed"
        self._world.tell(f"{domain.name}: {word} {where}; starts again after {fault.for_s} s")
        self._again_s = fault.for_s
        domain.kill()
        self._storage.crash(loses_power=fault.kind == "power")
        if fault.kind == "power":
            self._world.happened("power was cut")

    def kill(self, fault: Fault) -> None:
        """End a life without a word."""
        if self.domain is not None:
            self._die(fault, "just so")

    def cut_amid_writes(self, fault: Fault) -> None:
        """Let the power go after so many changes of the files, whatever is being written."""
        assert fault.writes is not None
        self._storage.fail_after(fault.writes, lambda: self._cut_off(fault))

    def _cut_off(self, fault: Fault) -> None:
        domain = self.domain
        if domain is not None:
            domain.is_dead = True  # it is in the middle of a call, and gets no other turn
            self._world.later(0, lambda: self._die_amid_writes(domain, fault))

    def _die_amid_writes(self, domain: Domain, fault: Fault) -> None:
        domain.is_dead = False
        self._world.happened("power was cut amid a write")
        self._die(fault, "amid a write")

    def end(self, fault: Fault) -> None:
        """Tell a life to end in order."""
        if self.domain is not None and not self._ending.done():
            self._world.tell(f"{self.domain.name}: is told to end")
            self._world.happened("a process ended in order")
            self._again_s = fault.for_s
            self._ending.set_result(None)

    def pause(self, fault: Fault) -> None:
        """Stop a life, and let it go on."""
        domain, world = self.domain, self._world
        if domain is None or domain.is_stopped:
            return
        world.tell(f"{domain.name}: is stopped for {fault.for_s} s")
        began_s = world.now_s
        domain.stop()

        def go_on() -> None:
            if not domain.is_dead:
                world.seen.stops.append((began_s, world.now_s))
                world.happened("a process was stopped and went on")
                domain.go_on()

        world.later(fault.for_s, go_on)

    def reload(self) -> None:
        """Have the gateway take over the settings that are right now."""
        if self.domain is None or self.gateway is None:
            return
        gateway, world = self.gateway, self._world
        settings = settings_of(
            tuple(world.plan.environ.items()),
            has_public_url=world.plan.has_public_url,
            wrong_account=self.wrong_account,
            folder=self._folder,
        )

        async def work() -> None:
            gateway.reload(settings)

        self.domain.create_task(work())

    async def post(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Ask the process something; the caller bounds how long it waits."""
        assert self.domain is not None
        answer: asyncio.Future[tuple[int, dict[str, Any]]] = self._world.loop.create_future()
        self._pending.add(answer)
        self.domain.create_task(self._serve(path, headers, body, answer))
        try:
            return await answer
        finally:
            self._pending.discard(answer)

    async def _serve(
        self,
        path: str,
        headers: dict[str, str],
        body: bytes,
        answer: asyncio.Future[tuple[int, dict[str, Any]]],
    ) -> None:
        word = "request" if path.startswith("/v0.1") else "webhook"
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "POST",
            "scheme": "https",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "server": ("gateway.example.com", 443),
            "client": ("192.0.2.1", 50000),
        }
        incoming = [{"type": "http.request", "body": body, "more_body": False}]
        status = 0
        said = bytearray()

        async def receive() -> dict[str, Any]:
            if incoming:
                return incoming.pop()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if (stuck := self.reach(f"{word}-before-answer")) is not None:
                    await stuck
                return
            said.extend(message.get("body", b""))
            if not message.get("more_body") and not answer.done():
                judge.overhear(self._world, path, status, bytes(said))
                answer.set_result((status, orjson.loads(said) if said else {}))
                if (stuck := self.reach(f"{word}-after-answer")) is not None:
                    await stuck

        await self._app(scope, receive, send)

    def set_clock_right(self) -> None:
        """Set the machine's clock; who runs meanwhile takes it over when it wants."""
        self.wrong_clock_s = 0
        if self._clock is not None:
            self._clock.wrong_ms = 0

    def bury(self) -> None:
        """Let go of all lives."""
        for domain in self._past:
            domain.bury()
        if self.domain is not None:
            self.domain.is_dead = True
            self.domain.bury()


class FrontDoor:
    """The load balancer in front of all processes."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._turn = itertools.count()

    async def post(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Ask the next process that listens."""
        listening = [one for one in self._processes if one.gateway is not None]
        if not listening:
            raise ConnectionRefusedError
        return await listening[next(self._turn) % len(listening)].post(path, headers, body)
