"""Requests through a forward proxy: to the address that was judged, under the name asked for."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateway.clients.egress import Egress, Proxy
from gateway.clients.guard import AddressPolicy
from gateway.clients.messages import Answered, SendOutcome, Unsent
from tests.gateway.clients.certificates import Authority
from tests.gateway.clients.peers import (
    LOOPBACK,
    Peer,
    RawServer,
    Script,
    StubResolver,
    answering,
    closing_at_once,
)
from tests.gateway.clients.proxies import connecting, hanging, refusing
from tests.gateway.clients.senders import ACCEPTED, BODY, client

NAME = "upstream.example"


class Names(StubResolver):
    """Knows every name, and each leads to loopback."""

    def __init__(self) -> None:
        super().__init__(["127.0.0.1"])


def egress(proxy: RawServer, *, authority: Authority | None = None, **more: object) -> Egress:
    fields = {"is_tls": False, "host": "proxy.example", "port": proxy.port, **more}
    return Egress(
        ca_file=None if authority is None else authority.ca_file,
        proxy=Proxy(**fields),  # type: ignore[arg-type]
    )


async def send(
    url: str,
    way: Egress,
    *,
    resolver: StubResolver | None = None,
    policy: AddressPolicy = LOOPBACK,
    connect_s: float = 2.0,
    times: int = 1,
) -> SendOutcome:
    async with client(
        url, egress=way, resolver=resolver or Names(), policy=policy, connect_s=connect_s
    ) as messages:
        for _ in range(times):
            outcome = await messages.send(BODY, authorization="Bearer token")
    return outcome


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


async def test_the_proxy_is_asked_for_the_address_that_was_judged() -> None:
    asked: list[bytes] = []
    async with (
        RawServer(answering(ACCEPTED)) as server,
        RawServer(connecting(asked=asked)) as proxy,
    ):
        outcome = await send(server.url(host=NAME), egress(proxy))
    place = b"127.0.0.1:%d" % server.port
    assert isinstance(outcome, Answered)
    assert asked == [b"CONNECT " + place + b" HTTP/1.1\r\nHost: " + place + b"\r\n\r\n"]


async def test_the_receiver_is_asked_under_its_name() -> None:
    async with RawServer(answering(ACCEPTED)) as server, RawServer(connecting(asked=[])) as proxy:
        await send(server.url(host=NAME), egress(proxy))
    assert b"\r\nHost: upstream.example:%d\r\n" % server.port in server.requests[0]
    assert server.requests[0].startswith(b"POST /v1/messages HTTP/1.1\r\n")


@pytest.mark.parametrize("is_tls", [False, True], ids=["http", "https"])
async def test_tls_is_spoken_through_the_proxy(authority: Authority, is_tls: bool) -> None:
    async with (
        RawServer(answering(ACCEPTED), tls=authority.server(NAME)) as server,
        RawServer(
            connecting(asked=[]), tls=authority.server("proxy.example") if is_tls else None
        ) as proxy,
    ):
        way = egress(proxy, authority=authority, is_tls=is_tls)
        outcome = await send(server.url(scheme="https", host=NAME), way)
    assert isinstance(outcome, Answered)


async def test_a_wrong_name_behind_the_proxy_is_unsent_and_named(authority: Authority) -> None:
    async with (
        RawServer(answering(ACCEPTED), tls=authority.server("other.example")) as server,
        RawServer(connecting(asked=[])) as proxy,
    ):
        way = egress(proxy, authority=authority)
        outcome = await send(server.url(scheme="https", host=NAME), way)
    assert (outcome, server.requests) == (Unsent(reason="certificate-wrong-name"), [])


async def test_a_tunnel_is_used_again() -> None:
    async def twice(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.say(ACCEPTED)
        await peer.gone()

    asked: list[bytes] = []
    async with RawServer(twice) as server, RawServer(connecting(asked=asked)) as proxy:
        outcome = await send(server.url(host=NAME), egress(proxy), times=2)
    assert (isinstance(outcome, Answered), len(server.requests), len(asked)) == (True, 2, 1)


async def test_credentials_go_to_the_proxy_and_to_nobody_else() -> None:
    asked: list[bytes] = []
    async with (
        RawServer(answering(ACCEPTED)) as server,
        RawServer(connecting(asked=asked)) as proxy,
    ):
        await send(server.url(host=NAME), egress(proxy, user="gateway", password="s3cret:ü"))
    assert b"\r\nProxy-Authorization: Basic Z2F0ZXdheTpzM2NyZXQ6w7w=\r\n" in asked[0]
    assert b"proxy" not in server.requests[0].lower()


def test_credentials_do_not_show_in_a_representation() -> None:
    shown = repr(Egress(proxy=Proxy(is_tls=False, host="p", port=1, user="u1ser", password="s3cr")))
    assert "u1ser" not in shown
    assert "s3cr" not in shown


async def test_a_proxy_that_resolves_is_told_the_name_and_nobody_else_is_asked() -> None:
    asked: list[bytes] = []
    resolver = Names()
    async with (
        RawServer(answering(ACCEPTED)) as server,
        RawServer(connecting(asked=asked)) as proxy,
    ):
        outcome = await send(
            server.url(host=NAME), egress(proxy, resolves_names=True), resolver=resolver
        )
    assert isinstance(outcome, Answered)
    assert asked[0].startswith(b"CONNECT upstream.example:%d HTTP/1.1\r\n" % server.port)
    assert resolver.asked == ["proxy.example"]


async def test_an_address_that_may_not_be_called_is_not_asked_for() -> None:
    async with RawServer(connecting(asked=[])) as proxy:
        outcome = await send("https://upstream.example", egress(proxy), policy=AddressPolicy())
    assert (outcome, proxy.connections) == (Unsent(reason="address-refused"), 0)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (refusing(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), "proxy-refused"),
        (refusing(b"HTTP/1.1 502 Bad\r\nContent-Length: 2\r\n\r\nno"), "proxy-refused"),
        (refusing(b"HTTP/1.1 301 M\r\nLocation: /\r\n\r\n"), "proxy-refused"),
        (refusing(b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"), "proxy-login-refused"),
        (refusing(b"HTTP/1.1 200 OK\r\n\r\nearly"), "proxy-refused"),
        (refusing(b"SSH-2.0-OpenSSH\r\n"), "proxy-refused"),
        (refusing(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000), "proxy-refused"),
        (closing_at_once, "proxy-refused"),
        (hanging, "proxy-timeout"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_what_a_proxy_does_not_grant_is_unsent_and_named(
    scheme: str, script: Script, reason: str
) -> None:
    async with RawServer(script) as proxy:
        outcome = await send(f"{scheme}://upstream.example", egress(proxy), connect_s=0.2)
    assert outcome == Unsent(reason=reason)


async def test_a_proxy_where_nobody_listens_is_unsent_and_named() -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        way = Egress(proxy=Proxy(is_tls=False, host="127.0.0.1", port=unheard.getsockname()[1]))
        assert await send("http://upstream.example", way) == Unsent(reason="proxy-unreachable")


async def test_a_proxy_whose_certificate_is_not_trusted_is_unsent_and_named(
    authority: Authority,
) -> None:
    tls = authority.server("proxy.example")
    async with RawServer(connecting(asked=[]), tls=tls) as proxy:
        outcome = await send("http://upstream.example", egress(proxy, is_tls=True))
    assert outcome == Unsent(reason="proxy-unreachable")


async def test_a_proxy_whose_name_does_not_resolve_is_unsent_and_named() -> None:
    resolver = StubResolver(["127.0.0.1"], socket.gaierror(socket.EAI_NONAME, "unknown"))
    async with RawServer(connecting(asked=[])) as proxy:
        outcome = await send("http://upstream.example", egress(proxy), resolver=resolver)
    assert outcome == Unsent(reason="proxy-unreachable")
