"""Load, decide, render, commit; decide again when another commit came first.

Nothing is performed between deciding and committing. What a commit made claimable is handed to
the workers of this process; should the process die first, a lease runs out and a claim finds it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from weakref import WeakValueDictionary

from gateway.bodies import new_dispatch
from gateway.clock import Clock
from gateway.core.decide import RANK, Decision, decide
from gateway.core.events import DispatchAccepted, Event, StatusReceived
from gateway.core.state import Dispatch, DispatchStatus, StepStatus, TermsOf
from gateway.identifiers import partition_of_key, placed
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.render import Renderer
from gateway.settings import Application
from gateway.stores.base import (
    Cause,
    CauseSpent,
    Commit,
    NewOutboxItem,
    OutboxItem,
    OutboxItemId,
    OutcomeUnknown,
    RequestCause,
    RevisionConflict,
    Store,
    StoreUnavailable,
)
from translators.dispatch import DispatchPlan
from translators.status import MessageStatus

LEASE_MS = 30_000
"""How long a claim lasts: longer than any attempt, so that only a dead holder loses one."""

_MAX_CONFLICTS = 50

log = get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyConflict:
    """The idempotency key was used for another request body."""


class UnknownDispatch(Exception):
    """No dispatch has this id, or it lacks the step."""


class NotPermitted(UnknownDispatch):
    """Whoever told of the event may not speak for its application: to them it is unknown."""


class Engine:
    """Applies events to dispatches, one commit each."""

    def __init__(
        self,
        *,
        store: Store,
        renderer: Renderer,
        clock: Clock,
        metrics: Metrics,
        terms: TermsOf,
        offer: Callable[[Sequence[OutboxItem]], None],
        wants: Callable[[NewOutboxItem], bool] = lambda item: True,
        witness: Callable[[Commit, Decision], None] | None = None,
    ) -> None:
        """Prepare the engine.

        Args:
            offer: takes over what a commit claimed, and learns that one left something due.
            wants: tells whether a commit should claim an item that it appends, or leave it due.
            witness: learns of every commit.
        """
        self.store = store
        self._renderer = renderer
        self._clock = clock
        self._metrics = metrics
        self._terms = terms
        self._offer = offer
        self._wants = wants
        self._witness = witness
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def accept(
        self,
        application: Application,
        plan: DispatchPlan,
        *,
        idempotency_key: str | None = None,
        fingerprint: str = "",
    ) -> str | IdempotencyConflict:
        """Make a new dispatch durable and return its `dispatch_uuid`. Nothing was sent yet.

        With an idempotency key that was used before for the same body, the first dispatch's id
        is returned and nothing new begins.

        Raises:
            StoreUnavailable: nothing was accepted, and nothing under the key before.
            OutcomeUnknown: it may have been accepted, now or before.
        """
        cause = RequestCause(
            application=application.name, idempotency_key=idempotency_key, fingerprint=fingerprint
        )
        now_ms = self._clock.now_ms()
        drawn = self._clock.draw_uuid()
        if idempotency_key is not None:
            drawn = placed(drawn, partition_of_key(application.name, idempotency_key))
        state = new_dispatch(str(drawn), plan, self._terms(plan.steps[-1].channel))
        event = DispatchAccepted()
        decision = decide(state, event, now_ms)
        commit = self._renderer.render(
            application=application.name,
            decision=decision,
            event=event,
            cause=cause,
            plan=plan,
            now_ms=now_ms,
        )
        try:
            await self._commit(commit, now_ms)
        except CauseSpent:
            first = await self._first_answer(application, idempotency_key, fingerprint)
            return first or IdempotencyConflict()
        except OutcomeUnknown:
            raise
        except StoreUnavailable:
            # What was accepted before has its answer, whatever cannot be written now.
            first = await self._first_answer(application, idempotency_key, fingerprint)
            if first is None:
                raise
            return first
        if self._witness is not None:
            self._witness(commit, decision)
        self._metrics.dispatches_accepted.inc()
        self._observe(state, decision, event)
        return state.dispatch_uuid

    async def _commit(self, commit: Commit, now_ms: int) -> None:
        """Make a decision durable, and hand over what it made claimable and somebody wants."""
        unclaimed = [item.item_id for item in commit.outbox if not self._wants(item)]
        claimed = await self.store.commit(
            commit, now_ms=now_ms, lease_ms=LEASE_MS, unclaimed=unclaimed
        )
        if claimed or unclaimed:
            self._offer(claimed)

    async def _first_answer(
        self, application: Application, idempotency_key: str | None, fingerprint: str
    ) -> str | IdempotencyConflict | None:
        """Return what a key was answered with; None when nothing was accepted under it."""
        if idempotency_key is None:
            return None
        try:
            record = await self.store.recall(application.name, idempotency_key)
        except StoreUnavailable as error:
            raise OutcomeUnknown("what was accepted under the key cannot be read") from error
        if record is None:
            return None
        if record.fingerprint != fingerprint:
            return IdempotencyConflict()
        return record.dispatch_uuid

    async def apply(
        self,
        dispatch_uuid: str,
        event: Event,
        cause: Cause,
        *,
        told: MessageStatus | None = None,
        permits: Callable[[str], bool] = lambda application: True,
    ) -> Decision | None:
        """Apply one event, once.

        Args:
            dispatch_uuid: a dispatch the store knows.
            event: what happened.
            cause: what the commit spends, so that the event cannot count twice.
            told: the webhook's content, when the event came by one.
            permits: tells of the dispatch's application whether this event may touch it.

        Returns:
            The committed decision; None when the cause was spent before.

        Raises:
            UnknownDispatch: the store has no such dispatch, or the event names a step it lacks.
            NotPermitted: the event may not touch this dispatch.
            StoreUnavailable: nothing happened; the event must come again.
            OutcomeUnknown: it may have happened; the event must come again, and counts once.
        """
        # Events of one dispatch take turns, so that only another process can come in between:
        # of a hundred at once the last one would else be decided a hundred times.
        turn = self._turns.setdefault(dispatch_uuid, asyncio.Lock())
        async with turn:
            return await self._apply(dispatch_uuid, event, cause, told, permits)

    async def _apply(
        self,
        dispatch_uuid: str,
        event: Event,
        cause: Cause,
        told: MessageStatus | None,
        permits: Callable[[str], bool],
    ) -> Decision | None:
        for _ in range(_MAX_CONFLICTS):
            record = await self.store.load(dispatch_uuid)
            if record is not None and not permits(record.application):
                raise NotPermitted(dispatch_uuid)
            if record is None or event.step >= len(record.state.steps):
                raise UnknownDispatch(dispatch_uuid)
            now_ms = self._clock.now_ms()
            decision = decide(record.state, event, now_ms)
            commit = self._renderer.render(
                application=record.application,
                decision=decision,
                event=event,
                cause=cause,
                plan=record.plan,
                told=told,
                now_ms=now_ms,
            )
            if self._clock.detours():
                await asyncio.sleep(0)  # others come in between deciding and committing
            try:
                await self._commit(commit, now_ms)
            except CauseSpent:
                return None
            except RevisionConflict:
                continue
            if self._witness is not None:
                self._witness(commit, decision)
            self._observe(record.state, decision, event)
            return decision
        # Each conflict means that another event of this very dispatch was committed.
        raise AssertionError("a dispatch moved too often to decide")

    async def enqueue(self, item: NewOutboxItem, *, digest: bytes) -> None:
        """Append a callback that belongs to no dispatch, once per `digest`.

        Raises:
            CauseSpent: it was enqueued before.
        """
        now_ms = self._clock.now_ms()
        unclaimed = () if self._wants(item) else (item.item_id,)
        claimed = await self.store.enqueue(
            item, digest=digest, now_ms=now_ms, lease_ms=LEASE_MS, unclaimed=unclaimed
        )
        self._offer(claimed)

    async def exhume(self, application: str, item_id: OutboxItemId) -> bool:
        """Put a dead letter of the application back on its way; False if there is none."""
        return await self.store.exhume(application, item_id, now_ms=self._clock.now_ms())

    def _observe(self, before: Dispatch, decision: Decision, event: Event) -> None:
        """Log the commit, one line, and count what operators watch."""
        after = decision.state
        was, step = before.steps[event.step], after.steps[event.step]
        log.info(
            "dispatch.event_committed",
            dispatch_uuid=after.dispatch_uuid,
            revision=after.revision,
            event_type=type(event).__name__,
            step=event.step,
            channel=step.channel,
            step_status=step.status.value,
            dispatch_status=after.status.value,
            ignored=decision.ignored.value if decision.ignored else None,
        )
        if step.status is StepStatus.UNKNOWN and was.status is not StepStatus.UNKNOWN:
            self._metrics.steps_in_doubt.labels(getattr(event, "cause", "unknown")).inc()
        failed = step.status in (StepStatus.EXPIRED, StepStatus.REJECTED)
        if failed and was.status is not step.status and not after.is_last(event.step):
            self._metrics.failovers.labels(step.channel, step.status.value).inc()
        if after.status is not DispatchStatus.OPEN and before.status is DispatchStatus.OPEN:
            self._metrics.dispatches_closed.labels(after.status.value).inc()
        elif after.status is not before.status:
            self._metrics.reports_corrected.inc()
        if isinstance(event, StatusReceived) and was.status is StepStatus.EXPIRED:
            arrived = RANK.get(event.report.status, 0) >= RANK["delivered"]
            before_rank = RANK.get(was.reported or "", 0)
            if arrived and before_rank < RANK["delivered"] and not after.is_last(event.step):
                self._metrics.late_deliveries.labels(step.channel).inc()
