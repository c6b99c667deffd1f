"""Two accounts: one has much waiting and a receiver that hangs, the other must not notice."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.bodies import new_dispatch
from gateway.clock import SystemClock
from gateway.core.decide import decide
from gateway.core.events import DispatchAccepted
from gateway.core.state import Terms
from gateway.render import Renderer, RenderOptions
from gateway.settings import Application
from gateway.stores.base import NewOutboxItem, OutboxItemId, OutboxKind, RequestCause
from gateway.stores.open import open_store
from gateway.tokens import TokenMint
from tests.crowd.town import GREEDY, SMALL, a_town, document
from translators.dispatch import translate_dispatch
from translators.rules import Switches

_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """How much waits of the greedy one, and how much the small one sends."""

    waiting: int = 100_000
    callbacks: int = 2_000
    sends: int = 8


@dataclass(slots=True)
class Seen:
    """How long the small one waited, in seconds."""

    sends_s: list[float] = field(default_factory=list)
    callbacks_s: list[float] = field(default_factory=list)
    greedy_left: int = 0
    memory_mb: float = 0.0


async def play(neighbours: Neighbours, folder: Path) -> Seen:
    """Let the small one send while much waits; return how long that took."""
    seen = Seen()
    hangs = [GREEDY]
    async with a_town(
        folder, hangs=hangs, GATEWAY_MAX_SEND_AGE="0", GATEWAY_SEND_RATE="30"
    ) as town:
        receiver_url = town.receiver.url
    # The store was made with the settings that it will be used with: the same once more.
    await _fill(neighbours, folder, receiver_url)
    async with a_town(
        folder, hangs=hangs, GATEWAY_MAX_SEND_AGE="0", GATEWAY_SEND_RATE="30"
    ) as town:
        await asyncio.sleep(3)
        numbers = [f"447800{number:06d}" for number in range(neighbours.sends)]
        posted = time.monotonic()
        for number in numbers:
            status, _, _ = await town.post(SMALL, number)
            assert status == 202
        async with asyncio.timeout(60):
            while not town.sent_at.keys() >= {*numbers}:
                await asyncio.sleep(0.005)
        seen.sends_s = [town.sent_at[number] - posted for number in numbers]
        told = time.monotonic()
        for number in numbers:
            assert await town.tell(SMALL, number) == 200
        async with asyncio.timeout(60):
            while sum(each.path == f"/{SMALL}" for each in town.receiver.seen) < len(numbers):
                await asyncio.sleep(0.005)
        seen.callbacks_s = [time.monotonic() - told]
        seen.greedy_left = town.left - len(numbers)
        seen.memory_mb = town.memory_mb()
    return seen


async def _fill(neighbours: Neighbours, folder: Path, receiver_url: str) -> None:
    """Put into the store what the greedy one has waiting."""
    clock = SystemClock()
    store = await open_store(f"sqlite:///{folder / 'crowd.db'}", clock=clock)
    application = Application(api_key=GREEDY, status_url=f"{receiver_url}/{GREEDY}")
    renderer = Renderer(
        {GREEDY: application},
        TokenMint(store.secret()),
        RenderOptions(public_url="http://127.0.0.1:1"),
    )
    plan = translate_dispatch(document("447700900000"), Switches()).value
    assert plan is not None

    async def accept() -> None:
        now_ms = clock.now_ms()
        event = DispatchAccepted()
        state = new_dispatch(str(clock.draw_uuid()), plan, Terms())
        commit = renderer.render(
            application=GREEDY,
            decision=decide(state, event, now_ms),
            event=event,
            cause=RequestCause(application=GREEDY),
            plan=plan,
            now_ms=now_ms,
        )
        left = [item.item_id for item in commit.outbox]
        await store.commit(commit, now_ms=now_ms, lease_ms=1, unclaimed=left)

    async def tell() -> None:
        item = NewOutboxItem(
            item_id=OutboxItemId(owner=str(clock.draw_uuid()), position=0),
            kind=OutboxKind.CALLBACK,
            application=GREEDY,
            url=f"{receiver_url}/{GREEDY}",
            step=-1,
            body=b"{}",
        )
        await store.enqueue(
            item,
            digest=item.item_id.owner.encode(),
            now_ms=clock.now_ms(),
            lease_ms=1,
            unclaimed=[item.item_id],
        )

    for _ in range(0, neighbours.waiting, _AT_ONCE):
        await asyncio.gather(*(accept() for _ in range(_AT_ONCE)))
    for _ in range(0, neighbours.callbacks, _AT_ONCE):
        await asyncio.gather(*(tell() for _ in range(_AT_ONCE)))
    await store.close()
