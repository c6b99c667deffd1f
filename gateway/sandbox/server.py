"""Running a sandbox: as a process of its own, or inside another one."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.clock import Clock
from gateway.sandbox.app import create_sandbox
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.hangup import EXTENSION
from gateway.sandbox.legacy import LegacyConfig, create_legacy

_GRACE_S = 2
_BACKLOG = 2048


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 with one more thing an application may do: close the connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {EXTENSION: {"call": self.transport.abort}}


class _Server(uvicorn.Server):
    """A server that leaves signals to whoever runs it, and lets go of answers held back."""

    def __init__(self, app: Starlette) -> None:
        # Loop and parser are named, because a silent fallback costs more than twice the time.
        super().__init__(
            uvicorn.Config(
                app,
                loop="uvloop",
                http=_Protocol,
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=_GRACE_S,
            )
        )
        self._stopping: asyncio.Event = app.state.stopping

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone: the original ends the process with them after the shutdown."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End connections, then the application."""
        self._stopping.set()
        await super().shutdown(sockets)


async def run_sandbox(
    config: SandboxConfig,
    clock: Clock,
    listener: socket.socket,
    *,
    legacy: LegacyConfig | None = None,
    say: Callable[[str], None] | None = None,
) -> None:
    """Run a sandbox on a listening socket until SIGINT or SIGTERM.

    Args:
        legacy: runs the stand-in of Dispatch in place of the simulated Messages API v1.
    """
    server = _Server(_create(config, legacy, clock, say))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.handle_exit, number, None)
    await server.serve(sockets=[listener])


@contextlib.asynccontextmanager
async def running_sandbox(
    config: SandboxConfig,
    clock: Clock,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    legacy: LegacyConfig | None = None,
    say: Callable[[str], None] | None = None,
) -> AsyncIterator[str]:
    """Run a sandbox in this event loop while the context lasts; yields its base URL.

    Args:
        port: 0 takes a free one.
        legacy: runs the stand-in of Dispatch in place of the simulated Messages API v1.

    Raises:
        OSError: the address cannot be listened on.
    """
    with listen(host, port) as listener:
        server = _Server(_create(config, legacy, clock, say))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            # The socket listens already: who connects before the server is ready waits.
            yield base_url(listener)
        finally:
            server.should_exit = True
            await serving


def _create(
    config: SandboxConfig,
    legacy: LegacyConfig | None,
    clock: Clock,
    say: Callable[[str], None] | None,
) -> Starlette:
    if legacy is None:
        return create_sandbox(config, clock, say=say)
    return create_legacy(config, legacy, clock, say=say)


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 takes a free one.

    Raises:
        OSError: the address is taken, not ours, or not to be had without more rights.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Connections inherit it. uvloop would set it for each; asyncio's own loop does not for a socket
    # made like this, and then every answer waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def base_url(listener: socket.socket) -> str:
    """Return the URL under which a listening socket is reached."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
