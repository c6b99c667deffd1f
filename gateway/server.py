"""Running the gateway as a process: the store, the socket, the server, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import signal
import socket
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, cast

import uvicorn
import uvloop
from starlette.types import ASGIApp

from gateway import __version__
from gateway.app import Gateway
from gateway.clock import Clock, SystemClock
from gateway.front.front import Front
from gateway.front.handshake import SecuredServer
from gateway.front.limits import Limits, within_descriptors
from gateway.front.protocol import Connection
from gateway.front.tally import Tally
from gateway.listening.binding import BACKLOG, CannotListen, listen, listening
from gateway.listening.certificates import ServerCertificate, Unfit, load_pair, pair_of
from gateway.listening.exhaustion import FileLimitWatch, raise_file_limit
from gateway.logs import configure_logging, get_logger
from gateway.reloading import Reloader
from gateway.settings import Reading, Settings
from gateway.settings.network_values import OFF
from gateway.settings.places import Place, TcpPlace, UnixPlace
from gateway.settings.values import Unusable
from gateway.stores.base import Store, StoreUnavailable
from gateway.stores.open import open_store

log = get_logger()

_USAGE, _INTERNAL = 2, 3
_ENDS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rereading:
    """How the settings are read anew."""

    read: Callable[[], Reading]
    """As at the start."""
    asked: threading.Event = field(default_factory=threading.Event)
    """Set when a SIGHUP came before the gateway could hear it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listeners:
    public: list[socket.socket]
    admin: list[socket.socket]


def serve(settings: Settings, rereading: Rereading | None = None) -> int:
    """Run the gateway until it is told to stop; return the exit code.

    Args:
        rereading: what a SIGHUP does; without it, what it does to any process.
    """
    configure_logging(settings.log_level, settings.log_format, is_final=True)
    raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, SystemClock(), rereading))


async def _serve(settings: Settings, clock: Clock, rereading: Rereading | None) -> int:
    try:
        with contextlib.ExitStack() as stack:
            public = stack.enter_context(listening(settings.places))
            try:
                admin = stack.enter_context(listening(settings.admin_places))
            except CannotListen as error:
                return _fail(
                    f"cannot listen on {error.place} for operators: {error.why}",
                    error.remedy(
                        "choose another place with GATEWAY_ADMIN_HOST and GATEWAY_ADMIN_PORT"
                        f" (0 takes a free port, {OFF} does without)"
                    ),
                )
            listeners = _Listeners(public=public, admin=admin)
            return await _serve_on(listeners, settings, clock, rereading)
    except CannotListen as error:
        return _fail(
            str(error), error.remedy("choose another address with GATEWAY_HOST and GATEWAY_PORT")
        )


async def _serve_on(
    listeners: _Listeners, settings: Settings, clock: Clock, rereading: Rereading | None
) -> int:
    if (pair := pair_of(settings)) is not None:
        try:
            load_pair(*pair)
        except Unfit as unfit:
            return _fail(f"{unfit.setting} {unfit.problem}", unfit.remedy)
    try:
        store = await open_store(
            settings.store,
            clock=clock,
            writer=settings.sqlite_writer,
            synchronous=settings.sqlite_synchronous,
        )
    except StoreUnavailable as error:
        return _fail(f"cannot open the store {settings.store}: {error}")
    try:
        if stuck := await _stuck_applications(settings, store):
            return _fail(
                f"{settings.store} holds unfinished work of {', '.join(stuck)}, which is not"
                " configured",
                "configure it again until its dispatches have ended, or use another store",
            )
        log.info("store.opened", store=store.description)
        await _tell_resumed(store)
        return await _run(settings, store, clock, listeners, rereading)
    finally:
        await store.close()
        log.info("gateway.stopped")


async def _stuck_applications(settings: Settings, store: Store) -> list[str]:
    configured = {application.name for application in settings.applications}
    return [name for name in await store.applications_in_use() if name not in configured]


async def _tell_resumed(store: Store) -> None:
    """Say what an earlier process left to this one."""
    left = await store.counts()
    if left.open_dispatches or left.pending_callbacks:
        log.info(
            "store.resumed",
            dispatches=left.open_dispatches,
            timers=left.pending_timers,
            sends=left.pending_sends,
            callbacks=left.pending_callbacks,
        )


async def _run(
    settings: Settings,
    store: Store,
    clock: Clock,
    listeners: _Listeners,
    rereading: Rereading | None,
) -> int:
    try:
        gateway = Gateway(settings, store, clock)
    except StoreUnavailable as error:
        return _fail(str(error))
    except Unusable as unusable:
        # It was usable a moment ago: a dial that is being written is empty for an instant.
        return _fail(f"GATEWAY_SPLIT {unusable.problem}", unusable.remedy)
    certificate = None
    if (pair := pair_of(settings)) is not None:
        certificate = ServerCertificate(
            *pair, clock=clock, alarms=gateway.alarms, metrics=gateway.metrics
        )
    calm_the_collector()
    server = make_server(
        gateway.app(),
        drain_s=settings.drain_s,
        kind=partial(
            Process,
            closing=gateway.begin_drain,
            tls=certificate.context if certificate is not None else None,
        ),
        front=Front(
            within_descriptors(Limits(body_bytes=settings.max_body)),
            tally=Tally(gateway.metrics.connections_refused),
            clock=clock,
        ),
    )
    _tell_started(settings, gateway, listeners, has_tls=certificate is not None)
    watches = _watches(gateway, store, clock, certificate, rereading)
    for watch in watches:
        watch.add_done_callback(lambda _: setattr(server, "should_exit", True))
    async with _serving_operators(gateway, listeners.admin):
        await server.serve(sockets=listeners.public)
    is_broken = any(watch.done() for watch in watches)
    for watch in watches:
        watch.cancel()
    return _INTERNAL if is_broken or not server.started else 0


