"""The gateway and everything around it, as real as it gets in one process.

The store is SQLite on disk, the upstream and the receiver are servers on loopback, requests go
through the whole ASGI application. Only time is ours: it moves when a test says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import orjson

from gateway.app import Gateway
from gateway.settings import Settings, load_settings
from gateway.signatures import sign_body
from gateway.stores.open import open_store
from tests.support.clock import ManualClock
from tests.support.loopback import WAIT_S, Loopback, Reply, Seen
from translators.diagnostics import JsonObject, JsonValue

API_KEY = "abcd1234"
API_SECRET = "api-secret-of-the-tests"
SIGNATURE_SECRET = "signature-secret-of-the-tests-0001"
PUBLIC_URL = "https://gateway.example.com"

TO, SENDER = "447700900000", "447700900001"


def step(channel: str = "sms", text: JsonValue = "Hello", **extra: JsonValue) -> JsonObject:
    """Return one v0.1 step of a text message."""
    key = "id" if channel == "messenger" else "number"
    return {
        "from": {"type": channel, key: SENDER},
        "to": {"type": channel, key: TO},
        "message": {"content": {"type": "text", "text": text}},
        **extra,
    }


def failing_over(condition: str = "delivered", after_s: int = 600) -> JsonObject:
    """Return the members that make a step fail over."""
    return {"failover": {"expiry_time": after_s, "condition_status": condition}}


def workflow(*steps: JsonObject) -> JsonObject:
    """Return a v0.1 request."""
    return {"template": "failover", "workflow": list(steps)}


WHATSAPP_THEN_SMS = workflow(step("whatsapp", **failing_over("read")), step("sms"))


@dataclass(slots=True, kw_only=True)
class World:
    """A running gateway and its surroundings."""

    gateway: Gateway
    settings: Settings
    """What the gateway was started with."""
    clock: ManualClock
    upstream: Loopback
    receiver: Loopback
    http: httpx2.AsyncClient
    admin: httpx2.AsyncClient
    """Asks the admin bind."""
    signature_secret: str = SIGNATURE_SECRET
    """What webhooks are signed with."""

    async def post(self, document: JsonValue, **headers: str) -> httpx2.Response:
        """POST a request to the legacy endpoint with good credentials."""
        return await self.post_to("/v0.1/dispatch", document, **headers)

    async def post_to(
        self, path: str, document: JsonValue = WHATSAPP_THEN_SMS, **headers: str
    ) -> httpx2.Response:
        """POST a workflow to some path with good credentials."""
        return await self.http.post(
            path,
            content=orjson.dumps(document),
            headers={"Content-Type": "application/json", **headers},
            auth=(API_KEY, API_SECRET),
        )

    async def dispatch(self, document: JsonValue = WHATSAPP_THEN_SMS) -> str:
        """Have a workflow accepted; return its `dispatch_uuid`."""
        answer = await self.post(document)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["dispatch_uuid"])

    async def sends(self, count: int) -> list[JsonObject]:
        """Wait until the upstream saw `count` messages; return their bodies."""
        return [seen.json() for seen in await self.upstream.wait_for(count)]

    async def callbacks(self, count: int) -> list[JsonObject]:
        """Wait until the application received `count` callbacks; return their bodies."""
        return [seen.json() for seen in await self.receiver.wait_for(count)]

    async def webhook(
        self,
        send: JsonObject,
        status: str,
        *,
        message_uuid: str | None = None,
        path: str | None = None,
        **members: JsonValue,
    ) -> httpx2.Response:
        """Send a signed status webhook about a message that the upstream saw."""
        body = orjson.dumps(
            {
                "message_uuid": message_uuid or message_uuid_of(send),
                "to": send["to"],
                "from": send["from"],
                "timestamp": "2025-02-03T12:14:25Z",
                "status": status,
                "channel": send["channel"],
                **members,
            }
        )
        url = path or str(send["webhook_url"]).removeprefix(PUBLIC_URL)
        return await self.http.post(url, content=body, headers=self.signed(body))

    def signed(self, body: bytes) -> dict[str, str]:
        """Return the headers of a webhook with this body."""
        token = sign_body(
            body,
            secret=self.signature_secret,
            api_key=API_KEY,
            application_id=None,
            issued_at_s=self.clock.wall_s(),
            token_id=str(self.clock.draw_uuid()),
        )
        return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}

    async def state(self, dispatch_uuid: str) -> JsonObject:
        """Return what GET shows of a dispatch."""
        answer = await self.http.get(f"/v0.1/dispatch/{dispatch_uuid}", auth=(API_KEY, API_SECRET))
        body: JsonObject = answer.json()
        return body

    async def until_step(self, dispatch_uuid: str, index: int, status: str) -> None:
        """Wait until a step shows this status."""
        async with asyncio.timeout(WAIT_S):
            while True:
                record = await self.gateway.store.load(dispatch_uuid)
                assert record is not None
                if record.state.steps[index].status == status:
                    return
                await asyncio.sleep(0.005)


def message_uuid_of(send: JsonObject) -> str:
    """Return the id that the upstream answered this send with: made from its webhook URL."""
    seed = hashlib.sha256(str(send.get("webhook_url", send)).encode()).digest()
    return str(uuid.UUID(bytes=seed[:16], version=4))


def _accept(seen: Seen) -> Reply:
    body = orjson.dumps({"message_uuid": message_uuid_of(seen.json())})
    return Reply(status=202, body=body, headers={"Content-Type": "application/json"})


@contextlib.asynccontextmanager
async def a_world(
    folder: Path,
    environ: Mapping[str, str] | None = None,
    clock: ManualClock | None = None,
) -> AsyncIterator[World]:
    """Run a gateway on a store in `folder`, with settings on top of the usual ones."""
    clock = clock or ManualClock()
    upstream, receiver = Loopback(_accept), Loopback(lambda seen: Reply())
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(upstream.listening())
        await stack.enter_async_context(receiver.listening())
        settings = load_settings(
            {
                "GATEWAY_STORE": f"sqlite:///{folder / 'gateway.db'}",
                "GATEWAY_UPSTREAM": upstream.url,
                "GATEWAY_PUBLIC_URL": PUBLIC_URL,
                "GATEWAY_STATUS_URL": f"{receiver.url}/webhooks/status",
                "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
                "GATEWAY_SEND_RATE": "0",
                "GATEWAY_CLOCK": "own",  # the tests' clock is years behind the upstream's
                "GATEWAY_SQLITE_WRITER": "loop",
                "GATEWAY_DRAIN": "5",
                "VONAGE_API_KEY": API_KEY,
                "VONAGE_API_SECRET": API_SECRET,
                "VONAGE_SIGNATURE_SECRET": SIGNATURE_SECRET,
                **(environ or {}),
            },
            None,
        )
        store = await open_store(settings.store, clock=clock, writer="loop")
        stack.push_async_callback(store.close)
        gateway = Gateway(settings, store, clock)
        await stack.enter_async_context(gateway.running())
        http = await stack.enter_async_context(
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=gateway.app()), base_url="http://gateway"
            )
        )
        admin = await stack.enter_async_context(
            httpx2.AsyncClient(
                transport=httpx2.ASGITransport(app=gateway.admin_app()),
                base_url="http://localhost",
            )
        )
        yield World(
            gateway=gateway,
            settings=settings,
            clock=clock,
            upstream=upstream,
            receiver=receiver,
            http=http,
            admin=admin,
        )
