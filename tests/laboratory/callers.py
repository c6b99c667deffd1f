"""Legacy applications that ask for dispatches: some repeat with a key, some ask once."""

from __future__ import annotations

import asyncio
from typing import Final

import orjson

from tests.laboratory.credentials import ACCOUNTS
from tests.laboratory.plan import DispatchPlan, StepPlan
from tests.laboratory.seen import Asked
from tests.laboratory.upstream import mark
from tests.laboratory.vendor import Door
from tests.laboratory.world import World

_LIMIT_S: Final = 30.0
_COME_AGAIN: Final = (429, 503)
_PAUSES_S: Final = (0.5, 2.0, 5.0, 20.0)


class Callers:
    """Everybody who asks."""

    def __init__(self, world: World, door: Door) -> None:
        self._world = world
        self._door = door
        self.under_way = 0
        """Requests that are not answered for good."""

    def begin(self) -> None:
        """Have all of them ask when it is time."""
        for number, plan in enumerate(self._world.plan.dispatches):
            if plan.copies > 1:
                self._world.happened("keys were repeated at once")
            for _ in range(plan.copies):
                self.under_way += 1
                self._world.spawn(self._ask(number, plan))

    async def _ask(self, number: int, plan: DispatchPlan) -> None:
        body = orjson.dumps(_document(number, plan))
        headers = {
            "content-type": "application/json",
            "authorization": ACCOUNTS[plan.account].basic,
        }
        if plan.has_key:
            headers["idempotency-key"] = f"key-{number}"
        try:
            await asyncio.sleep(plan.at_s)
            tries = 0
            while await self._attempt(number, headers, body) is not True and plan.has_key:
                await asyncio.sleep(_PAUSES_S[min(tries, len(_PAUSES_S) - 1)])
                tries += 1
        finally:
            self.under_way -= 1

    async def _attempt(self, number: int, headers: dict[str, str], body: bytes) -> bool:
        """Ask once; return whether the answer is for good."""
        world = self._world
        asked = Asked(at_s=world.now_s, dispatch=number)
        if any(one.dispatch == number for one in world.seen.asked):
            world.happened("a key was repeated")
        world.seen.asked.append(asked)
        try:
            async with asyncio.timeout(_LIMIT_S):
                status, document = await self._door.post("/v0.1/dispatch", headers, body)
        except (ConnectionError, TimeoutError):
            return False
        is_first = sum(one.dispatch == number for one in world.seen.asked) == 1
        if status == 202 and is_first and world.plan.dispatches[number].loses_answer:
            world.happened("the answer to a request was lost")
            return False
        asked.status = status
        if status == 202:
            asked.dispatch_uuid = str(document["dispatch_uuid"])
            return True
        if status in _COME_AGAIN:
            if status == 503:
                world.happened("a request was refused with 503")
            asked.told = str(document)
        else:
            world.violations.append(f"d{number} was answered {status}: {document}")
        return status not in _COME_AGAIN


def _document(number: int, plan: DispatchPlan) -> dict[str, object]:
    return {
        "template": "failover",
        "workflow": [_step(number, index, step) for index, step in enumerate(plan.steps)],
    }


def _step(number: int, index: int, step: StepPlan) -> dict[str, object]:
    key = "id" if step.channel == "messenger" else "number"
    sender = "id" if step.channel in ("messenger", "viber_service_msg") else "number"
    document: dict[str, object] = {
        "from": {"type": step.channel, sender: "16273" if sender == "id" else "447700900001"},
        "to": {"type": step.channel, key: f"4477009{number:05}"},
        "message": {"content": {"type": "text", "text": mark(number, index)}},
    }
    if step.expiry_s is not None:
        document["failover"] = {
            "expiry_time": step.expiry_s,
            "condition_status": step.condition,
        }
    return document
