"""One scene: a real gateway that cannot hear for a while, and a vendor that repeats, or is silent.

The upstream, the receiver and the vendor's webhooks are this process; the gateway is another one,
on a store of its own. Time is real.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from enum import StrEnum
from pathlib import Path
from typing import Final

import aiohttp

from gateway.signatures import sign_body
from tests.kill.processes import (
    API_KEY,
    API_SECRET,
    CREDENTIALS,
    SIGNATURE_SECRET,
    end,
    environment,
    start,
    until_alive,
)
from tests.support.loopback import Loopback, Reply, Seen
from translators.diagnostics import JsonObject

_POSTING_AT_ONCE: Final = 16
_HUNG_S: Final = 15.0
"""How long the vendor waits for an answer before it counts an attempt as failed."""


class Silence(StrEnum):
    """Why the gateway cannot hear."""

    STOPPED = "stopped"
    KILLED = "killed"
    RESTARTED = "restarted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What happens. Instants are seconds after the last workflow was accepted."""

    silence: Silence
    begins_s: float
    lasts_s: float
    expiries_s: Sequence[int]
    """The `expiry_time` of each workflow, repeated as often as it takes."""
    workflows: int
    repeats_s: Sequence[float] = ()
    """The pauses between the vendor's attempts; none at all: no webhook ever comes."""
    ends_s: float = 0.0
    """When what was sent is counted."""


@dataclass(slots=True)
class Outcome:
    """What was seen."""

    first: int = 0
    second_at_s: list[float] = field(default_factory=list)
    """When each second message left, after the silence ended."""
    late_s: list[float] = field(default_factory=list)
    """How long each second message left after the `expiry_time` of its first one."""
    taken: int = 0
    """Webhooks that were answered 200."""


@dataclass(slots=True)
class _Vendor:
    """Knows what was sent, and tells its fate."""

    sends: list[tuple[float, JsonObject, str]] = field(default_factory=list)

    def answer(self, seen: Seen) -> Reply:
        headers = {"Date": formatdate(usegmt=True), "Content-Type": "application/json"}
        if not seen.path.startswith("/v1/messages"):
            return Reply(status=404, headers=headers)
        message_uuid = str(uuid.uuid4())
        self.sends.append((time.monotonic(), seen.json(), message_uuid))
        body = json.dumps({"message_uuid": message_uuid}).encode()
        return Reply(status=202, body=body, headers=headers)


async def play(scene: Scene, folder: Path, port: int) -> Outcome:
    """Play a scene with the gateway at `port` of loopback; return what was seen."""
    vendor = _Vendor()
    upstream, receiver = Loopback(vendor.answer), Loopback(lambda seen: Reply())
    base_url = f"http://127.0.0.1:{port}"
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(upstream.listening())
        await stack.enter_async_context(receiver.listening())
        http = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        )
        environ = environment(
            GATEWAY_PORT=str(port),
            GATEWAY_ADMIN_PORT="0",
            GATEWAY_PUBLIC_URL=base_url,
            GATEWAY_STORE=f"sqlite:///{folder / 'stall.db'}",
            GATEWAY_UPSTREAM=upstream.url,
            GATEWAY_STATUS_URL=f"{receiver.url}/status",
            GATEWAY_ALLOW_PRIVATE_CALLBACKS="true",
            GATEWAY_CALLBACK_PORTS=f"{port},{_port_of(upstream)},{_port_of(receiver)}",
            GATEWAY_SEND_RATE="1000",
            GATEWAY_UNHEARD_HOLD="0",  # half of the scenes are silent on purpose
            VONAGE_API_KEY=API_KEY,
            VONAGE_API_SECRET=API_SECRET,
            VONAGE_SIGNATURE_SECRET=SIGNATURE_SECRET,
        )
        log = stack.enter_context((folder / "gateway.log").open("ab"))
        gateway = await start("serve", environ=environ, folder=folder, stderr=log)
        try:
            await until_alive(gateway, http, base_url)
            await _post_all(scene, http, base_url)
            async with asyncio.timeout(30):
                while len(vendor.sends) < scene.workflows:
                    await asyncio.sleep(0.01)
            began = time.monotonic()
            await asyncio.sleep(scene.begins_s)
            heralds = [
                asyncio.create_task(_tell(http, send, message_uuid, scene))
                for _, send, message_uuid in vendor.sends
            ]
            match scene.silence:
                case Silence.STOPPED:
                    gateway.send_signal(signal.SIGSTOP)
                    await asyncio.sleep(scene.lasts_s)
                    gateway.send_signal(signal.SIGCONT)
                case Silence.KILLED | Silence.RESTARTED:
                    if scene.silence is Silence.KILLED:
                        gateway.kill()
                        await gateway.wait()
                    else:
                        await end(gateway)
                    stopped = time.monotonic()
                    await asyncio.sleep(scene.lasts_s - (time.monotonic() - stopped))
                    gateway = await start("serve", environ=environ, folder=folder, stderr=log)
                    await until_alive(gateway, http, base_url)
            over = time.monotonic()
            await asyncio.sleep(max(0.0, scene.ends_s - (time.monotonic() - began)))
            taken = sum([await herald for herald in heralds]) if scene.repeats_s else 0
        finally:
            for task in [task for task in locals().get("heralds", []) if not task.done()]:
                task.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.kill(gateway.pid, signal.SIGCONT)
            await end(gateway)
    seconds = {str(send["to"]): at for at, send, _ in vendor.sends if send["channel"] == "sms"}
    firsts = {str(send["to"]): at for at, send, _ in vendor.sends if send["channel"] != "sms"}
    return Outcome(
        first=len(firsts),
        second_at_s=sorted(round(at - over, 2) for at in seconds.values()),
        late_s=sorted(
            round(at - firsts[to] - _expiry_of(to, scene), 2) for to, at in seconds.items()
        ),
        taken=taken,
    )


