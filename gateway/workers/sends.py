"""Send steps: at most one POST of a step beyond the point where a byte may have left.

The order is the promise: claim, commit the intent (`begin`), POST, commit the outcome. An item
that is found begun was left by a dead holder, and becomes in doubt instead of being sent again.
"""

from __future__ import annotations

import hashlib

from gateway.applications import Applications
from gateway.clients.credentials import UpstreamCredentials
from gateway.clients.messages import Answered, InDoubt, MessagesClient, Unsent
from gateway.clock import Clock
from gateway.core.backoff import SEND_DELAYS_S
from gateway.core.decide import Decision
from gateway.core.events import Event, SendAccepted, SendRefused, SendUnconfirmed
from gateway.core.state import StepStatus
from gateway.correlation import Correlator
from gateway.engine import LEASE_MS, Engine
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.settings import Application
from gateway.stores.base import OutboxCause, OutboxItem, OutboxItemId, WebhookCause
from gateway.workers.pace import Pace
from translators.problems import SendAnswer, Verdict, read_send_answer
from translators.status import StatusError

log = get_logger()

_WAKING_MARGIN_MS = 1_000

# docs/wire.md section 5.6: no connection could be made, in v0.1 words.
NO_CONNECTION = StatusError(code=1100, reason="Communication Failed")
MISCONFIGURED = StatusError(code=1030, reason="Internal error")


