"""A sandbox and a receiver of its webhooks, both real servers on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import orjson
import pytest
import pytest_asyncio
from aiohttp import web

from gateway.clock import SystemClock
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.server import running_sandbox
from translators.diagnostics import JsonObject

SECRET = "sandbox-test-signature-secret-0001"
API_KEY = "a1b2c3d"
APPLICATION_ID = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
NUMBERS = itertools.count()
FAST = 0.001


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of this folder in one event loop, that of the server they share."""
    for item in items:
        if item.path.parent == Path(__file__).parent and pytest_asyncio.is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One webhook as it came."""

    body: bytes
    authorization: str | None

    @property
    def document(self) -> JsonObject:
        document: JsonObject = orjson.loads(self.body)
        return document


@dataclass(slots=True)
class Mailbox:
    """What came for one token, and what to answer; 200 once the list is used up."""

    answers: deque[int] = field(default_factory=deque)
    received: list[Received] = field(default_factory=list)


class Receiver:
    """Takes webhooks at `/status/{token}`."""

    def __init__(self) -> None:
        self.url = ""
        self._mailboxes: defaultdict[str, Mailbox] = defaultdict(Mailbox)
        self._changed = asyncio.Condition()

    def new_url(self, *answers: int) -> str:
        """Return a URL that nothing was sent to yet."""
        token = f"token-{next(NUMBERS):06}"
        self._mailboxes[token].answers.extend(answers)
        return f"{self.url}/status/{token}"

    def at(self, url: str) -> list[Received]:
        """Return what came so far."""
        return self._mailboxes[url.rpartition("/")[2]].received

    async def wait_for(self, url: str, count: int) -> list[Received]:
        """Return what came, once that is `count` webhooks."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.at(url)) >= count)
        return self.at(url)

    async def take(self, request: web.Request) -> web.Response:
        mailbox = self._mailboxes[request.match_info["token"]]
        webhook = Received(
            body=await request.read(), authorization=request.headers.get("Authorization")
        )
        async with self._changed:
            mailbox.received.append(webhook)
            self._changed.notify_all()
        return web.Response(status=mailbox.answers.popleft() if mailbox.answers else 200)


@contextlib.asynccontextmanager
async def running_receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/status/{token}", receiver.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield receiver
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """A running sandbox, a client that speaks to it, and a receiver of its webhooks."""

    client: httpx2.AsyncClient
    receiver: Receiver

    def message(self, digits: str, channel: str = "sms", **members: object) -> dict[str, object]:
        """Return a valid message to a recipient with these last digits."""
        return {
            "to": f"4477009000{digits}",
            "from": "447700900001",
            "channel": channel,
            "message_type": "text",
            "text": "Hello",
            "webhook_url": self.receiver.new_url(),
            **members,
        }

    async def post(self, message: dict[str, object]) -> int | None:
        """Post a message; return the HTTP status, None if the connection closed instead."""
        try:
            return (await self.client.post("/v1/messages", json=message)).status_code
        except httpx2.RemoteProtocolError:
            return None

    async def statuses(self, message: dict[str, object], count: int) -> list[JsonObject]:
        """Return the first `count` statuses of a message, as soon as they have come."""
        received = await self.receiver.wait_for(str(message["webhook_url"]), count)
        return [webhook.document for webhook in received]

    async def entry(self, message: dict[str, object]) -> JsonObject:
        """Return the ledger's newest entry of a message, as soon as no webhook is pending."""
        token = str(message["webhook_url"])[-6:]
        while True:
            ledger = (await self.client.get("/sandbox/messages")).json()
            found = [entry for entry in ledger["messages"] if entry["webhook_token"] == token]
            if found and not found[-1]["webhooks"]["pending"]:
                entry: JsonObject = found[-1]
                return entry


@contextlib.asynccontextmanager
async def running_upstream(
    config: SandboxConfig, say: Callable[[str], None] | None = None
) -> AsyncIterator[Upstream]:
    async with (
        running_receiver() as receiver,
        running_sandbox(config, SystemClock(), say=say) as url,
        httpx2.AsyncClient(base_url=url, auth=(API_KEY, "secret"), timeout=20) as client,
    ):
        yield Upstream(client=client, receiver=receiver)


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def upstream() -> AsyncIterator[Upstream]:
    """A sandbox that signs and runs a thousand times faster; shared, so it is never reset."""
    config = SandboxConfig(
        signature_secret=SECRET,
        api_key=API_KEY,
        application_id=APPLICATION_ID,
        pace=FAST,
        fixed_pace=FAST,
    )
    async with running_upstream(config) as running:
        yield running


@pytest.fixture
def config() -> SandboxConfig:
    """The settings of a fast sandbox that a test may change and run for itself."""
    return SandboxConfig(pace=FAST, fixed_pace=FAST)
