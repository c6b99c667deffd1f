"""The applications that receive callbacks, and the port of one process to them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import orjson

from gateway.clients.callbacks import Delivered, Refusal, Undelivered
from gateway.clients.faults import Fault
from gateway.render import CORRECTION_HEADER
from tests.laboratory.seen import Received
from tests.laboratory.upstream import Reach
from tests.laboratory.world import World

_AFTER_S: Final = 0.02


class Receiver:
    """Answers callbacks as the faults of the moment say."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._taken = Counter[str]()
        self._failed: set[str] = set()

    def receive(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> asyncio.Future[Delivered | Undelivered]:
        """Take in a callback; the future is the answer, which may never come."""
        world = self._world
        future: asyncio.Future[Delivered | Undelivered] = world.loop.create_future()
        outcome = self._outcome()
        webhook_id = headers["webhook-id"]
        self._note(url, body, headers, outcome)
        is_taken = isinstance(outcome, Delivered)
        if is_taken and webhook_id in self._failed:
            world.happened("a callback failed and was delivered later")
        if not is_taken:
            self._failed.add(webhook_id)
        if outcome is not None:
            said = outcome

            def say() -> None:
                if not future.done():
                    future.set_result(said)

            world.later(_AFTER_S, say)
        return future

    def _note(
        self,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
        outcome: Delivered | Undelivered | None,
    ) -> None:
        webhook_id = headers["webhook-id"]
        forgets = isinstance(outcome, Undelivered) and outcome.reason == Fault.CONNECTION_LOST
        self._taken[webhook_id] += isinstance(outcome, Delivered) or forgets
        if self._taken[webhook_id] > 1:
            self._world.happened("a callback was delivered twice")
        self._world.seen.received.append(
            Received(
                at_s=self._world.now_s,
                webhook_id=webhook_id,
                path=urlsplit(url).path,
                body=body,
                document=orjson.loads(body),
                was_taken=isinstance(outcome, Delivered),
                http_status=outcome.http_status if outcome is not None else None,
                is_correction=CORRECTION_HEADER in headers,
            )
        )

    def _outcome(self) -> Delivered | Undelivered | None:
        world = self._world
        if world.window("receiver-down"):
            return _undelivered(Fault.CONNECTION_REFUSED)
        if world.window("receiver-fails"):
            return _undelivered(Refusal.SERVER_ERROR, 503)
        if world.window("receiver-missing"):
            return _undelivered(Refusal.CLIENT_ERROR, 404)
        if world.window("receiver-refuses"):
            return _undelivered(Refusal.CLIENT_ERROR, 400)
        if world.window("receiver-gone"):
            return _undelivered(Refusal.CLIENT_ERROR, 410)
        if world.window("receiver-hangs"):
            return None
        if world.window("receiver-forgets"):
            return _undelivered(Fault.CONNECTION_LOST)
        return Delivered(http_status=200)


def _undelivered(reason: str, http_status: int | None = None) -> Undelivered:
    return Undelivered(reason=reason, http_status=http_status, retry_after_s=None)


class SimulatedCallbacks:
    """The port of one process to the receivers."""

    def __init__(self, receiver: Receiver, reach: Reach, *, limit_s: float) -> None:
        self._receiver = receiver
        self._reach = reach
        self._limit_s = limit_s

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str]
    ) -> Delivered | Undelivered:
        if (stuck := self._reach("callback-before-post")) is not None:
            await stuck
        future = self._receiver.receive(url, body, headers)
        try:
            async with asyncio.timeout(self._limit_s):
                outcome = await future
        except TimeoutError:
            outcome = _undelivered(Fault.DEADLINE_PASSED)
        if (stuck := self._reach("callback-answered")) is not None:
            await stuck
        return outcome

    async def close(self) -> None:
        pass
