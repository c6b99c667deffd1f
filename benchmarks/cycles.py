"""Requests through the whole gateway, against programs that do less."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
import uvloop

from benchmarks.figures import announce, show
from benchmarks.processes import (
    ACCOUNT,
    LOAD_CORE,
    SECRET,
    SIGNATURE_SECRET,
    free_port,
    gateway_environ,
    pin,
    running,
)
from benchmarks.wire import Client, Rate, Server, answer_bytes, closed_loop, request_bytes
from gateway.signatures import sign_body

PAIRS, SECONDS, IN_FLIGHT = 5, 3.0, 50

BASIC = base64.b64encode(f"{ACCOUNT}:{SECRET}".encode()).decode()
HEADERS = {"Content-Type": "application/json", "Authorization": f"Basic {BASIC}"}


def payload(reference: str) -> bytes:
    """Return a two-step workflow of about 670 bytes, as real ones are."""
    text = "Your order has left our warehouse and arrives today between 14:00 and 16:00. "
    content = {"type": "text", "text": text + "Reply to this message to change the time."}

    def step(channel: str) -> dict[str, object]:
        return {
            "from": {"type": channel, "number": "447700900001"},
            "to": {"type": channel, "number": "447700900000"},
            "message": {"content": content},
            "client_ref": reference,
        }

    first = step("whatsapp") | {"failover": {"expiry_time": 600, "condition_status": "read"}}
    return orjson.dumps({"template": "failover", "workflow": [first, step("sms")]})


class Surroundings:
    """The stub: upstream and receiver; it tells when a request number was sent or called back."""

    def __init__(self, gateway_port: int) -> None:
        self._gateway_port = gateway_port
        self.sends_webhooks = False
        self.waits_for_callbacks = False
        self._waiting: dict[bytes, asyncio.Future[None]] = {}
        self._idle: list[Client] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, number: int) -> asyncio.Future[None]:
        """Return the future of request `number`'s end."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[reference(number).encode()] = future
        return future

    def answer(self, path: bytes, body: bytes) -> bytes:
        """Answer the gateway's requests."""
        if path == b"/v1/messages":
            message_uuid = str(uuid.UUID(bytes=os.urandom(16), version=4))
            if self.sends_webhooks and b'"webhook_url"' in body:
                task = asyncio.create_task(self._send_webhook(message_uuid, body))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            if not self.waits_for_callbacks:
                self._finish(body)
            return answer_bytes("202 Accepted", b'{"message_uuid":"%s"}' % message_uuid.encode())
        if self.waits_for_callbacks:
            self._finish(body)
        return answer_bytes("200 OK")

    def _finish(self, body: bytes) -> None:
        at = body.find(b'"client_ref":"')
        future = self._waiting.pop(body[at + 14 : at + 24], None)
        if future is not None and not future.done():
            future.set_result(None)

    async def _send_webhook(self, message_uuid: str, send: bytes) -> None:
        webhook = webhook_request(message_uuid, send, issued_at_s=int(time.time()))
        status = 0
        while status != 200:  # like the vendor: again until it is taken
            with contextlib.suppress(ConnectionResetError):
                client = await self._connect()
                status = await client.request(webhook)
                self._idle.append(client)

    async def _connect(self) -> Client:
        while self._idle:
            if (client := self._idle.pop()).is_open:
                return client
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(Client, "127.0.0.1", self._gateway_port)
        return client


def reference(number: int) -> str:
    """Return the ten-character client_ref of a request number."""
    return f"{number:010d}"


def request(number: int) -> bytes:
    """Return the bytes of request `number`."""
    return request_bytes("/v0.1/dispatch", payload(reference(number)), HEADERS)


