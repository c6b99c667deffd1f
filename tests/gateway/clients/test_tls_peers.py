"""Peers whose TLS is not in order: each provably unsent, and each by a name of its own."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest

from gateway.clients.egress import Egress
from gateway.clients.messages import Answered, InDoubt, SendOutcome, Unsent
from tests.gateway.clients.certificates import FUTURE, PAST, YEAR, Authority
from tests.gateway.clients.peers import Peer, RawServer, Script, answering
from tests.gateway.clients.senders import ACCEPTED, BODY, client

NAME = "upstream.example"
ALERT_PROTOCOL_VERSION = b"\x15\x03\x01\x00\x02\x02\x46"
ALERT_HANDSHAKE_FAILURE = b"\x15\x03\x03\x00\x02\x02\x28"
ALERT_UNRECOGNIZED_NAME = b"\x15\x03\x03\x00\x02\x02\x70"
ALERT_INTERNAL_ERROR = b"\x15\x03\x03\x00\x02\x02\x50"
HELLO_OF_TLS_1_0 = (
    b"\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01" + bytes(range(32)) + b"\x00\x00\x2f\x00"
)


async def send(server: RawServer, egress: Egress) -> SendOutcome:
    url = server.url(scheme="https", host=NAME)
    async with client(url, egress=egress) as messages:
        return await messages.send(BODY, authorization="Bearer token")


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def saying(data: bytes) -> Script:
    """Answer the client's hello with `data`, and hang up."""

    async def script(peer: Peer) -> None:
        await peer.hello()
        await peer.say(data)

    return script


async def cut(peer: Peer) -> None:
    """Read the client's hello, and hang up."""
    await peer.hello()


async def reset(peer: Peer) -> None:
    """Read the client's hello, and reset the connection."""
    await peer.hello()
    peer.reset()


async def greeting(peer: Peer) -> None:
    """Speak first, as no TLS does."""
    await peer.say(b"220 mail.example ESMTP\r\n")
    await peer.gone()


def refusing_in(tls: ssl.SSLContext) -> Script:
    """Make a handshake that fails, and say why, as servers outside of asyncio do."""

    async def script(peer: Peer) -> None:
        heard, said = ssl.MemoryBIO(), ssl.MemoryBIO()
        session = tls.wrap_bio(heard, said, server_side=True)
        is_failed = False
        while not is_failed:
            try:
                session.do_handshake()
            except ssl.SSLError as error:
                is_failed = not isinstance(error, ssl.SSLWantReadError)
            await peer.say(said.read())
            heard.write(await peer.reader.read(65536))
        await peer.gone()

    return script


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (cut, "tls-cut-off"),
        (reset, "tls-cut-off"),
        (saying(HELLO_OF_TLS_1_0[:20]), "tls-cut-off"),
        (saying(ALERT_PROTOCOL_VERSION), "tls-too-old"),
        (saying(HELLO_OF_TLS_1_0), "tls-too-old"),
        (saying(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "tls-not-spoken"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "tls-not-spoken"),
        (greeting, "tls-not-spoken"),
        (saying(ALERT_HANDSHAKE_FAILURE), "tls-refused"),
        (saying(ALERT_UNRECOGNIZED_NAME), "tls-refused"),
        (saying(ALERT_INTERNAL_ERROR), "tls-failed"),
    ],
)
async def test_a_handshake_that_fails_is_unsent_and_named(script: Script, reason: str) -> None:
    async with RawServer(script) as server:
        outcome = await send(server, Egress())
    assert (outcome, server.requests) == (Unsent(reason=reason), [])


@pytest.mark.parametrize(
    ("name", "since", "until", "reason"),
    [
        ("other.example", None, FUTURE, "certificate-wrong-name"),
        ("*.upstream.example", None, FUTURE, "certificate-wrong-name"),
        (NAME, None, PAST, "certificate-expired"),
        (NAME, FUTURE, FUTURE + YEAR, "certificate-not-yet-valid"),
    ],
)
async def test_a_certificate_that_does_not_fit_is_unsent_and_named(
    authority: Authority,
    name: str,
    since: datetime.datetime | None,
    until: datetime.datetime,
    reason: str,
) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority.issue(name, since=since, until=until))
    async with RawServer(answering(ACCEPTED), tls=tls) as server:
        outcome = await send(server, Egress(ca_file=authority.ca_file))
    assert (outcome, server.requests) == (Unsent(reason=reason), [])


