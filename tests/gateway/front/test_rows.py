"""What strangers send: every row over a plain socket, against the gateway as it is served.

The rows H1 to H43 of the threat catalogue. What takes time (H31 to H35) is in `test_deadlines.py`
and `test_places.py`, and hanging up (H36) and pipelining (H37) in `test_connections.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson
import pytest
from starlette.types import ASGIApp

from tests.gateway.front.requests import (
    BASIC,
    BODY,
    HOST,
    JSON,
    chunks,
    get,
    head,
    post,
    sized,
)
from tests.gateway.front.served import Served, served
from tests.support.wire import Answer, Wire, connected
from tests.support.world import a_world

CHUNKED = "Transfer-Encoding: chunked"
LENGTH = f"Content-Length: {len(BODY)}"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A gateway, as it is served."""
    with served(lambda: a_gateway(tmp_path_factory.mktemp("rows"))) as running:
        yield running


@contextlib.asynccontextmanager
async def a_gateway(folder: Path) -> AsyncIterator[ASGIApp]:
    """Run the gateway's application."""
    async with a_world(folder) as world:
        yield world.gateway.app()


@pytest.fixture
def wire(gateway: Served) -> Iterator[Wire]:
    """A connection to the gateway."""
    with connected(gateway.address) as connection:
        yield connection


@dataclass(frozen=True, slots=True)
class Row:
    """A request, and what becomes of it."""

    number: str
    request: bytes
    status: int
    closes: bool = True
    """Whether the connection is closed after the answer."""
    reason: str = ""
    """The word under which it is counted; "" where the application answers."""


