"""HTTP clients by the CPU they take for one POST, with many in flight."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import httpx2
import uvloop

from benchmarks.cycles import payload, reference
from benchmarks.figures import announce, median, show
from benchmarks.processes import LOAD_CORE, free_port, pin, running
from benchmarks.wire import Server, answer_bytes
from gateway.clients.guard import AddressPolicy
from gateway.clients.messages import Answered, MessagesClient
from gateway.clock import SystemClock

ROUNDS, IN_FLIGHT = 5, 50
POSTS = {"gateway": 4_000, "aiohttp": 4_000, "httpx2": 1_000}
"""How many a round, each about a second's worth."""

AUTHORIZATION = "Basic YmVuY2gta2V5OmJlbmNoLXNlY3JldA=="

Post = Callable[[bytes], Awaitable[None]]


async def cpu_us(post: Post, posts: int) -> float:
    """Return the microseconds of this process's CPU that one POST takes."""
    body = payload(reference(0))
    waiting = iter(range(posts))

    async def user() -> None:
        for _ in waiting:
            await post(body)

    begun = time.process_time()
    await asyncio.gather(*(user() for _ in range(IN_FLIGHT)))
    return 1e6 * (time.process_time() - begun) / posts


async def run_clients(port: int) -> None:
    """Send the same body to the stub by each client in turn."""
    base = f"http://127.0.0.1:{port}"
    url, headers = f"{base}/v1/messages", {"Authorization": AUTHORIZATION}
    headers["Content-Type"] = "application/json"
    connector = aiohttp.TCPConnector(limit=0)
    jar = aiohttp.DummyCookieJar()
    async with (
        MessagesClient(
            base_url=base, policy=AddressPolicy(allow_private=True), clock=SystemClock()
        ) as port_client,
        aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session,
        httpx2.AsyncClient() as successor,
    ):

        async def by_gateway(body: bytes) -> None:
            outcome = await port_client.send(body, authorization=AUTHORIZATION)
            assert isinstance(outcome, Answered)
            assert outcome.http_status == 202

        async def by_aiohttp(body: bytes) -> None:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                assert answer.status == 202

        async def by_httpx2(body: bytes) -> None:
            answer = await successor.post(url, content=body, headers=headers)
            assert answer.status_code == 202

        clients: dict[str, Post] = {
            "gateway": by_gateway,
            "aiohttp": by_aiohttp,
            "httpx2": by_httpx2,
        }
        taken: dict[str, list[float]] = {name: [] for name in clients}
        for number in range(ROUNDS + 1):
            announce(f"HTTP clients: round {number} of {ROUNDS}")
            for name, post in clients.items():
                taken[name].append(await cpu_us(post, POSTS[name]))
    for figures in taken.values():
        del figures[0]  # opened the connections
    show_ratio("the gateway's client / plain aiohttp", taken["gateway"], taken["aiohttp"])
    show_ratio("httpx2 as it comes / the gateway's client", taken["httpx2"], taken["gateway"])


def show_ratio(name: str, ours: list[float], theirs: list[float]) -> None:
    """Print the ratio of two clients."""
    show(
        f"CPU of a POST, {IN_FLIGHT} in flight: {name}",
        [a / b for a, b in zip(ours, theirs, strict=True)],
        "",
        f"{median(ours):.0f} us against {median(theirs):.0f} us of client CPU",
    )


async def serve_stub(port: int) -> None:
    """Answer every POST with 202 and a message id."""
    body = b'{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"}'
    answer = answer_bytes("202 Accepted", body)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Server(lambda path, body: answer), "127.0.0.1", port)
    await server.serve_forever()


def main() -> None:
    """Compare the clients; `python -m benchmarks.clients PORT` is the stub that they send to."""
    if len(sys.argv) > 1:
        uvloop.run(serve_stub(int(sys.argv[1])))
        return
    pin(os.getpid(), LOAD_CORE)
    port = free_port()
    with running(["-m", "benchmarks.clients", str(port)], port):
        uvloop.run(run_clients(port))


if __name__ == "__main__":
    main()
