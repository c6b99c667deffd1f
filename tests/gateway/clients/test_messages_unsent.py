"""Every way a send can end before its first byte: provably unsent, and so free to be repeated."""

from __future__ import annotations

import socket

import pytest

from gateway.clients.guard import AddressPolicy, AddressRefused, ResolutionTimedOut
from gateway.clients.messages import Unsent
from tests.gateway.clients.peers import (
    HangingResolver,
    Peer,
    RawServer,
    StubResolver,
    answering,
    closing_at_once,
)
from tests.gateway.clients.senders import ACCEPTED, BODY, client


async def test_a_refused_port_is_unsent() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        async with client(f"http://127.0.0.1:{unheard.getsockname()[1]}") as messages:
            outcome = await messages.send(BODY, authorization="Bearer token")
    assert outcome == Unsent(reason="connection-refused")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "name-unresolved"),
        (ResolutionTimedOut(), "name-timeout"),
        (AddressRefused(), "address-refused"),
    ],
)
async def test_a_name_without_an_address_is_unsent(error: Exception, reason: str) -> None:
    async with client("http://upstream.example", resolver=StubResolver(error)) as messages:
        assert await messages.send(BODY, authorization="Bearer token") == Unsent(reason=reason)


async def test_a_name_with_a_refused_address_is_unsent() -> None:
    async with (
        RawServer(answering(ACCEPTED)) as sink,
        client(
            sink.url(host="upstream.example"),
            policy=AddressPolicy(allowed_ports=frozenset({sink.port})),
        ) as messages,
    ):
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert (outcome, sink.connections) == (Unsent(reason="address-refused"), 0)


async def test_a_deadline_during_the_lookup_is_unsent() -> None:
    async with client(
        "http://upstream.example", resolver=HangingResolver(), deadline_s=0.05
    ) as messages:
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert outcome == Unsent(reason="connect-timeout")


async def test_tls_to_a_plain_port_is_unsent() -> None:
    async def plain(peer: Peer) -> None:
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async with RawServer(plain) as server, client(server.url(scheme="https")) as messages:
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert (outcome, server.requests) == (Unsent(reason="tls-not-spoken"), [])


async def test_a_tls_handshake_that_hangs_is_unsent() -> None:
    async def mute(peer: Peer) -> None:
        await peer.gone()

    async with (
        RawServer(mute) as server,
        client(server.url(scheme="https"), connect_s=0.05) as messages,
    ):
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert outcome == Unsent(reason="connect-timeout")


async def test_a_server_that_hangs_up_in_the_tls_handshake_is_unsent() -> None:
    async with (
        RawServer(closing_at_once) as server,
        client(server.url(scheme="https")) as messages,
    ):
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert outcome == Unsent(reason="tls-cut-off")
