"""Every way a send can end once it began, against servers that do it and count what came."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from gateway.clients.guard import AddressPolicy
from gateway.clients.messages import Answered, InDoubt, Unsent
from tests.gateway.clients.peers import (
    Peer,
    RawServer,
    Script,
    answering,
    answering_then_closing,
    closing_at_once,
    dripping,
    flooding,
    resetting,
    silent,
)
from tests.gateway.clients.senders import ACCEPTED, BODY, client

LARGE = b"HTTP/1.1 202 Accepted\r\nContent-Length: 20971520\r\n\r\n"
BOMB = gzip.compress(b"\0" * 20_000_000)


async def send(server: RawServer, deadline_s: float = 5.0) -> Answered | Unsent | InDoubt:
    async with client(server.url(), deadline_s=deadline_s) as messages:
        return await messages.send(BODY, authorization="Bearer token")


async def test_a_send_is_one_post_to_v1_messages() -> None:
    async with RawServer(answering(ACCEPTED)) as server:
        await send(server)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert (head.splitlines()[0], body) == (b"POST /v1/messages HTTP/1.1", BODY)


async def test_a_send_carries_its_credentials_and_asks_for_plain_bytes() -> None:
    async with RawServer(answering(ACCEPTED)) as server:
        await send(server)
    lines = server.requests[0].partition(b"\r\n\r\n")[0].splitlines()
    assert {
        b"Authorization: Bearer token",
        b"Content-Type: application/json",
        b"Accept-Encoding: identity",
    } <= set(lines)


async def test_a_base_url_may_have_a_path_and_end_in_a_slash() -> None:
    async with (
        RawServer(answering(ACCEPTED)) as server,
        client(server.url("/eu/")) as messages,
    ):
        await messages.send(BODY, authorization="Bearer token")
    assert server.requests[0].startswith(b"POST /eu/v1/messages ")


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "Content-Length: 0\r\n\r\n")).encode()


ANSWERS: dict[str, tuple[Script, Answered]] = {
    "202": (
        answering(ACCEPTED),
        Answered(http_status=202, body=b'{"message_uuid":"m"}', retry_after_s=None),
    ),
    "429 with seconds": (
        answering(head("429 Slow", "Retry-After: 7")),
        Answered(http_status=429, body=b"", retry_after_s=7.0),
    ),
    "429 with garbage": (
        answering(head("429 Slow", "Retry-After: tomorrow")),
        Answered(http_status=429, body=b"", retry_after_s=None),
    ),
    "429 with a date that is past": (
        answering(head("429 Slow", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT")),
        Answered(http_status=429, body=b"", retry_after_s=None),
    ),
    "401": (answering(head("401 No")), Answered(http_status=401, body=b"", retry_after_s=None)),
    "503": (answering(head("503 Down")), Answered(http_status=503, body=b"", retry_after_s=None)),
    "redirect, not followed": (
        answering(head("307 Elsewhere", "Location: /v1/messages")),
        Answered(http_status=307, body=b"", retry_after_s=None),
    ),
    "status, then a broken body": (
        answering_then_closing(ACCEPTED[:-5]),
        Answered(http_status=202, body=b'{"message_uuid"', retry_after_s=None),
    ),
    "status, then a reset before any body": (
        answering_then_closing(ACCEPTED[:-20]),
        Answered(http_status=202, body=b"", retry_after_s=None),
    ),
    "a body longer than declared, in one piece": (
        answering(ACCEPTED + b"more"),
        Answered(http_status=202, body=b'{"message_uuid":"m"}', retry_after_s=None),
    ),
    "a chunk that holds the id, then rubbish, in one piece": (
        answering(
            b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'14\r\n{"message_uuid":"m"}\r\nrubbish'
        ),
        Answered(http_status=202, body=b'{"message_uuid":"m"}', retry_after_s=None),
    ),
    "a refusal with a body longer than declared": (
        answering(b"HTTP/1.1 422 No\r\nContent-Length: 2\r\n\r\n{}more"),
        Answered(http_status=422, body=b"{}", retry_after_s=None),
    ),
    "1xx before the status": (
        answering(b"HTTP/1.1 103 Early Hints\r\n\r\n", ACCEPTED),
        Answered(http_status=202, body=b'{"message_uuid":"m"}', retry_after_s=None),
    ),
    "20 MB of body, cut": (
        flooding(LARGE, b"a" * 65536),
        Answered(http_status=202, body=b"a" * 65536, retry_after_s=None),
    ),
    "gzip bomb, not inflated": (
        answering(
            b"HTTP/1.1 202 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB),
            BOMB,
        ),
        Answered(http_status=202, body=BOMB[:65536], retry_after_s=None),
    ),
}


@pytest.mark.parametrize(("script", "answer"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_is_reported_and_asked_for_once(script: Script, answer: Answered) -> None:
    async with RawServer(script) as server:
        outcome = await send(server)
    assert (outcome, len(server.requests)) == (answer, 1)


DOUBTS: dict[str, tuple[Script, str]] = {
    "closed after reading": (answering_then_closing(), "connection-lost"),
    "reset after reading": (resetting, "connection-lost"),
    "closed within the head": (answering_then_closing(ACCEPTED[:20]), "connection-lost"),
    "status line that is garbage": (answering(b"HELLO\r\n\r\n"), "unreadable-response"),
    "HTTP/0.9": (answering(b"<html>hello</html>"), "unreadable-response"),
    "202, then a head that cannot be read": (
        answering(b"HTTP/1.1 202 A\r\nno header\r\n\r\n"),
        "unreadable-response",
    ),
    "closed right after the status line": (
        answering_then_closing(b"HTTP/1.1 202 A\r\n"),
        "connection-lost",
    ),
    "two lengths": (
        answering(b"HTTP/1.1 202 A\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"),
        "unreadable-response",
    ),
    "300 KB of one header": (
        answering(b"HTTP/1.1 202 A\r\nX: " + b"a" * 300_000),
        "unreadable-response",
    ),
    "101": (
        answering(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
        "unreadable-response",
    ),
    "status 999": (answering(head("999 Odd")), "unreadable-response"),
    "status 000": (answering(head("000 Odd")), "unreadable-response"),
    "1xx without end": (
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        "unreadable-response",
    ),
}


@pytest.mark.parametrize(("script", "reason"), DOUBTS.values(), ids=DOUBTS.keys())
async def test_a_lost_answer_leaves_one_send_in_doubt(script: Script, reason: str) -> None:
    async with RawServer(script) as server:
        outcome = await send(server)
    assert (outcome, len(server.requests)) == (InDoubt(reason=reason), 1)


async def test_a_connection_closed_before_reading_is_in_doubt() -> None:
    async with RawServer(closing_at_once) as server:
        assert await send(server) == InDoubt(reason="connection-lost")


@pytest.mark.parametrize("script", [silent, dripping(ACCEPTED[:-20])], ids=["silence", "drip"])
async def test_the_deadline_leaves_one_send_in_doubt(script: Script) -> None:
    async with RawServer(script) as server:
        outcome = await send(server, deadline_s=0.1)
    assert (outcome, len(server.requests)) == (InDoubt(reason="deadline-passed"), 1)


async def test_a_body_that_drips_beyond_the_deadline_keeps_its_status() -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(ACCEPTED[:-1])
        await peer.gone()

    async with RawServer(script) as server:
        outcome = await send(server, deadline_s=0.1)
    assert outcome == Answered(http_status=202, body=b'{"message_uuid":"m"', retry_after_s=None)


async def test_cancelling_after_the_first_byte_is_never_taken_for_unsent() -> None:
    async with RawServer(silent) as server, client(server.url()) as messages:
        sending = asyncio.create_task(messages.send(BODY, authorization="Bearer token"))
        await server.asked.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert len(server.requests) == 1


async def test_an_idle_connection_closed_by_the_server_costs_no_second_send() -> None:
    closed = asyncio.Event()

    async def once(peer: Peer) -> None:
        await answering_then_closing(ACCEPTED)(peer)
        peer.writer.close()
        await peer.writer.wait_closed()
        closed.set()

    async with RawServer(once) as server, client(server.url()) as messages:
        first = await messages.send(BODY, authorization="Bearer token")
        await closed.wait()
        second = await messages.send(BODY, authorization="Bearer token")
    statuses = [isinstance(outcome, Answered) for outcome in (first, second)]
    assert (statuses, len(server.requests), server.connections) == ([True, True], 2, 2)


async def test_an_idle_connection_lost_under_a_send_leaves_it_in_doubt_and_single() -> None:
    async def answering_only_the_first(peer: Peer) -> None:
        await answering_then_closing(ACCEPTED)(peer)
        await peer.request()

    async with RawServer(answering_only_the_first) as server, client(server.url()) as messages:
        await messages.send(BODY, authorization="Bearer token")
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert (outcome, len(server.requests), server.connections) == (
        InDoubt(reason="connection-lost"),
        2,
        1,
    )


def test_a_base_url_that_may_not_be_dialled_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="public internet"):
        client("http://127.0.0.1", policy=AddressPolicy())
