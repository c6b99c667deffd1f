"""A run in progress: the programs, their surroundings, and how a round is played."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import orjson

from gateway.clock import Clock
from tests.kill.draws import Draws
from tests.kill.processes import (
    API_KEY,
    API_SECRET,
    CREDENTIALS,
    SIGNATURE_SECRET,
    Gateway,
    Sandbox,
    free_ports,
)
from tests.kill.surroundings import Callers, Receiver
from tests.kill.workflows import Workflow, draw_workflow
from translators.diagnostics import JsonObject

STORE: Final = "gateway.db"

_QUIET: Final = frozenset(
    {
        "gateway_open_dispatches",
        "gateway_pending_sends",
        "gateway_pending_timers",
        "gateway_callback_backlog",
        "gateway_dead_letters",
        "gateway_held_webhooks",
    }
)
_GAUGE: Final = re.compile(r"^(gateway_\w+) (\d+)(?:\.0)?$", re.MULTILINE)
_AT_ONCE: Final = 16
_HORIZON_S: Final = 60  # the least there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a run goes. The seed decides what is posted, when, and when the gateway is killed."""

    rounds: int
    dispatches: int
    """How many are posted in each round."""
    seed: int
    posting_s: tuple[float, float] = (0.5, 5.0)
    """Bounds of the time within which a round posts: from a burst to a trickle."""
    tail_s: float = 3.0
    """How long a round lasts after that; kills are drawn over the whole of it."""
    kills: int | None = None
    """Kills in each round; None draws one, at times two or three."""
    is_prompt: bool = False
    """Leave out what has an expiry or the horizon to wait for."""
    grace_s: int = 5
    pace: float = 0.2
    refused: float = 0.02
    """The share of callbacks that the receiver refuses when they first come."""
    settles_within_s: float = 180.0


class Stage:
    """The programs, and those who deal with them. Made by `open_stage`."""

    def __init__(
        self,
        *,
        plan: Plan,
        clock: Clock,
        http: aiohttp.ClientSession,
        gateway: Gateway,
        sandbox: Sandbox,
        receiver: Receiver,
    ) -> None:
        self.gateway = gateway
        self.sandbox = sandbox
        self.receiver = receiver
        self.callers = Callers(http=http, base_url=gateway.base_url, clock=clock)
        self.workflows: dict[int, Workflow] = {}
        self._plan = plan
        self._draws = Draws(plan.seed)
        self._http = http
        self._clock = clock

    async def play(self, number: int) -> str:
        """Post the workflows of one round, and kill meanwhile; return a line about it."""
        plan, began_ms = self._plan, self._clock.now_ms()
        posting_s = self._draws.between(*plan.posting_s, "posting", number)
        length_s = posting_s + plan.tail_s
        numbers = range(number * plan.dispatches, (number + 1) * plan.dispatches)
        kills = sorted(
            self._draws.between(0, length_s, "kill", number, count)
            for count in range(self._kills_of(number))
        )
        for each in numbers:
            self.workflows[each] = draw_workflow(each, self._draws, is_prompt=plan.is_prompt)
        with contextlib.suppress(TimeoutError):  # what is not accepted by then is told by a check
            limit_s = length_s + plan.settles_within_s
            async with asyncio.timeout(limit_s), asyncio.TaskGroup() as group:
                group.create_task(self._kill(began_ms, kills))
                for each in numbers:
                    after_s = self._draws.between(0, posting_s, "post", each)
                    group.create_task(self._post(self.workflows[each], after_s))
        await self._until(began_ms, length_s)
        await self.gateway.until_serving()
        instants = ", ".join(f"{after_s:.2f} s" for after_s in kills)
        return (
            f"round {number + 1:>2} of {plan.rounds}: {plan.dispatches} posted within "
            f"{posting_s:.1f} s, killed at {instants} of {length_s:.1f} s"
        )

    def _kills_of(self, number: int) -> int:
        if self._plan.kills is not None:
            return self._plan.kills
        drawn = self._draws.fraction("kills", number)
        return 1 + (drawn > 0.6) + (drawn > 0.8)

    async def _kill(self, began_ms: int, instants: list[float]) -> None:
        for after_s in instants:
            await self._until(began_ms, after_s)
            await self.gateway.kill()
            await self.gateway.restart()

    async def _post(self, workflow: Workflow, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self.callers.insist(workflow)

    async def _until(self, began_ms: int, after_s: float) -> None:
        await asyncio.sleep(max(0.0, after_s - (self._clock.now_ms() - began_ms) / 1000))

    async def settle(self) -> dict[str, int]:
        """Wait until nothing is left to do; return what is, by metric, when that takes too long."""
        leftovers = await self._leftovers()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._plan.settles_within_s):
                while any(leftovers.values()):
                    await asyncio.sleep(0.2)
                    await self.gateway.revive()
                    leftovers = await self._leftovers()
        return leftovers

    async def _leftovers(self) -> dict[str, int]:
        # The upstream is asked first: a webhook that it got rid of shows in the gateway's figures.
        pending = int(str((await self.ledger(1))["webhooks_pending"]))
        metrics = (await self._get(f"{self.gateway.admin_url}/metrics")).decode()
        gauges = {name: int(value) for name, value in _GAUGE.findall(metrics) if name in _QUIET}
        return {"webhooks_pending": pending, **gauges}

    async def ledger(self, limit: int) -> JsonObject:
        """Return what the sandbox saw."""
        url = f"{self.sandbox.base_url}/sandbox/messages?limit={limit}"
        document: JsonObject = orjson.loads(await self._get(url))
        return document

    async def states(self) -> dict[str, JsonObject]:
        """Return what GET shows of each accepted dispatch that the gateway knows."""
        found: dict[str, JsonObject] = {}

        async def look(uuid: str) -> None:
            url = f"{self.gateway.base_url}/v0.1/dispatch/{uuid}"
            document = orjson.loads(await self._get(url))
            if "workflow" in document:
                found[uuid] = document

        uuids = {one.dispatch_uuid for one in self.callers.attempts if one.dispatch_uuid}
        await in_turns(look(uuid) for uuid in uuids)
        return found

    async def _get(self, url: str) -> bytes:
        async with self._http.get(url, headers={"Authorization": CREDENTIALS}) as answer:
            return await answer.read()


