"""One connection: HTTP/1.1 in, whole requests to the application, answers in order.

It takes the place of uvicorn's own protocol and keeps to what uvicorn's server asks of one: it is
in `connections` while it lives, its tasks are in `tasks` while they run, and `shutdown` ends it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Final, cast

from starlette.types import ASGIApp
from uvicorn.server import ServerState

from gateway.front.exchange import Exchange
from gateway.front.places import Shelf
from gateway.front.reader import BETWEEN, BODY, HEAD, Reader
from gateway.front.refusals import Refusal, answer_to
from gateway.front.rules import Head

if TYPE_CHECKING:
    from gateway.front.front import Front
    from gateway.front.handshake import Handshake

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class Connection(asyncio.BufferedProtocol):
    """One connection of a client."""

    def __init__(
        self, front: Front, app: ASGIApp, server: ServerState, app_state: dict[str, Any]
    ) -> None:
        self.front = front
        self._limits = front.limits
        self._places = front.places
        self._app = app
        self._server = server
        self._app_state = app_state
        self.transport: asyncio.Transport = None  # type: ignore[assignment]
        self.before: Handshake | None = None
        """What it was until TLS was spoken."""
        # Its place
        self.shelf: Shelf | None = None
        self.due = 0
        self.held_bytes = 0
        self._has_place = False
        # What comes in
        self._reader = Reader(front.limits, self.take)
        self._is_timed = False
        self._thrown_away_bytes = 0
        self._is_deaf = False
        self._is_paused = False
        self._has_ended = False
        # What goes out
        self._exchange: Exchange | None = None
        self._queue: deque[Exchange] = deque()
        self._turn: asyncio.TimerHandle | None = None
        self._refusal: Refusal | None = None
        self._is_leaving = False
        self.is_blocked = False
        self._readable: asyncio.Future[None] | None = None
        self._addresses: dict[str, Any] | None = None

    # What the event loop tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, or go."""
        # uvloop's transports are of no class of asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)  # type: ignore[arg-type]
        if self.before is not None:
            self.before.over()
        if not self._places.enter(self):
            self.transport.abort()
            return
        self._has_place = True
        self._places.put(self, self._places.unfinished, self._limits.head_s)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give everything back."""
        self._server.connections.discard(self)
        self._give_place_back()
        self._is_deaf = self._is_leaving = True
        self._reader.close()
        self._queue.clear()
        if self._exchange is not None:
            self._exchange.leave()
            self._exchange = None
        self.resume_writing()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return where to read to: never past the end of the largest head."""
        if self._reader.stage == HEAD and not self._is_deaf:
            return self.front.buffer[: self._reader.room]
        return self.front.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Parse what was read."""
        if self._is_deaf:
            self._throw_away(nbytes)
            return
        refusal = self._reader.feed(self.front.buffer[:nbytes])
        if refusal is not None:
            self._refuse(refusal)
        elif self._reader.stage != BETWEEN and not self._is_deaf:
            self._wait_for_rest()

    def eof_received(self) -> bool:
        """Answer what is under way: who has sent its last request may still read."""
        self._has_ended = True
        # Over TLS nothing is half closed; the event loop writes a line for each one that asks.
        is_half_closable = self.transport.can_write_eof()
        return is_half_closable and (self._exchange is not None or bool(self._queue))

    def pause_writing(self) -> None:
        """Wait until the client reads, but not for ever."""
        self.is_blocked = True
        self._pause_reading()
        if not self._is_leaving:
            self._places.put(self, self._places.unread, self._limits.unread_s)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        if not self.is_blocked:
            return
        self.is_blocked = False
        if self._readable is not None and not self._readable.done():
            self._readable.set_result(None)
        if self._is_leaving:
            return
        self._places.put(self, None)
        if self._exchange is None:
            self._go_on()

    # What the server and the places tell

    def shutdown(self) -> None:
        """End as soon as what came in whole is answered."""
        self._is_deaf = True
        if self._queue:
            self._queue[-1].keeps_alive = False
        elif self._exchange is not None:
            self._exchange.keeps_alive = False
        else:
            self._leave()

    def expire(self) -> None:
        """Take in that the deadline of this connection's shelf has passed."""
        if self.shelf is self._places.idle:
            self._leave()
        elif self.shelf is self._places.unread:
            self.cut(Refusal.UNREAD)
        elif self.shelf is self._places.ending:
            self._close_now()
        elif self._reader.stage == BODY:
            self._refuse(Refusal.BODY_LATE)
        elif self._reader.stage == HEAD:
            self.cut(Refusal.HEAD_LATE)
        else:
            self.cut(Refusal.SILENT)

    def cut(self, refusal: Refusal) -> None:
        """Close at once."""
        if self.shelf is not self._places.ending:
            self.front.tally.note(refusal)
        self._close_now()

    # What the reader and exchanges tell

    def take(self, head: Head, body: bytes) -> bool:
        """Have a whole request answered, or let it wait for its turn."""
        self._is_timed = False
        if self.held_bytes:
            self._places.hold(self, 0)
        scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": head.version,
            **(self._addresses or self._look_up_addresses()),
            "root_path": "",
            "headers": head.fields,
            "state": self._app_state.copy(),
            "method": head.method,
            "path": head.path,
            "raw_path": head.raw_path,
            "query_string": head.query,
        }
        exchange = Exchange(
            self,
            scope,
            body,
            share=self._places.share_of(head.path),
            keeps_alive=head.keeps_alive,
        )
        if self._exchange is None and not self._queue and not self.is_blocked:
            self._begin(exchange)
        else:
            self._queue.append(exchange)
            self._pause_reading()
            if len(self._queue) >= self._limits.pipelined:
                exchange.keeps_alive = False
        if not exchange.keeps_alive:
            self._is_deaf = True
        return exchange.keeps_alive

    def common_lines(self) -> bytes:
        """Return the lines that every head has."""
        return self.front.common_lines(self._server.default_headers)

    async def until_read(self) -> None:
        """Wait until the client has read, or is gone."""
        if self._readable is None or self._readable.done():
            self._readable = asyncio.get_running_loop().create_future()
        await self._readable

    def answered(self, exchange: Exchange) -> None:
        """Go on with the next request."""
        self._server.total_requests += 1
        self._exchange = None
        if not exchange.keeps_alive:
            self._leave()
        elif not self.is_blocked:
            self._go_on()

    def ended(self, exchange: Exchange) -> None:
        """Give its place back; where the application has not answered, say so and close."""
        # Not earlier: what works for a client that is gone works all the same.
        exchange.share.give_back()
        assert exchange.task is not None  # noqa: S101 - it is what calls
        self._server.tasks.discard(exchange.task)
        if exchange is not self._exchange:
            return
        self._exchange = None
        exchange.leave()
        if exchange.is_begun:
            self._close_now()
        else:
            self._answer(Refusal.BROKEN, is_last=True, method=exchange.scope["method"])
            self._leave()

    # How it goes on

    def _wait_for_rest(self) -> None:
        """Give a request that is not whole yet its deadline and its share of memory."""
        if self._reader.stage == HEAD:
            if self.shelf is self._places.idle:
                self._places.put(self, self._places.unfinished, self._limits.head_s)
            return
        if not self._is_timed and self._exchange is None and not self.is_blocked:
            self._await_body()
        self._places.hold(self, self._reader.body_bytes)

    def _await_body(self) -> None:
        self._is_timed = True
        self._places.put(self, self._places.unfinished, self._limits.body_s)
        if self._reader.expects_continue:
            self.transport.write(_CONTINUE)

    def _begin(self, exchange: Exchange) -> None:
        """Have a request answered, if there is a place for it."""
        self._places.put(self, None)
        if not exchange.share.take():
            self.front.tally.note(Refusal.BUSY)
            method = exchange.scope["method"]
            self._answer(Refusal.BUSY, is_last=not exchange.keeps_alive, method=method)
            if exchange.keeps_alive:
                self._go_on()
            else:
                self._leave()
            return
        self._exchange = exchange
        exchange.task = asyncio.get_running_loop().create_task(exchange.run(self._app))
        self._server.tasks.add(exchange.task)

    def _go_on(self) -> None:
        """Answer the next request that waits; where none does, read on or end."""
        if self._exchange is not None or self.is_blocked or self._is_leaving:
            return
        if self._queue:
            # Not at once: a few connections full of requests would have the event loop to
            # themselves.
            if self._turn is None:
                loop = asyncio.get_running_loop()
                self._turn = loop.call_later(self._limits.pipeline_s, self._take_turn)
        elif self._refusal is not None:
            self._tell_last(self._refusal)
        elif self._has_ended or self._is_deaf:
            self._leave()
        else:
            self._rest()

    def _take_turn(self) -> None:
        self._turn = None
        if self._queue and self._exchange is None and not self.is_blocked:
            self._begin(self._queue.popleft())

    def _rest(self) -> None:
        """Wait for a request, or for the rest of one."""
        if self._reader.stage == BETWEEN:
            self._places.put(self, self._places.idle, self._limits.idle_s)
        elif self._reader.stage == HEAD:
            self._places.put(self, self._places.unfinished, self._limits.head_s)
        else:
            self._await_body()
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    def _refuse(self, refusal: Refusal) -> None:
        """Refuse the request that is coming in, once those before it are answered."""
        self.front.tally.note(refusal)
        self._refusal = refusal
        self._is_deaf = True
        self._places.hold(self, 0)
        self._reader.drop()
        if self._exchange is None and not self._queue:
            self._tell_last(refusal)

    def _tell_last(self, refusal: Refusal) -> None:
        """Say why, and end in a way that lets the client read it."""
        if refusal.problem is not None:
            self._answer(refusal, is_last=True)
        self._leave(lingers=refusal.problem is not None)

    def _answer(self, refusal: Refusal, *, is_last: bool, method: str = "") -> None:
        self.transport.write(
            answer_to(
                refusal,
                instance=self.front.draw_instance(),
                date=self.common_lines(),
                is_last=is_last,
                method=method,
            )
        )

    def _leave(self, *, lingers: bool = False) -> None:
        """Close once everything is written and read.

        Args:
            lingers: whether the client may be sending still. What comes is then thrown away for a
                while: closing on unread bytes would take the answer away from the client.
        """
        self._is_deaf = self._is_leaving = True
        lingers = lingers and not self._has_ended
        within_s = self._limits.ending_s if lingers else self._limits.unread_s
        self._places.put(self, self._places.ending, within_s)
        if lingers:
            if self.transport.can_write_eof():
                self.transport.write_eof()
            if self._is_paused:
                self._is_paused = False
                self.transport.resume_reading()
        else:
            self.transport.close()

    def _close_now(self) -> None:
        self._is_deaf = self._is_leaving = True
        self._give_place_back()
        self.transport.abort()

    def _give_place_back(self) -> None:
        if self._has_place:
            self._has_place = False
            self._places.leave(self)

    def _throw_away(self, nbytes: int) -> None:
        """Take in bytes that nobody reads."""
        if not self._is_leaving:
            self._pause_reading()
            return
        self._thrown_away_bytes += nbytes
        if self._thrown_away_bytes > self._limits.ending_bytes:
            self._close_now()

    def _pause_reading(self) -> None:
        if not self._is_paused and not self._is_leaving:
            self._is_paused = True
            self.transport.pause_reading()

    def _look_up_addresses(self) -> dict[str, Any]:
        """Return both ends of the connection and its scheme, as ASGI has them."""
        about = self.transport.get_extra_info
        self._addresses = {
            "server": _address(about("sockname")),
            "client": _address(about("peername")),
            "scheme": "https" if about("sslcontext") else "http",
        }
        return self._addresses


def _address(found: object) -> tuple[str, int] | None:
    """Return host and port; None for a Unix socket."""
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
