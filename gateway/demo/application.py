"""A sample legacy application: what a team that inherited a Dispatch integration runs.

It knows Dispatch v0.1 and nothing of this gateway: one base URL, one status URL, and the
signature check that the vendor's documentation describes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import dataclass, field

import jwt
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.demo.calling import calling
from translators.diagnostics import JsonObject

RECIPIENT = "447700900000"
EXPIRY_S = 15

WORKFLOW: JsonObject = {
    "template": "failover",
    "workflow": [
        {
            "from": {"type": "whatsapp", "number": "447700900001"},
            "to": {"type": "whatsapp", "number": RECIPIENT},
            "message": {"content": {"type": "text", "text": "Your parcel arrives today."}},
            "failover": {"expiry_time": EXPIRY_S, "condition_status": "read"},
        },
        {
            "from": {"type": "sms", "number": "447700900001"},
            "to": {"type": "sms", "number": RECIPIENT},
            "message": {"content": {"type": "text", "text": "Your parcel arrives today."}},
        },
    ],
}


@dataclass(slots=True, kw_only=True)
class LegacyApplication:
    """Sends one workflow and collects the callbacks whose signature is good."""

    api_key: str
    api_secret: str
    signature_secret: str
    callbacks: list[JsonObject] = field(default_factory=list)
    refused: int = 0
    """Callbacks whose signature was not good."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def headers(self) -> dict[str, str]:
        """What every request of the application carries: its credentials."""
        credentials = base64.b64encode(f"{self.api_key}:{self.api_secret}".encode())
        return {"Authorization": f"Basic {credentials.decode('ascii')}"}

    def app(self) -> Starlette:
        """Return the application's own web server: its one status URL."""
        return Starlette(routes=[Route("/webhooks/status", self._receive, methods=["POST"])])

    async def send(self, base_url: str) -> str:
        """POST the workflow as it always did; return the `dispatch_uuid`.

        Raises:
            RuntimeError: the answer was not a 202.
        """
        async with calling(self.headers) as caller:
            http_status, body = await caller.post(f"{base_url}/v0.1/dispatch", WORKFLOW)
        if http_status != 202:
            raise RuntimeError(f"the gateway answered {http_status}: {body.decode()}")
        return str(orjson.loads(body)["dispatch_uuid"])

    async def next_callback(self, position: int) -> JsonObject:
        """Wait for the callback at `position`, counted from 0, and return it."""
        while len(self.callbacks) <= position:
            self._news.clear()
            await self._news.wait()
        return self.callbacks[position]

    async def _receive(self, request: Request) -> Response:
        body = await request.body()
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, self.signature_secret, algorithms=["HS256"])
        except jwt.InvalidTokenError:
            claims = {}
        if claims.get("payload_hash") != hashlib.sha256(body).hexdigest():
            self.refused += 1
            return Response(status_code=401)
        self.callbacks.append(orjson.loads(body))
        self._news.set()
        return Response(status_code=200)


def verdict(callbacks: list[JsonObject], dispatch_uuid: str) -> list[str]:
    """Return what the application should have received and did not, one sentence each."""
    statuses = [callback for callback in callbacks if "message_uuid" in callback]
    reports = [callback for callback in callbacks if "dispatch_uuid" in callback]
    told = [(_channel(status), status["status"]) for status in statuses]
    faults = []
    expected = [
        ("whatsapp", "submitted"),
        ("whatsapp", "delivered"),
        ("sms", "submitted"),
        ("sms", "delivered"),
    ]
    if told != expected:
        faults.append(f"expected the statuses {expected}, received {told}")
    if len(reports) != 1:
        faults.append(f"expected one final report, received {len(reports)}")
    elif reports[0]["status"] != "completed" or reports[0]["dispatch_uuid"] != dispatch_uuid:
        faults.append("the final report is not a completed one of this dispatch")
    if reports and callbacks[-1] is not reports[0]:
        faults.append("the final report was not the last callback")
    return faults


def _channel(status: JsonObject) -> str:
    to = status.get("to")
    return str(to.get("type")) if isinstance(to, dict) else ""
