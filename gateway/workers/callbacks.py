"""Deliver callbacks: in order within a lane, the same bytes each time, until the schedule ends.

A lane waits for a callback that fails, but not for ever: `gateway/core/answers.py` has the rule.

The machine is not told: a receiver that is down changes nothing about messages to people.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from gateway.applications import Applications
from gateway.clients.callbacks import (
    CallbackSigning,
    Delivered,
    Refusal,
    Undelivered,
    callback_headers,
)
from gateway.clients.ports import CallbackPort
from gateway.clock import Clock
from gateway.core.answers import GoesOn, Order, Waits, is_final
from gateway.core.backoff import Schedule
from gateway.engine import LEASE_MS
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.render import CORRECTION_HEADER, CORRECTION_STEP
from gateway.stores.base import NewOutboxItem, OutboxItem, OutboxKind, Store
from gateway.workers.rounds import Line
from gateway.workers.shares import Shares
from gateway.workers.turns import Turns

log = get_logger()

_PARK_MS = 2_000
_WAITING_PER_ORIGIN = 4  # times the origin's concurrency
_LOOKED_PAST_PER_ORIGIN = 16  # likewise
_LEASE_MARGIN_MS = 1_000  # for what an attempt does beside waiting for its receiver


class Deliverer:
    """Performs callback items."""

    def __init__(
        self,
        *,
        store: Store,
        client: CallbackPort,
        applications: Applications,
        schedule: Schedule,
        order: Order,
        clock: Clock,
        metrics: Metrics,
        per_origin: int,
        adds_standard_headers: bool,
        offer: Callable[[Sequence[OutboxItem]], None],
        timeout_s: float = 15.0,
    ) -> None:
        """Prepare the deliverer.

        Args:
            per_origin: bounds the concurrent requests to one scheme, host and port.
            timeout_s: what `client` takes for one whole attempt at most.
        """
        self._store = store
        self._client = client
        self._applications = applications
        self._schedule = schedule
        self._order = order
        self._clock = clock
        self._metrics = metrics
        self._per_origin = per_origin
        self._adds_standard_headers = adds_standard_headers
        self._offer = offer
        self.looks_past = _LOOKED_PAST_PER_ORIGIN * per_origin
        self._attempt_ms = int(timeout_s * 1000) + _LEASE_MARGIN_MS
        self._lines: dict[tuple[str, str], Line] = {}
        self._slots: dict[str, Shares] = {}
        self._has_slot: set[int] = set()
        """The objects that have a slot and are about to be worked at."""
        self._turns = Turns()

    def line_of(self, item: NewOutboxItem) -> Line:
        """Return where a callback waits: for its receiver's origin."""
        key = (item.application, item.url)
        if (line := self._lines.get(key)) is None:
            known = self._applications.by_name.get(item.application)
            account = "" if known is None else known.account
            line = self._lines[key] = Line(account, item.application, _origin(item.url))
        return line

    def longest(self, application: str) -> int:
        """Return how many callbacks to one origin may wait outside of the store."""
        return self._per_origin * _WAITING_PER_ORIGIN

    def take(self, item: OutboxItem) -> float:
        """Take a slot of the receiver's origin."""
        line = self.line_of(item)
        slots = self._slots_of(line.destination)
        if not slots.may_take(line.account):
            return math.inf
        slots.take(line.account)
        self._has_slot.add(id(item))
        return 0

    def _slots_of(self, origin: str) -> Shares:
        slots = self._slots.get(origin)
        if slots is None:
            accounts = {
                application.account
                for application in self._applications.by_name.values()
                for url in (
                    application.status_url,
                    application.final_report_url,
                    application.inbound_url,
                )
                if url and _origin(url) == origin
            }
            slots = self._slots[origin] = Shares(self._per_origin, accounts)
        return slots

    async def work(self, item: OutboxItem) -> None:
        """Attempt one delivery, or put it off while its receiver is overrun."""
        if id(item) not in self._has_slot and self.take(item):
            await self.put_off(item)
            return
        self._has_slot.discard(id(item))
        line = self.line_of(item)
        try:
            if self._clock.detours():
                await self.put_off(item)
                return
            # A lane that waits no longer hands out several at once: they begin in order, too.
            async with self._turns.taking((item.item_id.owner, item.url)):
                await self._attempt(item)
        finally:
            self._slots[line.destination].give_back(line.account)

    async def put_off(self, item: OutboxItem) -> None:
        """Give a callback back for a while: its receiver has more than it can take."""
        due_ms = self._clock.now_ms() + int(_PARK_MS * self._clock.jitter(0.5))
        await self._store.release(item, due_ms=due_ms, tried=False)

    async def _attempt(self, item: OutboxItem) -> None:
        now_ms = self._clock.now_ms()
        if item.lease_until_ms - self._attempt_ms < now_ms:
            # An attempt that outlives its lease is made twice at once, by the next holder too.
            await self._store.release(item, due_ms=now_ms, tried=False)
            return
        match outcome := await self._post(item):
            case Delivered():
                self._metrics.callbacks.labels("delivered").inc()
                self._offer(
                    await self._store.settle(item, now_ms=self._clock.now_ms(), lease_ms=LEASE_MS)
                )
            case Undelivered():
                self._metrics.callbacks.labels("failed").inc()
                await self._fail(item, outcome, began_ms=now_ms)

    async def _post(self, item: OutboxItem) -> Delivered | Undelivered:
        try:
            headers = callback_headers(
                item.body,
                signing=self._signing_of(item.application),
                issued_at_s=self._clock.wall_s(),
                token_id=str(self._clock.draw_uuid()),
                webhook_id=f"msg_{item.item_id}",
                standard_webhooks=self._adds_standard_headers,
            )
            if item.step == CORRECTION_STEP:
                headers = {**headers, CORRECTION_HEADER: "correction"}
            return await self._client.post(item.url, item.body, headers)
        except Exception as error:
            # An error of ours counts as an attempt: else it would be repeated for ever.
            log.error(
                "worker.item_failed",
                worker=OutboxKind.CALLBACK.value,
                item=str(item.item_id),
                error_type=type(error).__name__,
                exc_info=True,
            )
            return Undelivered(reason=Refusal.INTERNAL_ERROR, http_status=None, retry_after_s=None)

    def _signing_of(self, name: str) -> CallbackSigning | None:
        application = self._applications.by_name.get(name)
        if application is None or not application.signature_secrets or not application.api_key:
            return None
        return CallbackSigning(
            api_key=application.api_key,
            secret=application.signature_secrets[0].reveal(),
            application_id=application.application_id,
        )

    async def _fail(self, item: OutboxItem, outcome: Undelivered, *, began_ms: int) -> None:
        now_ms = self._clock.now_ms()
        age_s = (now_ms - item.created_ms) / 1000
        delay_s = self._schedule.delay_after(item.tries + 1, age_s)
        if delay_s is None or is_final(outcome.http_status, item.tries + 1):
            log.error(
                "callback.buried",
                item=str(item.item_id),
                reason=outcome.reason,
                tries=item.tries + 1,
            )
            self._metrics.callbacks.labels("buried").inc()
            self._offer(
                await self._store.bury(
                    item,
                    reason=outcome.reason,
                    http_status=outcome.http_status,
                    now_ms=now_ms,
                    lease_ms=LEASE_MS,
                )
            )
            return
        asked_s = outcome.retry_after_s or 0.0
        wait_s = min(max(delay_s, asked_s), 2 * delay_s) * self._clock.jitter(0.1)
        log.warning(
            "callback.deferred",
            item=str(item.item_id),
            reason=outcome.reason,
            delay_s=round(wait_s, 3),
        )
        due_ms = now_ms + int(wait_s * 1000)
        match self._order.lane_after(outcome.http_status, began_ms=began_ms):
            case GoesOn():
                self._offer(
                    await self._store.detach(item, due_ms=due_ms, now_ms=now_ms, lease_ms=LEASE_MS)
                )
            case Waits(until_ms):
                await self._store.release(
                    item, due_ms=due_ms, tried=True, lane_waits_until_ms=until_ms
                )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
