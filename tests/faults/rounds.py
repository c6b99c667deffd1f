"""One round: requests while a write fails, the end, and what the next gateway sends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from typing import Final

import httpx2
import orjson

from gateway.app import Gateway
from gateway.clock import SystemClock
from gateway.core.state import StepStatus
from gateway.settings import load_settings
from gateway.stores.base import Store
from gateway.stores.open import open_store
from tests.faults.shim import Control, Fault, build
from tests.kill.processes import free_ports
from tests.support.environment import environment
from tests.support.loopback import WAIT_S, Loopback
from tests.support.peers import accepting, receiving
from tests.support.world import API_KEY, API_SECRET, step, workflow

_AT_ONCE: Final = 3
_AFTERWARDS: Final = 2
REQUESTS: Final = _AT_ONCE + _AFTERWARDS
"""Of each round."""
_POLL_S: Final = 0.005
_WRITERS: Final = ("loop", "loop", "thread", "thread")
"""Both, and both with each of two errors that alternate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a caller was told about one workflow."""

    text: str
    """Of its message, by which it is known everywhere."""
    http_status: int | None
    """None without an answer."""
    dispatch_uuid: str | None = None
    detail: str = ""

    @property
    def denies(self) -> bool:
        """Whether the caller may believe that nothing was accepted."""
        return self.http_status is not None and self.http_status != 202 and not self.is_in_doubt

    @property
    def is_in_doubt(self) -> bool:
        """Whether the caller was told that nobody knows."""
        return "is not known" in self.detail


@dataclass(slots=True, kw_only=True)
class Tally:
    """What the rounds saw, so that a run in which nothing failed does not pass for a proof."""

    answers: list[Answer] = field(default_factory=list)
    fired: int = 0
    ended: int = 0
    """Processes that ended by themselves."""
    violations: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """Say it in one line."""
        accepted = sum(each.http_status == 202 for each in self.answers)
        denied = sum(each.denies for each in self.answers)
        doubted = sum(each.is_in_doubt for each in self.answers)
        return (
            f"{len(self.answers)} requests: {accepted} accepted, {denied} denied, {doubted} in"
            f" doubt, {len(self.answers) - accepted - denied - doubted} without an answer;"
            f" {self.fired} calls failed, {self.ended} processes ended by themselves"
        )


class Rounds:
    """Plays rounds on one store, each on what the one before left."""

    def __init__(self, folder: Path) -> None:
        """Prepare; `folder` is empty, and there is a compiler."""
        self.tally = Tally()
        self._folder = folder
        self._store = folder / "gateway.db"
        self._control = Control(folder / "control")
        self._library = build(folder)
        self._port, self._admin_port = free_ports(2)
        self._upstream = Loopback(accepting)
        self._receiver = Loopback(receiving)
        self._numbers: Iterator[int] = count(1)
        self._writers = cycle(_WRITERS)

    @contextlib.asynccontextmanager
    async def prepared(self) -> AsyncIterator[Rounds]:
        """Have gateways ready to start, and the surroundings."""
        async with self._upstream.listening(), self._receiver.listening():
            self._nursery = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "tests.faults.nursery", str(self._folder / "log")),
                env={
                    "PATH": os.environ["PATH"],
                    "LD_PRELOAD": str(self._library),
                    "FAULT_CONTROL": str(self._control.path),
                    "FAULT_FILE": str(self._store.resolve()),
                },
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
            )
            try:
                async with httpx2.AsyncClient(
                    base_url=f"http://127.0.0.1:{self._port}", auth=(API_KEY, API_SECRET)
                ) as self._http:
                    yield self
            finally:
                assert self._nursery.stdin is not None
                self._nursery.stdin.close()
                await self._nursery.wait()
                self._control.close()

    async def play(self, fault: Fault, *, is_killed: bool) -> None:
        """Play one round.

        Args:
            fault: strikes while requests are accepted and their messages are sent.
            is_killed: kill -9 after the answers, whatever the process is about to do. A process
                that goes on is killed anyway.
        """
        environ = {**environment(self._folder, self._upstream.url, self._receiver.url)}
        environ |= {
            "GATEWAY_PORT": str(self._port),
            "GATEWAY_ADMIN_PORT": str(self._admin_port),
            "GATEWAY_DRAIN": "1",
            "GATEWAY_SQLITE_WRITER": next(self._writers),
        }
        pid = await self._ask(orjson.dumps(environ))
        await self._until_it_lives()
        self._control.arm(fault)
        answers = await asyncio.gather(*(self._post() for _ in range(_AT_ONCE)))
        for _ in range(_AFTERWARDS):
            answers.append(await self._post())
        is_dying = not is_killed and await self._is_dying()
        if not is_dying:
            os.kill(pid, signal.SIGKILL)
        code = await self._ask(b"")
        self.tally.ended += is_dying
        self.tally.fired += self._control.disarm()
        self.tally.answers += answers
        if code not in (3, -signal.SIGKILL):
            self._break(fault, f"the process ended with {code}")
        await self._take_over(environ, fault, answers)

    async def _take_over(
        self, environ: dict[str, str], fault: Fault, answers: Sequence[Answer]
    ) -> None:
        """Run the next gateway until nothing is left to send, and compare."""
        settings, clock = load_settings(environ), SystemClock()
        store = await open_store(settings.store, clock=clock, writer="loop")
        gateway = Gateway(settings, store, clock)
        async with gateway.running():
            await _until_nothing_is_left_to_send(store)
            for answer in answers:
                sent = self._times_sent(answer.text)
                if sent > 1:
                    self._break(fault, f"was sent {sent} times: {answer}")
                if answer.denies and sent:
                    self._break(fault, f"was denied and sent: {answer}")
                if answer.dispatch_uuid is not None:
                    record = await store.load(answer.dispatch_uuid)
                    if record is None:
                        self._break(fault, f"was accepted and is gone: {answer}")
                    elif not sent and record.state.steps[0].status is not StepStatus.UNKNOWN:
                        self._break(fault, f"was accepted and not sent: {answer}")
        await store.close()

    async def _post(self) -> Answer:
        text = f"message {next(self._numbers)}"
        try:
            answered = await self._http.post(
                "/v0.1/dispatch", json=workflow(step("sms", text)), timeout=WAIT_S
            )
        except httpx2.HTTPError:
            return Answer(text=text, http_status=None)
        body = answered.json()
        return Answer(
            text=text,
            http_status=answered.status_code,
            dispatch_uuid=body.get("dispatch_uuid"),
            detail=str(body.get("detail", "")),
        )

    async def _until_it_lives(self) -> None:
        async with asyncio.timeout(WAIT_S):
            while True:
                with contextlib.suppress(httpx2.HTTPError):
                    if (await self._http.get("/livez")).status_code == 200:
                        return
                await asyncio.sleep(_POLL_S)

    async def _is_dying(self) -> bool:
        """Tell whether the process is about to end: it does not accept connections any more."""
        try:
            answer = await self._http.get(
                f"http://127.0.0.1:{self._admin_port}/readyz", timeout=WAIT_S
            )
        except httpx2.HTTPError:
            return True
        return "What is on disk is not known" in answer.text

    async def _ask(self, line: bytes) -> int:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(line + b"\n")
        async with asyncio.timeout(WAIT_S):
            return int(await self._nursery.stdout.readline())

    def _times_sent(self, text: str) -> int:
        return sum(seen.json().get("text") == text for seen in self._upstream.seen)

    def _break(self, fault: Fault, what: str) -> None:
        self.tally.violations.append(f"{fault}: {what}")


async def _until_nothing_is_left_to_send(store: Store) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            if not (await store.counts()).pending_sends:
                return
            await asyncio.sleep(_POLL_S)
