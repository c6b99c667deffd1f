"""One connection: a request goes out whole, and its answer is read strictly and within bounds.

Exception classes cannot tell "not sent" from "sent"; the phase can. A request is handed to the
socket in one piece, and `began` is set right before: a failure without it is provably unsent, and
anything later is in doubt.
"""

from __future__ import annotations

import asyncio
import re
import select
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from gateway.clients.faults import Fault, Unreached, fault_of_handshake, fault_of_loss

PeerCertificate: TypeAlias = dict[str, Any]
"""As `ssl.SSLSocket.getpeercert` returns it."""
MAX_BODY: Final = 64 * 1024
MAX_HEAD: Final = 64 * 1024
"""Bytes of all heads of one answer, the informational ones among them."""
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"[\r\n]*HTTP/1\.[01] ([2-5][0-9]{2})(?: [^\n]*)?\r?\n")
_INTERIM: Final = re.compile(rb"[\r\n]*HTTP/1\.[01] 1(?!01)[0-9]{2}[ \r\n]")
_BEGINNING: Final = b"HTTP/1."
_TLS_CLOSE_S: Final = 1.0
"""How long a peer may take to say goodbye; its answer is in by then."""
IDLE_LIMIT_S: Final = 0.75
"""How long an idle connection may be used again.

A server that closes it while a request is on its way leaves that request in doubt, though it was
never read. Common limits are 5 s (Apache, uvicorn, Node) and 2 s (gunicorn), and some set 1 s; what
is left of that is for the way there and back.
"""
_SAFE_SHARE: Final = 0.5
"""Of the limit that a server announces."""
_ANNOUNCED: Final = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What became of one request. Filled in as it happens, so a cut anywhere leaves the truth."""

    began: bool = False
    """Whether a byte of the request may have left."""
    http_status: int | None = None
    """The final status, as soon as its head is complete, even if the body never is."""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    """As they were written, in their order; trailers are not among them."""
    body: bytearray = field(default_factory=bytearray)
    """As much of the body as came within the limits, never decompressed."""
    broken_status: int | None = None
    """The status of an answer whose head cannot be read, but for its first line."""
    is_whole: bool = False
    """Whether the body was read to its end, which the server has to have said."""
    fault: Fault | None = None
    """Set exactly when there is no status."""

    def header(self, name: bytes) -> str | None:
        """Return the first value of a header; `name` is in lower case."""
        for each, value in self.headers:
            if each.lower() == name:
                return value.decode("utf-8", "surrogateescape")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of an answer is waited for, and read."""

    end_at: float
    """The loop's time at which all of it has to be there."""
    body_s: float | None = None
    """How long its body may take, when only the status matters."""
    max_body: int = MAX_BODY
    has_body: bool = True
    """False where an answer has none, whatever it says: to `HEAD`, and 2xx to `CONNECT`."""


