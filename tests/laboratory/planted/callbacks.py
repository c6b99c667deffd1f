"""Bugs of callbacks: one that is lost, made twice, changed or out of its order."""

from __future__ import annotations

from typing import Final

from gateway.core import decide
from gateway.core.answers import Order
from gateway.engine import Engine
from gateway.stores import sqlite_commit, sqlite_outbox
from gateway.workers.callbacks import Deliverer
from tests.laboratory.planted.edits import Bug, Edit
from tests.support.model_outbox import ModelOutbox
from tests.support.model_store import ModelStore

BUGS: Final = (
    Bug(
        name="lanes-have-no-order",
        fault="A callback does not wait for the one before it.",
        edits=(
            Edit(
                function=ModelOutbox.append,
                before="if self._lane(entry.lane)[:1] == [entry] or is_alone:",
                after="if True:",
            ),
            Edit(
                function=sqlite_outbox.append,
                before="is_waiting = oldest is not None and",
                after="is_waiting = oldest is None and",
            ),
        ),
    ),
    Bug(
        name="strict-order-goes-on",
        fault="Under `strict`, too, a lane goes on without its oldest callback.",
        edits=(
            Edit(
                function=Order.lane_after,
                before="        return Waits(None)",
                after="        return GoesOn()",
            ),
        ),
    ),
    Bug(
        name="bodies-are-made-anew",
        fault="A retry of a callback has another body than the attempt before.",
        edits=(
            Edit(
                function=Deliverer._post,
                before="return await self._client.post(item.url, item.body, headers)",
                after="again = b' ' * item.tries\n"
                "        return await self._client.post(item.url, item.body + again, headers)",
            ),
        ),
    ),
    Bug(
        name="settled-before-it-is-delivered",
        fault="A callback is taken off the outbox before it is posted.",
        edits=(
            Edit(
                function=Deliverer._attempt,
                before="    match outcome := await self._post(item):\n",
                after="    self._offer(\n"
                "        await self._store.settle(item, now_ms=now_ms, lease_ms=LEASE_MS)\n"
                "    )\n"
                "    match outcome := await self._post(item):\n",
            ),
        ),
    ),
    Bug(
        name="report-outside-the-commit",
        fault="The final report is appended by a second transaction after the commit.",
        edits=(
            Edit(
                function=Engine._apply,
                before="        try:\n            await self._commit(commit, now_ms)\n",
                after="        from dataclasses import replace\n"
                "        later = [one for one in commit.outbox if one.step < 0]\n"
                "        inside = [one for one in commit.outbox if one.step >= 0]\n"
                "        commit = replace(commit, outbox=inside)\n"
                "        try:\n"
                "            await self._commit(commit, now_ms)\n"
                "            for one in later:\n"
                "                await self.enqueue(one, digest=str(one.item_id).encode())\n",
            ),
        ),
    ),
    Bug(
        name="two-commits-at-one-revision",
        fault="A commit does not look at the revision that it was decided at.",
        edits=(
            Edit(
                function=ModelStore.commit,
                before="    if state.revision != (known.state.revision if known else 0) + 1:\n"
                "        raise RevisionConflict\n",
                after="",
            ),
            Edit(
                function=sqlite_commit.commit_operation,
                before="if revision != state.revision - 1:",
                after="if revision < 0:",
            ),
        ),
    ),
    Bug(
        name="late-status-is-not-forwarded",
        fault="A status that comes after the step has ended is taken and told to nobody.",
        edits=(
            Edit(
                function=decide._status_callback,
                before="case StatusReceived(report=report) if _is_heard(step, trigger):",
                after="case StatusReceived(report=report) if _is_heard(step, trigger)"
                " and step.status is not StepStatus.EXPIRED:",
            ),
        ),
    ),
)
