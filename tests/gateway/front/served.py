"""A server of its own thread, with the event loop of production, for clients with plain sockets."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway.front.front import Front
from gateway.front.limits import Limits
from gateway.front.tally import Tally
from gateway.metrics import Metrics
from gateway.server import bind, make_server
from tests.support.loopback import WAIT_S

Building = contextlib.AbstractAsyncContextManager[ASGIApp]


@dataclass(slots=True, kw_only=True)
class Served:
    """A running server."""

    address: tuple[str, int]
    front: Front
    metrics: Metrics
    shut_down: Callable[[], None]
    """Tell the server to end."""
    faults: list[str] = field(default_factory=list)
    """What the event loop had to report."""

    def refused(self, reason: str) -> float:
        """Return how often somebody was turned away for this reason."""
        name = "gateway_connections_refused_total"
        return self.metrics.registry.get_sample_value(name, {"reason": reason}) or 0


async def _end(server: uvicorn.Server) -> None:
    """End what is under way, and let nothing of it outlive the event loop."""
    for each in server.servers:
        each.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    async with asyncio.timeout(WAIT_S):
        await asyncio.gather(*server.server_state.tasks)
        while server.server_state.connections:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            await asyncio.sleep(0.005)


@contextlib.contextmanager
def served(
    building: Callable[[], Building],
    limits: Limits | None = None,
) -> Iterator[Served]:
    """Serve an application while the block lasts."""
    ready, end = threading.Event(), threading.Event()
    running: list[Served] = []
    errors: list[BaseException] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()
        metrics = Metrics()
        front = Front(limits, tally=Tally(metrics.connections_refused))
        async with building() as app:
            server = make_server(app, drain_s=1, front=front)
            server.config.lifespan = "off"
            server.config.load()
            server.lifespan = server.config.lifespan_class(server.config)
            with bind("127.0.0.1", 0) as listener:
                host, port = listener.getsockname()[:2]
                await server.startup(sockets=[listener])
                await server.on_tick(0)  # sets the date

                def shut_down() -> None:
                    asyncio.run_coroutine_threadsafe(server.shutdown(), loop)

                here = Served(
                    address=(host, port), front=front, metrics=metrics, shut_down=shut_down
                )
                loop.set_exception_handler(
                    lambda _, context: here.faults.append(str(context["message"]))
                )
                running.append(here)
                ready.set()
                await loop.run_in_executor(None, end.wait)
                await _end(server)

    def main() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run())
        except BaseException as error:
            errors.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=main)
    thread.start()
    try:
        ready.wait()
        if errors:
            raise errors[0]
        yield running[0]
    finally:
        end.set()
        thread.join()
    assert running[0].faults == []
    if errors:
        raise errors[0]


@contextlib.asynccontextmanager
async def nothing_around(app: ASGIApp) -> AsyncIterator[ASGIApp]:
    """Serve an application that needs nothing else."""
    yield app