ROWS = [
    # Content-Length and Transfer-Encoding
    Row("H1", post(LENGTH, CHUNKED, body=chunks(BODY)), 400, reason="malformed"),
    Row("H1-other-order", post(CHUNKED, LENGTH, body=chunks(BODY)), 400, reason="malformed"),
    Row("H2", post(LENGTH, "Content-Length: 3"), 400, reason="malformed"),
    Row("H3", post(LENGTH, LENGTH), 400, reason="malformed"),
    Row("H3-list", post(f"{LENGTH}, {len(BODY)}"), 400, reason="malformed"),
    Row("H4", post("Content-Length: -2"), 400, reason="malformed"),
    Row("H5", post("Content-Length: +2"), 400, reason="malformed"),
    Row("H5-hex", post("Content-Length: 0x2"), 400, reason="malformed"),
    Row("H5-empty", post("Content-Length: "), 400, reason="malformed"),
    Row("H6", post("Content-Length: 99999999999999999999"), 400, reason="malformed"),
    Row("H6-zeros", post(f"Content-Length: {'0' * 5000}2"), 400, reason="framing"),
    Row("H6-19-digits", post("Content-Length: 1999999999999999999"), 413, reason="body-too-large"),
    Row("H7", post("Content-Length: 10485760"), 413, reason="body-too-large"),
    Row("H8", post(CHUNKED, body=chunks(*[b"x" * 65_536] * 5)), 413, reason="body-too-large"),
    Row("H8-one-chunk", post(CHUNKED, body=chunks(b"x" * 300_000)), 413, reason="body-too-large"),
    Row("H9", post("Transfer-Encoding: xchunked", body=chunks(BODY)), 400, reason="framing"),
    Row("H10", post("Transfer-Encoding : chunked", body=chunks(BODY)), 400, reason="malformed"),
    Row("H11", post("Transfer-Encoding: gzip, chunked", body=chunks(BODY)), 400, reason="framing"),
    Row("H11-identity", post("Transfer-Encoding: identity"), 400, reason="framing"),
    Row(
        "H11-reversed",
        post("Transfer-Encoding: chunked, gzip", body=chunks(BODY)),
        400,
        reason="malformed",
    ),
    Row("H11-twice", post(CHUNKED, CHUNKED, body=chunks(BODY)), 400, reason="malformed"),
    Row(
        "H11-in-http-1.0",
        head("POST /v0.1/dispatch HTTP/1.0", HOST, BASIC, JSON, CHUNKED) + chunks(BODY),
        400,
        reason="framing",
    ),
    # The form of lines
    Row("H12", b"GET /livez HTTP/1.1\nHost: a\n\n", 400, reason="malformed"),
    Row("H12-in-a-field", b"GET /livez HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400, reason="malformed"),
    Row("H12-bare-cr", b"GET /livez HTTP/1.1\r\nHost: a\rX: b\r\n\r\n", 400, reason="malformed"),
    Row("H13", get("/livez", "X: a\r\n b"), 400, reason="malformed"),
    Row("H13-first", b"GET /livez HTTP/1.1\r\n Host: a\r\n\r\n", 400, reason="malformed"),
    Row("H14", get(host=""), 400, reason="host"),
    Row("H15", get("/livez", HOST), 400, reason="host"),
    Row("H17", get("/livez", "X: a\0b"), 400, reason="malformed"),
    Row("H17-cr", get("/livez", "X: a\rb"), 400, reason="malformed"),
    Row("H17-name", get("/livez", "X\0: b"), 400, reason="malformed"),
    Row("H17-escape", get("/livez", "X: \x1b[31m"), 400, reason="malformed"),
    Row("H18", head("G{T /livez HTTP/1.1", HOST), 400, reason="malformed"),
    Row("H18-lower-case", head("get /livez HTTP/1.1", HOST), 400, reason="malformed"),
    Row("H19-trace", head("TRACE /v0.1/dispatch HTTP/1.1", HOST), 405, reason="method"),
    Row("H19-connect", head("CONNECT a.example:443 HTTP/1.1", HOST), 405, reason="method"),
    Row("H19-patch", head("PATCH /v0.1/dispatch HTTP/1.1", HOST, BASIC), 405, closes=False),
    # The target
    Row("H20", get("http://other.example/livez"), 400, reason="target"),
    Row("H20-user", get("http://gateway.example.com@other.example/livez"), 400, reason="target"),
    Row("H20-scheme", get("ftp://gateway.example.com/livez"), 400, reason="target"),
    Row("H20-own", get("http://gateway.example.com/livez"), 200, closes=False),
    Row("H20-own-port", get("HTTP://Gateway.example.com:80/livez?x"), 200, closes=False),
    Row("H20-fragment", get("/livez#x"), 400, reason="target"),
    Row("H20-asterisk", head("OPTIONS * HTTP/1.1", HOST), 400, reason="target"),
    Row("H20-no-slash", get("livez"), 400, reason="malformed"),
    Row("H20-utf-8", get("/livez/\xc3\xa4"), 400, reason="malformed"),
    # Other protocols
    Row("H21", b"GET /livez\r\n\r\n", 400, reason="malformed"),
    Row("H21-with-fields", head("GET /livez", HOST), 400, reason="malformed"),
    Row("H22", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, reason="malformed"),
    Row("H22-version", head("GET /livez HTTP/2.0", HOST), 400, reason="malformed"),
    Row("H22-version-1.2", head("GET /livez HTTP/1.2", HOST), 400, reason="malformed"),
    # Size
    Row("H24", get("/livez", f"X: {'x' * 1_048_576}"), 431, reason="head-too-large"),
    Row("H24-at-the-cap", get("/livez", f"X: {'x' * 32_768}"), 431, reason="head-too-large"),
    Row("H24-below-the-cap", get("/livez", f"X: {'x' * 32_000}"), 200, closes=False),
    Row("H26", get("/livez", *["X: y"] * 5_000), 431, reason="head-too-large"),
    Row("H26-one-more", get("/livez", *["X: y"] * 100), 431, reason="head-too-large"),
    Row("H26-just-so", get("/livez", *["X: y"] * 99), 200, closes=False),
    Row("H27", get(f"/{'x' * 102_400}"), 414, reason="target-too-long"),
    Row("H27-at-the-cap", get(f"/{'x' * 16_384}"), 414, reason="target-too-long"),
    Row("H27-below-the-cap", get(f"/{'x' * 16_000}"), 404, closes=False),
    Row(
        "H28",
        post(CHUNKED, body=chunks(BODY, extension=b";x=" + b"y" * 65_536)),
        400,
        reason="framing-too-large",
    ),
    Row(
        "H28-trailer",
        post(CHUNKED, body=chunks(BODY, trailer=b"X: " + b"y" * 65_536 + b"\r\n")),
        400,
        reason="framing-too-large",
    ),
    Row(
        "H28-trailers",
        post(CHUNKED, body=chunks(BODY, trailer=b"X: y\r\n" * 20_000)),
        400,
        reason="framing-too-large",
    ),
    Row("H29", post(CHUNKED, body=b"zz\r\n{}\r\n0\r\n\r\n"), 400, reason="malformed"),
    Row("H29-overflow", post(CHUNKED, body=b"fffffffffffffffff\r\n{}"), 400, reason="malformed"),
    Row("H29-bare-lf", post(CHUNKED, body=b"2\n{}\n0\n\n"), 400, reason="malformed"),
    # What else a head can say
    Row("H30", sized("Expect: foo"), 417, reason="expectation"),
    Row("H38", sized("Content-Encoding: gzip"), 415, closes=False),
    Row("H38-identity", sized("Content-Encoding: identity"), 415, closes=False),
    Row("H39", get("/nothing/here"), 404, closes=False),
    Row("H40", get("/v0.1/dispatch", BASIC), 405, closes=False),
    Row("H41", sized(BASIC), 401, reason="credentials"),
    Row("H42", get("/livez", "X-Forwarded-For: 10.0.0.1"), 200, closes=False),
    Row(
        "H43",
        get("/livez", "Connection: Upgrade", "Upgrade: websocket"),
        400,
        reason="upgrade",
    ),
    # And what must go on working
    Row("accepted", sized(), 202, closes=False),
    Row("accepted-chunked", post(CHUNKED, body=chunks(BODY[:9], BODY[9:])), 202, closes=False),
    Row(
        "accepted-chunked-with-extensions",
        post("transfer-encoding: Chunked", body=chunks(BODY, extension=b";a=b")),
        202,
        closes=False,
    ),
    Row("accepted-then-closed", sized("Connection: close"), 202),
    Row(
        "accepted-in-http-1.0",
        head("POST /v0.1/dispatch HTTP/1.0", BASIC, JSON, LENGTH) + BODY,
        202,
    ),
    Row(
        "accepted-though-it-offers-http-2",
        sized("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAA"),
        202,
        closes=False,
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.number)
def test_what_is_sent_is_answered_as_listed(row: Row, gateway: Served, wire: Wire) -> None:
    before = gateway.refused(row.reason)
    wire.send(row.request)
    answer = wire.answer()
    assert answer is not None
    assert answer.status == row.status, answer
    if row.closes:
        assert answer.headers["connection"] == "close"
        assert wire.is_closed()
    else:
        wire.send(get())
        assert wire.answer() is not None
    assert gateway.refused(row.reason) == before + (1 if row.reason else 0)


@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.reason and row.status != 200], ids=lambda row: row.number
)
def test_a_refusal_has_the_shape_of_v01(row: Row, wire: Wire) -> None:
    wire.send(row.request)
    answer = wire.answer()
    assert answer is not None
    assert answer.headers["content-type"] == "application/json"
    assert list(orjson.loads(answer.body)) == ["type", "title", "detail", "instance"]


