"""The reader: what it makes of bytes does not depend on how they come."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from gateway.front.limits import Limits
from gateway.front.reader import Reader
from gateway.front.refusals import Refusal
from gateway.front.rules import Head
from tests.gateway.front.requests import HOST, chunks, get, head, sized

WHOLE = [
    get(),
    get("/a?b=c", "X: y"),
    sized(),
    head("POST /c HTTP/1.1", HOST, "Transfer-Encoding: chunked")
    + chunks(b"ab", b"c", extension=b";d=e", trailer=b"Authorization: x\r\n"),
    head("POST /u HTTP/1.1", HOST, "Connection: Upgrade", "Upgrade: h2c", "Content-Length: 2")
    + b"{}",
    head("GET /old HTTP/1.0"),
    b"\r\n",
]
SPLITS = st.lists(st.integers(min_value=1, max_value=40), max_size=60)


@dataclass(slots=True)
class Taken:
    """What came of bytes."""

    requests: list[tuple[str, str, bytes]] = field(default_factory=list)
    refusal: Refusal | None = None
    is_over: bool = False
    """Whether the last one closes."""

    def take(self, head: Head, body: bytes) -> bool:
        """Keep a request."""
        self.requests.append((head.method, head.path, body))
        self.is_over = not head.keeps_alive
        return head.keeps_alive


def read(data: bytes, sizes: list[int]) -> Taken:
    """Feed bytes in parts of these sizes, the rest at once, as long as they are wanted."""
    taken = Taken()
    reader = Reader(Limits(), taken.take)
    rest = memoryview(data)
    for size in [*sizes, len(data)]:
        part, rest = rest[:size], rest[size:]
        if not part or taken.is_over or taken.refusal is not None:
            break
        taken.refusal = reader.feed(part)
    return taken


def test_pipelined_heads_may_be_larger_together_than_one_may_be() -> None:
    several = get("/a", f"X: {'x' * 570}") * 60
    taken = read(several, [32 * 1024])
    assert (len(taken.requests), taken.refusal) == (60, None)


def test_a_pipelined_head_may_be_no_larger_than_another() -> None:
    first, large = get("/a", f"X: {'x' * 20_000}"), get("/b", f"X: {'x' * 33_000}")
    taken = read(first + large, [32 * 1024, 16 * 1024])
    assert (len(taken.requests), taken.refusal) == (1, Refusal.HEAD_TOO_LARGE)


@given(parts=st.lists(st.sampled_from(WHOLE), max_size=6), sizes=SPLITS)
def test_requests_are_the_same_however_they_are_cut(parts: list[bytes], sizes: list[int]) -> None:
    data = b"".join(parts)
    assert read(data, sizes) == read(data, [])


@given(
    parts=st.lists(st.sampled_from(WHOLE), min_size=1, max_size=4),
    at=st.integers(min_value=0, max_value=400),
    instead=st.binary(max_size=8),
    sizes=SPLITS,
)
def test_spoilt_requests_are_the_same_however_they_are_cut(
    parts: list[bytes], at: int, instead: bytes, sizes: list[int]
) -> None:
    data = b"".join(parts)
    spoilt = data[:at] + instead + data[at + len(instead) :]
    whole, cut = read(spoilt, []), read(spoilt, sizes)
    assert cut.requests == whole.requests
    assert cut.refusal == whole.refusal


@given(data=st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_refusal_or_not_whole(data: bytes) -> None:
    read(b"GET " + data, [])
    read(data, [])
