"""Who judges what Dispatch did goes by all the settings of the gateway that would serve."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path

import orjson
import pytest

from gateway.core.state import Terms
from gateway.modes.explain import Explainer
from gateway.traces.model import Kind, Trace, TraceEntry
from gateway.traces.model import Path as Sender
from tests.gateway.modes.observing import (
    ACCEPTED,
    DISPATCH_UUID,
    MESSAGE_UUIDS,
    caught_up,
    observing,
    post,
    report,
    status,
    tell,
)
from tests.gateway.modes.test_split_gateway import splitting
from tests.support.world import World, failing_over, step, workflow
from translators.choices import RequestOptions
from translators.diagnostics import JsonObject
from translators.rules import Switches

LAST_STEP_WITH_TERMS = workflow(step("sms", **failing_over()))
TEMPLATE: JsonObject = {"type": "template", "template": {"name": "a:b", "parameters": []}}
NO_LOCALE = workflow({**step("whatsapp"), "message": {"content": TEMPLATE}})
SMS = workflow(step())


def listed(channel: str, **members: str) -> JsonObject:
    """Return a final report about one delivered message, of which its status told the charge."""
    message: JsonObject = {
        "message_uuid": MESSAGE_UUIDS[0],
        "channel": channel,
        "status": "delivered",
        "href": MESSAGE_UUIDS[0],
        "usage": {"price": "0.0333", "currency": "EUR"},
        **members,
    }
    return report() | {"_links": {"messages": [message]}}


async def outcomes(world: World, request: JsonObject, told: JsonObject, channel: str) -> list[str]:
    """Let Dispatch deliver a workflow and tell its end so; return how that was judged."""
    await post(world, orjson.dumps(request))
    charge: JsonObject = {"price": "0.0333", "currency": "EUR"}
    for word, members in (("submitted", {}), ("delivered", {"usage": charge})):
        await tell(world, status(0, word, channel, **members))
    await tell(world, told)
    await caught_up(world)
    world.clock.advance(3600)
    await caught_up(world)
    lines: list[str] = []
    async with asyncio.timeout(20):  # the recorder's own task may have taken the trace
        while not lines:
            exposed = (await world.admin.get("/metrics")).text.splitlines()
            lines = [line for line in exposed if line.startswith("gateway_comparisons_total{")]
    return [line.split('outcome="')[1].split('"')[0] for line in lines]


@pytest.mark.parametrize(
    ("environ", "request_", "channel"),
    [
        ({"GATEWAY_ACCEPT": "failover-on-last-step"}, LAST_STEP_WITH_TERMS, "sms"),
        ({"GATEWAY_DEFAULT_LOCALE": "en_US"}, NO_LOCALE, "whatsapp"),
    ],
)
async def test_a_request_that_is_taken_here_is_replayed(
    environ: dict[str, str], request_: JsonObject, channel: str, tmp_path: Path
) -> None:
    async with observing(tmp_path, lambda _: ACCEPTED, **environ) as (world, _):
        found = await outcomes(world, request_, listed(channel), channel)
    assert "semantic" not in found
    assert len(found) == 1


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        (
            {"GATEWAY_LINKS": "dispatch", "GATEWAY_WORKFLOW_FEE": "0.01"},
            listed("sms") | {"usage": {"price": "0.0433", "currency": "EUR"}},
        ),
        (
            {"GATEWAY_LINKS": "dispatch", "GATEWAY_MESSAGE_HREF": "path"},
            listed("sms", href=f"v0.1/messages/{MESSAGE_UUIDS[0]}"),
        ),
    ],
)
async def test_callbacks_are_replayed_in_the_form_that_this_gateway_gives_them(
    environ: dict[str, str], told: JsonObject, tmp_path: Path
) -> None:
    async with observing(tmp_path, lambda _: ACCEPTED, **environ) as (
        world,
        _,
    ):
        assert await outcomes(world, SMS, told, "sms") == ["identical"]


async def test_equal_workflows_do_not_turn_the_dial_to_nothing(tmp_path: Path) -> None:
    environ = {"GATEWAY_ACCEPT": "failover-on-last-step", "GATEWAY_TRACE_LINGER": "1"}
    async with splitting(tmp_path, **environ) as split:
        for number in range(4):
            answer = await split.world.post(LAST_STEP_WITH_TERMS | {"x": number})
            dispatch_uuid = answer.json()["dispatch_uuid"]
            message = str(uuid.UUID(int=number, version=4))
            links: JsonObject = {"dispatch": {"dispatch_uuid": dispatch_uuid, "href": ""}}
            told = status(0, "delivered", _links=links)
            await split.tell(told | {"message_uuid": message})
            ended = listed("sms", message_uuid=message) | {"dispatch_uuid": dispatch_uuid}
            await split.tell(ended)
        split.turn("50")
        await split.ready()
        await caught_up(split.world)
        split.world.clock.advance(2)
        await caught_up(split.world)
        assert await split.ready() == "ready; split serves 50 % here\n"


def test_what_native_v1_would_do_is_asked_of_the_request_as_it_is_read_here() -> None:
    trace = Trace(
        dispatch=DISPATCH_UUID,
        path=Sender.GATEWAY,
        origin="explain",
        accepted_at="2025-02-03T12:14:25.000Z",
        request=NO_LOCALE,
        entries=(
            TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202"),
            TraceEntry(at_ms=0, kind=Kind.SEND, step=0, event_ms=10),
        ),
        is_complete=True,
    )
    told = [
        Explainer(RequestOptions(switches=Switches(), default_locale=locale), lambda _: Terms())(
            trace
        )
        for locale in (None, "en_US")
    ]
    assert [len(each) for each in told] == [0, 3]
