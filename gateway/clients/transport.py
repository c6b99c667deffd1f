"""One POST over aiohttp, told truthfully: whether a byte may have left, and what came back.

Exception classes cannot tell "not sent" from "sent"; the phase can. aiohttp announces the request
head right before the first byte of it is handed to the socket, so a failure without that
announcement is provably unsent, and anything later is in doubt.
"""

from __future__ import annotations

import asyncio
import errno
import functools
import math
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from aiohttp.abc import AbstractResolver
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader
from yarl import URL

from gateway.clients.guard import AddressPolicy, AddressRefused, GuardedResolver, ResolutionTimedOut

MAX_BODY: Final = 64 * 1024
_MAX_HEAD: Final = 64 * 1024
_HEAD_END: Final = re.compile(rb"\n\r?\n")
_STATUS_LINE: Final = re.compile(rb"[\r\n]*HTTP/1\.[01] ([2-5][0-9]{2})(?: [^\n]*)?\r?\n")
_BEGINNING: Final = b"HTTP/1."
IDLE_LIMIT_S: Final = 0.75
"""How long an idle connection may be used again.

A server that closes it while a request is on its way leaves that request in doubt, though it was
never read. Common limits are 5 s (Apache, uvicorn, Node) and 2 s (gunicorn), and some set 1 s; what
is left of that is for the way there and back.
"""
_SAFE_SHARE: Final = 0.5
"""Of the limit that a server announces."""
_ANNOUNCED: Final = re.compile(r"(?:^|[,;\s])timeout\s*=\s*\"?([0-9]{1,9})", re.IGNORECASE)


class Fault(StrEnum):
    """Why a POST brought no answer; a closed list, fit for a metric's label."""

    ADDRESS_REFUSED = "address-refused"
    NAME_UNRESOLVED = "name-unresolved"
    NAME_TIMEOUT = "name-timeout"
    CONNECTION_REFUSED = "connection-refused"
    CONNECT_TIMEOUT = "connect-timeout"
    CONNECT_FAILED = "connect-failed"
    CERTIFICATE_REFUSED = "certificate-refused"
    TLS_FAILED = "tls-failed"
    # From here on a byte may have left.
    DEADLINE_PASSED = "deadline-passed"
    CONNECTION_LOST = "connection-lost"
    UNREADABLE_RESPONSE = "unreadable-response"


@dataclass(slots=True, kw_only=True)
class Exchange:
    """What became of one POST. Filled in as it happens, so a cut anywhere leaves the truth."""

    began: bool = False
    """Whether a byte of the request may have left."""
    http_status: int | None = None
    """The final status, as soon as its head is complete, even if the body never is."""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    """As much of the body as came within the limits, never decompressed."""
    broken_status: int | None = None
    """The status of an answer whose head cannot be read, but for its first line."""
    is_whole: bool = False
    """Whether the body was read to its end, which the server has to have said."""
    fault: Fault | None = None
    """Set exactly when there is no status."""
    tell_began: Callable[[], None] | None = None
    """Called when `began` becomes true."""


class HeadCutOff(HttpProcessingError):
    """The connection ended between the status line and the end of the head."""