def test_h7_the_answer_comes_before_the_body(wire: Wire) -> None:
    wire.send(post("Content-Length: 10485760", "Expect: 100-continue", body=b""))
    answer = wire.answer()
    assert answer is not None
    assert answer.status == 413


ILL_FORMED = [
    *("a b", "a/b", "user@a", "a:port", "a:123456", "[::1", "[g]", "a,b", "", " ", "ä", "a?b"),
    *("a:80:80", "x" * 300, "a%00", "*"),
]


@pytest.mark.parametrize("host", ILL_FORMED)
def test_h16_an_ill_formed_host_is_refused(host: str, wire: Wire) -> None:
    wire.send(get(host=f"Host: {host}"))
    assert status_of(wire.answer()) == 400


@pytest.mark.parametrize("host", ["a", "A.example:8080", "127.0.0.1", "[::1]:80", "gw_1.internal"])
def test_any_single_well_formed_host_is_answered(host: str, wire: Wire) -> None:
    wire.send(get(host=f"Host: {host}"))
    assert status_of(wire.answer()) == 200


def test_h19_a_405_names_the_methods_there_are(wire: Wire) -> None:
    wire.send(head("TRACE / HTTP/1.1", HOST))
    answer = wire.answer()
    assert answer is not None
    assert "POST" in answer.headers["allow"]


def test_h23_a_tls_hello_on_the_plain_port_is_closed(gateway: Served, wire: Wire) -> None:
    before = gateway.refused("other-protocol")
    wire.send(bytes.fromhex("16030100c8010000c40303") + bytes(180))
    assert wire.is_closed()
    assert gateway.refused("other-protocol") == before + 1


def test_h25_an_endless_header_is_cut_at_the_cap(gateway: Served, wire: Wire) -> None:
    wire.send(get("/livez", "X: ")[:-4])
    for _ in range(128):
        wire.send(b"x" * 1_048_576)
    assert gateway.front.places.count <= 1
    assert wire.answer() is None or wire.is_closed()


@pytest.mark.parametrize("before", [b"", b"X: y\r\n"])
def test_credentials_in_a_trailer_let_nobody_in(before: bytes, wire: Wire) -> None:
    wire.send(head("POST /v0.1/dispatch HTTP/1.1", HOST, JSON, CHUNKED))
    wire.send(chunks(BODY, trailer=before + BASIC.encode() + b"\r\n"))
    assert status_of(wire.answer()) == 401


def test_a_content_encoding_in_a_trailer_says_nothing_about_the_body(wire: Wire) -> None:
    wire.send(post(CHUNKED, body=chunks(BODY, trailer=b"Content-Encoding: gzip\r\n")))
    assert status_of(wire.answer()) == 202


def test_a_trailer_belongs_to_no_later_request(wire: Wire) -> None:
    request = head("POST /v0.1/dispatch HTTP/1.1", HOST, JSON, CHUNKED)
    wire.send(request + chunks(BODY, trailer=BASIC.encode() + b"\r\n"))
    wire.send(request + chunks(BODY))
    assert [status_of(wire.answer()), status_of(wire.answer())] == [401, 401]


def status_of(answer: Answer | None) -> int | None:
    """Return the status of an answer; None where there is none."""
    return None if answer is None else answer.status
