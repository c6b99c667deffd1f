"""The catalogue's U rows where an address is judged: in the table, and where names are resolved."""

from __future__ import annotations

import asyncio
import socket
import threading
from ipaddress import ip_address

import pytest

from gateway.clients.addresses import Place
from gateway.clients.guard import (
    AddressPolicy,
    AddressRefused,
    GuardedResolver,
    ResolutionTimedOut,
    SystemResolver,
    is_public,
)
from tests.gateway.clients.peers import HangingResolver, StubResolver

PUBLIC = AddressPolicy(own_places=frozenset({Place(host="8.8.4.4", port=443, path="")}))

REFUSED_ADDRESSES = {
    "U1": ["169.254.169.254"],
    "U4": ["127.0.0.1", "127.255.255.254"],
    "U5": ["0.0.0.0", "0.1.2.3"],
    "U6": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1"],
    "U7": ["100.64.0.1", "100.127.255.255"],
    "U8": [
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
    ],
    "U9": ["::1", "::"],
    "U10": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254"],
    "U11": ["::127.0.0.1", "::8.8.8.8"],
    "U12": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::7f00:1"],
    "U13": ["2002:7f00:1::", "2002:808:808::1"],
    "U14": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "U31": ["2606:4700::1%eth0"],
    "U15": [
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd12:3456::1",
        "fec0::1",
        "ff02::1",
        "100::1",
        "2001:db8::1",
        "2001:2::1",
        "3fff::1",
        "5f00::1",
        "::ffff:0:7f00:1",
    ],
}


def rows(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(row, value) for row, values in table.items() for value in values]


@pytest.mark.parametrize(("row", "address"), rows(REFUSED_ADDRESSES))
def test_an_address_is_not_public(row: str, address: str) -> None:
    assert not is_public(ip_address(address)), row


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.32.0.1",
        "193.0.0.1",
        "223.255.255.255",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
        "::ffff:8.8.8.8",
    ],
)
def test_an_address_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(("row", "address"), rows(REFUSED_ADDRESSES))
async def test_a_name_with_such_an_address_is_not_dialled(row: str, address: str) -> None:
    resolver = GuardedResolver(PUBLIC, StubResolver([address]))
    with pytest.raises(AddressRefused):
        await resolver.resolve("customer.example")


async def test_u16_of_a_mixed_answer_only_the_public_addresses_are_dialled() -> None:
    resolver = GuardedResolver(PUBLIC, StubResolver(["10.0.0.1", "1.1.1.1", "::1"]))
    assert await resolver.resolve("customer.example") == ["1.1.1.1"]


async def test_u17_a_name_that_turns_private_is_refused_at_the_next_dial() -> None:
    resolver = GuardedResolver(PUBLIC, StubResolver(["1.1.1.1"], ["127.0.0.1"]))
    await resolver.resolve("customer.example")
    with pytest.raises(AddressRefused):
        await resolver.resolve("customer.example")


async def test_u30_a_name_that_leads_back_to_the_gateway_is_refused() -> None:
    with pytest.raises(AddressRefused):
        await GuardedResolver(PUBLIC, StubResolver(["8.8.4.4"])).resolve(
            "customer.example", port=443
        )


async def test_u34_a_lookup_that_hangs_ends_at_its_limit() -> None:
    with pytest.raises(ResolutionTimedOut):
        await GuardedResolver(PUBLIC, HangingResolver(), limit_s=0.01).resolve("customer.example")


async def test_the_system_resolver_finds_loopback() -> None:
    resolver = SystemResolver(threads=1)
    found = await resolver.resolve("127.0.0.1")
    await resolver.close()
    assert found == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["a..example", "..", "a" * 64])
async def test_what_is_no_name_does_not_resolve(host: str) -> None:
    resolver = SystemResolver(threads=1)
    with pytest.raises(OSError, match="no name"):
        await resolver.resolve(host)
    await resolver.close()


async def test_lookups_that_wait_when_it_is_closed_fail_and_cancel_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hanging(*_: object, **__: object) -> list[object]:
        may_end.wait(5.0)
        return []

    may_end = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    resolver = SystemResolver(threads=1)
    _busy, waiting, cancelled = (asyncio.create_task(resolver.resolve("a.example")) for _ in "abc")
    await asyncio.sleep(0.05)
    cancelled.cancel()
    await resolver.close()
    may_end.set()
    with pytest.raises(OSError, match="closed"):
        await waiting
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    with pytest.raises(OSError, match="closed"):
        await resolver.resolve("a.example")


async def test_closing_the_guard_closes_the_resolver_underneath() -> None:
    resolver = SystemResolver(threads=1)
    await GuardedResolver(PUBLIC, resolver).close()
    with pytest.raises(OSError, match="closed"):
        await resolver.resolve("127.0.0.1")
