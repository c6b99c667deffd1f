"""One whole request and its answer, as ASGI has them."""

from __future__ import annotations

import asyncio
import http
from collections.abc import Iterable
from typing import Final, Protocol

from starlette.types import ASGIApp, Message, Scope

from gateway.front.places import Share
from gateway.logs import get_logger

log = get_logger()

_STATUS_LINES: Final = {
    each.value: f"HTTP/1.1 {each.value} {each.phrase}\r\n".encode() for each in http.HTTPStatus
}
_WITHOUT_BODY: Final = frozenset({204, 304})


class Client(Protocol):
    """Where an answer goes: the connection of the request."""

    transport: asyncio.Transport
    is_blocked: bool
    """Whether the client has more to read than it should."""

    def common_lines(self) -> bytes:
        """Return the lines that every head has."""
        ...

    async def until_read(self) -> None:
        """Wait until the client has read, or is gone."""
        ...

    def answered(self, exchange: Exchange) -> None:
        """Take in that the whole answer was written."""
        ...

    def ended(self, exchange: Exchange) -> None:
        """Take in that the application is done with it, whether it has answered or not."""
        ...


class Exchange:
    """A request that came in whole, and what became of it."""

    __slots__ = (
        "_body",
        "_client",
        "_gone",
        "_head",
        "_is_chunked",
        "_is_read",
        "_left",
        "_sends_body",
        "is_begun",
        "is_complete",
        "is_gone",
        "keeps_alive",
        "scope",
        "share",
        "task",
    )

    def __init__(
        self, client: Client, scope: Scope, body: bytes, *, share: Share, keeps_alive: bool
    ) -> None:
        self._client = client
        self.scope = scope
        self.task: asyncio.Task[None] | None = None
        """What `run` runs in."""
        self.share = share
        self._body = body
        self.keeps_alive = keeps_alive
        """Whether the connection goes on afterwards."""
        self.is_begun = False
        self.is_complete = False
        self.is_gone = False
        """Whether nobody is there any more to read the answer."""
        self._is_read = False
        self._gone: asyncio.Future[None] | None = None
        self._head: Message | None = None
        self._is_chunked = False
        self._sends_body = True
        self._left: int | None = None

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer."""
        try:
            await app(self.scope, self.receive, self.send)
        except Exception as error:
            # After an answer, the application has reported it itself.
            if not self.is_complete and not self.is_gone:
                log.error("request.failed", error_type=type(error).__name__, exc_info=True)
        finally:
            self._client.ended(self)

    async def receive(self) -> Message:
        """Return the body, and from then on wait until the client is gone."""
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        if not self.is_gone and not self.is_complete:
            self._gone = asyncio.get_running_loop().create_future()
            await self._gone
        return {"type": "http.disconnect"}

    def leave(self) -> None:
        """Take in that the client is gone."""
        self.is_gone = True
        self._wake()

    async def send(self, message: Message) -> None:
        """Write a part of the answer; the head waits for the first part of the body.

        Raises:
            RuntimeError: that is no answer.
        """
        if self._client.is_blocked and not self.is_gone:
            await self._client.until_read()
        if self.is_gone:
            return
        if message["type"] == "http.response.start" and self._head is None:
            self._head = message
            return
        if message["type"] != "http.response.body" or self._head is None or self.is_complete:
            raise RuntimeError("the answer does not follow the order of ASGI")
        body: bytes = message.get("body", b"")
        is_last = not message.get("more_body", False)
        head = b"" if self.is_begun else self._begin(self._head, len(body) if is_last else None)
        if not self._sends_body:
            body = b""
        elif self._is_chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body += b"0\r\n\r\n" if is_last else b""
        elif self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (is_last and self._left):
                raise RuntimeError("the body is not as long as its Content-Length")
        self.is_begun = True
        self._client.transport.write(head + body)
        if is_last:
            self.is_complete = True
            self._wake()
            self._client.answered(self)

    def _begin(self, message: Message, length: int | None) -> bytes:
        """Return the head of the answer.

        Args:
            length: of the body, if it is known.
        """
        status: int = message["status"]
        headers: Iterable[tuple[bytes, bytes]] = message.get("headers", ())
        is_silent = status in _WITHOUT_BODY
        self._sends_body = not is_silent and self.scope["method"] != "HEAD"
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        declared: int | None = None
        for raw_name, value in headers:
            name = raw_name.lower()
            if name == b"content-length":
                declared = int(value)
            elif name == b"transfer-encoding":
                continue  # how the body is framed is ours to say
            elif name == b"connection":
                self.keeps_alive = self.keeps_alive and b"close" not in value.lower()
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        if declared is None and not is_silent:
            if length is not None and self._sends_body:
                declared = length
                lines.append(b"content-length: %d\r\n" % length)
            elif self.scope["http_version"] == "1.1":
                self._is_chunked = self._sends_body
                lines.append(b"transfer-encoding: chunked\r\n")
            else:
                self.keeps_alive = False  # its end is the end of the connection
        self._left = declared
        if not self.keeps_alive:
            lines.append(b"connection: close\r\n")
        head = b"".join(lines)
        if head.count(b"\n") != len(lines) or head.count(b"\r") != len(lines):
            raise RuntimeError("a header of the answer has a line end in it")
        return head + self._client.common_lines() + b"\r\n"

    def _wake(self) -> None:
        if self._gone is not None and not self._gone.done():
            self._gone.set_result(None)
