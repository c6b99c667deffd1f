"""Bugs of time: a timer that acts on a silence that means nothing, or never comes."""

from __future__ import annotations

from typing import Final

from gateway.core import decide
from gateway.safeguards.clock_check import ClockCheck
from gateway.safeguards.grace import grace_ms
from gateway.safeguards.hearing import Hearing
from gateway.safeguards.holds import Holds
from gateway.workers.timers import TimerLoop
from tests.laboratory.planted.edits import Bug, Edit
from tests.support.model_store import ModelStore

BUGS: Final = (
    Bug(
        name="timer-ahead-of-its-time",
        fault="The index of timers is read a second ahead.",
        edits=(
            Edit(
                function=TimerLoop.fire_due,
                before="await self._store.due_timers(now_ms=now_ms, limit=limit)",
                after="await self._store.due_timers(now_ms=now_ms + 1000, limit=limit)",
            ),
        ),
    ),
    Bug(
        name="no-grace-after-a-gap",
        fault="Timers fire at once after a gap, before the vendor could repeat what was missed.",
        edits=(
            Edit(
                function=Hearing._hold_gap,
                before="    for account in await self._accounts():",
                after="    for account in ():",
            ),
        ),
    ),
    Bug(
        name="grace-of-ten-seconds",
        fault="Whatever the gap was, it is held for ten seconds.",
        edits=(
            Edit(
                function=grace_ms,
                before="return next((grace for under, grace in _GRACES_MS if missed_ms < under),"
                " _LONGEST_MS)",
                after="return 10_000",
            ),
        ),
    ),
    Bug(
        name="hold-kept-in-memory",
        fault="A hold is not written down, and a restart forgets it.",
        edits=(
            Edit(
                function=Holds.place,
                before="    await self._store.place_hold(hold)",
                after="    pass",
            ),
        ),
    ),
    Bug(
        name="sign-of-life-before-the-hold",
        fault="A start leaves its sign of life before it holds the gap that it found.",
        edits=(
            Edit(
                function=Hearing.begin,
                before="    signed_ms = await self._store.signed_ms()\n",
                after="    signed_ms = await self._store.signed_ms()\n"
                "    await self._sign(now_ms)\n",
            ),
        ),
    ),
    Bug(
        name="holds-of-an-earlier-run-are-not-taken-over",
        fault="Timers that an earlier run set aside are not brought back.",
        edits=(
            Edit(
                function=Holds.load,
                before="{scope: _Credit() for scope in await self._store.scopes_aside()}",
                after="{}",
            ),
        ),
    ),
    Bug(
        name="start-trusts-its-clock",
        fault="Timers fire by the machine's clock before it was compared with anything.",
        edits=(
            Edit(
                function=ClockCheck.settle,
                before="fault = fault_of(reading, is_patient=is_patient)",
                after="fault = None",
            ),
        ),
    ),
    Bug(
        name="expiry-counts-from-before-the-send",
        fault="A step's expiry is counted from when it was asked for, not from when it was sent.",
        edits=(
            Edit(
                function=decide._deadline,
                before="start_ms = intent_ms if from_intent else accepted_ms",
                after="start_ms = state.changed_ms",
            ),
        ),
    ),
    Bug(
        name="timer-outside-the-commit",
        fault="Timers are set by a second transaction after the commit.",
        edits=(
            Edit(
                function=ModelStore.commit,
                before="    self._timers.update(commit.timers_set)\n",
                after="",
            ),
            Edit(
                function=ModelStore.commit,
                before="    return claimed\n",
                after="    for _ in range(3):\n"
                "        await asyncio.sleep(0)\n"
                "    self._timers.update(commit.timers_set)\n"
                "    return claimed\n",
            ),
        ),
    ),
    Bug(
        name="failure-after-delivered-fails-over",
        fault="Told `rejected` after `delivered` while `read` is awaited, the next step is sent.",
        edits=(
            Edit(
                function=decide._classify_status,
                before='return Trigger.CONTRADICTION if seen >= RANK["delivered"]'
                " else Trigger.FAILURE",
                after='return Trigger.CONTRADICTION if seen >= RANK["read"] else Trigger.FAILURE',
            ),
        ),
    ),
)
