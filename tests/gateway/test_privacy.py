"""I16: no secret, number, text or URL query in anything but the messages themselves.

A canary goes into every field of everything that comes in, what is refused included; then all
output is searched for it.
"""

from __future__ import annotations

import asyncio
import copy
import io
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.gateway.api.surface import (
    CREDENTIALS,
    JSON,
    bearing,
    claims_of,
    collecting_log,
    serving,
    until,
)
from tests.gateway.api.tokens import basic
from tests.support.loopback import Reply
from tests.support.world import (
    API_KEY,
    API_SECRET,
    PUBLIC_URL,
    SIGNATURE_SECRET,
    World,
    a_world,
    workflow,
)
from translators.diagnostics import JsonObject, JsonValue

NUMBER = "447700912345"
SENDER = "447700954321"
TEXT = "canary text"
CLIENT_REF = "canary-ref"
CUSTOM = "canary-custom"
QUERY = "canary-query"
DETAIL = "canary-detail"
SECRET = "canary-secret"
MESSAGE = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"

CANARIES = (NUMBER, SENDER, "canary", API_SECRET, SIGNATURE_SECRET)


def find_canaries(output: str) -> list[str]:
    """Return what should not be there."""
    return [canary for canary in CANARIES if canary in output]


def content(kind: str, body: JsonValue) -> JsonObject:
    return {"content": {"type": kind, kind: body}}


def step(channel: str, message: JsonObject, **members: JsonValue) -> JsonObject:
    return {
        "to": {"type": channel, "number": NUMBER},
        "from": {"type": channel, "number": SENDER},
        "message": message,
        "client_ref": CLIENT_REF,
        **members,
    }


FAILOVER: JsonObject = {"expiry_time": 600, "condition_status": "read"}
GOOD = workflow(
    step("whatsapp", content("custom", {"a": CUSTOM}), failover=FAILOVER),
    step("mms", content("image", {"url": f"https://example.com/a?{QUERY}", "caption": TEXT}),
         failover={**FAILOVER, "condition_status": "delivered"}),
    step("sms", content("text", TEXT)),
)  # fmt: skip
TEXT_STEP = step("sms", content("text", TEXT))
REFUSED: dict[str, bytes] = {
    "text too long": orjson.dumps(workflow(step("sms", content("text", TEXT * 100)))),
    "number malformed": orjson.dumps(
        workflow({**TEXT_STEP, "to": {"type": "sms", "number": f"{NUMBER};{TEXT}"}})
    ),
    "number of a wrong type": orjson.dumps(
        workflow({**TEXT_STEP, "to": {"type": "sms", "number": [NUMBER]}})
    ),
    "text of a wrong type": orjson.dumps(workflow(step("sms", content("text", {TEXT: TEXT})))),
    "client_ref too long": orjson.dumps(workflow({**TEXT_STEP, "client_ref": CLIENT_REF * 20})),
    "URL of another scheme": orjson.dumps(
        workflow(step("mms", content("image", {"url": f"file:///{QUERY}", "caption": TEXT})))
    ),
    "failover missing": orjson.dumps(workflow(TEXT_STEP, TEXT_STEP)),
    "unknown members": orjson.dumps({TEXT: NUMBER, "workflow": [{**TEXT_STEP, TEXT: NUMBER}]}),
    "deep custom object": orjson.dumps(
        workflow(step("whatsapp", content("custom", {CUSTOM: [[[[[[[[CUSTOM]]]]]]]]})), TEXT_STEP)
    ),
    "not a workflow": orjson.dumps([NUMBER, TEXT]),
    "not JSON": f'{{"to": "{NUMBER}", "text": "{TEXT}'.encode(),
    "not UTF-8": f"{NUMBER}{TEXT}\xff".encode("latin-1"),
    "NUL": orjson.dumps(workflow(step("sms", content("text", f"{TEXT}\0")))),
}
STRANGERS = [
    basic(f"{SECRET}:{SECRET}"),
    basic(f"{API_KEY}:{SECRET}"),
    f"Bearer {SECRET}.{SECRET}.{SECRET}",
    f"Digest {SECRET}",
]


