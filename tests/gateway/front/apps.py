"""Applications that do what a test tells them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Scope, Send


@dataclass(slots=True)
class Echo:
    """Answers with the path and the length of the body, and keeps what it saw."""

    seen: list[tuple[str, bytes]] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        message = await receive()
        assert not message["more_body"]
        self.seen.append((scope["path"], message["body"]))
        self.scopes.append(scope)
        body = f"{scope['path']} {len(message['body'])}".encode()
        length = (b"content-length", b"%d" % len(body))
        await send({"type": "http.response.start", "status": 200, "headers": [length]})
        await send({"type": "http.response.body", "body": body})


@dataclass(slots=True)
class Holding:
    """Answers what asks for /held only when it is let go, and everything else at once."""

    begun: int = 0
    loop: asyncio.AbstractEventLoop | None = None
    _go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self.loop = asyncio.get_running_loop()
        if "held" in scope["path"]:
            self.begun += 1
            await self._go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    def let_go(self) -> None:
        """Let all of them be answered."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self._go.set)


@dataclass(slots=True)
class Sending:
    """Sends these messages in answer to anything."""

    messages: list[Message]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        for message in self.messages:
            await send(message)
