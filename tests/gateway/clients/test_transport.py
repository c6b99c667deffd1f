"""What both clients stand on: the phase of a failure, strict reading, and `Retry-After`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from gateway.clients.transport import Exchange, Fault, exchange, open_session, retry_after_s
from tests.gateway.clients.peers import (
    LOOPBACK,
    Peer,
    RawServer,
    StubResolver,
    answering,
    answering_then_closing,
    flooding,
)

NOW_S = 1_445_412_470  # ten seconds before the date below
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session(LOOPBACK, StubResolver(), connect_s=1.0, tls=None) as opened:
        yield opened


async def post(session: aiohttp.ClientSession, server: RawServer, **headers: str) -> Exchange:
    return await exchange(session, URL(server.url("/")), b"{}", headers, deadline_s=5.0)


async def test_the_phase_is_marked_before_the_first_byte_is_written(
    session: aiohttp.ClientSession,
) -> None:
    seen = Exchange()
    arrived: list[bytes] = []

    async def listening(peer: Peer) -> None:
        arrived.append(await peer.gone())
        done.set()

    done = asyncio.Event()
    async with RawServer(listening) as server:
        with pytest.raises(ValueError, match="header"):
            # A header that cannot be written stops aiohttp between the mark and the first byte.
            await session.post(server.url("/"), headers={"X": "\r\n"}, trace_request_ctx=seen)
        await done.wait()
    assert (seen.began, arrived) == (True, [b""])


@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 40"],
    ids=["a whole answer", "a part of one"],
)
async def test_a_connection_that_speaks_while_idle_is_not_used_again(
    session: aiohttp.ClientSession, words: bytes
) -> None:
    closed = asyncio.Event()

    async def speaking(peer: Peer) -> None:
        await peer.request()
        await peer.say(ACCEPTED)
        await spoken_to.wait()
        await peer.say(words)
        try:
            await peer.gone()
        finally:
            closed.set()

    spoken_to = asyncio.Event()
    # Shorter than the pool keeps idle connections, so that it is not the pool that closes it.
    async with asyncio.timeout(2.0), RawServer(speaking, answering(ACCEPTED)) as server:
        first = await post(session, server)
        spoken_to.set()
        await closed.wait()
        second = await post(session, server)
        assert ([first.http_status, second.http_status], server.connections) == ([202, 202], 2)


async def test_what_follows_an_answers_last_byte_is_not_the_next_answer(
    session: aiohttp.ClientSession,
) -> None:
    head_seen = asyncio.Event()

    async def saying_too_much(peer: Peer) -> None:
        await peer.request()
        await peer.say(ACCEPTED[:-1])
        await head_seen.wait()
        await peer.say(ACCEPTED[-1:] + b"HTTP/1.1 500 Stray\r\nContent-Length: 0\r\n\r\n")
        await peer.gone()

    async with RawServer(saying_too_much, answering(ACCEPTED)) as server:
        async with session.post(server.url("/"), data=b"{}", trace_request_ctx=Exchange()) as first:
            head_seen.set()
            await first.read()
        second = await post(session, server)
    assert second.http_status == 202


async def test_reading_stops_at_the_cap_and_not_at_the_end(
    session: aiohttp.ClientSession,
) -> None:
    promised = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    async with asyncio.timeout(2.0), RawServer(answering(promised, b"a" * 65536)) as server:
        assert len((await post(session, server)).body) == 65536


@pytest.mark.parametrize(
    ("answer", "is_whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n" + b"a" * 65536, True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n" + b"a" * 65536, False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", False),
        (b"HTTP/1.1 200 OK\r\n\r\na", True),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"", False),
    ],
    ids=["cap", "beyond the cap", "short", "chunked", "cut off", "until closed", "none", "nothing"],
)
async def test_it_is_known_whether_the_body_came_whole(
    session: aiohttp.ClientSession, answer: bytes, is_whole: bool
) -> None:
    async with RawServer(answering_then_closing(answer)) as server:
        assert (await post(session, server)).is_whole is is_whole


async def test_a_connection_whose_answer_was_read_is_used_again(
    session: aiohttp.ClientSession,
) -> None:
    async def twice(peer: Peer) -> None:
        await answering_then_closing(ACCEPTED)(peer)
        await answering(ACCEPTED)(peer)

    async with RawServer(twice) as server:
        await post(session, server)
        await post(session, server)
        assert (server.connections, len(server.requests)) == (1, 2)


@pytest.mark.parametrize(
    "script",
    [
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2000),
        flooding(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 1000),
        flooding(b"HTTP/1.1 200 OK\r\n", b"X-Header: value\r\n" * 100),
        flooding(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 10_000),
        flooding(b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 8000 + b"\r\n"),
    ],
    ids=["1xx", "early hints", "small headers", "one endless header", "large headers"],
)
async def test_a_head_without_end_is_cut_long_before_the_deadline(
    session: aiohttp.ClientSession, script: object
) -> None:
    async with RawServer(script) as server:  # type: ignore[arg-type]
        seen = await post(session, server)
    assert seen.fault is Fault.UNREADABLE_RESPONSE


async def test_a_few_informational_answers_are_passed_over(
    session: aiohttp.ClientSession,
) -> None:
    async with RawServer(answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 3, ACCEPTED)) as server:
        assert (await post(session, server)).http_status == 202


@pytest.mark.parametrize(
    ("value", "wait_s"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        ("1000000000", 1e9),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("\u0661\u0662", None),
        ("9" * 5000, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 10.0),
        ("Wed, 21 Oct 2015 07:27:50 GMT", None),
        ("Wed, 21 Oct 1915 07:28:00 GMT", None),
        ("Wed, 21 Oct 2015 07:28:00 -0000", None),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
    ],
)
def test_c10_retry_after_is_read_as_seconds(value: str | None, wait_s: float | None) -> None:
    assert retry_after_s(value, now_s=NOW_S) == wait_s


@given(st.text(max_size=70) | st.text("MonOct 0123456789:,GMT+-", max_size=40))
def test_no_retry_after_is_negative_or_raises(value: str) -> None:
    assert (retry_after_s(value, now_s=NOW_S) or 0.0) >= 0
