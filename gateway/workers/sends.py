"""Send steps: at most one POST of a step beyond the point where a byte may have left.

The order is the promise: claim, commit the intent (`begin`), POST, commit the outcome. An item
that is found begun was left by a dead holder, and becomes in doubt instead of being sent again.

What provably did not leave waits: for the upstream's `Retry-After`, or, when no send of the account
can be made, in the store until its breaker lets it through (`breaker`, `suspended`). Its patience
is that of its step: `expiry_time`, or the send budget for a last step, from the first attempt that
came to nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.applications import Applications
from gateway.clients.credentials import UpstreamCredentials
from gateway.clients.messages import Answered, InDoubt, SendOutcome, Unsent
from gateway.clients.ports import MessagesPort
from gateway.clock import Clock
from gateway.core.backoff import SEND_DELAYS_S
from gateway.core.decide import Decision
from gateway.core.events import Event, SendAccepted, SendRefused, SendUnconfirmed
from gateway.core.state import Step, StepStatus
from gateway.correlation import Correlator
from gateway.engine import LEASE_MS, Engine
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.settings import Application
from gateway.stores.base import (
    NewOutboxItem,
    OutboxCause,
    OutboxItem,
    WebhookCause,
)
from gateway.workers.breaker import Breaker, Breakers
from gateway.workers.obstacles import (
    MISCONFIGURED,
    NO_CONNECTION,
    OUTDATED,
    Obstacle,
    credentials_refused,
    unreachable,
)
from gateway.workers.pace import Pace
from gateway.workers.rounds import Line
from translators.problems import SendAnswer, Verdict, read_send_answer
from translators.status import StatusError

log = get_logger()

Leave: TypeAlias = Callable[[], None]

_LONGEST_LINE_S: Final = 4.0
_LONGEST_LINE: Final = 512
_SHORTEST_LINE: Final = 4
_CREDENTIALS_REFUSED: Final = frozenset({401, 403})


@dataclass(slots=True, kw_only=True)
class Attempt:
    """One send that is worked at."""

    item: OutboxItem
    application: Application
    step: Step
    breaker: Breaker
    intent_ms: int | None = None
    """When the intent was committed, once it was."""


class Sender:
    """Performs send items."""

    def __init__(
        self,
        *,
        engine: Engine,
        correlator: Correlator,
        client: MessagesPort,
        credentials: UpstreamCredentials,
        applications: Applications,
        breakers: Breakers,
        pace: Pace,
        clock: Clock,
        metrics: Metrics,
        budget_s: float,
        stale_after_s: float,
        timeout_s: float,
    ) -> None:
        """Prepare the worker.

        Args:
            budget_s: bounds the attempts of a last step that provably did not leave; 0 makes every
                step fail at once instead of waiting.
            stale_after_s: a send that is older is not made any more.
            timeout_s: bounds one attempt.
        """
        self._engine = engine
        self._store = engine.store
        self._correlator = correlator
        self._client = client
        self._credentials = credentials
        self._applications = applications
        self._breakers = breakers
        self._pace = pace
        self._clock = clock
        self._metrics = metrics
        self._budget_s = budget_s
        self._stale_after_ms = int(stale_after_s * 1000)
        self._timeout_ms = int(timeout_s * 1000)
        self._homes: dict[str, tuple[Line, Breaker]] = {}
        self._longest: dict[str, int] = {}
        self._turns: set[int] = set()
        """The objects that are worked at and have their account's turn."""

    looks_past = 0

    def line_of(self, item: NewOutboxItem) -> Line:
        """Return where a send waits: of its application, or of its account once it was put aside.

        What was put aside leaves in the order of acceptance, whichever application it is of.
        """
        line, breaker = self._home_of(item.application)
        return Line(line.account, "", "") if breaker.is_in_line(item.item_id) else line

    def _home_of(self, application: str) -> tuple[Line, Breaker]:
        home = self._homes.get(application)
        if home is None:
            account = self._applications.by_name[application].account
            home = Line(account, application, ""), self._breakers.of(account)
            self._homes[application] = home
        return home

    def longest(self, application: str) -> int:
        """Return how many sends may wait outside of the store: what leaves in a few seconds.

        What waits there for longer loses its lease.
        """
        longest = self._longest.get(application)
        if longest is None:
            applications = self._applications.by_name
            account = applications[application].account
            shared_by = sum(each.account == account for each in applications.values())
            most = self._pace.turns_within(_LONGEST_LINE_S) or _LONGEST_LINE
            longest = max(_SHORTEST_LINE, min(most, _LONGEST_LINE) // shared_by)
            self._longest[application] = longest
        return longest

    def take(self, item: OutboxItem) -> float:
        """Take the account's turn for an item that needs one."""
        if item.begun_ms is not None or self._time_left_ms(item) < 0:
            return 0
        line, breaker = self._home_of(item.application)
        if not self._permits(breaker, item):
            return 0
        if (wait_ms := self._pace.take(line.account)) == 0:
            self._turns.add(id(item))
        return wait_ms

    async def work(self, item: OutboxItem) -> None:
        """Send one item, or find out why not."""
        if item.begun_ms is not None:
            await self._report(
                item, SendUnconfirmed(step=item.step, intent_ms=item.begun_ms, cause="holder-lost")
            )
            return
        application = self._applications.by_name[item.application]
        breaker = self._breakers.of(application.account)
        try:
            async with breaker.in_order(item) as leave:
                await self._work(item, application, breaker, leave)
        finally:
            breaker.done(item.item_id)
            self._turns.discard(id(item))

    async def _work(
        self, item: OutboxItem, application: Application, breaker: Breaker, leave: Leave
    ) -> None:
        if self._permits(breaker, item) and not await self._has_turn(item):
            return
        step = await self._wanted(item)
        if step is None:
            await self._store.settle(item, now_ms=self._clock.now_ms(), lease_ms=LEASE_MS)
            return
        attempt = Attempt(item=item, application=application, step=step, breaker=breaker)
        if await self._is_over(attempt):
            return
        # Asked again: since the turn was taken, another send may have come to nothing.
        if not self._permits(breaker, item):
            await self._suspend(attempt)
            return
        # Made before the intent is committed: an error of ours in here leaves nothing in doubt.
        authorization = self._credentials.authorization(application)
        attempt.intent_ms = self._clock.now_ms()
        if not await self._store.begin(item, now_ms=attempt.intent_ms):
            return
        if self._time_left_ms(item) < 0:
            # The disk took its time. Nothing has left, so nothing is in doubt.
            await self.put_off(item)
            return
        await self._act_on(attempt, await self._post(attempt, authorization, leave))

    def _permits(self, breaker: Breaker, item: OutboxItem) -> bool:
        """Tell whether a send may be tried now; where nothing ever waits, always."""
        return not self._budget_s or breaker.permits(item)

    async def _has_turn(self, item: OutboxItem) -> bool:
        """Tell whether the item has its account's turn, and time to use it; else put it off."""
        if self._time_left_ms(item) < 0 or self._clock.detours():
            await self.put_off(item)
            return False
        if id(item) not in self._turns and (wait_ms := self.take(item)):
            await self.put_off(item, math.ceil(wait_ms))
            return False
        return True

    def _time_left_ms(self, item: OutboxItem) -> int:
        """Return for how long a send may yet be put off so that it still ends within its lease."""
        return item.lease_until_ms - self._timeout_ms - self._clock.now_ms()

    async def put_off(self, item: OutboxItem, wait_ms: int = 0) -> None:
        """Give an item back that cannot be sent now."""
        due_ms = self._clock.now_ms() + wait_ms
        await self._store.release(item, due_ms=due_ms, tried=False)

    async def _wanted(self, item: OutboxItem) -> Step | None:
        """Return the step if it still asks to be sent: a webhook may have proved a send."""
        record = await self._store.load(item.item_id.owner)
        step = None if record is None else record.state.steps[item.step]
        return step if step is not None and step.status is StepStatus.SENDING else None

    async def _is_over(self, attempt: Attempt) -> bool:
        """End a step that waited for too long; tell whether it did."""
        item, now_ms = attempt.item, self._clock.now_ms()
        if now_ms - item.created_ms > self._stale_after_ms:
            await self._refuse(attempt, OUTDATED, is_outdated=True)
            return True
        if item.refused_ms is None or now_ms < self._ends_ms(attempt):
            return False
        if attempt.step.expiry_s is None and self._permits(attempt.breaker, item):
            return False  # nothing follows it, and it may go out after all
        obstacle = attempt.breaker.obstacle
        await self._refuse(attempt, NO_CONNECTION if obstacle is None else obstacle.error)
        return True

    def _ends_ms(self, attempt: Attempt) -> int:
        """Return until when a send that came to nothing may be tried again."""
        first_ms, patience_s = attempt.item.refused_ms, attempt.step.expiry_s
        if first_ms is None:
            first_ms = attempt.intent_ms or self._clock.now_ms()
        if patience_s is None or not self._budget_s:
            return first_ms + int(1000 * self._budget_s)
        return first_ms + 1000 * patience_s

    async def _suspend(self, attempt: Attempt) -> None:
        """Put a send aside until its breaker lets it through."""
        item, is_tried = attempt.item, attempt.intent_ms is not None
        await self._store.suspend(
            item,
            account=attempt.application.account,
            until_ms=self._ends_ms(attempt),
            now_ms=self._clock.now_ms(),
            tried=is_tried,
        )
        attempt.breaker.suspended(is_new=not is_tried and item.refused_ms is None)

    async def _post(self, attempt: Attempt, authorization: str, leave: Leave) -> SendOutcome:
        """POST, and once more with a fresh token if it was the token that was refused."""
        item, application = attempt.item, attempt.application
        with self._metrics.send_seconds.time():
            outcome = await self._client.send(item.body, authorization=authorization, began=leave)
        if isinstance(outcome, Answered) and outcome.http_status in _CREDENTIALS_REFUSED:
            self._note_refused_credentials(application, outcome.http_status)
            fresh = self._credentials.renew(application, authorization)
            if fresh is not None and self._time_left_ms(item) >= 0:
                self._count("credentials")
                outcome = await self._client.send(item.body, authorization=fresh)
                if isinstance(outcome, Answered) and outcome.http_status in _CREDENTIALS_REFUSED:
                    self._note_refused_credentials(application, outcome.http_status)
        return outcome

    def _note_refused_credentials(self, application: Application, http_status: int) -> None:
        self._metrics.credential_alarms.inc()
        log.error("credentials.refused", application=application.name, http_status=http_status)

    async def _act_on(self, attempt: Attempt, outcome: SendOutcome) -> None:
        match outcome:
            case Unsent(reason=reason):
                self._count("unsent")
                await self._wait_for_repair(attempt, unreachable(reason), reason)
            case InDoubt(reason=reason):
                self._count("in_doubt")
                await self._report_unconfirmed(attempt, reason)
            case Answered():
                answer = read_send_answer(outcome.http_status, outcome.body)
                self._count(answer.verdict.name.lower())
                await self._act_on_answer(attempt, outcome, answer)

    async def _act_on_answer(self, attempt: Attempt, said: Answered, answer: SendAnswer) -> None:
        breaker, error = attempt.breaker, answer.error or MISCONFIGURED
        match answer.verdict:
            case Verdict.ACCEPTED:
                breaker.answered()
                await self._report_accepted(attempt, answer)
            case Verdict.IN_DOUBT:
                await self._report_unconfirmed(attempt, f"answered-{said.http_status}")
            case Verdict.THROTTLED:
                breaker.answered()
                await self._wait_for_permission(attempt, error, said.retry_after_s)
            case Verdict.CREDENTIALS:
                self._credentials.forget(attempt.application)
                obstacle = credentials_refused(said.http_status, error)
                await self._wait_for_repair(attempt, obstacle, "credentials")
            case Verdict.REJECTED:
                breaker.answered()
                await self._refuse(attempt, error)
            case Verdict.MISCONFIGURED if breaker.is_open and self._budget_s:
                # Something stands in for the upstream while it is away, and tells nothing.
                log.error("upstream.misconfigured", http_status=said.http_status)
                breaker.left_open()
                await self._suspend(attempt)
            case Verdict.MISCONFIGURED:
                log.error("upstream.misconfigured", http_status=said.http_status)
                await self._refuse(attempt, error)

    async def _wait_for_repair(self, attempt: Attempt, obstacle: Obstacle, reason: str) -> None:
        """Put aside what could not be made, or refuse its step when its patience is over."""
        is_over = self._ends_ms(attempt) <= self._clock.now_ms()
        attempt.breaker.refused(obstacle, will_wait=not is_over)
        if is_over:
            await self._refuse(attempt, obstacle.error)
            return
        log.warning("send.suspended", item=str(attempt.item.item_id), reason=reason)
        await self._suspend(attempt)

    async def _wait_for_permission(
        self, attempt: Attempt, error: StatusError, retry_after_s: float | None
    ) -> None:
        """Give back what came too fast, or refuse its step when that asks for too much patience."""
        item = attempt.item
        delay_s = max(retry_after_s or 0.0, self._backoff_s(item))
        # Whoever asks for years must not silence the account for years.
        self._pace.silence(attempt.application.account, min(delay_s, self._budget_s))
        due_ms = self._clock.now_ms() + int(delay_s * 1000)
        if due_ms > self._ends_ms(attempt):
            await self._refuse(attempt, error)
            return
        log.warning(
            "send.deferred",
            item=str(item.item_id),
            reason="throttled",
            delay_s=round(delay_s, 3),
        )
        await self._store.release(item, due_ms=due_ms, tried=True)

    def _backoff_s(self, item: OutboxItem) -> float:
        delay = SEND_DELAYS_S[min(item.tries, len(SEND_DELAYS_S) - 1)]
        return delay * self._clock.jitter(0.1)

    async def _refuse(
        self, attempt: Attempt, error: StatusError, *, is_outdated: bool = False
    ) -> None:
        item = attempt.item
        event = SendRefused(
            step=item.step, code=error.code, reason=error.reason, is_outdated=is_outdated
        )
        await self._report(item, event)

    async def _report_unconfirmed(self, attempt: Attempt, cause: str) -> None:
        assert attempt.intent_ms is not None  # noqa: S101
        attempt.breaker.left_open()
        step = attempt.item.step
        event = SendUnconfirmed(step=step, intent_ms=attempt.intent_ms, cause=cause)
        await self._report(attempt.item, event)

    async def _report_accepted(self, attempt: Attempt, answer: SendAnswer) -> None:
        """Report a 202, be it ever so late: whoever put the step in doubt did not know its id."""
        assert answer.message_uuid is not None  # noqa: S101
        assert attempt.intent_ms is not None  # noqa: S101
        item = attempt.item
        event = SendAccepted(
            step=item.step,
            message_uuid=answer.message_uuid,
            intent_ms=attempt.intent_ms,
            accepted_ms=self._clock.now_ms(),
        )
        if await self._report(item, event) is None:
            said = b"202" + event.message_uuid.encode()
            cause = WebhookCause(digest=hashlib.blake2b(said, digest_size=12).digest())
            await self._engine.apply(item.item_id.owner, event, cause)
        await self._correlator.match_held(event.message_uuid)

    async def _report(self, item: OutboxItem, event: Event) -> Decision | None:
        cause = OutboxCause(item_id=item.item_id, fence=item.fence)
        return await self._engine.apply(item.item_id.owner, event, cause)

    def _count(self, outcome: str) -> None:
        self._metrics.sends.labels(outcome).inc()