class StrictReader(ResponseHandler):
    """aiohttp's reader of one connection, strict where an answer could be mistaken or endless.

    On its own aiohttp takes what a server says on an idle connection, a late 408 for instance, as
    the answer to the next request, and parses informational responses for as long as they come. A
    body it cannot parse makes it lose the head that came with it, and so does a header the status.
    It uses an idle connection again however soon the server said that it would close it.
    """

    _awaiting = False
    _heard_s = math.inf
    _idle_limit_s = IDLE_LIMIT_S

    def is_connected(self) -> bool:
        """Tell whether it can be used: not once the server may be about to close it as idle."""
        if self._is_idle() and self._loop.time() - self._heard_s > self._idle_limit_s:
            return False
        return super().is_connected()

    def _is_idle(self) -> bool:
        return not self._awaiting and (self._payload is None or self._payload.is_eof())

    def set_response_params(self, **params: Any) -> None:
        """Expect the answer to one request."""
        self._awaiting, self._head_size = True, 0
        self._head = bytearray()  # what has come of a head that is not complete yet
        self._status: int | None = None  # of the head that is being parsed
        super().set_response_params(**params)

    def feed_data(self, data: tuple[RawResponseMessage, StreamReader], size: int = 0) -> None:
        """Take one parsed response head."""
        if not self._awaiting:
            self.abort()
            return
        self._awaiting = 100 <= data[0].code <= 199  # announces another head
        self._idle_limit_s = idle_limit_s(data[0].headers.get("Keep-Alive"))
        super().feed_data(data, size)

    def data_received(self, data: bytes) -> None:
        """Take bytes off the socket; none at all is how aiohttp resumes a paused parser."""
        self._heard_s = self._loop.time()
        if data and self._awaiting:
            data = self._take_heads(data)
            if not data:
                return
        if data and self._is_idle():
            self.abort()
            return
        super().data_received(data)

    def _take_heads(self, data: bytes) -> bytes:
        """Parse each head as soon as it is complete, and alone; return what follows the last."""
        seen = max(0, len(self._head) - 2)
        self._head += data
        while self._awaiting and self._exception is None:
            end = _HEAD_END.search(self._head, seen)
            if end is None and _may_begin_head(self._head):
                break
            head = bytes(self._head[: end.end()] if end else self._head)
            del self._head[: len(head)]
            seen, self._head_size = 0, self._head_size + len(head)
            self._status = _status_of(head)
            super().data_received(head)
            self._bound_head()
        self._bound_head()
        if self._awaiting:
            return b""
        rest = bytes(self._head)
        self._head.clear()
        return rest

    def _bound_head(self) -> None:
        """Give up on heads that are too long in all."""
        if self._awaiting and self._head_size + len(self._head) > _MAX_HEAD and self.transport:
            self._status = None
            self._head.clear()
            self.set_exception(HttpProcessingError(message="the head does not end"))
            self.transport.abort()

    def set_exception(self, exc: BaseException, *cause: BaseException) -> None:
        """End the wait for an answer; the error tells its status, and 0 if none was seen."""
        if self._awaiting:
            status = self._status or _status_of(self._head)
            if isinstance(exc, HttpProcessingError):
                exc = HttpProcessingError(code=status or 0, message=str(exc))
            elif status:
                exc = HeadCutOff(code=status, message=str(exc))
        super().set_exception(exc, *cause)


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


def open_session(
    policy: AddressPolicy,
    resolver: AbstractResolver,
    *,
    connect_s: float,
    tls: ssl.SSLContext | None,
) -> aiohttp.ClientSession:
    """Open a session that connects only where `policy` permits and keeps nothing between calls.

    Args:
        connect_s: limit for connecting to one address, TLS included.
        tls: what to trust, `None` for the system's certificate authorities.
    """
    connector = aiohttp.TCPConnector(
        limit=0,  # callers hold semaphores; a pool that queues would hide the wait
        resolver=GuardedResolver(policy, resolver),
        use_dns_cache=False,  # each dial asks and checks anew
        keepalive_timeout=IDLE_LIMIT_S,
        ssl=tls or True,
    )
    # aiohttp offers no public way to choose the reader; a test holds that this one is in use.
    reader: type[ResponseHandler] = StrictReader
    connector._factory = functools.partial(reader, loop=asyncio.get_running_loop())
    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(_mark_began)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_s),
        headers={"Accept-Encoding": "identity", "User-Agent": "dispatch-gateway"},
        read_bufsize=MAX_BODY,
        trace_configs=[trace],
    )


async def _mark_began(
    session: aiohttp.ClientSession,
    context: SimpleNamespace,
    params: aiohttp.TraceRequestHeadersSentParams,
) -> None:
    seen: Exchange = context.trace_request_ctx
    seen.began = True
    if seen.tell_began is not None:
        seen.tell_began()