@dataclass(slots=True)
class Watched:
    """A gateway whose every answer is kept."""

    world: World
    answers: list[str] = field(default_factory=list)

    async def post(self, path: str, body: bytes, **headers: str) -> None:
        """POST and keep the answer, headers included."""
        answer = await self.world.http.post(path, content=body, headers={**JSON, **headers})
        self.answers.append(f"{answer.headers} {answer.text}")

    async def dispatch(self, body: bytes, authorization: str = "", query: str = "") -> None:
        """POST a request, with good credentials unless told otherwise."""
        credentials = authorization or basic(f"{API_KEY}:{API_SECRET}")
        await self.post(f"/v0.1/dispatch{query}", body, Authorization=credentials)

    async def metrics(self) -> str:
        """Return the figures."""
        return (await self.world.admin.get("/metrics")).text

    async def get(self, path: str) -> str:
        """GET with good credentials."""
        return (await self.world.http.get(path, auth=CREDENTIALS)).text


@pytest.fixture
def log() -> Iterator[io.BytesIO]:
    with collecting_log() as stream:
        yield stream


@pytest.fixture
async def watched(log: io.BytesIO, tmp_path: Path) -> AsyncIterator[Watched]:
    async with a_world(tmp_path) as world:
        yield Watched(world)


def status(send: JsonObject, word: str, **members: JsonValue) -> bytes:
    """Return a status webhook with a canary wherever there is room for one."""
    return orjson.dumps(
        {
            "message_uuid": MESSAGE,
            "to": NUMBER,
            "from": SENDER,
            "timestamp": "2025-02-03T12:14:25Z",
            "status": word,
            "channel": send["channel"],
            "client_ref": CLIENT_REF,
            "error": {"title": "1300", "detail": f"No - {DETAIL}", "instance": DETAIL},
            "profile": {"name": DETAIL},
            **members,
        }
    )


async def live(watched: Watched) -> str:
    """Lead a workflow through its life: every step fails in another way, and so do callbacks.

    Returns:
        its `dispatch_uuid`.
    """
    world = watched.world
    accepted = Reply(status=202, body=orjson.dumps({"message_uuid": MESSAGE}))
    doubtful = Reply(status=500, body=f"{DETAIL} {NUMBER}".encode(), headers={"X-A": DETAIL})
    refused = Reply(status=422, body=orjson.dumps({"title": DETAIL, "detail": NUMBER}))
    world.upstream.replies.extend([accepted, doubtful, refused])
    redirect = Reply(status=302, headers={"Location": f"http://{DETAIL}.example.com"})
    gone = Reply(status=410, body=DETAIL.encode())
    world.receiver.replies.extend([Reply(status=500, body=DETAIL.encode()), redirect])
    world.receiver.replies.extend([gone] * 10)
    await watched.dispatch(orjson.dumps(GOOD), query=f"?{QUERY}={NUMBER}")
    (send,) = await world.sends(1)
    await until(lambda: is_bound(world))
    bound = await world.gateway.store.find_message(MESSAGE)
    assert bound is not None
    path = str(send["webhook_url"]).removeprefix(PUBLIC_URL)
    for word in ("submitted", "delivered"):
        body = status(send, word, usage={"currency": "EUR", "price": DETAIL})
        await watched.post(path, body, **world.signed(body))
    world.clock.advance(600)
    await world.until_step(bound[0], 1, "unknown")
    world.clock.advance(600)
    await world.until_step(bound[0], 2, "rejected")
    await until(lambda: is_over_a_while_later(world))
    return bound[0]


async def is_bound(world: World) -> bool:
    return await world.gateway.store.find_message(MESSAGE) is not None


async def is_over_a_while_later(world: World) -> bool:
    """Let the callbacks' schedule go on; tell whether all of them were given up."""
    world.clock.advance(60)
    counts = await world.gateway.store.counts()
    return counts.dead_letters > 0 and counts.pending_callbacks == 0


