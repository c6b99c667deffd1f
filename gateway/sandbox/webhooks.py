"""Deliver status webhooks when they are due: signed, in order per message, retried as v1 does."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy, Blocked, dial_target
from gateway.clients.transport import Transport
from gateway.clock import Clock
from gateway.core.backoff import LEGACY_CALLBACKS
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.ledger import Tally
from gateway.sandbox.statuses import Status
from gateway.signatures import sign_body

_ANYWHERE: Final = AddressPolicy(allow_private=True)
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "dispatch-gateway-sandbox"}
_IN_FLIGHT: Final = 500
_DEADLINE_S: Final = 15.0
"""What the vendor waits for a receiver. Source: docs/wire.md section 5.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One status on its way."""

    message_uuid: str
    url: str
    status: Status


@dataclass(slots=True, kw_only=True, eq=False)
class Lane:
    """The webhooks of one message: the first must be accepted or given up before the next goes."""

    webhooks: deque[Webhook]
    tally: Tally
    tries: int = 0
    """Attempts of the first webhook."""
    first_try_ms: int = 0
    attempted: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the first attempt of all has ended."""


class WebhookSender:
    """A heap of due lanes, one task that watches it, and a task for each POST under way."""

    def __init__(
        self, config: SandboxConfig, clock: Clock, say: Callable[[str], None] | None
    ) -> None:
        self._config = config
        self._clock = clock
        self._say = say
        self._heap: list[tuple[int, int, Lane]] = []
        self._order = itertools.count()
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(_IN_FLIGHT)
        self._under_way: dict[asyncio.Task[None], Lane] = {}

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver until the context ends; what is then pending is dropped."""
        transport = Transport(_ANYWHERE, egress=Egress())
        watch = asyncio.create_task(self._watch(transport))
        try:
            yield
        finally:
            tasks = [watch, *self._under_way]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await transport.close()

    def schedule(self, lane: Lane) -> None:
        """Deliver the webhooks of a lane, each not before it is due."""
        lane.tally.pending += len(lane.webhooks)
        if lane.webhooks:
            self._push(lane, lane.webhooks[0].status.due_ms)

    def clear(self) -> None:
        """Drop everything that is pending; POSTs under way are not counted any more."""
        for lane in [lane for _, _, lane in self._heap] + [*self._under_way.values()]:
            lane.webhooks.clear()
        self._heap.clear()

    def _push(self, lane: Lane, due_ms: int) -> None:
        heapq.heappush(self._heap, (due_ms, next(self._order), lane))
        if self._heap[0][2] is lane:
            self._wake.set()

    async def _watch(self, transport: Transport) -> None:
        while True:
            await self._slots.acquire()
            self._start(transport, await self._next_due())

    async def _next_due(self) -> Lane:
        while True:
            self._wake.clear()
            wait_s = None
            if self._heap:
                wait_s = (self._heap[0][0] - self._clock.now_ms()) / 1000
                if wait_s <= 0:
                    return heapq.heappop(self._heap)[2]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    def _start(self, transport: Transport, lane: Lane) -> None:
        task = asyncio.create_task(self._attempt(transport, lane))
        self._under_way[task] = lane
        task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._under_way.pop(task).attempted.set()
        self._slots.release()

    async def _attempt(self, transport: Transport, lane: Lane) -> None:
        if not lane.webhooks:
            return  # cleared before this task had its turn
        webhook = lane.webhooks[0]
        if not lane.tries:
            lane.first_try_ms = self._clock.now_ms()
        http_status = await self._post(transport, webhook)
        lane.tries += 1
        if self._say is not None:
            attempt = f" (attempt {lane.tries})" if lane.tries > 1 else ""
            answer = http_status or "no answer"
            self._say(
                f"webhook  {webhook.message_uuid}  {webhook.status.status} -> {answer}{attempt}"
            )
        if not lane.webhooks:
            return
        lane.tally.attempts += 1
        if http_status is not None and 200 <= http_status < 300:
            lane.tally.delivered += 1
        elif (delay_s := self._delay_s(lane, http_status)) is not None:
            self._push(lane, self._clock.now_ms() + int(delay_s * 1000))
            return
        else:
            lane.tally.given_up += 1
        lane.webhooks.popleft()
        lane.tally.pending -= 1
        lane.tries = 0
        if lane.webhooks:
            self._push(lane, lane.webhooks[0].status.due_ms)

    def _delay_s(self, lane: Lane, http_status: int | None) -> float | None:
        # Retried are 429, 5xx and no answer at all. Source: docs/wire.md section 5.1.
        if http_status is not None and http_status != 429 and http_status < 500:
            return None
        pace = self._config.pace
        age_s = (self._clock.now_ms() - lane.first_try_ms) / 1000 / pace
        delay_s = LEGACY_CALLBACKS.delay_after(lane.tries, age_s)
        return None if delay_s is None else delay_s * pace

    async def _post(self, transport: Transport, webhook: Webhook) -> int | None:
        target = dial_target(webhook.url, _ANYWHERE)
        if isinstance(target, Blocked):
            return None
        headers = dict(_HEADERS)
        if self._config.signature_secret is not None:
            token = sign_body(
                webhook.status.body,
                secret=self._config.signature_secret,
                api_key=self._config.api_key or "",
                application_id=self._config.application_id,
                issued_at_s=self._clock.wall_s(),
                token_id=str(uuid.UUID(bytes=self._clock.draw_token(16), version=4)),
            )
            headers["Authorization"] = f"Bearer {token}"
        seen = await transport.exchange(
            target, webhook.status.body, headers.items(), deadline_s=_DEADLINE_S
        )
        return seen.http_status
