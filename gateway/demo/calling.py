"""How the demonstrations ask: JSON there and back, over the gateway's own client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Final

import orjson

from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy, Blocked, dial_target
from gateway.clients.transport import Transport
from translators.diagnostics import JsonObject

_HERE: Final = AddressPolicy(allow_private=True)
_DEADLINE_S: Final = 30.0
_MAX_ANSWER: Final = 16 * 1024 * 1024


class Caller:
    """Asks servers on this machine, with the same headers each time."""

    def __init__(self, transport: Transport, headers: Mapping[str, str]) -> None:
        self._transport = transport
        self._headers = headers

    async def get(self, url: str) -> JsonObject:
        """Return the object that a URL shows."""
        _, body = await self._ask("GET", url, b"")
        shown: JsonObject = orjson.loads(body)
        return shown

    async def post(self, url: str, document: JsonObject) -> tuple[int, bytes]:
        """POST a document; return the answer's status and body."""
        return await self._ask("POST", url, orjson.dumps(document))

    async def _ask(self, method: str, url: str, body: bytes) -> tuple[int, bytes]:
        target = dial_target(url, _HERE)
        if isinstance(target, Blocked):
            raise RuntimeError(target.why)
        headers = {"Content-Type": "application/json", **self._headers}
        seen = await self._transport.exchange(
            target,
            body,
            headers.items(),
            deadline_s=_DEADLINE_S,
            max_body=_MAX_ANSWER,
            method=method,
        )
        if seen.http_status is None:
            raise RuntimeError(f"no answer: {seen.fault}")
        return seen.http_status, bytes(seen.body)


@contextlib.asynccontextmanager
async def calling(headers: Mapping[str, str]) -> AsyncIterator[Caller]:
    """Open what calls need."""
    transport = Transport(_HERE, egress=Egress())
    try:
        yield Caller(transport, headers)
    finally:
        await transport.close()