async def test_the_canaries_of_a_whole_life_are_in_no_output(
    log: io.BytesIO, watched: Watched
) -> None:
    dispatch_uuid = await live(watched)
    outputs = {
        "log": log.getvalue().decode(),
        "answers": "".join(watched.answers),
        "metrics": await watched.metrics(),
        "dead letters": await watched.get("/dead-letters"),
        "state": await watched.get(f"/v0.1/dispatch/{dispatch_uuid}"),
    }
    assert '"status":"error"' in outputs["state"]
    assert '"reason":"client-error"' in outputs["dead letters"]
    assert {
        name: find_canaries(text) for name, text in outputs.items() if find_canaries(text)
    } == {}


@pytest.mark.parametrize("row", REFUSED)
async def test_a_refused_request_is_repeated_neither_in_the_answer_nor_in_the_log(
    log: io.BytesIO, watched: Watched, row: str
) -> None:
    await watched.dispatch(REFUSED[row], query=f"?{QUERY}={NUMBER}")
    assert b"request.refused" in log.getvalue()
    assert find_canaries("".join(watched.answers) + log.getvalue().decode()) == []


EVERY_FIELD = workflow(
    step(
        "whatsapp",
        {
            "content": {
                "type": "template",
                "template": {"name": "n:order", "parameters": [{"default": "1"}]},
            },
            "whatsapp": {"policy": "deterministic", "locale": "en"},
        },
        failover=FAILOVER,
    ),
    step(
        "viber_service_msg",
        {
            "content": {"type": "image", "image": {"url": "https://example.com/a"}},
            "viber_service_msg": {"category": "promotion", "ttl": 60},
        },
        failover={**FAILOVER, "condition_status": "delivered"},
    ),
    {
        **step("mms", {"content": {"type": "image", "image": {"url": "https://example.com/a"}}}),
        "failover": {"expiry_time": 60, "condition_status": "delivered"},
    },
    {
        "from": {"type": "messenger", "id": "1"},
        "to": {"type": "messenger", "id": "2"},
        "message": {
            **content("text", "Hello"),
            "messenger": {"category": "message_tag", "tag": "X"},
        },
    },
)
STRANGE: dict[str, JsonValue] = {
    "a number": NUMBER,
    "a text": TEXT,
    "a secret": SECRET,
    "a text with half a character": f"{TEXT}\udc00",
    "a list of numbers": [NUMBER],
    "an object of numbers": {NUMBER: {NUMBER: NUMBER}},
    "a number as a number": int(NUMBER),
    "a long text": TEXT * 500,
}


