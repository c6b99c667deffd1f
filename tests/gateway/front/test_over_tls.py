"""The front door over TLS: what differs from a plain connection."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from gateway.server import Beside, bind, make_server
from tests.support.authority import Authority


async def test_who_hangs_up_before_the_answer_costs_no_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    authority, heard, gone = Authority(tmp_path), asyncio.Event(), asyncio.Event()

    async def answers_nobody(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        heard.set()
        await receive()  # comes back when the client is gone
        gone.set()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue())
    kind = partial(Beside, tls=context)
    server = make_server(answers_nobody, drain_s=1, lifespan="off", kind=kind)
    with bind("127.0.0.1", 0) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        address, port = listener.getsockname()[:2]
        _, writer = await asyncio.open_connection(
            address, port, ssl=authority.client(), server_hostname="localhost"
        )
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        async with asyncio.timeout(10):
            await heard.wait()
            writer.close()
            await gone.wait()
        server.should_exit = True
        await serving
    assert caplog.messages == []