def webhook_request(message_uuid: str, send: bytes, *, issued_at_s: int) -> bytes:
    """Return the bytes of the signed status webhook that follows a send, given by its body."""
    message = orjson.loads(send)
    body = orjson.dumps(
        {
            "message_uuid": message_uuid,
            "to": message["to"],
            "from": message["from"],
            "timestamp": "2025-02-03T12:14:25Z",
            "status": "submitted",
            "channel": message["channel"],
            "client_ref": message["client_ref"],
        }
    )
    token = sign_body(
        body,
        secret=SIGNATURE_SECRET,
        api_key=ACCOUNT,
        application_id=None,
        issued_at_s=issued_at_s,
        token_id=message_uuid,
    )
    path = message["webhook_url"].split("/", 3)[3]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    return request_bytes(f"/{path}", body, headers)


async def compare(
    name: str,
    ours: Callable[[], Awaitable[Rate]],
    theirs: Callable[[], Awaitable[Rate]],
    goal: str,
) -> None:
    """Run pairs A B A B and print the median of their ratios."""
    ratios, mine, yours = [], [], []
    for number in range(PAIRS):
        announce(f"{name}: pair {number + 1} of {PAIRS}")
        mine.append(await ours())
        yours.append(await theirs())
        ratios.append(mine[-1].per_s / yours[-1].per_s)
    middle = PAIRS // 2
    a, b = (sorted(rates, key=lambda rate: rate.per_s)[middle] for rates in (mine, yours))
    show(
        name,
        ratios,
        goal,
        f"{IN_FLIGHT} in flight",
        f"ours {a.per_s:.0f}/s, p50 {a.p50_ms:.1f} ms, p99 {a.p99_ms:.1f} ms",
        f"yardstick {b.per_s:.0f}/s, p50 {b.p50_ms:.1f} ms, p99 {b.p99_ms:.1f} ms",
    )


async def run_cycles(folder: Path) -> None:
    """Measure accept, accept+send and the full cycle."""
    loop = asyncio.get_running_loop()
    gateway_port, slow_port, proxy_port, validate_port = (free_port() for _ in range(4))
    surroundings = Surroundings(gateway_port)
    server = await loop.create_server(lambda: Server(surroundings.answer), "127.0.0.1", 0)
    stub_port = server.sockets[0].getsockname()[1]
    (folder / "full").mkdir()
    (folder / "accept").mkdir()
    # One message a second: what is accepted stays accepted, and only the accept is measured.
    paced = gateway_environ(folder / "accept", slow_port, stub_port, GATEWAY_SEND_RATE="1")
    upstream = f"http://127.0.0.1:{stub_port}"
    yardsticks = ["-m", "benchmarks.yardsticks"]
    serve = ["-m", "gateway", "serve"]
    with (
        running(serve, gateway_port, gateway_environ(folder / "full", gateway_port, stub_port)),
        running(serve, slow_port, paced),
        running([*yardsticks, "proxy", upstream, str(proxy_port)], proxy_port),
        running([*yardsticks, "validate", str(validate_port)], validate_port),
    ):

        async def through(port: int, *, waits: bool = False) -> Rate:
            finished = surroundings.expect if waits else None
            return await closed_loop(
                port, request, seconds=SECONDS, in_flight=IN_FLIGHT, finished=finished
            )

        await compare(
            "durable 202s / Starlette + pydantic that stores nothing",
            lambda: through(slow_port),
            lambda: through(validate_port),
            "must 0.40, target 0.55",
        )
        await compare(
            "accept + send / pass-through proxy on aiohttp",
            lambda: through(gateway_port, waits=True),
            lambda: through(proxy_port),
            "must 0.40, target 0.50",
        )
        surroundings.sends_webhooks = surroundings.waits_for_callbacks = True
        await compare(
            "full cycle / pass-through proxy on aiohttp",
            lambda: through(gateway_port, waits=True),
            lambda: through(proxy_port),
            "must 0.20, target 0.35",
        )
    server.close()


def main() -> None:
    """Run the comparison in a fresh folder."""
    pin(os.getpid(), LOAD_CORE)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder:
        uvloop.run(run_cycles(Path(folder)))
