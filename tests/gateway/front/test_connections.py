"""Connections: requests in order, answers as ASGI gives them, and how it ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from starlette.types import ASGIApp, Message

from gateway.front.limits import Limits
from tests.gateway.front.apps import Echo, Holding, Sending
from tests.gateway.front.requests import HOST, chunks, get, head
from tests.gateway.front.served import Served, nothing_around, served
from tests.gateway.front.test_rows import status_of
from tests.support.wire import connected, takes_connections, wait_until


def start(status: int, *headers: tuple[bytes, bytes]) -> Message:
    """Return the beginning of an answer."""
    return {"type": "http.response.start", "status": status, "headers": list(headers)}


def part(body: bytes, *, more: bool = False) -> Message:
    """Return a part of an answer's body."""
    return {"type": "http.response.body", "body": body, "more_body": more}


@pytest.fixture
def echo() -> Echo:
    """An application that tells what it got."""
    return Echo()


@pytest.fixture
def server(echo: Echo) -> Iterator[Served]:
    """A server of `echo`."""
    with served(lambda: nothing_around(echo)) as running:
        yield running


def raw(app: ASGIApp, request: bytes) -> bytes:
    """Return all that a server sends until it closes."""
    with served(lambda: nothing_around(app)) as running, connected(running.address) as wire:
        wire.send(request)
        wire.end()
        return wire.rest()


# In


def test_h37_fifty_pipelined_requests_are_served_in_order(server: Served) -> None:
    with connected(server.address) as wire:
        wire.send(b"".join(get(f"/{number}") for number in range(50)))
        told = [(wire.answer() or pytest.fail("closed")).body for _ in range(50)]
    assert told == [f"/{number} 0".encode() for number in range(50)]


def test_pipelined_requests_with_bodies_keep_their_own(server: Served, echo: Echo) -> None:
    requests = [
        head(f"POST /{number} HTTP/1.1", HOST, f"Content-Length: {number}") + b"x" * number
        for number in range(20)
    ]
    with connected(server.address) as wire:
        wire.send(b"".join(requests))
        for _ in requests:
            wire.answer()
    assert echo.seen == [(f"/{number}", b"x" * number) for number in range(20)]


def test_a_request_may_come_byte_by_byte(server: Served, echo: Echo) -> None:
    request = head("POST /slow HTTP/1.1", HOST, "Transfer-Encoding: chunked") + chunks(b"ab", b"c")
    with connected(server.address) as wire:
        for byte in request:
            wire.send(bytes([byte]))
        assert status_of(wire.answer()) == 200
    assert echo.seen == [("/slow", b"abc")]


def test_more_pipelined_requests_than_may_wait_are_answered_as_far_as_they_may(
    server: Served,
) -> None:
    with connected(server.address) as wire:
        wire.send(b"".join(get(f"/{number}") for number in range(500)))
        told = []
        while (answer := wire.answer()) is not None:
            told.append(answer.body)
    assert told == [f"/{number} 0".encode() for number in range(len(told))]
    assert 50 <= len(told) <= 66


def test_an_ill_formed_request_is_refused_after_those_before_it(server: Served) -> None:
    with connected(server.address) as wire:
        wire.send(get("/1") + get("/2") + get("/3", host="") + get("/4"))
        told = [status_of(wire.answer()) for _ in range(4)]
    assert told == [200, 200, 400, None]


def test_what_follows_a_request_that_closes_is_not_answered(server: Served, echo: Echo) -> None:
    with connected(server.address) as wire:
        wire.send(get("/1", "Connection: close") + get("/2"))
        told = [status_of(wire.answer()) for _ in range(2)]
    assert (told, echo.seen) == ([200, None], [("/1", b"")])


def test_h36_a_client_that_hangs_up_in_its_body_reaches_nobody(server: Served, echo: Echo) -> None:
    with connected(server.address) as wire:
        wire.send(head("POST / HTTP/1.1", HOST, "Content-Length: 9") + b"half")
    wait_until(lambda: server.front.places.count == 0)
    assert echo.seen == []


def test_who_sends_no_more_still_gets_its_answer() -> None:
    holding = Holding()
    with served(lambda: nothing_around(holding)) as running, connected(running.address) as wire:
        wire.send(get("/held"))
        wire.end()
        wait_until(lambda: holding.begun == 1)
        holding.let_go()
        assert status_of(wire.answer()) == 200
        assert wire.is_closed()


def test_a_client_that_waits_for_100_continue_gets_it(server: Served, echo: Echo) -> None:
    with connected(server.address) as wire:
        wire.send(head("POST / HTTP/1.1", HOST, "Content-Length: 2", "Expect: 100-continue"))
        first = status_of(wire.answer())
        wire.send(b"ok")
        assert (first, status_of(wire.answer())) == (100, 200)
    assert echo.seen == [("/", b"ok")]


