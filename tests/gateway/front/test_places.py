"""Places: who goes when there is no room, and who never has to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import orjson
import pytest

from gateway.front.limits import Limits
from tests.gateway.api.surface import collecting_log, lines
from tests.gateway.front.apps import Echo, Holding
from tests.gateway.front.requests import HOST, get, head
from tests.gateway.front.served import Served, nothing_around, served
from tests.gateway.front.test_rows import status_of
from tests.support.wire import Wire, connected, wait_until

FEW = replace(Limits(), connections=20, callers=4, webhooks=3, health=2, sweep_s=0.02)


@pytest.fixture
def holding() -> Holding:
    """An application that holds some answers back."""
    return Holding()


@pytest.fixture
def few(holding: Holding) -> Iterator[Served]:
    """A server with few places."""
    with served(lambda: nothing_around(holding), FEW) as running:
        yield running
        holding.let_go()


@contextlib.contextmanager
def several(server: Served, count: int, request: bytes = b"") -> Iterator[list[Wire]]:
    """Open connections, and send this on each."""
    with contextlib.ExitStack() as stack:
        wires = []
        for _ in range(count):
            wires.append(stack.enter_context(connected(server.address)))
            wires[-1].send(request)
        yield wires


@pytest.mark.parametrize(
    "request_",
    [b"", get()[:-2], head("POST /a HTTP/1.1", HOST, "Content-Length: 9") + b"half"],
    ids=["silent", "half a head", "half a body"],
)
def test_h35_more_unfinished_connections_than_places_keep_nobody_out(
    few: Served, request_: bytes
) -> None:
    with several(few, 30, request_):
        with connected(few.address) as wire:
            wire.send(get())
            assert status_of(wire.answer()) == 200
        assert few.front.places.count <= 20
    assert few.refused("crowded-out") >= 10


def test_the_oldest_unfinished_connection_goes_first(few: Served) -> None:
    with several(few, 20, b"GET") as wires:
        wait_until(lambda: few.front.places.count == 20)
        with connected(few.address) as wire:
            wire.send(get())
            wire.answer()
            assert wires[0].is_closed()
            wires[1].send(get()[3:])
            assert status_of(wires[1].answer()) == 200


def test_who_was_answered_before_stays_longer_than_who_sent_nothing(few: Served) -> None:
    with connected(few.address) as kept:
        kept.send(get())
        kept.answer()
        with several(few, 40):
            wait_until(lambda: few.refused("crowded-out") >= 21)
            kept.send(get())
            assert status_of(kept.answer()) == 200


def test_callers_beyond_their_places_are_told_to_come_again(few: Served, holding: Holding) -> None:
    with several(few, 4, get("/held")) as wires:
        wait_until(lambda: holding.begun == 4)
        with connected(few.address) as wire:
            wire.send(get("/v0.1/dispatch/x"))
            answer = wire.answer()
            assert answer is not None
            assert (answer.status, answer.headers["retry-after"]) == (503, "2")
            assert orjson.loads(answer.body)["title"] == "Service Unavailable"
            holding.let_go()
            assert [status_of(each.answer()) for each in wires] == [200] * 4
            wire.send(get("/v0.1/dispatch/x"))
            assert status_of(wire.answer()) == 200
    assert few.refused("busy") == 1


def test_a_head_request_that_finds_no_place_gets_no_body(few: Served, holding: Holding) -> None:
    with several(few, 4, get("/held")):
        wait_until(lambda: holding.begun == 4)
        with connected(few.address) as wire:
            wire.send(head("HEAD /a HTTP/1.1", HOST) + get())
            answers = [wire.answer(is_head=True), wire.answer()]
    assert list(map(status_of, answers)) == [503, 200]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/webhooks/status/x", "/legacy/status"])
def test_callers_keep_neither_webhooks_nor_health_checks_out(
    few: Served, holding: Holding, path: str
) -> None:
    with several(few, 10, get("/held")):
        wait_until(lambda: holding.begun == 4 and few.refused("busy") == 6)
        with connected(few.address) as wire:
            wire.send(get(path))
            assert status_of(wire.answer()) == 200


def test_webhooks_keep_no_caller_out(few: Served, holding: Holding) -> None:
    with several(few, 10, get("/webhooks/held")):
        wait_until(lambda: holding.begun == 3 and few.refused("busy") == 7)
        with connected(few.address) as wire:
            wire.send(get("/v0.1/dispatch/x"))
            assert status_of(wire.answer()) == 200


def test_a_client_that_goes_away_frees_its_place_when_its_request_is_done(
    few: Served, holding: Holding
) -> None:
    with several(few, 4, get("/held")):
        wait_until(lambda: holding.begun == 4)
    with connected(few.address) as wire:
        wire.send(get("/v0.1/dispatch/x"))
        assert status_of(wire.answer()) == 503
        holding.let_go()
        wait_until(lambda: few.front.places.count == 1)
        wire.send(get("/v0.1/dispatch/x"))
        assert status_of(wire.answer()) == 200


def test_unfinished_bodies_together_take_a_bounded_amount_of_memory() -> None:
    limits = replace(Limits(), held_bytes=100_000, sweep_s=0.02)
    begun = head("POST /a HTTP/1.1", HOST, "Content-Length: 200000") + b"x" * 30_000
    with (
        served(lambda: nothing_around(Echo()), limits) as running,
        several(running, 10, begun) as wires,
    ):
        wait_until(lambda: running.refused("crowded-out") >= 7)
        assert wires[0].is_closed()
        assert running.front.places.count == 3


CANARY: Final = "447700900000"


@pytest.mark.parametrize(
    "request_",
    [
        get(f"http://other.example/{CANARY}"),
        get("/livez", f"X-{CANARY}: {CANARY}\x00"),
        get("/livez", "Host: " + CANARY),
        head(f"G{{T /{CANARY} HTTP/1.1", HOST),
        get(f"/{CANARY * 2000}"),
        head("POST /a HTTP/1.1", HOST, "Transfer-Encoding: chunked") + CANARY.encode() + b"zz",
    ],
)
def test_what_is_refused_is_repeated_neither_in_the_answer_nor_in_the_log(
    request_: bytes,
) -> None:
    with collecting_log() as log:
        with served(lambda: nothing_around(Echo()), FEW) as running:
            with connected(running.address) as wire:
                wire.send(request_)
                told = wire.rest()
            wait_until(lambda: lines(log, "connections.refused") != [])
        assert told.startswith(b"HTTP/1.1 4")
        assert CANARY.encode() not in told + log.getvalue()


def test_the_log_has_one_line_a_minute_with_a_count() -> None:
    with collecting_log() as log, served(lambda: nothing_around(Echo()), FEW) as running:
        for _ in range(5):
            with connected(running.address) as wire:
                wire.send(get(host=""))
                wire.answer()
        wait_until(lambda: lines(log, "connections.refused") != [])
        told = lines(log, "connections.refused")
    assert len(told) == 1
    assert told[0]["level"] == "warning"
    assert told[0]["reasons"][0].startswith("host: ")
