"""The front door over TLS: what differs from a plain connection."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.front.front import Front
from gateway.front.limits import Limits
from gateway.server import Beside, bind, make_server
from tests.gateway.front.apps import Echo
from tests.gateway.front.requests import get
from tests.support.authority import Authority

WAIT_S: Final = 20


class Secured:
    """A server that speaks TLS."""

    def __init__(self, authority: Authority, front: Front, address: tuple[str, int]) -> None:
        self._authority = authority
        self.front = front
        self.address = address

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, and speak TLS."""
        return await asyncio.open_connection(
            *self.address, ssl=self._authority.client(), server_hostname="localhost"
        )

    async def until_nobody_is_left(self) -> None:
        """Wait until every place is free."""
        while self.front.places.count:  # noqa: ASYNC110 - the places have no event
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def secured(
    app: ASGIApp, folder: Path, limits: Limits | None = None
) -> AsyncIterator[Secured]:
    """Serve an application over TLS while the block lasts."""
    authority, front = Authority(folder), Front(limits)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue())
    kind = partial(Beside, tls=context)
    server = make_server(app, drain_s=1, lifespan="off", kind=kind, front=front)
    with bind("127.0.0.1", 0) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        host, port = listener.getsockname()[:2]
        async with asyncio.timeout(WAIT_S):
            yield Secured(authority, front, (host, port))
            server.should_exit = True
            await serving


async def test_who_hangs_up_before_the_answer_costs_no_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard, gone = asyncio.Event(), asyncio.Event()

    async def answers_nobody(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        heard.set()
        await receive()  # comes back when the client is gone
        gone.set()

    async with secured(answers_nobody, tmp_path) as server:
        _, writer = await server.connect()
        writer.write(get())
        await heard.wait()
        writer.close()
        await gone.wait()
    assert caplog.messages == []


FEW: Final = replace(Limits(), connections=10, sweep_s=0.02)


async def test_more_who_say_nothing_than_places_keep_nobody_out(tmp_path: Path) -> None:
    async with secured(Echo(), tmp_path, FEW) as server, contextlib.AsyncExitStack() as stack:
        for _ in range(30):
            _, silent = await asyncio.open_connection(*server.address)
            stack.callback(silent.close)
        reader, writer = await server.connect()
        stack.callback(writer.close)
        writer.write(get())
        line = await reader.readline()
        assert (line, server.front.places.count) == (b"HTTP/1.1 200 OK\r\n", 10)


async def test_who_says_nothing_is_cut(tmp_path: Path) -> None:
    async with secured(Echo(), tmp_path, replace(FEW, handshake_s=0.1)) as server:
        reader, writer = await asyncio.open_connection(*server.address)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        await server.until_nobody_is_left()


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b""])
async def test_a_handshake_that_fails_gives_its_place_back(
    tmp_path: Path, said: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with secured(Echo(), tmp_path, FEW) as server:
        _, writer = await asyncio.open_connection(*server.address)
        writer.write(said)
        await writer.drain()
        writer.close()
        await server.until_nobody_is_left()
        _, writer = await server.connect()
        writer.close()
        await server.until_nobody_is_left()
    assert caplog.messages == []


@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\n\r\n", b"\x00", b""])
async def test_nobody_gets_what_speaks_tls_without_beginning_to_speak_it(
    tmp_path: Path, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with secured(Echo(), tmp_path, replace(FEW, handshake_s=0.2)) as server:
        secured_ones: list[object] = []
        loop = asyncio.get_running_loop()

        async def note(*accepted: object, **_: object) -> None:
            secured_ones.append(accepted)

        monkeypatch.setattr(loop, "connect_accepted_socket", note)
        reader, writer = await asyncio.open_connection(*server.address)
        writer.write(said)
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
        await server.until_nobody_is_left()
        assert secured_ones == []