class Connection(asyncio.Protocol):
    """One request at a time; made by the event loop, opened by `gateway.clients.dialing`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._wire: asyncio.Transport | None = None
        """The socket's own transport, below TLS."""
        self._poller = select.poll()
        self._seen: Exchange | None = None
        self._parser = self._new_parser()
        self._usable_until: float | None = None
        self._is_complete = self._is_cut = self._ends_clean = self._is_body_timed = False
        self._has_ended = False
        self.is_lost = False

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the socket."""
        self._transport = self._wire = cast(asyncio.Transport, transport)  # no subclass in uvloop
        self._poller.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Take bytes off the socket."""
        seen = self._seen
        if seen is None or self._waiter.done():
            # What a server says unasked, a late 408 for instance, answers no request.
            self.abort()
            return
        if seen.http_status is None:
            data = self._from_final_head(seen, data)
            if not data:
                return
        try:
            self._parser.feed_data(data)
        except HttpParserError:
            self._ends_clean = False
            if seen.http_status is None:
                self._fail(Fault.UNREADABLE_RESPONSE, _status_of(data))
                return
            self._settle()
        except HttpParserUpgrade:
            self._ends_clean = False
            self._settle()
        if self._is_complete or len(seen.body) >= self._limits.max_body:
            self._settle()
        elif self._limits.body_s is not None and not self._is_body_timed:
            self._is_body_timed = True
            self._timer.cancel()
            self._arm(min(self._limits.end_at, self._loop.time() + self._limits.body_s))

    def eof_received(self) -> None:
        """Take that the other side has said all; what we still write it may never read."""
        self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Take that nothing more will come."""
        self.is_lost = True
        self._end(exc)

    def _end(self, exc: Exception | None) -> None:
        self._has_ended = True
        seen = self._seen
        if seen is None or self._waiter.done():
            return
        if seen.http_status is None:
            self._fail(fault_of_loss(exc), _status_of(self._head))
            return
        # Without a length and without chunks, the end of the connection is the end of the body.
        seen.is_whole = exc is None and not any(
            name.lower() in (b"content-length", b"transfer-encoding") for name, _ in seen.headers
        )
        self._settle()

    # Called by the parser

    def on_message_begin(self) -> None:
        """Notice that something follows the answer."""
        if self._is_complete:
            self._ends_clean = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header; what comes after the head is a trailer, and dropped."""
        if self._seen is not None and self._seen.http_status is None:
            self._seen.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Take the status."""
        if self._seen is None or self._is_complete:
            return
        self._seen.http_status = self._parser.get_status_code()
        if not self._limits.has_body:
            self._is_complete = self._seen.is_whole = True

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, as far as there is room for it."""
        if self._seen is None or self._is_complete:
            self.abort()  # nothing comes after an answer without a body
            return
        room = self._limits.max_body - len(self._seen.body)
        self._seen.body += body[:room]
        self._is_cut = len(body) > room

    def on_message_complete(self) -> None:
        """Take that the answer is whole."""
        if self._seen is None or self._is_complete:
            return
        self._is_complete = True
        self._ended_at = self._loop.time()  # the server counts from about here, not when we go on
        self._seen.is_whole = not self._is_cut
        self._ends_clean = self._parser.should_keep_alive() and not self._is_cut

    # Called by the clients

    async def ask(
        self,
        request: bytes,
        seen: Exchange,
        limits: Limits,
        began: Callable[[], None] | None = None,
    ) -> None:
        """Send one request and fill in what comes back; then `is_reusable` tells what is left.

        Cancellation is passed on, so a task killed half-way never reads as "unsent".
        """
        if self._transport is None or not self.is_open:
            seen.fault = Fault.CONNECT_FAILED
            return
        self._seen, self._limits, self._waiter = seen, limits, self._loop.create_future()
        self._head = bytearray()  # what has come of a head that is not complete yet
        self._head_size = 0
        self._is_complete = self._is_cut = self._ends_clean = self._is_body_timed = False
        self._usable_until = None
        self._arm(limits.end_at)
        try:
            seen.began = True
            if began is not None:
                began()
            self._transport.write(request)
            await self._waiter
        except BaseException:
            self.abort()
            raise
        finally:
            self._timer.cancel()
            self._seen = None
        # Who answers before the request is read may never read the rest of it.
        if self._ends_clean and self._is_written():
            self._usable_until = self._ended_at + idle_limit_s(seen.header(b"keep-alive"))
        elif not limits.has_body:
            self._parser = self._new_parser()  # this one waits for the body

    async def start_tls(self, context: ssl.SSLContext, name: str) -> None:
        """Go on encrypted, with whom the certificate proves to be `name`.

        Raises:
            Unreached: the handshake failed.
        """
        if self._transport is None or not self.is_open:
            # Nobody who speaks TLS speaks first.
            raise Unreached(Fault.TLS_NOT_SPOKEN)
        try:
            secured = await self._loop.start_tls(
                self._transport,
                self,
                context,
                server_hostname=name,
                ssl_shutdown_timeout=_TLS_CLOSE_S,
            )
        except OSError as error:
            raise Unreached(fault_of_handshake(error)) from None
        if secured is None:
            raise Unreached(Fault.TLS_CUT_OFF)
        self._transport = secured

    @property
    def is_open(self) -> bool:
        """Whether it has not ended, and nobody has ended it."""
        transport = self._transport
        return not (self._has_ended or transport is None or transport.is_closing())

    @property
    def certificate(self) -> PeerCertificate:
        """What the other side has proved to be, over TLS."""
        shown: PeerCertificate = {}
        if self._transport is not None:
            shown = self._transport.get_extra_info("peercert", shown)
        return shown

    @property
    def is_reusable(self) -> bool:
        """Whether the last answer left it in order."""
        return self._usable_until is not None and not self.is_lost

    def is_usable(self) -> bool:
        """Tell whether a request may go out on it now.

        Not once the server may be about to close it as idle, and not if it has closed it, or said
        anything, and be it that only the kernel knows so far.
        """
        return (
            self._usable_until is not None
            and self._loop.time() < self._usable_until
            and self.is_open
            and not self._poller.poll(0)
        )

    def close(self) -> None:
        """End it in good manners."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    def _is_written(self) -> bool:
        """Tell whether the kernel has all that was asked; under TLS some may wait below it."""
        above, below = self._transport, self._wire
        if above is None or above.get_write_buffer_size():
            return False
        return below is above or below is None or not below.get_write_buffer_size()

    # An answer

    def _arm(self, end_at: float) -> None:
        self._timer = self._loop.call_at(end_at, self._expire)

    def _new_parser(self) -> HttpResponseParser:
        parser = HttpResponseParser(self)
        # As lenient as other clients are: what these tolerate, servers say.
        parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        return parser

    def _from_final_head(self, seen: Exchange, data: bytes) -> bytes:
        """Return the final head, once it is complete, and what follows it; else nothing."""
        seen_to = max(0, len(self._head) - 2)
        self._head += data
        while True:
            end = _HEAD_END.search(self._head, seen_to)
            if end is None:
                break
            if self._head_size + end.end() > MAX_HEAD:
                self._fail(Fault.UNREADABLE_RESPONSE)
                return b""
            if not _INTERIM.match(self._head):
                whole = bytes(self._head)
                self._head.clear()
                return whole
            self._head_size += end.end()
            seen_to = 0
            del self._head[: end.end()]
        if not _may_begin_head(self._head) or self._head_size + len(self._head) > MAX_HEAD:
            self._fail(Fault.UNREADABLE_RESPONSE)
        return b""

    def _expire(self) -> None:
        if self._seen is not None and self._seen.http_status is None and not self._waiter.done():
            self._fail(Fault.DEADLINE_PASSED, _status_of(self._head))
        self._settle()

    def _fail(self, fault: Fault, broken_status: int | None = None) -> None:
        assert self._seen is not None  # noqa: S101 - only answers fail
        self._seen.fault, self._seen.broken_status = fault, broken_status
        self._settle()

    def _settle(self) -> None:
        if not self._waiter.done():
            self._waiter.set_result(None)


def _status_of(head: bytes | bytearray) -> int | None:
    """Return the status that a head begins with, None if it has no such line."""
    line = _STATUS_LINE.match(head)
    return int(line[1]) if line else None


def _may_begin_head(data: bytes | bytearray) -> bool:
    begun = data.lstrip(b"\r\n")[: len(_BEGINNING)]
    return _BEGINNING.startswith(begun)


def idle_limit_s(keep_alive: str | None) -> float:
    """Return for how long a connection may be idle, given the `Keep-Alive` of its last answer.

    What a server announces is obeyed when it is less than what we would wait anyway.
    """
    announced = _ANNOUNCED.search(keep_alive or "")
    if announced is None:
        return IDLE_LIMIT_S
    return min(IDLE_LIMIT_S, _SAFE_SHARE * int(announced[1]))
