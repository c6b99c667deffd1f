"""How long a connection may take: small numbers here, whose place in `Limits` is what is tested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from gateway.front.limits import Limits
from tests.gateway.front.apps import Echo
from tests.gateway.front.requests import HOST, get, head
from tests.gateway.front.served import Served, nothing_around, served
from tests.gateway.front.test_rows import status_of
from tests.support.wire import Wire, connected, wait_until

LONG_S = 100
QUICK = replace(
    Limits(),
    head_s=LONG_S,
    body_s=LONG_S,
    idle_s=LONG_S,
    unread_s=LONG_S,
    ending_s=0.1,
    sweep_s=0.02,
)


def test_the_deadlines_are_those_that_are_promised() -> None:
    limits = Limits()
    assert (limits.head_s, limits.body_s, limits.idle_s) == (10, 20, 5)


def drip(wire: Wire, data: bytes, *, until: Callable[[], bool]) -> None:
    """Send a little again and again until something holds."""

    def holds_now() -> bool:
        wire.send(data)
        return until()

    wait_until(holds_now)


@pytest.fixture
def quick_head() -> Iterator[Served]:
    """A server that waits for heads for a moment only."""
    with served(lambda: nothing_around(Echo()), replace(QUICK, head_s=0.2)) as running:
        yield running


@pytest.fixture
def quick_body() -> Iterator[Served]:
    """A server that waits for bodies for a moment only."""
    with served(lambda: nothing_around(Echo()), replace(QUICK, body_s=0.2)) as running:
        yield running


def test_h34_a_connection_on_which_nothing_comes_is_closed(quick_head: Served) -> None:
    with connected(quick_head.address) as wire:
        assert wire.is_closed()
    assert quick_head.refused("silent") == 1


def test_h32_a_head_that_drips_is_cut(quick_head: Served) -> None:
    with connected(quick_head.address) as wire:
        wire.send(b"POST / HTTP/1.1\r\nX: ")
        drip(wire, b"x", until=lambda: quick_head.refused("head-late") == 1)
        assert wire.is_closed()


def test_empty_lines_do_not_keep_a_connection(quick_head: Served) -> None:
    with connected(quick_head.address) as wire:
        drip(wire, b"\r\n", until=lambda: quick_head.refused("silent") == 1)
        assert wire.is_closed()


def test_h33_a_body_that_drips_is_answered_408(quick_body: Served) -> None:
    with connected(quick_body.address) as wire:
        wire.send(head("POST / HTTP/1.1", HOST, "Content-Length: 100000"))
        drip(wire, b"x", until=lambda: quick_body.refused("body-late") == 1)
        answer = wire.answer()
        assert answer is not None
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert wire.is_closed()


def test_h33_a_chunked_body_that_drips_is_answered_408(quick_body: Served) -> None:
    with connected(quick_body.address) as wire:
        wire.send(head("POST / HTTP/1.1", HOST, "Transfer-Encoding: chunked"))
        drip(wire, b"1\r\nx\r\n", until=lambda: quick_body.refused("body-late") == 1)
        assert status_of(wire.answer()) == 408


def test_h31_a_body_that_was_asked_for_and_does_not_come_is_answered_408(
    quick_body: Served,
) -> None:
    with connected(quick_body.address) as wire:
        wire.send(head("POST / HTTP/1.1", HOST, "Content-Length: 2", "Expect: 100-continue"))
        assert [status_of(wire.answer()) for _ in range(2)] == [100, 408]
        assert wire.is_closed()


def test_a_connection_between_two_requests_is_closed_without_a_word() -> None:
    limits = replace(QUICK, idle_s=0.1)
    with served(lambda: nothing_around(Echo()), limits) as running:
        with connected(running.address) as wire:
            wire.send(get())
            assert status_of(wire.answer()) == 200
            assert wire.is_closed()
        assert running.front.tally.count == 0


def test_the_second_request_has_a_deadline_too(quick_head: Served) -> None:
    with connected(quick_head.address) as wire:
        wire.send(get())
        assert status_of(wire.answer()) == 200
        wire.send(b"GET / HT")
        assert wire.is_closed()
    assert quick_head.refused("head-late") == 1


def test_a_client_that_sends_on_after_its_refusal_is_cut() -> None:
    limits = replace(QUICK, ending_s=LONG_S)
    with (
        served(lambda: nothing_around(Echo()), limits) as running,
        connected(running.address) as wire,
    ):
        wire.send(get(host=""))
        for _ in range(64):
            wire.send(b"x" * 1_048_576)
        wait_until(lambda: running.front.places.count == 0)
