"""How long the gateway waits for a last status, and for how long it still knows a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from gateway.settings import load_settings
from gateway.settings.terms import longest_horizon_s, terms_of
from tests.support.bench import Bench, a_bench, status_body
from tests.support.environment import environment
from tests.support.world import TO, failing_over, workflow
from tests.support.world import step as v01_step
from translators.diagnostics import JsonObject

DAY_S: Final = 24 * 3600
CHANNELS: Final = ("whatsapp", "viber_service_msg", "messenger", "mms", "sms")
V1_NAMES: Final = {"viber_service_msg": "viber_service"}
TEXT: Final = "a text that nobody may keep"


def a_step(channel: str, **extra: Any) -> JsonObject:
    """Return a v0.1 step of any channel."""
    step: Any = v01_step(channel, TEXT, **extra)
    if channel == "viber_service_msg":
        step["from"] = {"type": channel, "id": "16273"}
    if channel == "mms":
        step["message"]["content"] = {
            "type": "image",
            "image": {"url": "https://example.com/image.jpg"},
        }
    document: JsonObject = step
    return document


async def due_s(bench: Bench, document: JsonObject) -> float:
    """Return after how many seconds the last step of a workflow of one step is given up."""
    dispatch_uuid = await bench.dispatch(document)
    await bench.send()
    (step,) = await bench.steps(dispatch_uuid)
    assert step.deadline_ms is not None
    return (step.deadline_ms - bench.clock.now_ms()) / 1000


@pytest.mark.parametrize("channel", CHANNELS)
async def test_every_channel_closes_after_72_hours_by_default(tmp_path: Path, channel: str) -> None:
    async with a_bench(tmp_path) as bench:
        assert await due_s(bench, workflow(a_step(channel))) == 72 * 3600


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_channel_can_have_a_horizon_of_its_own(tmp_path: Path, channel: str) -> None:
    own = {"GATEWAY_HORIZON": "7200", f"GATEWAY_HORIZON_{channel.upper()}": "3600"}
    async with a_bench(tmp_path, own) as bench:
        assert await due_s(bench, workflow(a_step(channel))) == 3600


@pytest.mark.parametrize("channel", CHANNELS)
async def test_one_setting_sets_the_horizon_of_all_others(tmp_path: Path, channel: str) -> None:
    others = {f"GATEWAY_HORIZON_{each.upper()}": "60" for each in CHANNELS if each != channel}
    async with a_bench(tmp_path, {"GATEWAY_HORIZON": "7200", **others}) as bench:
        assert await due_s(bench, workflow(a_step(channel))) == 7200


async def test_the_channel_of_the_last_step_counts(tmp_path: Path) -> None:
    own = {"GATEWAY_HORIZON_WHATSAPP": "2592000", "GATEWAY_HORIZON_SMS": "3600"}
    async with a_bench(tmp_path, own) as bench:
        dispatch_uuid = await bench.dispatch(
            workflow(a_step("whatsapp", **failing_over("read")), a_step("sms"))
        )
        record = await bench.store.load(dispatch_uuid)
    assert record is not None
    assert record.state.terms.horizon_s == 3600


async def test_the_horizon_stays_with_the_dispatch_for_life(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_HORIZON_SMS": "3600"}) as bench:
        dispatch_uuid = await bench.dispatch(workflow(a_step("sms")))
        clock = bench.clock
    async with a_bench(tmp_path, {"GATEWAY_HORIZON_SMS": "60"}, clock=clock) as bench:
        await bench.send()
        (step,) = await bench.steps(dispatch_uuid)
        assert step.deadline_ms == clock.now_ms() + 3_600_000


def test_a_channel_without_a_setting_of_its_own_has_that_of_all(tmp_path: Path) -> None:
    settings = load_settings({**environment(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:1")})
    assert terms_of(settings, "a channel of the future").horizon_s == 72 * 3600


def test_a_person_is_kept_on_one_path_for_the_longest_patience(tmp_path: Path) -> None:
    urls = environment(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:1")
    settings = load_settings({**urls, "GATEWAY_HORIZON_WHATSAPP": "2592000"})
    assert longest_horizon_s(settings) == 30 * DAY_S


def test_without_horizons_of_channels_the_longest_patience_is_that_of_all(tmp_path: Path) -> None:
    urls = environment(tmp_path, "http://127.0.0.1:1", "http://127.0.0.1:1")
    assert longest_horizon_s(load_settings(urls)) == 72 * 3600


def late(channel: str, message_uuid: str, **members: Any) -> bytes:
    """Return a v1 webhook that comes on day 30."""
    sender = {"messenger": "447700900001", "viber_service_msg": "16273"}
    return status_body(
        "delivered",
        message_uuid,
        **{
            "channel": V1_NAMES.get(channel, channel),
            "to": TO,
            "from": sender.get(channel, "447700900001"),
            "timestamp": "2025-03-05T12:14:25Z",
            **members,
        },
    )


@pytest.mark.parametrize("days", ["1", "7"])
@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_status_of_day_30_is_told_in_the_shape_of_the_first_day(
    tmp_path: Path, channel: str, days: str
) -> None:
    account = "account:abcd1234"
    async with a_bench(tmp_path, {"GATEWAY_RETENTION_DAYS": days}) as bench:
        dispatch_uuid = await bench.dispatch(workflow(a_step(channel)))
        await bench.send()
        (step,) = await bench.steps(dispatch_uuid)
        assert step.message_uuid is not None
        early = late(channel, step.message_uuid, status="submitted")
        await bench.correlator.receive(early, sender=account, address=None)
        await bench.fire_after(3 * DAY_S)
        await bench.deliver()
        bench.clock.advance(27 * DAY_S)
        await bench.housekeeper.sweep()
        record = await bench.store.load(dispatch_uuid)
        assert record is not None
        assert record.plan is None
        body = late(channel, step.message_uuid)
        await bench.correlator.receive(body, sender=account, address=None)
        submitted, report, delivered = await bench.told()
    assert report["status"] == "error"
    assert delivered == {**submitted, "status": "delivered"}


def is_kept(folder: Path, text: str) -> bool:
    """Tell whether a text is anywhere in the files of the store."""
    return any(text.encode() in path.read_bytes() for path in folder.glob("gateway.db*"))


async def test_texts_are_not_kept_for_late_statuses(tmp_path: Path) -> None:
    async with a_bench(tmp_path, {"GATEWAY_RETENTION_DAYS": "1"}) as bench:
        await bench.dispatch(workflow(a_step("sms")))
        await bench.send()
        await bench.fire_after(3 * DAY_S)
        await bench.deliver()
        bench.clock.advance(DAY_S + 1)
        await bench.housekeeper.sweep()
    assert (is_kept(tmp_path, TEXT), is_kept(tmp_path, TO)) == (False, False)
