"""Making a connection: names are looked up and judged, their addresses tried, TLS spoken.

What fails here is provably unsent, and named.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from ipaddress import ip_address
from itertools import chain, zip_longest
from typing import Final

from gateway.clients.connection import Connection, Exchange, Limits
from gateway.clients.egress import Egress, Proxy
from gateway.clients.faults import Fault, Unreached, fault_of_connecting
from gateway.clients.guard import (
    AddressPolicy,
    AddressRefused,
    GuardedResolver,
    ResolutionTimedOut,
    Resolver,
    Target,
    bracketed,
)

STAGGER_S: Final = 0.25
"""After which the next address is tried beside one that has not answered (RFC 8305 section 5)."""


class Dialer:
    """Connects only where the policy permits, by the gateway's way out."""

    def __init__(
        self, policy: AddressPolicy, resolver: Resolver, egress: Egress, *, connect_s: float
    ) -> None:
        """Prepare it.

        Args:
            connect_s: limit for connecting to one address, proxy and TLS included.
        """
        self._guarded = GuardedResolver(policy, resolver)
        self._resolver = resolver
        self._egress = egress
        self._connect_s = connect_s

    async def dial(self, target: Target, end_at: float) -> Connection:
        """Return a connection over which `target` can be asked.

        Raises:
            Unreached: there is none, by `end_at` in the loop's time.
        """
        async with _limited(end_at, Fault.CONNECT_TIMEOUT):
            hosts = await self._hosts(target)
        return await first_of(hosts, lambda host: self._connect(target, host, end_at))

    async def _hosts(self, target: Target) -> Sequence[str]:
        """Return what to connect to: addresses, or a name that the proxy looks up and judges."""
        proxy = self._egress.proxy
        if target.is_address or (proxy is not None and proxy.resolves_names):
            return [target.host]
        try:
            path = target.path.partition("?")[0]
            found = await self._guarded.resolve(target.host, port=target.port, path=path)
            return by_turns(found)
        except AddressRefused:
            raise Unreached(Fault.ADDRESS_REFUSED) from None
        except ResolutionTimedOut:
            raise Unreached(Fault.NAME_TIMEOUT) from None
        except OSError:
            raise Unreached(Fault.NAME_UNRESOLVED) from None

    async def _connect(self, target: Target, host: str, end_at: float) -> Connection:
        end_at = min(end_at, asyncio.get_running_loop().time() + self._connect_s)
        proxy = self._egress.proxy
        if proxy is None:
            connection = await _open(host, target.port, end_at)
        else:
            connection = await self._through(proxy, f"{bracketed(host)}:{target.port}", end_at)
        async with _kept_if_well(connection):
            if target.is_tls:
                async with _limited(end_at, Fault.CONNECT_TIMEOUT):
                    await connection.start_tls(self._tls(), target.host)
        return connection

    async def _through(self, proxy: Proxy, authority: str, end_at: float) -> Connection:
        """Have the proxy connect to `authority`."""
        async with _limited(end_at, Fault.PROXY_TIMEOUT):
            try:
                # Whoever set the proxy has judged its address.
                hosts = by_turns(await self._resolver.resolve(proxy.host))
                connection = await first_of(hosts, lambda host: _open(host, proxy.port, end_at))
            except OSError:
                raise Unreached(Fault.PROXY_UNREACHABLE) from None
            except Unreached as error:
                is_late = error.fault is Fault.CONNECT_TIMEOUT
                raise Unreached(
                    Fault.PROXY_TIMEOUT if is_late else Fault.PROXY_UNREACHABLE
                ) from None
            async with _kept_if_well(connection):
                if proxy.is_tls:
                    try:
                        await connection.start_tls(self._tls(), proxy.host)
                    except Unreached:
                        raise Unreached(Fault.PROXY_UNREACHABLE) from None
                await _tunnel(connection, proxy, authority, end_at)
        return connection

    def _tls(self) -> ssl.SSLContext:
        try:
            return self._egress.tls
        except OSError:  # the files were in order at the start
            raise Unreached(Fault.TLS_FAILED) from None


