"""One run: rounds of posting and killing, then quiet, then everything that was written down."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.clock import Clock, SystemClock
from gateway.core.events import SendUnconfirmed
from gateway.stores.open import open_store
from tests.kill.evidence import Evidence, Send
from tests.kill.stage import STORE, Plan, in_turns, open_stage
from translators.diagnostics import JsonObject, JsonValue

__all__ = ["Plan", "run"]

_ENTIRE_LEDGER: Final = 9_999_999


async def run(plan: Plan, folder: Path, say: Callable[[str], None] = lambda line: None) -> Evidence:
    """Play all rounds on one store in `folder`, and return what everybody saw.

    Args:
        say: takes a line of progress.

    Raises:
        CannotStart: a program did not come up.
    """
    clock = SystemClock()
    started_ms = clock.now_ms()
    async with open_stage(plan, folder, clock) as stage:
        for number in range(plan.rounds):
            say(await stage.play(number))
        say("all are posted; waiting until everything is closed, delivered and quiet")
        leftovers = await stage.settle()
        # Whoever had to ask more than once asks again: the key must lead to the same dispatch.
        asked = {one.number for one in stage.callers.attempts if one.dispatch_uuid is None}
        await in_turns(stage.callers.post(stage.workflows[number]) for number in sorted(asked))
        states = await stage.states()
        ledger = await stage.ledger(_ENTIRE_LEDGER)
    uuids = {one.dispatch_uuid for one in stage.callers.attempts if one.dispatch_uuid is not None}
    return Evidence(
        workflows=stage.workflows,
        attempts=stage.callers.attempts,
        kills=stage.gateway.kills,
        deaths=stage.gateway.deaths,
        sends=_sends(ledger),
        sent_twice=int(str(ledger["sent_twice"])),
        webhooks=stage.sandbox.webhooks,
        callbacks=stage.receiver.callbacks,
        states=states,
        doubts=await _doubts(folder, uuids, clock),
        integrity=_integrity(folder),
        leftovers=leftovers,
        duration_s=(clock.now_ms() - started_ms) / 1000,
    )


def _sends(ledger: JsonObject) -> list[Send]:
    messages = ledger["messages"]
    assert isinstance(messages, list)
    return [_send(message) for message in messages if isinstance(message, dict)]


def _send(message: JsonObject) -> Send:
    webhooks = message["webhooks"]
    assert isinstance(webhooks, dict)
    moment = datetime.fromisoformat(str(message["time"]))
    return Send(
        at_ms=round(moment.timestamp() * 1000),
        client_ref=_text(message["client_ref"]),
        answer=str(message["answer"]),
        message_uuid=_text(message["message_uuid"]),
        webhook_token=_text(message["webhook_token"]),
        taken=int(str(webhooks["delivered"])),
        given_up=int(str(webhooks["given_up"])),
        pending=int(str(webhooks["pending"])),
    )


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


async def _doubts(folder: Path, uuids: Iterable[str], clock: Clock) -> dict[tuple[str, int], str]:
    """Read from the histories which steps were in doubt, and why."""
    store = await open_store(f"sqlite:///{folder / STORE}", clock=clock)
    try:
        return {
            (uuid, entry.event.step): entry.event.cause
            for uuid in uuids
            for entry in await store.history(uuid)
            if isinstance(entry.event, SendUnconfirmed)
        }
    finally:
        await store.close()


def _integrity(folder: Path) -> str:
    connection = sqlite3.connect(folder / STORE)
    try:
        return "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check"))
    finally:
        connection.close()
