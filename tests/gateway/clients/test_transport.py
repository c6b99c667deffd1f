"""What both clients stand on: the phase of a failure, strict reading, and `Retry-After`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.connection import Exchange
from gateway.clients.egress import Egress
from gateway.clients.faults import Fault
from gateway.clients.guard import Blocked, Target, dial_target
from gateway.clients.transport import Transport, retry_after_s
from tests.gateway.clients.peers import (
    LOOPBACK,
    Peer,
    RawServer,
    StubResolver,
    answering,
    answering_then_closing,
    flooding,
    silent,
)

NOW_S = 1_445_412_470  # ten seconds before the date below
ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    opened = Transport(LOOPBACK, egress=Egress(), connect_s=1.0, resolver=StubResolver())
    yield opened
    await opened.close()


def target(server: RawServer, path: str = "/") -> Target:
    dialled = dial_target(server.url(path), LOOPBACK)
    assert not isinstance(dialled, Blocked)
    return dialled


async def post(transport: Transport, server: RawServer, **headers: str) -> Exchange:
    return await transport.exchange(target(server), b"{}", headers.items(), deadline_s=5.0)


async def test_who_is_told_that_it_began_is_told_before_the_first_byte(
    transport: Transport,
) -> None:
    arrived: list[bytes] = []

    async def listening(peer: Peer) -> None:
        arrived.append(await peer.gone())
        done.set()

    def stop() -> None:
        raise ConnectionAbortedError

    done = asyncio.Event()
    async with RawServer(listening) as server:
        with pytest.raises(ConnectionAbortedError):
            await transport.exchange(target(server), b"{}", (), deadline_s=5.0, began=stop)
        await done.wait()
    assert arrived == [b""]


@pytest.mark.parametrize("value", ["a\r\nb", "a\nb", "a\rb", "a\0b"])
async def test_a_header_that_would_end_before_its_end_is_not_sent(
    transport: Transport, value: str
) -> None:
    async with RawServer(answering(ACCEPTED)) as server:
        with pytest.raises(ValueError, match="header"):
            await post(transport, server, X=value)
    assert server.connections == 0


@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 40"],
    ids=["a whole answer", "a part of one"],
)
async def test_a_connection_that_speaks_while_idle_is_not_used_again(
    transport: Transport, words: bytes
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
        first = await post(transport, server)
        spoken_to.set()
        await closed.wait()
        second = await post(transport, server)
        assert ([first.http_status, second.http_status], server.connections) == ([202, 202], 2)


@pytest.mark.parametrize("stray", [b"HTTP/1.1 500 Stray\r\nContent-Length: 0\r\n\r\n", b"HTT"])
async def test_what_follows_an_answers_last_byte_is_not_the_next_answer(
    transport: Transport, stray: bytes
) -> None:
    async def saying_too_much(peer: Peer) -> None:
        await peer.request()
        await peer.say(ACCEPTED[:-1])
        await peer.taken()
        await peer.say(ACCEPTED[-1:] + stray)
        await peer.gone()

    async with RawServer(saying_too_much, answering(ACCEPTED)) as server:
        answers = [await post(transport, server) for _ in range(2)]
        assert ([each.http_status for each in answers], server.connections) == ([202, 202], 2)


async def test_reading_stops_at_the_cap_and_not_at_the_end(
    transport: Transport,
) -> None:
    promised = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"
    async with asyncio.timeout(2.0), RawServer(answering(promised, b"a" * 65536)) as server:
        assert len((await post(transport, server)).body) == 65536


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
    transport: Transport, answer: bytes, is_whole: bool
) -> None:
    async with RawServer(answering_then_closing(answer)) as server:
        assert (await post(transport, server)).is_whole is is_whole


async def test_a_connection_whose_answer_was_read_is_used_again(
    transport: Transport,
) -> None:
    async def twice(peer: Peer) -> None:
        await answering_then_closing(ACCEPTED)(peer)
        await answering(ACCEPTED)(peer)

    async with RawServer(twice) as server:
        await post(transport, server)
        await post(transport, server)
        assert (server.connections, len(server.requests)) == (1, 2)


async def test_connections_of_several_requests_at_once_are_used_again(
    transport: Transport,
) -> None:
    async def many(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(ACCEPTED)

    async with RawServer(many) as server:
        for _ in range(3):
            await asyncio.gather(*(post(transport, server) for _ in range(4)))
        assert (server.connections, len(server.requests)) == (4, 12)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nKeep-Alive: timeout=0\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
    ],
    ids=["close", "HTTP/1.0", "no time left", "another protocol"],
)
async def test_a_connection_that_the_server_gives_up_is_not_used_again(
    transport: Transport, answer: bytes
) -> None:
    async with RawServer(answering(answer)) as server:
        for _ in range(2):
            await post(transport, server)
        assert server.connections == 2


async def test_an_end_that_only_the_kernel_knows_of_is_noticed(transport: Transport) -> None:
    async with RawServer(answering(ACCEPTED)) as server:
        await post(transport, server)
        # Not one turn of the loop lies between the end and the next request.
        server.hang_up()
        assert (await post(transport, server)).http_status == 202
        assert (server.connections, len(server.requests)) == (2, 2)


async def test_trailers_are_no_headers(transport: Transport) -> None:
    answer = (
        b"HTTP/1.1 429 Slow\r\nTransfer-Encoding: chunked\r\nTrailer: Retry-After\r\n\r\n"
        b"2\r\nok\r\n0\r\nRetry-After: 9\r\n\r\n"
    )
    async with RawServer(answering(answer)) as server:
        seen = await post(transport, server)
    assert (seen.header(b"retry-after"), seen.is_whole, bytes(seen.body)) == (None, True, b"ok")


@pytest.mark.parametrize("method", ["HEAD", "GET", "OPTIONS"])
async def test_other_methods_are_asked_without_a_body(transport: Transport, method: str) -> None:
    answer = b"HTTP/1.1 200 OK\r\nDate: now\r\nContent-Length: 5\r\n\r\n"
    body = b"" if method == "HEAD" else b"hello"
    left: list[bytes] = []

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer + body)
        left.append(await peer.gone())
        done.set()

    done = asyncio.Event()
    async with RawServer(script) as server:
        seen = await transport.exchange(target(server), b"{}", (), deadline_s=2.0, method=method)
        await transport.close()
        await done.wait()
    assert left == [b""]
    assert (seen.header(b"date"), seen.is_whole, bytes(seen.body)) == ("now", True, body)
    assert b"content-length" not in server.requests[0].lower()


async def test_another_name_may_be_asked_for_than_is_dialled(transport: Transport) -> None:
    async with RawServer(answering(ACCEPTED)) as server:
        await transport.exchange(target(server), b"{}", (), deadline_s=2.0, host="other.example")
    assert server.requests[0].count(b"Host: ") == 1
    assert b"\r\nHost: other.example\r\n" in server.requests[0]


async def test_whoever_is_cut_off_in_the_middle_is_told_that_bytes_left(
    transport: Transport,
) -> None:
    began = asyncio.Event()
    async with RawServer(silent) as server:
        asking = asyncio.create_task(
            transport.exchange(target(server), b"{}", (), deadline_s=9.0, began=began.set)
        )
        await server.asked.wait()
        await transport.close()
        seen = await asking
    assert (began.is_set(), seen.began, seen.fault) == (True, True, Fault.CONNECTION_LOST)


async def test_a_connection_whose_request_was_not_read_to_its_end_is_not_used_again(
    transport: Transport,
) -> None:
    async def answering_early(peer: Peer) -> None:
        await peer.head()
        await peer.say(ACCEPTED)
        await done.wait()

    done = asyncio.Event()
    async with RawServer(answering_early, answering(ACCEPTED)) as server:
        await transport.exchange(target(server), b"a" * 30_000_000, (), deadline_s=5.0)
        assert (await post(transport, server)).http_status == 202
        done.set()
        assert server.connections == 2


async def test_an_answer_that_ends_before_the_request_is_read_is_not_waited_for(
    transport: Transport,
) -> None:
    async def answering_early(peer: Peer) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 413 Too Large\r\n\r\nlarge")
        peer.writer.write_eof()
        await done.wait()

    done = asyncio.Event()
    async with RawServer(answering_early) as server:
        async with asyncio.timeout(4.0):
            seen = await transport.exchange(target(server), b"a" * 30_000_000, (), deadline_s=9.0)
        done.set()
    assert (seen.http_status, bytes(seen.body), seen.is_whole) == (413, b"large", True)


async def test_a_large_request_goes_out_whole(transport: Transport) -> None:
    body = b"a" * 1_000_000
    async with RawServer(answering(ACCEPTED)) as server:
        await transport.exchange(target(server), body, (), deadline_s=5.0)
    assert server.requests[0].endswith(body)


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
    transport: Transport, script: object
) -> None:
    async with RawServer(script) as server:  # type: ignore[arg-type]
        seen = await post(transport, server)
    assert seen.fault is Fault.UNREADABLE_RESPONSE


async def test_a_few_informational_answers_are_passed_over(
    transport: Transport,
) -> None:
    async with RawServer(answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 3, ACCEPTED)) as server:
        assert (await post(transport, server)).http_status == 202


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
