"""Whose address counts: the peer's, or the one that trusted proxies name."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gateway.api.sources import Sources

PROXIES = frozenset({"10.0.0.0/8", "2001:db8:aaaa::/48"})


def source(
    client: str | None,
    *forwarded: str,
    trusted: frozenset[str] = PROXIES,
    others: Sequence[tuple[bytes, bytes]] = (),
) -> str:
    """Return the source of a request from `client` with these lines of X-Forwarded-For."""
    lines = [(b"x-forwarded-for", line.encode()) for line in forwarded]
    peer = None if client is None else (client, 1234)
    return Sources(trusted).of({"type": "http", "client": peer, "headers": [*others, *lines]})


def test_the_peer_is_the_source() -> None:
    assert source("203.0.113.7") == "203.0.113.7"


def test_h42_what_an_untrusted_peer_forges_is_ignored() -> None:
    assert source("203.0.113.7", "198.51.100.1") == "203.0.113.7"


def test_nobody_is_trusted_unless_it_is_said() -> None:
    assert source("127.0.0.1", "198.51.100.1", trusted=frozenset()) == "127.0.0.1"


CHAINS = {
    "a trusted proxy names its peer": (("198.51.100.1",), "198.51.100.1"),
    "only the last entry is the proxy's own": (("6.6.6.6, 198.51.100.1",), "198.51.100.1"),
    "a chain of trusted proxies is followed": (("198.51.100.1, 10.1.1.1",), "198.51.100.1"),
    "a forged trusted address is behind the stranger": (
        ("10.9.9.9, 198.51.100.1, 10.1.1.1",),
        "198.51.100.1",
    ),
    "several lines are one list": (("6.6.6.6", "198.51.100.1", "10.1.1.1"), "198.51.100.1"),
    "where all are trusted the farthest counts": (("10.2.2.2, 10.1.1.1",), "10.2.2.2"),
    "what is no address ends the list": (("198.51.100.1, unknown",), "10.0.0.1"),
    "and leaves what stood right of it": (("198.51.100.1, _x, 10.1.1.1",), "10.1.1.1"),
    "an empty list names nobody": (("",), "10.0.0.1"),
    "a port is not part of an address": (("198.51.100.1:4711",), "198.51.100.1"),
    "brackets are not either": (("[2001:db8:1:2:3::9]:443",), "2001:db8:1:2::/64"),
    "an address in quotes": (('"198.51.100.1"',), "198.51.100.1"),
    "nobody": ((), "10.0.0.1"),
}


@pytest.mark.parametrize("case", CHAINS)
def test_behind_trusted_proxies(case: str) -> None:
    lines, expected = CHAINS[case]
    assert source("10.0.0.1", *lines) == expected


def test_a_subscriber_of_ipv6_is_one_source() -> None:
    found = {source("2001:db8:1:2::1"), source("2001:db8:1:2:ffff:1::1")}
    assert found == {"2001:db8:1:2::/64"}


def test_an_ipv4_peer_of_a_dual_stack_listener_is_known_by_its_ipv4_address() -> None:
    assert source("::ffff:203.0.113.7") == "203.0.113.7"
    assert source("::ffff:10.0.0.1", "198.51.100.1") == "198.51.100.1"


def test_a_trusted_proxy_may_have_an_ipv6_address() -> None:
    assert source("2001:db8:aaaa::1", "198.51.100.1") == "198.51.100.1"


def test_a_link_local_peer_has_its_zone_left_out() -> None:
    assert source("fe80::1%eth0") == "fe80::/64"


def test_a_unix_socket_is_a_source_of_its_own() -> None:
    assert source(None, "198.51.100.1") == "unix"


def test_a_proxy_on_a_unix_socket_is_trusted_by_name() -> None:
    assert source(None, "198.51.100.1", trusted=frozenset({"unix"})) == "198.51.100.1"


def test_other_headers_of_the_kind_are_ignored() -> None:
    # A proxy that sets one of them passes the others on as the stranger wrote them.
    headers = [(b"forwarded", b"for=198.51.100.1"), (b"x-real-ip", b"198.51.100.2")]
    assert source("10.0.0.1", others=headers) == "10.0.0.1"