def _expiry_of(to: str, scene: Scene) -> int:
    return scene.expiries_s[int(to[-5:]) % len(scene.expiries_s)]


def _port_of(server: Loopback) -> str:
    return server.url.rpartition(":")[2]


async def _post_all(scene: Scene, http: aiohttp.ClientSession, base_url: str) -> None:
    places = asyncio.Semaphore(_POSTING_AT_ONCE)

    async def post(document: JsonObject) -> None:
        async with (
            places,
            http.post(
                f"{base_url}/v0.1/dispatch", json=document, headers={"Authorization": CREDENTIALS}
            ) as answer,
        ):
            assert answer.status == 202, await answer.text()

    await asyncio.gather(*(post(document) for document in _documents(scene)))


def _documents(scene: Scene) -> Iterator[JsonObject]:
    for number in range(scene.workflows):
        to = f"4477009{number:05d}"
        yield {
            "template": "failover",
            "workflow": [
                {
                    "from": {"type": "whatsapp", "number": "447700900001"},
                    "to": {"type": "whatsapp", "number": to},
                    "message": {"content": {"type": "text", "text": "Hello"}},
                    "failover": {
                        "expiry_time": scene.expiries_s[number % len(scene.expiries_s)],
                        "condition_status": "delivered",
                    },
                },
                {
                    "from": {"type": "sms", "number": "447700900001"},
                    "to": {"type": "sms", "number": to},
                    "message": {"content": {"type": "text", "text": "Hello"}},
                },
            ],
        }


async def _tell(
    http: aiohttp.ClientSession, send: JsonObject, message_uuid: str, scene: Scene
) -> bool:
    """Tell `delivered` as the vendor does, until it is taken; return whether it was."""
    if not scene.repeats_s:
        return False
    await asyncio.sleep(0.2)  # the gateway is deaf by then
    body = json.dumps(
        {
            "message_uuid": message_uuid,
            "to": send["to"],
            "from": send["from"],
            "timestamp": "2025-02-03T12:14:25Z",
            "status": "delivered",
            "channel": send["channel"],
        }
    ).encode()
    for pause_s in (*scene.repeats_s, 0.0):
        token = sign_body(
            body,
            secret=SIGNATURE_SECRET,
            api_key=API_KEY,
            application_id=None,
            issued_at_s=int(time.time()),
            token_id=str(uuid.uuid4()),
        )
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with (
                asyncio.timeout(_HUNG_S),
                http.post(str(send["webhook_url"]), data=body, headers=headers) as answer,
            ):
                if answer.status == 200:
                    return True
        await asyncio.sleep(pause_s)
    return False