@contextlib.asynccontextmanager
async def open_stage(plan: Plan, folder: Path, clock: Clock) -> AsyncIterator[Stage]:
    """Run the programs on a store in `folder`; they have ended well when the context has.

    Raises:
        CannotStart: one did not come up.
    """
    receiver = Receiver(draws=Draws(plan.seed), clock=clock, refused=plan.refused)
    gateway_port, admin_port, sandbox_port = free_ports(3)
    async with contextlib.AsyncExitStack() as stack:
        # Every request on a connection of its own: none is left over from a gateway that died.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        http = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        await stack.enter_async_context(receiver.server.listening())
        sandbox = Sandbox(port=sandbox_port, folder=folder, pace=plan.pace, http=http, clock=clock)
        stack.push_async_callback(sandbox.stop)
        await sandbox.start()
        environ = {
            "GATEWAY_STORE": f"sqlite:///{folder / STORE}",
            "GATEWAY_UPSTREAM": sandbox.base_url,
            "GATEWAY_STATUS_URL": f"{receiver.server.url}/status",
            "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
            "GATEWAY_STANDARD_WEBHOOKS": "true",
            "GATEWAY_SEND_RATE": "0",
            "GATEWAY_IN_DOUBT_GRACE": str(plan.grace_s),
            "GATEWAY_HORIZON": str(_HORIZON_S),
            "VONAGE_API_KEY": API_KEY,
            "VONAGE_API_SECRET": API_SECRET,
            "VONAGE_SIGNATURE_SECRET": SIGNATURE_SECRET,
        }
        gateway = Gateway(
            port=gateway_port,
            admin_port=admin_port,
            folder=folder,
            environ=environ,
            http=http,
            clock=clock,
        )
        stack.push_async_callback(gateway.stop)
        await gateway.start()
        await gateway.until_serving()
        yield Stage(
            plan=plan, clock=clock, http=http, gateway=gateway, sandbox=sandbox, receiver=receiver
        )


async def in_turns(tasks: Iterable[Awaitable[object]]) -> None:
    """Await all of them, a few at once."""
    turns = asyncio.Semaphore(_AT_ONCE)

    async def take(task: Awaitable[object]) -> None:
        async with turns:
            await task

    await asyncio.gather(*(take(task) for task in tasks))
