"""Bytes in, whole requests out: the parser, and the caps on what it is fed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

import httptools

from gateway.front.limits import Limits
from gateway.front.refusals import Refusal
from gateway.front.rules import Fields, Head, read_head, without_upgrade

_TLS_HANDSHAKE: Final = 0x16
_FRAMING_PER_BYTE: Final = 8


# Where in a request the bytes stopped. Plain numbers: they are compared at every read.
BETWEEN, HEAD, BODY = range(3)


class _Enough(Exception):
    """Stops the parser inside of one of its calls."""


Take = Callable[[Head, bytes], bool]
"""Takes a whole request, head and body; returns whether the next one is wanted."""


def _take_nothing(head: Head, body: bytes) -> bool:
    return False


class Reader:
    """Reads the requests of one connection."""

    def __init__(self, limits: Limits, take: Take) -> None:
        self._limits = limits
        self._take = take
        self._parser: httptools.HttpRequestParser | None = None  # many connections send nothing
        self.stage = BETWEEN
        """`BETWEEN` two requests, in the `HEAD` of one or in its `BODY`."""
        self._read_bytes = 0
        """Of the request that is coming in, or of empty lines before it."""
        self._follows = False
        """Whether its first bytes came in one piece with the request before."""
        self._target = b""
        self._fields: Fields = []
        self._head: Head | None = None
        self._body: bytes | bytearray = b""
        self._upgraded: bytes | None = None
        self._is_stopped = False
        self._has_taken = False
        self._refusal: Refusal | None = None

    @property
    def body_bytes(self) -> int:
        """How much of an unfinished body there is."""
        return len(self._body)

    @property
    def expects_continue(self) -> bool:
        """Whether the client waits for a word before it sends the body."""
        return self._head is not None and self._head.expects_continue and not self._body

    @property
    def room(self) -> int:
        """How much may be read at once: the head of a request to its cap, and no further."""
        limit = self._limits.head_bytes
        return limit - self._read_bytes if self.stage == HEAD else limit

    def feed(self, data: memoryview) -> Refusal | None:
        """Take in bytes; return why nothing more of this connection is read, if that is so.

        Requests that are whole have been taken by then.
        """
        if self._parser is None:
            if data[0] == _TLS_HANDSHAKE:
                return Refusal.OTHER_PROTOCOL
            self._parser = httptools.HttpRequestParser(self)
        self._has_taken = False
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._pass_over_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            if not self._is_stopped:
                raise
            return self._refusal
        except httptools.HttpParserError:
            return Refusal.MALFORMED
        if self._has_taken and self.stage == HEAD:
            # The parser does not tell where it began: a field that is not whole yet is left out.
            self._follows = True
            self._read_bytes = self._head_bytes(self._fields)
        else:
            self._read_bytes += len(data)
        return self._excess()

    def drop(self) -> None:
        """Forget the request that is coming in."""
        self._body = b""

    def close(self) -> None:
        """Let go of what holds on to this, so that nobody has to look for cycles."""
        self._parser = None
        self._take = _take_nothing

    def _head_bytes(self, fields: Fields) -> int:
        """Count what the parser has told of a head."""
        return len(self._target) + sum(len(name) + len(value) + 4 for name, value in fields)

    def _excess(self) -> Refusal | None:
        """Look what the request that is coming in has taken so far."""
        limits = self._limits
        if self.stage == BODY:
            # Of a body with a Content-Length, all that is read is body, but for the head.
            framing = self._read_bytes - len(self._body) - limits.head_bytes
            if (
                framing > limits.framing_bytes + len(self._body) * _FRAMING_PER_BYTE
                or len(self._fields) > limits.headers
            ):
                return Refusal.FRAMING_TOO_LARGE
        elif self.stage == HEAD:
            if len(self._target) > limits.target_bytes:
                return Refusal.TARGET_TOO_LONG
            if self._read_bytes >= limits.head_bytes or len(self._fields) > limits.headers:
                return Refusal.HEAD_TOO_LARGE
        elif self._read_bytes >= 2 * limits.head_bytes:
            return Refusal.MALFORMED  # empty lines, of which a request may have some before it
        return None

    def _pass_over_upgrade(self, rest: memoryview) -> Refusal | None:
        """Read a request that offers another protocol as if it did not.

        The parser would take its body for that protocol. Java's `HttpClient` offers HTTP/2 with
        its first request on a connection.
        """
        head, self._upgraded = self._upgraded, None
        assert head is not None  # noqa: S101 - the parser upgrades nothing else
        self._parser = httptools.HttpRequestParser(self)
        return self.feed(memoryview(head + rest))

    def _stop(self, refusal: Refusal | None) -> NoReturn:
        self._is_stopped, self._refusal = True, refusal
        raise _Enough

    # What the parser calls

    def on_message_begin(self) -> None:
        """A request begins."""
        self.stage = HEAD
        self._read_bytes = 0
        self._follows = False
        self._target = b""
        self._fields = []
        self._body = b""

    def on_url(self, part: bytes) -> None:
        """Take a part of the request target."""
        self._target = self._target + part if self._target else part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field: of the head, or of the trailer, which nobody looks at."""
        self._fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Judge the head."""
        assert self._parser is not None  # noqa: S101 - it calls us
        method = self._parser.get_method()
        version = self._parser.get_http_version()
        fields, self._fields = self._fields, []
        limits = self._limits
        if len(fields) > limits.headers or (
            self._follows and self._head_bytes(fields) > limits.head_bytes
        ):
            self._stop(Refusal.HEAD_TOO_LARGE)
        if len(self._target) > self._limits.target_bytes:
            self._stop(Refusal.TARGET_TOO_LONG)
        head = read_head(method, version, self._target, fields)
        if isinstance(head, Refusal):
            self._stop(head)
        if head.upgrades and self._parser.should_upgrade():
            self._upgraded = without_upgrade(method, version, self._target, fields)
            return
        if head.length > self._limits.body_bytes:
            self._stop(Refusal.BODY_TOO_LARGE)
        head.keeps_alive = version == "1.1" and self._parser.should_keep_alive()
        self._head = head
        self.stage = BODY

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        if not self._body:
            self._body = part
        else:
            if isinstance(self._body, bytes):
                self._body = bytearray(self._body)
            self._body += part
        if len(self._body) > self._limits.body_bytes:
            self._stop(Refusal.BODY_TOO_LARGE)

    def on_message_complete(self) -> None:
        """Hand the request over."""
        if self._upgraded is not None:
            return
        head, body = self._head, bytes(self._body)
        assert head is not None  # noqa: S101 - it came before
        self._has_taken = True
        self.stage, self._read_bytes, self._head, self._body = BETWEEN, 0, None, b""
        if not self._take(head, body):
            self._stop(None)