def _tell_started(
    settings: Settings, gateway: Gateway, listeners: _Listeners, *, has_tls: bool
) -> None:
    bound = [_place_of(each) for each in listeners.public]
    first = next((each for each in bound if isinstance(each, TcpPlace)), None)
    operators = listeners.admin[0].getsockname() if listeners.admin else (None, None)
    log.info(
        "gateway.started",
        version=__version__,
        host=first.host if first else str(bound[0]),
        port=first.port if first else None,
        listeners=list(map(str, bound)),
        tls=has_tls,
        admin_host=operators[0],
        admin_port=operators[1],
        applications=len(settings.applications),
        **gateway.modes.standing,
    )
    if sys.stderr.isatty():
        shown = [
            each.url("https" if has_tls else "http") if isinstance(each, TcpPlace) else str(each)
            for each in bound
        ]
        print(f"Listening on {', '.join(shown)}; Ctrl-C ends it.", file=sys.stderr)  # noqa: T201


def _place_of(listener: socket.socket) -> Place:
    name = listener.getsockname()
    if isinstance(name, str):
        return UnixPlace(path=name)
    return TcpPlace(host=name[0], port=name[1])


@contextlib.asynccontextmanager
async def _serving_operators(
    gateway: Gateway, listeners: list[socket.socket]
) -> AsyncIterator[None]:
    """Serve the admin bind, if there is one, until the block ends: to the end of the drain."""
    if not listeners:
        yield
        return
    server = make_server(gateway.admin_app(), drain_s=0, lifespan="off", kind=Beside)
    serving = asyncio.create_task(server.serve(sockets=listeners))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _watches(
    gateway: Gateway,
    store: Store,
    clock: Clock,
    certificate: ServerCertificate | None,
    rereading: Rereading | None,
) -> list[asyncio.Task[Any]]:
    """Return tasks that end when the process must: without it, the gateway is half alive."""
    ends: list[Coroutine[Any, Any, Any]] = [
        gateway.wait_until_broken(),
        store.fatal.wait(),
        FileLimitWatch(clock).run(),
    ]
    if certificate is not None:
        ends.append(certificate.run())
    if rereading is not None:
        reloader = Reloader(
            gateway,
            rereading.read,
            rereading.asked,
            also=certificate.look_now if certificate is not None else None,
        )
        reloader.listen()
        ends.append(reloader.run())
    return [asyncio.create_task(end) for end in ends]


def calm_the_collector() -> None:
    """Look for garbage cycles less often, and never among what lives as long as the process.

    Requests leave next to no cycles behind; the default thresholds spend several percent of a
    busy core on looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens on one address; port 0 takes a free one.

    Raises:
        OSError: the address is taken, not ours, or not to be had without more rights.
    """
    return listen(TcpPlace(host=host, port=port))


class Beside(uvicorn.Server):
    """A server beside the one that the process is for: signals are not for it."""

    def __init__(self, config: uvicorn.Config, *, tls: ssl.SSLContext | None = None) -> None:
        """`tls` secures what comes over the network; a Unix socket needs no securing."""
        super().__init__(config)
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen: the original knows one way to listen for all."""
        await super().startup(sockets=[])
        self.servers = [await self._listen(each) for each in sockets or ()]

    async def _listen(self, listener: socket.socket) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        if listener.family == socket.AF_UNIX:
            return await loop.create_unix_server(self._protocol, sock=listener, backlog=BACKLOG)
        if self._tls is None:
            return await loop.create_server(self._protocol, sock=listener, backlog=BACKLOG)
        # It has all of a server that uvicorn asks for.
        return cast("asyncio.Server", SecuredServer(listener, self._protocol, self._tls))

    def _protocol(self) -> Connection:
        connection: Connection = self.config.http_protocol_class(  # type: ignore[assignment,call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return connection

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


class Process(Beside):
    """A server that is all a process is for: a signal to end is an order, not an accident."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        closing: Callable[[], object],
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`closing` is called right before the server stops listening."""
        super().__init__(config, tls=tls)
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close, and wait for the requests that are under way."""
        self._closing()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End in an orderly way on SIGINT and SIGTERM.

        The original repeats the signal afterwards. That kills the process before its store is
        closed, and whoever gave the order is told of a failure.
        """
        loop = asyncio.get_running_loop()
        for number in _ENDS:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in _ENDS:
                loop.remove_signal_handler(number)


def make_server(
    app: ASGIApp,
    *,
    drain_s: float,
    lifespan: Literal["on", "off"] = "on",
    kind: Callable[[uvicorn.Config], uvicorn.Server] = uvicorn.Server,
    front: Front | None = None,
) -> uvicorn.Server:
    """Return the HTTP server for `app`.

    The event loop is named: a silent fallback costs more than twice the time.

    Args:
        drain_s: how long requests may go on once the server is told to end.
        kind: makes the server.
        front: what HTTP is spoken by; without it, one with the usual limits.
    """
    front = front or Front()
    return kind(
        uvicorn.Config(
            app,
            loop="uvloop",
            # uvicorn asks for a class and calls it.
            http=cast("type[asyncio.Protocol]", front.connect),
            ws="none",
            lifespan=lifespan,
            access_log=False,
            proxy_headers=False,  # `gateway.api.sources` reads them, where somebody asks
            log_config=None,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=max(1, math.ceil(drain_s)),
        )
    )


def _fail(fault: str, remedy: str = "") -> int:
    print(f"dispatch-gateway: {fault}" + (f"; {remedy}" if remedy else ""), file=sys.stderr)  # noqa: T201
    return _USAGE
