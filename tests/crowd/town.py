"""A real gateway, its upstream, and the receivers of two accounts behind one origin.

The surroundings are this process; the gateway is another one, on a store of its own. Time is real.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Final

import aiohttp

from gateway.signatures import sign_body
from tests.kill.processes import end, environment, free_ports, start, until_alive
from tests.support.loopback import Loopback, Reply, Seen
from translators.diagnostics import JsonObject

API_SECRET: Final = "api-secret-of-the-crowd-test"
SIGNATURE_SECRET: Final = "signature-secret-of-the-crowd-test-0001"
GREEDY, SMALL = "aaaaaaaa", "bbbbbbbb"


@dataclass(slots=True)
class Town:
    """What surrounds the gateway, and what was seen there."""

    folder: Path
    url: str
    http: aiohttp.ClientSession
    receiver: Loopback
    sent_at: dict[str, float] = field(default_factory=dict)
    """When a message left, by the number it is for."""
    messages: dict[str, tuple[JsonObject, str]] = field(default_factory=dict)
    """What left for a number, and the id that it was given."""
    left: int = 0
    """How many messages left."""
    pid: int = 0

    def answer(self, seen: Seen) -> Reply:
        """Answer as the Messages API."""
        headers = {"Date": formatdate(usegmt=True), "Content-Type": "application/json"}
        if not seen.path.startswith("/v1/messages"):
            return Reply(status=404, headers=headers)
        message, message_uuid = seen.json(), str(uuid.uuid4())
        self.left += 1
        self.sent_at[str(message["to"])] = time.monotonic()
        self.messages[str(message["to"])] = (message, message_uuid)
        body = json.dumps({"message_uuid": message_uuid}).encode()
        return Reply(status=202, body=body, headers=headers)

    async def post(self, account: str, number: str) -> tuple[int, float, str | None]:
        """Have a message accepted; return status, seconds and `Retry-After`."""
        credentials = base64.b64encode(f"{account}:{API_SECRET}".encode()).decode()
        began = time.monotonic()
        async with self.http.post(
            f"{self.url}/v0.1/dispatch",
            json=document(number),
            headers={"Authorization": f"Basic {credentials}"},
        ) as answer:
            await answer.read()
            took = time.monotonic() - began
            return answer.status, took, answer.headers.get("Retry-After")

    async def tell(self, account: str, number: str, status: str = "delivered") -> int:
        """Post the webhook of a message that left; return the status of the answer."""
        message, message_uuid = self.messages[number]
        body = json.dumps(
            {
                "message_uuid": message_uuid,
                "to": message["to"],
                "from": message["from"],
                "timestamp": "2025-02-03T12:14:25Z",
                "status": status,
                "channel": message["channel"],
            }
        ).encode()
        token = sign_body(
            body,
            secret=SIGNATURE_SECRET,
            api_key=account,
            application_id=None,
            issued_at_s=int(time.time()),
            token_id=str(uuid.uuid4()),
        )
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        url = str(message["webhook_url"])
        async with self.http.post(url, data=body, headers=headers) as answer:
            await answer.read()
            return answer.status

    def memory_mb(self) -> float:
        """Return the most memory the gateway ever had resident."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024


def document(number: str) -> JsonObject:
    """Return a workflow of one step."""
    return {
        "template": "failover",
        "workflow": [
            {
                "from": {"type": "sms", "number": "447700900001"},
                "to": {"type": "sms", "number": number},
                "message": {"content": {"type": "text", "text": "Hello, this is your order."}},
            }
        ],
    }


def config_of(receiver_url: str) -> str:
    """Return the settings file of two accounts whose receivers have one origin."""
    return "".join(
        "[[applications]]\n"
        f'api_key = "{account}"\napi_secret = "{API_SECRET}"\n'
        f'signature_secret = "{SIGNATURE_SECRET}"\nstatus_url = "{receiver_url}/{account}"\n\n'
        for account in (GREEDY, SMALL)
    )


@contextlib.asynccontextmanager
async def a_town(folder: Path, *, hangs: Sequence[str] = (), **environ: str) -> AsyncIterator[Town]:
    """Run a gateway; receivers at the paths of `hangs` never answer."""
    (port,) = free_ports(1)
    never = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        enter = stack.enter_async_context
        receiver = await enter(
            Loopback(
                lambda seen: Reply(holds=never) if seen.path.strip("/") in hangs else Reply()
            ).listening()
        )
        stack.callback(never.set)
        http = await enter(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        town = Town(folder=folder, url=f"http://127.0.0.1:{port}", http=http, receiver=receiver)
        upstream = await enter(Loopback(town.answer).listening())
        config = folder / "gateway.toml"
        config.write_text(config_of(receiver.url), encoding="utf-8")
        log = stack.enter_context((folder / "gateway.log").open("ab"))
        ports = [str(port), *(each.url.rpartition(":")[2] for each in (upstream, receiver))]
        settings = environment(
            GATEWAY_CONFIG=str(config),
            GATEWAY_PORT=str(port),
            GATEWAY_ADMIN_PORT="0",
            GATEWAY_PUBLIC_URL=town.url,
            GATEWAY_STORE=f"sqlite:///{folder / 'crowd.db'}",
            GATEWAY_UPSTREAM=upstream.url,
            GATEWAY_ALLOW_PRIVATE_CALLBACKS="true",
            GATEWAY_CALLBACK_PORTS=",".join(ports),
            GATEWAY_UNHEARD_HOLD="0",
            **environ,
        )
        gateway = await start("serve", environ=settings, folder=folder, stderr=log)
        town.pid = gateway.pid
        try:
            await until_alive(gateway, http, town.url)
            yield town
        finally:
            await end(gateway)