def test_a_client_that_does_not_wait_for_100_continue_gets_none(server: Served) -> None:
    with connected(server.address) as wire:
        lines = (HOST, "Content-Length: 2", "Expect: 100-continue")
        wire.send(head("POST / HTTP/1.1", *lines) + b"ok")
        assert status_of(wire.answer()) == 200


def test_an_offer_of_http_2_is_passed_over_with_its_body(server: Served, echo: Echo) -> None:
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAA")
    with connected(server.address) as wire:
        wire.send(head("POST /a HTTP/1.1", HOST, "Content-Length: 9", *offer))
        wire.send(b"the body!")
        wire.send(get("/b"))
        assert [status_of(wire.answer()) for _ in range(2)] == [200, 200]
    assert echo.seen == [("/a", b"the body!"), ("/b", b"")]


def test_the_application_sees_what_asgi_asks_for(server: Served, echo: Echo) -> None:
    with connected(server.address) as wire:
        wire.send(get("/a%20b?c=%20d", "X-Name: Value"))
        wire.answer()
    (scope,) = echo.scopes
    assert scope["server"] == server.address
    assert scope["client"][0] == "127.0.0.1"
    assert {**scope, "server": 0, "client": 0} == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": 0,
        "client": 0,
        "scheme": "http",
        "root_path": "",
        "headers": [(b"host", b"gateway.example.com"), (b"x-name", b"Value")],
        "state": {},
        "method": "GET",
        "path": "/a b",
        "raw_path": b"/a%20b",
        "query_string": b"c=%20d",
    }


# Out


def test_an_answer_has_a_date_and_no_server(server: Served) -> None:
    with connected(server.address) as wire:
        wire.send(get())
        answer = wire.answer()
    assert answer is not None
    assert set(answer.headers) == {"content-length", "date"}


def test_a_head_request_gets_no_body(server: Served) -> None:
    with connected(server.address) as wire:
        wire.send(head("HEAD /a HTTP/1.1", HOST) + get("/b"))
        first, second = wire.answer(is_head=True), wire.answer()
    assert first is not None
    assert second is not None
    assert (first.headers["content-length"], second.body) == ("4", b"/b 0")


def test_an_answer_in_parts_is_chunked() -> None:
    app = Sending([start(200), part(b"ab", more=True), part(b"", more=True), part(b"c")])
    told = raw(app, get())
    assert b"transfer-encoding: chunked\r\n" in told
    assert told.endswith(b"\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")


def test_an_answer_in_parts_ends_with_the_connection_in_http_1_0() -> None:
    app = Sending([start(200), part(b"ab", more=True), part(b"c")])
    told = raw(app, head("GET / HTTP/1.0"))
    assert b"chunked" not in told
    assert told.endswith(b"\r\n\r\nabc")


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_that_has_no_body_has_no_length(status: int) -> None:
    told = raw(Sending([start(status), part(b"")]), get())
    assert told.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-length" not in told
    assert told.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [start(200)],
        [part(b"")],
        [start(200, (b"content-length", b"2")), part(b"abc")],
        [start(200, (b"content-length", b"4")), part(b"abc")],
        [start(200, (b"x", b"a\r\nset-cookie: b")), part(b"")],
        [start(200, (b"x\n", b"a")), part(b"")],
        [start(200), start(200), part(b"")],
    ],
)
def test_an_application_that_gives_no_answer_is_answered_for(messages: list[Message]) -> None:
    told = raw(Sending(messages), get())
    assert told.startswith(b"HTTP/1.1 500 ")
    assert b"connection: close\r\n" in told
    assert b"set-cookie" not in told


def test_an_answer_that_breaks_off_closes_the_connection() -> None:
    app = Sending([start(200, (b"content-length", b"9")), part(b"abc", more=True), start(200)])
    assert len(raw(app, get()).partition(b"\r\n\r\n")[2]) < 9


def test_a_client_that_does_not_read_is_closed_and_takes_no_memory() -> None:
    limits = replace(Limits(), unread_s=0.2, sweep_s=0.05)
    app = Sending([start(200), part(b"x" * 100_000)])
    with served(lambda: nothing_around(app), limits) as running, connected(running.address) as wire:
        wire.send(get() * 60)
        wait_until(lambda: running.refused("unread") == 1)
        assert running.front.places.count == 0


# The end


def test_a_server_that_ends_closes_who_has_not_sent_a_whole_request(server: Served) -> None:
    with connected(server.address) as silent, connected(server.address) as half:
        half.send(get()[:-2])
        wait_until(lambda: server.front.places.count == 2)
        server.shut_down()
        assert silent.is_closed()
        assert half.is_closed()


def test_a_server_that_ends_answers_what_came_in_whole() -> None:
    holding = Holding()
    with served(lambda: nothing_around(holding)) as running, connected(running.address) as wire:
        wire.send(get("/held") + get("/2"))
        wait_until(lambda: holding.begun == 1)
        running.shut_down()
        wait_until(lambda: not takes_connections(running.address))
        holding.let_go()
        assert [status_of(wire.answer()) for _ in range(2)] == [200, 200]
        assert wire.is_closed()
