"""Servers of one process, each on a listener of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

from starlette.types import ASGIApp

from gateway.server import make_server


@contextlib.asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Serve an application until the block ends."""
    server = make_server(app, drain_s=1)
    server.config.timeout_graceful_shutdown = 2
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def url_of(listener: socket.socket) -> str:
    """Return the base URL of a server that listens here."""
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