async def exchange(
    session: aiohttp.ClientSession,
    url: URL,
    body: bytes,
    headers: Mapping[str, str],
    *,
    deadline_s: float,
    body_s: float | None = None,
    max_body: int = MAX_BODY,
    method: str = "POST",
    began: Callable[[], None] | None = None,
) -> Exchange:
    """Ask once and return what happened; never raises for what the network does.

    Cancellation is passed on, so a task killed half-way never reads as "unsent".

    Args:
        deadline_s: limit for all of it, from the lookup to the last byte.
        body_s: limit for the body alone, when only the status matters.
        max_body: bytes of the answer's body that are read.
        method: any but POST is asked without a body, and may be repeated by aiohttp on a broken
            idle connection.
        began: called right before the first byte is handed to the socket.
    """
    # Two turns of the loop let it notice idle connections that the server has closed meanwhile,
    # before one of them is picked. What closes later than that is in doubt.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    seen = Exchange(tell_began=began)
    try:
        async with asyncio.timeout(deadline_s):
            # aiohttp repeats a request on a broken idle connection only for idempotent methods.
            response = await session.request(
                method,
                url,
                data=body if method == "POST" else None,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=seen,
            )
            try:
                seen.http_status, seen.headers = response.status, response.headers
                async with asyncio.timeout(body_s):
                    seen.is_whole = await _read_capped(response.content, seen.body, max_body)
            finally:
                # Keeps a connection whose answer was read to the end, closes any other.
                response.close()
    except (aiohttp.ClientError, OSError) as error:
        if isinstance(error, aiohttp.ClientResponseError):
            seen.broken_status = error.status or None
        if seen.http_status is None:
            seen.fault = _fault_after(error) if seen.began else _fault_before(error)
    return seen


async def _read_capped(content: StreamReader, into: bytearray, limit: int) -> bool:
    """Read at most `limit` bytes; return whether that was all, as far as is known without waiting.

    A body that breaks off raises, so nothing more to read is the end of it.
    """
    while (room := limit - len(into)) > 0:
        chunk = await content.readany()
        if not chunk:
            return True
        into += chunk[:room]
        if len(chunk) > room:
            return False
    return content.at_eof()


def _fault_before(error: Exception) -> Fault:
    match error:
        case aiohttp.ClientConnectorDNSError(os_error=AddressRefused()):
            return Fault.ADDRESS_REFUSED
        case aiohttp.ClientConnectorDNSError(os_error=ResolutionTimedOut()):
            return Fault.NAME_TIMEOUT
        case aiohttp.ClientConnectorDNSError():
            return Fault.NAME_UNRESOLVED
        case aiohttp.ClientConnectorCertificateError():
            return Fault.CERTIFICATE_REFUSED
        case aiohttp.ClientConnectorSSLError():
            return Fault.TLS_FAILED
        case aiohttp.ClientConnectorError(os_error=OSError(errno=errno.ECONNREFUSED)):
            return Fault.CONNECTION_REFUSED
        case TimeoutError():
            return Fault.CONNECT_TIMEOUT
        case _:
            return Fault.CONNECT_FAILED


def _fault_after(error: Exception) -> Fault:
    match error:
        case TimeoutError():
            return Fault.DEADLINE_PASSED
        case aiohttp.ClientResponseError(__cause__=HeadCutOff()):
            return Fault.CONNECTION_LOST
        case aiohttp.ClientResponseError():
            return Fault.UNREADABLE_RESPONSE
        case _:
            return Fault.CONNECTION_LOST


def retry_after_s(value: str | None, *, now_s: int) -> float | None:
    """Read a `Retry-After` header: seconds from now, or `None` for garbage and for the past.

    Absurdly far answers come back as they are; how long to wait is the caller's decision.
    """
    if value is None or not value.isascii() or len(value) > 64:
        return None
    if value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
        wait_s = when.timestamp() - now_s
    except (ValueError, OverflowError):
        return None
    return wait_s if when.tzinfo is not None and wait_s > 0 else None
