"""The order of callbacks on a whole gateway: what a receiver can do, and what it gets when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.gateway.api.surface import sample, until
from tests.support.loopback import Loopback, Reply, Seen
from tests.support.world import World, a_world, failing_over, step, workflow

WHATSAPP_THEN_SMS = workflow(step("whatsapp", **failing_over("delivered")), step("sms"))
QUICK = {"GATEWAY_CALLBACK_TIMEOUT": "0.2"}
"""For receivers that do not answer: how long an attempt lasts on the wall."""


def said(receiver: Loopback) -> list[Any]:
    return [seen.json()["status"] for seen in receiver.seen]


def is_whatsapp(seen: Seen) -> bool:
    """Tell whether a callback is a status of a WhatsApp message."""
    document: Any = seen.json()
    return bool(document.get("to", {}).get("type") == "whatsapp")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A running gateway and its surroundings."""
    with capture_logs():
        async with a_world(tmp_path) as surroundings:
            yield surroundings


async def until_said(world: World, *statuses: str) -> None:
    """Wait until callbacks of these statuses were received."""
    while not set(statuses) <= set(said(world.receiver)):
        await world.receiver.wait_for(len(world.receiver.seen) + 1)


async def a_life(world: World) -> None:
    """Fail over from WhatsApp to SMS, which is delivered; six callbacks come of it."""
    await world.dispatch(WHATSAPP_THEN_SMS)
    (first,) = await world.sends(1)
    await world.webhook(first, "submitted")
    await world.webhook(first, "rejected", error={"title": "1020", "detail": "Refused"})
    _, second = await world.sends(2)
    await world.webhook(second, "submitted")
    await world.webhook(second, "delivered")


async def test_a_receiver_that_refuses_every_whatsapp_status_gets_all_else_within_2_seconds(
    world: World,
) -> None:
    world.receiver.default = lambda seen: Reply(status=406 if is_whatsapp(seen) else 200)
    async with asyncio.timeout(2):
        await a_life(world)
        await until_said(world, "completed")
    assert said(world.receiver) == ["submitted", "rejected", "submitted", "delivered", "completed"]


async def test_a_receiver_that_is_away_for_5_seconds_gets_everything_in_order(world: World) -> None:
    world.receiver.default = lambda seen: Reply(status=404)
    await a_life(world)
    await world.receiver.wait_for(1)
    world.receiver.default = lambda seen: Reply()
    world.clock.advance(5)
    await until_said(world, "completed")
    assert said(world.receiver)[1:] == [
        "submitted",
        "rejected",
        "submitted",
        "delivered",
        "completed",
    ]


async def test_a_receiver_that_is_silent_for_5_seconds_gets_everything_in_order(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path, QUICK) as world:
        awake = asyncio.Event()
        world.receiver.replies.append(Reply(holds=awake, hangs_up=True))
        await a_life(world)
        await until_failed(world)
        awake.set()
        world.clock.advance(5)
        await until_said(world, "completed")
        assert said(world.receiver)[1:] == [
            "submitted",
            "rejected",
            "submitted",
            "delivered",
            "completed",
        ]


async def test_a_receiver_that_never_answers_one_status_gets_the_report_within_35_seconds(
    tmp_path: Path,
) -> None:
    async with a_world(tmp_path, QUICK) as world:
        never = asyncio.Event()
        world.receiver.default = lambda seen: (
            Reply(holds=never, hangs_up=True) if is_whatsapp(seen) else Reply()
        )
        await a_life(world)
        await until_failed(world)
        world.clock.advance(30)
        await until_said(world, "completed")
        never.set()


async def until_failed(world: World) -> None:
    """Wait until an attempt has failed."""

    async def has_failed() -> bool:
        return await sample(world, "gateway_callbacks_total", outcome="failed") > 0

    await until(has_failed)
