"""A gateway that observes: the legacy service is a server on loopback that is told what to say."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx2
import orjson

from gateway.traces.files import read_traces
from gateway.traces.model import Trace
from tests.support.loopback import Loopback, Reply, Seen
from tests.support.world import API_KEY, API_SECRET, World, a_world
from translators.diagnostics import JsonObject, JsonValue

DISPATCH_UUID = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"
MESSAGE_UUIDS = [str(uuid.UUID(int=number, version=4)) for number in range(1, 4)]
ACCEPTED = Reply(
    status=202,
    body=b'{"dispatch_uuid": "%s"}' % DISPATCH_UUID.encode(),
    headers={"Content-Type": "application/json;charset=UTF-8", "X-Trace": "of the legacy service"},
)


@contextlib.asynccontextmanager
async def observing(
    folder: Path, answer: Callable[[Seen], Reply] = lambda seen: ACCEPTED, **environ: str
) -> AsyncIterator[tuple[World, Loopback]]:
    """Run a gateway in front of a legacy service that answers so; traces go to `traces.jsonl`."""
    legacy = Loopback(answer)
    async with (
        legacy.listening(),
        a_world(
            folder,
            {
                "GATEWAY_MODE": "observe",
                "GATEWAY_LEGACY": legacy.url,
                "GATEWAY_TRACE": str(folder / "traces.jsonl"),
                "GATEWAY_TRACE_KEY": "key-of-the-tests-0001",
                **environ,
            },
        ) as world,
    ):
        yield world, legacy


async def caught_up(world: World) -> None:
    """Wait until the recorder took in all it was told, and finished what was due."""
    recorder = world.gateway.modes.recorder
    assert recorder is not None
    await recorder.catch_up()


def traces(folder: Path) -> list[Trace]:
    """Return the traces that were written."""
    found = list(read_traces([str(folder / "traces.jsonl")]))
    whole = [each for each in found if isinstance(each, Trace)]
    assert whole == found
    return whole


def status(number: int, word: str, channel: str = "sms", **members: JsonValue) -> JsonObject:
    """Return a status callback of Dispatch about one of its messages."""
    return {
        "message_uuid": MESSAGE_UUIDS[number],
        "to": {"type": channel, "number": "447700900000"},
        "from": {"type": channel, "number": "447700900001"},
        "timestamp": "2025-02-03T12:14:25.000Z",
        "status": word,
        "_links": {
            "dispatch": {
                "dispatch_uuid": DISPATCH_UUID,
                "href": f"v0.1/dispatch/{DISPATCH_UUID}",
            }
        },
        **members,
    }


def report(word: str = "completed") -> JsonObject:
    """Return a final report of Dispatch."""
    return {
        "template": "failover",
        "status": word,
        "timestamp": "2025-02-03T12:14:26.000Z",
        "usage": {"price": "0.0333", "currency": "EUR"},
        "dispatch_uuid": DISPATCH_UUID,
        "_links": {"messages": []},
    }


async def tell(world: World, body: JsonObject, path: str = "/legacy/status") -> httpx2.Response:
    """Have Dispatch tell something."""
    headers = {"Content-Type": "application/json", "Authorization": "Bearer of.the.vendor"}
    return await world.http.post(path, content=orjson.dumps(body), headers=headers)


async def post(world: World, body: bytes, query: str = "", **headers: str) -> httpx2.Response:
    """POST bytes to the legacy endpoint."""
    return await world.http.post(
        f"/v0.1/dispatch{query}",
        content=body,
        headers={"Content-Type": "application/json", **headers},
        auth=(API_KEY, API_SECRET),
    )
