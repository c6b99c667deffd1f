"""Which headers are for the other end, and what a peer that is not allowed gets: nothing."""

from __future__ import annotations

import pytest

from gateway.clients.guard import AddressPolicy
from gateway.modes.forward import Forwarder, NotPassed, end_to_end


def test_repeated_headers_stay_repeated_and_in_order() -> None:
    headers = [("Set-Cookie", "a=1"), ("X-Own", "1"), ("set-cookie", "b=2")]
    assert end_to_end(headers) == headers


@pytest.mark.parametrize(
    "name", ["Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Upgrade", "Host", "Expect"]
)
def test_headers_of_one_connection_stay_on_it(name: str) -> None:
    assert end_to_end([(name, "x")]) == []


def test_a_header_that_the_connection_names_stays_on_it() -> None:
    headers = [("Connection", "close, X-Hop"), ("X-Hop", "1"), ("X-Own", "1")]
    assert end_to_end(headers) == [("X-Own", "1")]


@pytest.mark.parametrize("url", ["http://127.0.0.1/status", "http://169.254.169.254/latest"])
async def test_the_guard_holds_here_too(url: str) -> None:
    forwarder = Forwarder(policy=AddressPolicy(), deadline_s=1)
    assert await forwarder.post(url, b"", []) == NotPassed(reason="address-refused")
    await forwarder.close()