async def _tunnel(connection: Connection, proxy: Proxy, authority: str, end_at: float) -> None:
    """Ask a proxy to pass everything on to `authority` from now on (RFC 9110 section 9.3.6)."""
    lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
    if proxy.authorization is not None:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    request = "\r\n".join([*lines, "", ""]).encode("ascii")
    seen = Exchange()
    await connection.ask(request, seen, Limits(end_at=end_at, has_body=False))
    match seen:
        case Exchange(http_status=int(status)) if 200 <= status <= 299 and connection.is_open:
            return
        case Exchange(http_status=407):
            raise Unreached(Fault.PROXY_LOGIN_REFUSED)
        case Exchange(fault=Fault.DEADLINE_PASSED):
            raise Unreached(Fault.PROXY_TIMEOUT)
        case _:
            raise Unreached(Fault.PROXY_REFUSED)


async def _open(host: str, port: int, end_at: float) -> Connection:
    loop = asyncio.get_running_loop()
    async with _limited(end_at, Fault.CONNECT_TIMEOUT):
        try:
            _, connection = await loop.create_connection(Connection, host, port)
        except TimeoutError:
            raise  # of the kernel, and in meaning the same
        except OSError as error:
            raise Unreached(fault_of_connecting(error)) from None
    return connection


def by_turns(addresses: Sequence[str]) -> list[str]:
    """Return addresses so that their families take turns, as RFC 8305 section 4 asks."""
    first = ip_address(addresses[0]).version if addresses else 0
    same = [each for each in addresses if ip_address(each).version == first]
    other = [each for each in addresses if ip_address(each).version != first]
    return [each for each in chain(*zip_longest(same, other)) if each is not None]


async def first_of(
    hosts: Sequence[str], connect: Callable[[str], Awaitable[Connection]]
) -> Connection:
    """Try hosts in turn, the next when one fails or after `STAGGER_S`; return the first success.

    Raises:
        Unreached: all failed; the fault is the first one's.
    """
    if len(hosts) == 1:
        return await connect(hosts[0])
    attempts: list[asyncio.Task[Connection]] = []
    pending: set[asyncio.Task[Connection]] = set()
    winner: Connection | None = None
    try:
        while winner is None and (pending or len(attempts) < len(hosts)):
            if len(attempts) < len(hosts):
                attempts.append(asyncio.ensure_future(connect(hosts[len(attempts)])))
                pending.add(attempts[-1])
            done, pending = await asyncio.wait(
                pending,
                timeout=STAGGER_S if len(attempts) < len(hosts) else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for attempt in done:
                if not attempt.cancelled() and attempt.exception() is None:
                    winner = attempt.result()
    finally:
        for attempt in attempts:
            attempt.cancel()
        kept = None
        try:
            ends = await asyncio.gather(*attempts, return_exceptions=True)
            kept = winner
        finally:
            # Who is cancelled just now has no use for the winner, either.
            for attempt in attempts:
                attempt.add_done_callback(functools.partial(_abort_unless, kept))
    if winner is not None:
        return winner
    raise next(
        (end for end in ends if isinstance(end, Exception)), Unreached(Fault.NAME_UNRESOLVED)
    )


def _abort_unless(kept: Connection | None, attempt: asyncio.Task[Connection]) -> None:
    if not attempt.cancelled() and attempt.exception() is None and attempt.result() is not kept:
        attempt.result().abort()


@contextlib.asynccontextmanager
async def _kept_if_well(connection: Connection) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        connection.abort()
        raise


@contextlib.asynccontextmanager
async def _limited(end_at: float, fault: Fault) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(end_at):
            yield
    except TimeoutError:
        raise Unreached(fault) from None
