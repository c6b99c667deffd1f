"""What the tests of the HTTP surface share: looking from outside, and making things go wrong."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import socket
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import jwt
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp, Message

from gateway.logs import configure_logging
from gateway.server import bind, make_server
from gateway.stores.sqlite import SqliteStore
from tests.gateway.restoring import logging_restored
from tests.support.loopback import WAIT_S, Loopback, Reply
from tests.support.world import API_KEY, API_SECRET, SIGNATURE_SECRET, World, a_world
from translators.diagnostics import JsonObject

CREDENTIALS = (API_KEY, API_SECRET)
in_module_loop = pytest.mark.asyncio(loop_scope="module")
"""For tests that share a gateway: they run in its event loop."""

JSON = {"Content-Type": "application/json"}

OTHER_ID = "bbbbbbbb-bbbb-4ccc-8ddd-0123456789ab"
OTHER_KEY = "other999"
OTHER_SECRET = "api-secret-of-the-other-tenant"
OTHER_SIGNATURE_SECRET = "signature-secret-of-the-other-tenant-01"
OTHER_CREDENTIALS = (OTHER_KEY, OTHER_SECRET)


@contextlib.asynccontextmanager
async def serving(world: World, app: ASGIApp | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    """Serve the gateway of `world` on a socket, with the server it runs on in production.

    Args:
        app: one side of it; the public one by default.
    """
    server = make_server(app or world.gateway.app(), drain_s=1)
    server.config.lifespan = "off"  # the workers run already
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with bind("127.0.0.1", 0) as listener:
        # uvloop, which tests do without, does this for each connection; else answers take 40 ms.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, port = listener.getsockname()
        await server.startup(sockets=[listener])
        async with httpx2.AsyncClient(base_url=f"http://{host}:{port}") as http:
            yield http
        for each in server.servers:
            each.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()


async def hang_up_on(
    world: World, path: str, headers: dict[str, str], *, code: str = "400"
) -> None:
    """Begin a POST to `path` and go away in its body, under a server that passes parts on.

    Ours hands over whole requests only.
    """
    parts: list[Message] = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]
    fields = {"host": "gateway", "content-length": "500", **headers}
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in fields.items()],
    }

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        assert parts == []

    await world.gateway.app()(scope, receive, send)
    assert await sample(world, "gateway_requests_total", code=code) == 1


@contextlib.asynccontextmanager
async def two_tenants(
    folder: Path, environ: dict[str, str] | None = None, **other: str
) -> AsyncIterator[tuple[World, Loopback]]:
    """Run a gateway with a second application of another account, and that one's receiver.

    Args:
        other: keys of its `[[applications]]` table, over the usual ones; "" leaves one out. The
            private key is not among the usual ones, because reading it takes a while.
    """
    async with Loopback(lambda seen: Reply()).listening() as receiver:
        keys = {
            "application_id": OTHER_ID,
            "api_key": OTHER_KEY,
            "api_secret": OTHER_SECRET,
            "signature_secret": OTHER_SIGNATURE_SECRET,
            "status_url": f"{receiver.url}/other/status",
            "final_report_url": f"{receiver.url}/other/report",
            **other,
        }
        lines = [f'{name} = """{value}"""' for name, value in keys.items() if value]
        config = folder / "gateway.toml"
        config.write_text("\n".join(["[[applications]]", *lines]), encoding="utf-8")
        async with a_world(folder, {"GATEWAY_CONFIG": str(config), **(environ or {})}) as world:
            yield world, receiver


def stored(folder: Path) -> dict[str, int]:
    """Count the rows of every table but the store's own notes, through another connection."""
    with contextlib.closing(sqlite3.connect(folder / "gateway.db")) as connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " AND name NOT IN ('meta', 'silence')"
        ).fetchall()
        return {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for (name,) in tables
        }


@contextlib.asynccontextmanager
async def read_only(world: World) -> AsyncIterator[None]:
    """Take the right to write from the store's connection, as a file system gone read-only."""
    store = world.gateway.store
    assert isinstance(store, SqliteStore)
    await store.writer.run_alone(lambda connection: connection.execute("PRAGMA query_only = ON"))
    yield
    await store.writer.run_alone(lambda connection: connection.execute("PRAGMA query_only = OFF"))


@contextlib.contextmanager
def collecting_log() -> Iterator[io.BytesIO]:
    """Collect everything that is logged, down to the finest level."""
    stream = io.BytesIO()
    with logging_restored():
        configure_logging("debug", "json", stream=stream)
        yield stream


def lines(stream: io.BytesIO, event: str) -> list[dict[str, Any]]:
    """Return the lines of one event."""
    parsed = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in parsed if line["event"] == event]


def levels(stream: io.BytesIO) -> set[str]:
    """Return the levels of all lines."""
    return {orjson.loads(line)["level"] for line in stream.getvalue().splitlines()}


def problem(answer: httpx2.Response, http_status: int) -> JsonObject:
    """Return the body of a refusal, having checked that it has the shape of v0.1."""
    assert answer.status_code == http_status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body: JsonObject = answer.json()
    assert list(body)[:4] == ["type", "title", "detail", "instance"]
    assert all(isinstance(body[name], str) and body[name] for name in list(body)[:4])
    assert set(body) <= {"type", "title", "detail", "instance", "invalid_parameters"}
    return body


async def sample(world: World, name: str, **labels: str) -> float:
    """Return one value of `/metrics`, 0 when it was never counted."""
    text = (await world.admin.get("/metrics")).text
    values = [
        entry.value
        for family in text_string_to_metric_families(text)
        for entry in family.samples
        if entry.name == name and entry.labels.items() >= labels.items()
    ]
    return sum(values)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds that must come to hold by itself."""
    async with asyncio.timeout(WAIT_S):
        while not await holds():  # noqa: ASYNC110 - what holds is in the store
            await asyncio.sleep(0.005)


def claims_of(world: World, body: bytes, **changes: object) -> dict[str, object]:
    """Return the claims of a vendor's token for `body`; `None` takes one away."""
    claims: dict[str, object] = {
        "iat": world.clock.wall_s(),
        "jti": str(world.clock.draw_uuid()),
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(body).hexdigest(),
        "api_key": API_KEY,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def bearing(claims: dict[str, object], secret: str = SIGNATURE_SECRET) -> dict[str, str]:
    """Return the headers of a webhook with these claims, signed by another implementation."""
    return {**JSON, "Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}
