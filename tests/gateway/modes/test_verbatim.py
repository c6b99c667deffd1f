"""What goes through keeps its bytes, and what did not come whole is not passed on as whole."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from gateway.modes.forward import (
    MAX_ANSWER,
    Forwarder,
    Headers,
    NotPassed,
    Passed,
    PassedInDoubt,
    Passing,
)
from gateway.modes.verbatim import from_bytes
from tests.gateway.clients.peers import LOOPBACK, RawServer, answering, answering_then_closing

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
CHUNKED = b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n"
ODD_BYTES = [b"caf\xe9", "café".encode(), "5 €".encode(), b"\xff\xfe", "\U0001f600".encode()]
LONG = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Own: 1\r\nContent-Length: %d\r\n\r\n"


@contextlib.asynccontextmanager
async def forwarding(
    *, status_decides: bool = False, deadline_s: float = 5
) -> AsyncIterator[Forwarder]:
    """Forward to servers on loopback."""
    forwarder = Forwarder(policy=LOOPBACK, deadline_s=deadline_s, status_decides=status_decides)
    yield forwarder
    await forwarder.close()


async def request_seen(
    headers: Headers = (), *, query: bytes = b"", body: bytes = b"{}", path: str = "/there"
) -> bytes:
    """Pass a request on, and return its bytes."""
    async with RawServer(answering(OK)) as server, forwarding() as forwarder:
        await forwarder.post(server.url(path), body, headers, query=query)
    (request,) = server.requests
    return request


async def passed(answer: bytes, *, status_decides: bool = False) -> Passing:
    """Pass a request on to a server that answers so and hangs up."""
    async with (
        RawServer(answering_then_closing(answer)) as server,
        forwarding(status_decides=status_decides) as forwarder,
    ):
        return await forwarder.post(server.url("/"), b"{}", [])


class TestRequests:
    @pytest.mark.parametrize("value", ODD_BYTES)
    async def test_a_header_keeps_its_bytes(self, value: bytes) -> None:
        request = await request_seen([("x-name", from_bytes(value))])
        assert b"\r\nx-name: " + value + b"\r\n" in request

    async def test_the_head_of_a_request_without_a_body_is_ours_as_well(self) -> None:
        request = await request_seen([("x-name", from_bytes(b"\xe9"))], body=b"")
        assert b"\r\nx-name: \xe9\r\n" in request

    @pytest.mark.parametrize("name", [b"user-agent", b"accept", b"content-type"])
    async def test_a_header_that_nobody_sent_is_not_added(self, name: bytes) -> None:
        request = await request_seen([("x-name", "1")])
        assert b"\r\n" + name + b":" not in request.lower()

    async def test_a_long_head_goes_on_whole(self) -> None:
        value = "x" * 40_000
        assert value.encode() in await request_seen([("x-name", value)])

    @pytest.mark.parametrize(
        "query",
        [b"a=1", b"a=%zz&b=%2F", b'b={"x"}|^`', b"&&=?/+", b"c=\xc3\xa9&d=\xe9", b"e=[1]\\"],
    )
    async def test_a_query_keeps_its_bytes(self, query: bytes) -> None:
        request = await request_seen(query=query)
        assert request.startswith(b"POST /there?" + query + b" HTTP/1.1\r\n")

    async def test_a_query_cannot_end_the_request_line(self) -> None:
        request = await request_seen(query=b"a= \r\n\x0c")
        assert request.startswith(b"POST /there?a=%20%0D%0A%0C HTTP/1.1\r\n")

    async def test_a_query_goes_to_the_same_server(self) -> None:
        async with RawServer(answering(OK)) as server, forwarding() as forwarder:
            await forwarder.post(server.url("/"), b"{}", [], query=b"@elsewhere.example.com/")
        assert server.requests[0].startswith(b"POST /?@elsewhere.example.com/ HTTP/1.1\r\n")


class TestAnswers:
    @pytest.mark.parametrize("value", ODD_BYTES)
    async def test_a_header_keeps_its_bytes(self, value: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nX-Name: " + value + b"\r\nContent-Length: 0\r\n\r\n"
        assert await passed(head) == Passed(
            http_status=200, headers=[("X-Name", from_bytes(value))], body=b""
        )

    async def test_a_header_that_http_does_not_allow_is_left_out(self) -> None:
        head = b"HTTP/1.1 200 OK\r\nX-Bad: a\x01b\r\nX-Own: 1\r\nContent-Length: 0\r\n\r\n"
        assert await passed(head) == Passed(http_status=200, headers=[("X-Own", "1")], body=b"")

    async def test_a_status_beyond_the_known_classes_is_no_answer(self) -> None:
        head = b"HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n"
        assert await passed(head) == PassedInDoubt(reason="unreadable-response")

    async def test_a_body_that_ends_with_the_connection_is_whole(self) -> None:
        assert await passed(b"HTTP/1.1 200 OK\r\n\r\nall of it") == Passed(
            http_status=200, headers=[], body=b"all of it"
        )

    @pytest.mark.parametrize(
        "answer",
        [
            CHUNKED + b'10\r\n{"dispatch_uuid"\r\n',
            CHUNKED + b"10\r\n{",
            CHUNKED,
            b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n{",
        ],
        ids=["no last chunk", "half a chunk", "no chunk", "short"],
    )
    async def test_a_body_that_breaks_off_is_in_doubt(self, answer: bytes) -> None:
        assert await passed(answer) == PassedInDoubt(reason="unreadable-response")

    async def test_a_body_that_does_not_end_in_time_is_in_doubt(self) -> None:
        async with (
            RawServer(answering(CHUNKED + b"1\r\n{\r\n")) as server,
            forwarding(deadline_s=0.1) as forwarder,
        ):
            passing = await forwarder.post(server.url("/"), b"{}", [])
        assert passing == PassedInDoubt(reason="unreadable-response")

    async def test_a_body_of_many_kilobytes_goes_through(self) -> None:
        body = b"a" * 200_000
        passing = await passed(LONG % len(body) + body)
        assert isinstance(passing, Passed)
        assert passing.body == body

    async def test_a_body_beyond_the_limit_is_in_doubt(self) -> None:
        body = b"a" * (MAX_ANSWER + 1)
        assert await passed(LONG % len(body) + body) == PassedInDoubt(reason="unreadable-response")


class TestWithoutAnAnswer:
    async def test_where_nobody_listens_nothing_left(self) -> None:
        async with RawServer(answering(OK)) as server:
            url = server.url("/")
        async with forwarding() as forwarder:
            passing = await forwarder.post(url, b"{}", [])
        assert passing == NotPassed(reason="connection-refused")

    async def test_silence_is_in_doubt(self) -> None:
        async with RawServer(answering(b"")) as server, forwarding(deadline_s=0.1) as forwarder:
            passing = await forwarder.post(server.url("/"), b"{}", [])
        assert passing == PassedInDoubt(reason="deadline-passed")


class TestWhereTheStatusDecides:
    @pytest.mark.parametrize("sent", [MAX_ANSWER + 1, 10])
    async def test_it_counts_without_the_end_of_its_body(self, sent: int) -> None:
        answer = LONG % (MAX_ANSWER + 1) + b"a" * sent
        assert await passed(answer, status_decides=True) == Passed(
            http_status=200, headers=[("X-Own", "1")], body=b""
        )

    async def test_a_body_that_is_whole_goes_through(self) -> None:
        assert await passed(LONG % 2 + b"ok", status_decides=True) == Passed(
            http_status=200, headers=[("Content-Type", "text/html"), ("X-Own", "1")], body=b"ok"
        )

    async def test_no_status_is_in_doubt_all_the_same(self) -> None:
        assert await passed(b"", status_decides=True) == PassedInDoubt(reason="connection-lost")