async def test_a_certificate_of_an_unknown_authority_is_unsent_and_named(
    authority: Authority, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path, "stranger")
    async with RawServer(answering(ACCEPTED), tls=stranger.server(NAME)) as server:
        outcome = await send(server, Egress(ca_file=authority.ca_file))
    assert outcome == Unsent(reason="certificate-unknown-issuer")


async def test_a_certificate_for_another_name_is_refused_for_an_address(
    authority: Authority,
) -> None:
    async with (
        RawServer(answering(ACCEPTED), tls=authority.server(NAME)) as server,
        client(server.url(scheme="https"), egress=Egress(ca_file=authority.ca_file)) as messages,
    ):
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert outcome == Unsent(reason="certificate-wrong-name")


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_whoever_asks_for_a_client_certificate_gets_ours(
    authority: Authority, newest: ssl.TLSVersion
) -> None:
    tls = authority.server(NAME, asks=authority)
    tls.maximum_version = newest
    egress = Egress(ca_file=authority.ca_file, client_cert=authority.issue("gateway.example"))
    async with RawServer(answering(ACCEPTED), tls=tls) as server:
        assert isinstance(await send(server, egress), Answered)


@pytest.mark.parametrize(
    ("newest", "outcome"),
    [
        (ssl.TLSVersion.TLSv1_2, Unsent(reason="tls-refused")),
        # It is refused only after the request was written: nobody can tell that it was not read.
        (ssl.TLSVersion.TLSv1_3, InDoubt(reason="client-certificate-required")),
    ],
)
async def test_a_missing_client_certificate_is_named(
    authority: Authority, newest: ssl.TLSVersion, outcome: SendOutcome
) -> None:
    tls = authority.server(NAME, asks=authority)
    tls.maximum_version = newest
    async with RawServer(refusing_in(tls)) as server:
        seen = await send(server, Egress(ca_file=authority.ca_file))
    assert (seen, server.requests) == (outcome, [])


@pytest.mark.parametrize(
    ("newest", "kind"), [(ssl.TLSVersion.TLSv1_2, Unsent), (ssl.TLSVersion.TLSv1_3, InDoubt)]
)
async def test_a_client_certificate_that_is_not_taken_is_named(
    authority: Authority, tmp_path: Path, newest: ssl.TLSVersion, kind: type[Unsent | InDoubt]
) -> None:
    stranger = Authority(tmp_path, "stranger")
    tls = authority.server(NAME, asks=authority)
    tls.maximum_version = newest
    egress = Egress(ca_file=authority.ca_file, client_cert=stranger.issue("gateway.example"))
    async with RawServer(refusing_in(tls)) as server:
        seen = await send(server, egress)
    assert (seen, server.requests) == (kind(reason="client-certificate-refused"), [])


async def test_a_tls_connection_is_used_again(authority: Authority) -> None:
    async def twice(peer: Peer) -> None:
        for _ in range(2):
            await peer.request()
            await peer.say(ACCEPTED)
        await peer.gone()

    async with (
        RawServer(twice, tls=authority.server(NAME)) as server,
        client(
            server.url(scheme="https", host=NAME), egress=Egress(ca_file=authority.ca_file)
        ) as messages,
    ):
        for _ in range(2):
            await messages.send(BODY, authorization="Bearer token")
        assert (len(server.requests), server.connections) == (2, 1)


async def test_a_tls_connection_whose_request_was_not_read_to_its_end_is_not_used_again(
    authority: Authority,
) -> None:
    async def answering_early(peer: Peer) -> None:
        await peer.head()
        await peer.say(ACCEPTED)
        await done.wait()

    async def once(peer: Peer) -> None:
        await peer.request()
        await peer.say(ACCEPTED)
        await peer.gone()

    done = asyncio.Event()
    async with (
        RawServer(answering_early, once, tls=authority.server(NAME)) as server,
        client(
            server.url(scheme="https", host=NAME), egress=Egress(ca_file=authority.ca_file)
        ) as messages,
    ):
        await messages.send(b"a" * 10_000_000, authorization="Bearer token")
        await messages.send(BODY, authorization="Bearer token")
        done.set()
        assert (len(server.requests), server.connections) == (1, 2)
