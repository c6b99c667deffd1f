"""Connections that the upstream closes as idle, while the next send is about to use them.

Real servers with real idle limits, and sends that come around the limit: such a send must not be in
doubt, because nobody read it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from gateway.clients.connection import IDLE_LIMIT_S, idle_limit_s
from gateway.clients.guard import AddressPolicy
from gateway.clients.messages import Answered, MessagesClient, SendOutcome
from tests.support.clock import ManualClock

LANES = 80
AROUND_S = 0.02


@contextlib.asynccontextmanager
async def upstream(idle_s: int, *, announces: bool) -> AsyncIterator[str]:
    """Run a server that closes idle connections after `idle_s`; yield its URL."""
    headers = [(b"keep-alive", b"timeout=%d, max=100" % idle_s)] if announces else []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        start = {"type": "http.response.start", "status": 202, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b"{}"})

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(256)
        config = uvicorn.Config(
            app, timeout_keep_alive=idle_s, log_level="critical", lifespan="off", ws="none"
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


async def twice(url: str, pause_s: float) -> SendOutcome:
    """Send, wait, and send again on the same pool; return the second outcome."""
    client = MessagesClient(
        base_url=url,
        policy=AddressPolicy(allow_private=True, allowed_ports=frozenset(range(1, 65_536))),
        clock=ManualClock(),
    )
    async with client:
        assert isinstance(await client.send(b"{}", authorization="Basic eA=="), Answered)
        await asyncio.sleep(pause_s)
        return await client.send(b"{}", authorization="Basic eA==")


@pytest.mark.parametrize(
    ("idle_s", "announces"),
    [(1, True), (1, False), (2, False), (5, False)],
    ids=["1 s, announced", "1 s", "2 s", "5 s"],
)
async def test_no_send_is_in_doubt_around_the_idle_limit_of_the_upstream(
    idle_s: int, announces: bool
) -> None:
    # Spread evenly around the limit: before it, in it, and after it.
    step_s = 2 * AROUND_S / (LANES - 1)
    async with upstream(idle_s, announces=announces) as url:
        pauses = [idle_s - AROUND_S + lane * step_s for lane in range(LANES)]
        outcomes = await asyncio.gather(*(twice(url, pause_s) for pause_s in pauses))
    assert Counter(type(outcome) for outcome in outcomes) == {Answered: LANES}


@pytest.mark.parametrize(
    ("header", "limit_s"),
    [
        (None, IDLE_LIMIT_S),
        ("", IDLE_LIMIT_S),
        ("timeout=1", 0.5),
        ("timeout=1, max=100", 0.5),
        ("max=100, timeout=1", 0.5),
        ("Timeout = 1", 0.5),
        ('timeout="1"', 0.5),
        ("timeout=0", 0.0),
        ("timeout=60", IDLE_LIMIT_S),
        ("timeout=soon", IDLE_LIMIT_S),
        ("mytimeout=1", IDLE_LIMIT_S),
    ],
)
def test_an_announced_limit_is_obeyed_when_it_is_shorter_than_ours(
    header: str | None, limit_s: float
) -> None:
    assert idle_limit_s(header) == limit_s