class Sender:
    """Performs send items."""

    def __init__(
        self,
        *,
        engine: Engine,
        correlator: Correlator,
        client: MessagesClient,
        credentials: UpstreamCredentials,
        applications: Applications,
        pace: Pace,
        clock: Clock,
        metrics: Metrics,
        budget_s: float,
        timeout_s: float,
    ) -> None:
        """`budget_s` bounds the attempts of one step that provably did not leave."""
        self._engine = engine
        self._store = engine.store
        self._correlator = correlator
        self._client = client
        self._credentials = credentials
        self._applications = applications
        self._pace = pace
        self._clock = clock
        self._metrics = metrics
        self._budget_s = budget_s
        self._timeout_ms = int(timeout_s * 1000)
        # Waiting in the queue is not an attempt, so a step's budget runs from its first one. It
        # starts anew when the process does.
        self._first_attempt_ms: dict[OutboxItemId, int] = {}

    async def work(self, item: OutboxItem) -> None:
        """Send one item, or find out why not."""
        if item.begun_ms is not None:
            await self._report(
                item, SendUnconfirmed(step=item.step, intent_ms=item.begun_ms, cause="holder-lost")
            )
            return
        application = self._applications.by_name[item.application]
        if self._time_left_ms(item) < 0:
            await self._give_back(item)
            return
        # Whoever woke a moment too late would have reserved a turn for nothing.
        patience_ms = max(0, self._time_left_ms(item) - _WAKING_MARGIN_MS)
        wait_ms = await self._pace.turn(application.account, patience_ms=patience_ms)
        if wait_ms or self._time_left_ms(item) < 0:
            await self._give_back(item, wait_ms)
            return
        now_ms = self._clock.now_ms()
        if not await self._is_wanted(item):
            self._first_attempt_ms.pop(item.item_id, None)
            await self._store.settle(item, now_ms=now_ms, lease_ms=LEASE_MS)
            return
        # Made before the intent is committed: an error of ours in here leaves nothing in doubt.
        authorization = self._credentials.authorization(application)
        if not await self._store.begin(item, now_ms=now_ms):
            return
        if self._time_left_ms(item) < 0:
            # The disk took its time. Nothing has left, so nothing is in doubt.
            await self._give_back(item)
            return
        await self._attempt(item, application, authorization, now_ms)

    def _time_left_ms(self, item: OutboxItem) -> int:
        """Return for how long a send may yet be put off so that it still ends within its lease."""
        return item.lease_until_ms - self._timeout_ms - self._clock.now_ms()

    async def _give_back(self, item: OutboxItem, wait_ms: int = 0) -> None:
        due_ms = self._clock.now_ms() + wait_ms
        await self._store.release(item, due_ms=due_ms, tried=False)

    async def _is_wanted(self, item: OutboxItem) -> bool:
        """Tell whether the step still asks to be sent: a webhook may have proved a send."""
        record = await self._store.load(item.item_id.owner)
        return record is not None and record.state.steps[item.step].status is StepStatus.SENDING

    async def _attempt(
        self, item: OutboxItem, application: Application, authorization: str, intent_ms: int
    ) -> None:
        started_ms = self._first_attempt_ms.setdefault(item.item_id, intent_ms)
        with self._metrics.send_seconds.time():
            outcome = await self._client.send(item.body, authorization=authorization)
        match outcome:
            case Unsent(reason=reason):
                self._count("unsent")
                await self._try_again(item, started_ms, reason, NO_CONNECTION)
            case InDoubt(reason=reason):
                self._count("in_doubt")
                await self._report(
                    item, SendUnconfirmed(step=item.step, intent_ms=intent_ms, cause=reason)
                )
            case Answered(http_status=http_status, body=body, retry_after_s=retry_after_s):
                answer = read_send_answer(http_status, body)
                self._count(answer.verdict.name.lower())
                await self._act_on(
                    item, application, answer, http_status, retry_after_s, intent_ms, started_ms
                )

    async def _act_on(
        self,
        item: OutboxItem,
        application: Application,
        answer: SendAnswer,
        http_status: int,
        retry_after_s: float | None,
        intent_ms: int,
        started_ms: int,
    ) -> None:
        error = answer.error or MISCONFIGURED
        match answer.verdict:
            case Verdict.ACCEPTED:
                assert answer.message_uuid is not None  # noqa: S101
                await self._report_accepted(
                    item,
                    SendAccepted(
                        step=item.step,
                        message_uuid=answer.message_uuid,
                        intent_ms=intent_ms,
                        accepted_ms=self._clock.now_ms(),
                    ),
                )
            case Verdict.IN_DOUBT:
                cause = f"answered-{http_status}"
                await self._report(
                    item, SendUnconfirmed(step=item.step, intent_ms=intent_ms, cause=cause)
                )
            case Verdict.THROTTLED:
                delay_s = max(retry_after_s or 0.0, self._backoff_s(item))
                # Whoever asks for years must not silence the account for years.
                self._pace.silence(application.account, min(delay_s, self._budget_s))
                await self._try_again(item, started_ms, "throttled", error, delay_s)
            case Verdict.CREDENTIALS:
                self._credentials.forget(application)
                self._metrics.credential_alarms.inc()
                log.error(
                    "credentials.refused", application=application.name, http_status=http_status
                )
                await self._try_again(item, started_ms, "credentials", error)
            case Verdict.REJECTED:
                await self._refuse(item, error)
            case Verdict.MISCONFIGURED:
                log.error("upstream.misconfigured", http_status=http_status)
                await self._refuse(item, error)

    async def _try_again(
        self,
        item: OutboxItem,
        started_ms: int,
        reason: str,
        error: StatusError,
        delay_s: float | None = None,
    ) -> None:
        """Give the item back for later, or refuse the step when its budget is spent."""
        wait_s = self._backoff_s(item) if delay_s is None else delay_s
        due_ms = self._clock.now_ms() + int(wait_s * 1000)
        if due_ms - started_ms > self._budget_s * 1000:
            await self._refuse(item, error)
            return
        log.warning("send.deferred", item=str(item.item_id), reason=reason, delay_s=wait_s)
        await self._store.release(item, due_ms=due_ms, tried=True)

    def _backoff_s(self, item: OutboxItem) -> float:
        delay = SEND_DELAYS_S[min(item.tries, len(SEND_DELAYS_S) - 1)]
        return delay * self._clock.jitter(0.1)

    async def _refuse(self, item: OutboxItem, error: StatusError) -> None:
        await self._report(item, SendRefused(step=item.step, code=error.code, reason=error.reason))

    async def _report_accepted(self, item: OutboxItem, event: SendAccepted) -> None:
        """Report a 202, be it ever so late: whoever put the step in doubt did not know its id."""
        if await self._report(item, event) is None:
            said = b"202" + event.message_uuid.encode()
            cause = WebhookCause(digest=hashlib.blake2b(said, digest_size=12).digest())
            await self._engine.apply(item.item_id.owner, event, cause)
        await self._correlator.match_held(event.message_uuid)

    async def _report(self, item: OutboxItem, event: Event) -> Decision | None:
        self._first_attempt_ms.pop(item.item_id, None)
        cause = OutboxCause(item_id=item.item_id, fence=item.fence)
        return await self._engine.apply(item.item_id.owner, event, cause)

    def _count(self, outcome: str) -> None:
        self._metrics.sends.labels(outcome).inc()
