"""What is read of an answer, however its bytes are cut, and whatever they are."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.connection import MAX_BODY, MAX_HEAD, Connection, Exchange, Limits

ANSWERS = [
    b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\nX-Own: a\r\n\r\nok",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nok\r\n1;a=b\r\n!\r\n0\r\nT: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.0 404 None\r\nContent-Length: 0\r\n\r\n",
    b"\r\nHTTP/1.1 204\r\n\r\n",
    b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 201 M\r\n"
    b"Content-Length: 1\r\n\r\nx",
    b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    b"HTTP/1.1 503 No\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nbytes",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 2",
    b"SSH-2.0-OpenSSH\r\n",
    b"",
]


class Wire(asyncio.Transport):
    """A connected socket on which nothing arrives."""

    def __init__(self, own: socket.socket) -> None:
        super().__init__({"socket": own})
        self._is_closing = False

    def write(self, data: object) -> None:
        """Take what is sent."""

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self._is_closing

    def abort(self) -> None:
        self._is_closing = True


async def _read(pieces: Sequence[bytes]) -> Exchange:
    one, other = socket.socketpair()
    with one, other:
        wire, connection, seen = Wire(one), Connection(), Exchange()
        connection.connection_made(wire)
        end_at = asyncio.get_running_loop().time() + 5
        asking = asyncio.create_task(connection.ask(b"?", seen, Limits(end_at=end_at)))
        await asyncio.sleep(0)
        for piece in pieces:
            connection.data_received(piece)
        connection.connection_lost(None)
        await asking
        return seen


def read(*pieces: bytes) -> Exchange:
    """Return what is made of an answer that comes in these pieces, and then ends."""
    return asyncio.run(_read([piece for piece in pieces if piece]))


def is_told(seen: Exchange) -> bool:
    """Tell whether there is a status or a reason why there is none, and nothing beyond bounds."""
    size = sum(len(name) + len(value) for name, value in seen.headers)
    is_one = (seen.http_status is None) == (seen.fault is not None)
    return seen.began and is_one and len(seen.body) <= MAX_BODY and size <= MAX_HEAD


@pytest.mark.parametrize("answer", ANSWERS)
def test_it_does_not_matter_where_segments_are_cut(answer: bytes) -> None:
    whole = read(answer)
    assert is_told(whole)
    for at in range(1, len(answer)):
        assert read(answer[:at], answer[at:]) == whole


@pytest.mark.parametrize("answer", ANSWERS)
def test_it_may_come_byte_by_byte(answer: bytes) -> None:
    assert read(*(answer[at : at + 1] for at in range(len(answer)))) == read(answer)


@given(st.sampled_from(ANSWERS), st.data())
def test_whatever_is_damaged_is_read_or_named(answer: bytes, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(answer)))
    end = data.draw(st.integers(begin, len(answer)))
    damaged = answer[:begin] + data.draw(st.binary(max_size=8)) + answer[end:]
    at = data.draw(st.integers(0, len(damaged)))
    assert is_told(read(damaged[:at], damaged[at:]))


@given(st.lists(st.binary(max_size=64), max_size=6))
def test_whatever_comes_is_read_or_named(pieces: list[bytes]) -> None:
    assert is_told(read(*pieces))


@given(st.lists(st.sampled_from(ANSWERS), min_size=2, max_size=4))
def test_only_the_first_answer_counts(answers: list[bytes]) -> None:
    first = read(answers[0])
    seen = read(*answers)
    is_ended = first.is_whole and b"\r\n\r\nuntil" not in answers[0]
    assert not is_ended or (seen.http_status, seen.body) == (first.http_status, first.body)
