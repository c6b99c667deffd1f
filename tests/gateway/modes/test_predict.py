"""Predicting: the run of our engine beside Dispatch's own, by something that can only decide."""

from __future__ import annotations

import asyncio
import io
import socket
import uuid
from pathlib import Path

import orjson
import pytest
from structlog.testing import capture_logs

from gateway.clients.callbacks import CallbackClient
from gateway.clients.messages import MessagesClient
from gateway.clients.transport import Transport
from gateway.engine import Engine
from gateway.modes.build import judges_of
from gateway.modes.forward import Forwarder
from gateway.modes.observe import Observer
from gateway.modes.recorder import Recorder
from gateway.settings import Settings, load_settings
from gateway.stores.sqlite import SqliteStore
from gateway.workers.loop import OutboxLoop
from tests.gateway.api.surface import sample
from tests.gateway.modes.desk import reachable
from tests.gateway.modes.observing import (
    caught_up,
    observing,
    post,
    report,
    status,
    tell,
    traces,
)
from tests.gateway.settings.loading import MINIMAL
from tests.support.peers import answer
from tests.support.world import World, failing_over, step, workflow
from translators.diagnostics import JsonObject

SMS = workflow(step())
SMS_THEN_SMS = workflow(step("sms", **failing_over(after_s=15)), step())

DOERS = (
    *(Transport, asyncio.AbstractEventLoop, io.IOBase, socket.socket),
    *(CallbackClient, Engine, Forwarder, MessagesClient, Observer, OutboxLoop, Recorder),
    SqliteStore,
)


def doers(root: object) -> set[str]:
    return {type(each).__name__ for each in reachable(root) if isinstance(each, DOERS)}


def settings(**environ: str) -> Settings:
    return load_settings({**MINIMAL, **environ})


def test_nothing_that_acts_can_be_reached_from_the_predictor() -> None:
    judges = judges_of(settings(GATEWAY_MODE="observe"))
    assert (list(judges), doers(judges)) == (["observe"], set())


def test_nothing_that_acts_can_be_reached_from_the_explainer() -> None:
    judges = judges_of(settings(GATEWAY_MODE="explain"))
    assert (list(judges), doers(judges)) == (["explain"], set())


async def test_what_acts_is_found_where_it_is(tmp_path: Path) -> None:
    async with observing(tmp_path) as (world, _):
        assert {"Engine", "Forwarder", "MessagesClient"} <= doers(world.gateway)


async def finished(world: World) -> None:
    await caught_up(world)
    world.clock.advance(3600)
    await caught_up(world)


async def test_a_workflow_that_went_as_it_would_here_is_no_difference(tmp_path: Path) -> None:
    async with observing(tmp_path) as (world, _):
        await post(world, orjson.dumps(SMS_THEN_SMS))
        await tell(world, status(0, "submitted"))
        world.clock.advance(16)
        await tell(world, status(1, "submitted"))
        await tell(world, status(1, "delivered"))
        listed = [
            {"message_uuid": each["message_uuid"], "channel": "sms", "status": each["status"]}
            for each in (status(0, "submitted"), status(1, "delivered"))
        ]
        told = report() | {"usage": {"price": "0.0000", "currency": "EUR"}}
        await tell(world, told | {"_links": {"messages": list(listed)}})
        await finished(world)
        exposed = (await world.admin.get("/metrics")).text
    assert 'outcome="semantic"' not in exposed
    assert 'gateway_comparisons_total{candidate="gateway"' in exposed


async def test_a_difference_is_logged_once_and_counted_each_time(tmp_path: Path) -> None:
    with capture_logs() as lines:
        async with observing(tmp_path) as (world, legacy):
            for number in range(2):
                dispatch_uuid = str(uuid.UUID(int=number, version=4))
                legacy.replies.append(answer(202, {"dispatch_uuid": dispatch_uuid}))
                await post(world, orjson.dumps(SMS))
                links: JsonObject = {"dispatch": {"dispatch_uuid": dispatch_uuid, "href": ""}}
                await tell(world, status(0, "delivered", _links=links))
            world.clock.advance(80 * 3600)
            await finished(world)
            count = await sample(
                world,
                "gateway_comparisons_total",
                candidate="gateway",
                outcome="semantic",
                kind="report-missing",
            )
    logged = [line for line in lines if line["event"] == "comparison.differed"]
    assert (count, [line["kind"] for line in logged]) == (2, ["report-missing"])


@pytest.mark.parametrize(
    ("headers", "http_status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/json; charset=latin-1"}, 415),
        ({"Content-Encoding": "identity"}, 415),
        ({"Accept": "text/html"}, 406),
        ({"Idempotency-Key": ""}, 400),
        ({"Accept": "application/json"}, None),
    ],
)
async def test_it_is_written_down_which_headers_would_be_refused_here(
    headers: dict[str, str], http_status: int | None, tmp_path: Path
) -> None:
    async with observing(tmp_path) as (world, _):
        await post(world, orjson.dumps(SMS), **headers)
        await tell(world, report())
        await finished(world)
    (trace,) = traces(tmp_path)
    assert trace.refusal == http_status


async def test_headers_that_would_be_refused_here_are_told_as_a_difference(tmp_path: Path) -> None:
    with capture_logs() as lines:
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(SMS), **{"Content-Type": "text/plain"})
            await tell(world, status(0, "delivered"))
            await tell(world, report())
            await finished(world)
    kinds = [line["kind"] for line in lines if line["event"] == "comparison.differed"]
    assert kinds == ["refused-here-accepted-there"]


async def test_a_second_message_to_one_person_is_not_called_a_wrong_recipient(
    tmp_path: Path,
) -> None:
    other: JsonObject = {**step(), "to": {"type": "sms", "number": "447700900002"}}
    request = workflow(step("sms", **failing_over(after_s=15)), other)
    with capture_logs() as lines:
        async with observing(tmp_path) as (world, _):
            await post(world, orjson.dumps(request))
            for number in range(2):
                await tell(world, status(number, "delivered"))
            world.clock.advance(80 * 3600)
            await finished(world)
    kinds = [line["kind"] for line in lines if line["event"] == "comparison.differed"]
    assert kinds == ["other-step-count"]
