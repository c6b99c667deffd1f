"""Bugs of sending: each of them messages a person twice, or gives up what could be sent."""

from __future__ import annotations

from typing import Final

from gateway.stores import sqlite_outbox
from gateway.workers.loop import OutboxLoop
from gateway.workers.pace import Pace
from gateway.workers.sends import Sender
from gateway.workers.suspended import SuspendedSends
from tests.laboratory.planted.edits import Bug, Edit
from tests.support.model_outbox import ModelOutbox
from translators.problems import read_send_answer

BUGS: Final = (
    Bug(
        name="post-before-intent",
        fault="A step is POSTed while its intent is still on the way to the store.",
        edits=(
            Edit(
                function=Sender._work,
                before="    if not await self._store.begin(item, now_ms=attempt.intent_ms):\n"
                "        return\n",
                after="    import asyncio\n"
                "    asyncio.ensure_future(self._store.begin(item, now_ms=attempt.intent_ms))\n",
            ),
        ),
    ),
    Bug(
        name="turns-are-not-reserved",
        fault="All sends of an account that wait for a turn get the same one.",
        edits=(
            Edit(
                function=Pace.take,
                before=", earliest_ms) + self._interval_ms",
                after=", earliest_ms)",
            ),
        ),
    ),
    Bug(
        name="begun-send-is-ready-again",
        fault="A send that a dead holder had begun is sent by the next one.",
        edits=(
            Edit(
                function=Sender.work,
                before="if item.begun_ms is not None:",
                after="if item.begun_ms is not None and item.tries > 0:",
            ),
        ),
    ),
    Bug(
        name="send-in-doubt-is-retried",
        fault="A send whose connection broke is tried again.",
        edits=(
            Edit(
                function=Sender._act_on,
                before="await self._report_unconfirmed(attempt, reason)",
                after="due_ms = self._clock.now_ms() + 1000\n"
                "            await self._store.release(attempt.item, due_ms=due_ms, tried=True)",
            ),
        ),
    ),
    Bug(
        name="server-error-means-unsent",
        fault="A 500 is taken for a proof that nothing was sent.",
        edits=(
            Edit(
                function=read_send_answer,
                before="        case _:\n            return _IN_DOUBT",
                after="        case _:\n            return _refusal(Verdict.THROTTLED, 1000)",
            ),
        ),
    ),
    Bug(
        name="unreadable-answer-means-unsent",
        fault="A 202 whose body cannot be read is taken for a refusal, and the workflow goes on.",
        edits=(
            Edit(
                function=read_send_answer,
                before="        if message_uuid is None:\n            return _IN_DOUBT",
                after="        if message_uuid is None:\n"
                "            return _refusal(Verdict.REJECTED, 1000)",
            ),
        ),
    ),
    Bug(
        name="unauthorised-fails-the-step",
        fault="A 401 for our credentials is taken for the message's fault.",
        edits=(
            Edit(
                function=read_send_answer,
                before="return _refusal(Verdict.CREDENTIALS, 1140 if _is_unprovisioned(fields)"
                " else 1030)",
                after="return _refusal(Verdict.REJECTED, 1030)",
            ),
        ),
    ),
    Bug(
        name="no-fence",
        fault="What a holder does after its lease was given to another is accepted.",
        edits=(
            Edit(
                function=ModelOutbox.holds,
                before="return entry is not None and entry.fence == fence",
                after="return entry is not None",
            ),
            *(
                Edit(
                    function=function,
                    before="AND fence = ?",
                    after="AND fence >= min(0, ?)",
                )
                for function in (
                    sqlite_outbox.begin,
                    sqlite_outbox.release,
                    sqlite_outbox.detach,
                    sqlite_outbox.suspend,
                    sqlite_outbox.remove,
                )
            ),
        ),
    ),
    Bug(
        name="claims-ignore-leases",
        fault="A claim hands out what another worker holds.",
        edits=(
            Edit(
                function=ModelOutbox.claim,
                before="and due_ms <= now_ms",
                after="and due_ms - lease_ms <= now_ms",
            ),
            Edit(
                function=sqlite_outbox.claim,
                before="(KIND_NUMBERS[kind], name, now_ms, limit)",
                after="(KIND_NUMBERS[kind], name, now_ms + lease_ms, limit)",
            ),
        ),
    ),
    Bug(
        name="drain-drops-what-is-under-way",
        fault="A process that is told to end cancels the sends that wait for their answers.",
        edits=(
            Edit(
                function=OutboxLoop.drain,
                before="        await asyncio.wait(tuple(self._running), timeout=timeout_s)",
                after="        for task in self._running:\n            task.cancel()",
            ),
        ),
    ),
    Bug(
        name="suspended-sends-are-forgotten-at-a-restart",
        fault="What an earlier run put aside is not taken up again.",
        edits=(
            Edit(
                function=SuspendedSends._recall,
                before="breaker.recall()",
                after="pass",
            ),
        ),
    ),
)