def places(value: JsonValue, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of everything in a document, the whole of it excepted."""
    members = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    for key, member in members:
        yield (*at, key)
        if isinstance(member, dict | list):
            yield from places(member, (*at, key))


def put(document: JsonValue, at: tuple[str | int, ...], value: JsonValue) -> bytes:
    """Return the document as JSON, with something else in one place."""
    changed: Any = copy.deepcopy(document)
    holder = changed
    for key in at[:-1]:
        holder = holder[key]
    holder[at[-1]] = value
    return json.dumps(changed).encode()


@pytest.mark.parametrize("strange", STRANGE)
async def test_what_is_wrong_in_any_field_is_repeated_neither_in_the_answer_nor_in_the_log(
    log: io.BytesIO, watched: Watched, strange: str
) -> None:
    for at in places(EVERY_FIELD):
        await watched.dispatch(put(EVERY_FIELD, at, STRANGE[strange]))
    assert log.getvalue().count(b"request.refused") > 20
    assert find_canaries("".join(watched.answers) + log.getvalue().decode()) == []


@pytest.mark.parametrize("name", [NUMBER, TEXT, SECRET])
async def test_the_name_of_a_field_is_repeated_neither_in_the_answer_nor_in_the_log(
    log: io.BytesIO, watched: Watched, name: str
) -> None:
    for at in ((), *places(EVERY_FIELD)):
        for value in ('"\\udc00"', "NaN", "9" * 40, '"\\u0000"', f'1, "{name}": 2'):
            marked = put(EVERY_FIELD, (*at, "placeholder"), 0) if is_object(at) else b""
            body = marked.replace(b'"placeholder": 0', f'"{name}": {value}'.encode())
            await watched.dispatch(body)
    assert log.getvalue().count(b"request.refused") > 20
    assert find_canaries("".join(watched.answers) + log.getvalue().decode()) == []


def is_object(at: tuple[str | int, ...]) -> bool:
    """Tell whether there is an object in this place."""
    value: Any = EVERY_FIELD
    for key in at:
        value = value[key]
    return isinstance(value, dict)


@pytest.mark.parametrize("route", ["/dead-letters", "/parked"])
@pytest.mark.parametrize("query", [f"{NUMBER}=1", f"limit={NUMBER}", f"after={SECRET}"])
async def test_the_parameters_of_a_query_are_repeated_nowhere(
    log: io.BytesIO, watched: Watched, route: str, query: str
) -> None:
    answer = await watched.world.http.get(f"{route}?{query}", auth=CREDENTIALS)
    assert answer.status_code == 400
    assert find_canaries(f"{answer.headers} {answer.text} {log.getvalue().decode()}") == []


@pytest.mark.parametrize("authorization", STRANGERS)
async def test_bad_credentials_are_repeated_nowhere(
    log: io.BytesIO, watched: Watched, authorization: str
) -> None:
    await watched.dispatch(orjson.dumps(GOOD), authorization)
    assert b"caller.refused" in log.getvalue()
    assert find_canaries("".join(watched.answers) + log.getvalue().decode()) == []


async def test_headers_and_paths_are_repeated_nowhere(log: io.BytesIO, watched: Watched) -> None:
    body = orjson.dumps(GOOD)
    credentials = {"Authorization": basic(f"{API_KEY}:{API_SECRET}")}
    for headers in (
        {"Content-Type": SECRET},
        {"Accept": SECRET},
        {"Idempotency-Key": f"{SECRET}\t"},
        {"Content-Encoding": SECRET},
    ):
        await watched.post("/v0.1/dispatch", body, **credentials, **headers)
    for path in (f"/{NUMBER}", f"/v0.1/dispatch/{NUMBER}", f"/dead-letters/{NUMBER}?{QUERY}"):
        await watched.post(path, body, **credentials)
    everything = "".join(watched.answers) + log.getvalue().decode() + await watched.metrics()
    assert find_canaries(everything) == []


async def test_bad_webhooks_are_repeated_nowhere(log: io.BytesIO, watched: Watched) -> None:
    world = watched.world
    bodies = [
        status({"channel": "sms"}, DETAIL),
        status({"channel": DETAIL}, "read", message_uuid=DETAIL),
        status({"channel": "sms"}, "read", timestamp=DETAIL, **{DETAIL: DETAIL}),
        f"{NUMBER} {TEXT}".encode(),
        orjson.dumps({"message_type": "text", "text": TEXT, "from": NUMBER}),
    ]
    for kind in ("status", f"status/{SECRET}", "inbound"):
        for body in bodies:
            await watched.post(f"/webhooks/{kind}?{QUERY}", body, **world.signed(body))
            await watched.post(f"/webhooks/{kind}", body)
            await watched.post(f"/webhooks/{kind}", body, Authorization=f"Bearer {SECRET}")
            for change in ("iss", "api_key", "application_id", "payload_hash"):
                headers = bearing(claims_of(world, body, **{change: SECRET}))
                await watched.post(f"/webhooks/{kind}", body, **headers)
    everything = "".join(watched.answers) + log.getvalue().decode() + await watched.metrics()
    assert find_canaries(everything) == []


async def test_what_the_server_itself_refuses_is_repeated_nowhere(
    log: io.BytesIO, watched: Watched
) -> None:
    answers = b""
    async with serving(watched.world) as http:
        for request in (
            f"POST /v0.1/dispatch?{QUERY} HTTP/1.1\r\nHost: x\r\n{SECRET} {NUMBER}\r\n\r\n",
            f"{NUMBER} {TEXT}\r\n\r\n",
            f"GET /{NUMBER}/é HTTP/1.1\r\nHost: x\r\n\r\n",
        ):
            reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
            writer.write(request.encode())
            answers += await reader.read()
            writer.close()
            await writer.wait_closed()
    assert answers.count(b"HTTP/1.1 400 ") == 3
    assert find_canaries(answers.decode() + log.getvalue().decode()) == []
