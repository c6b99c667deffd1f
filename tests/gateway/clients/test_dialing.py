"""Names with several addresses: the next is tried beside one that hangs, the first wins."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from gateway.clients.connection import Connection
from gateway.clients.dialing import by_turns, first_of
from gateway.clients.egress import Egress
from gateway.clients.faults import Fault, Unreached
from gateway.clients.messages import Answered, Unsent
from tests.gateway.clients.certificates import Authority
from tests.gateway.clients.peers import RawServer, StubResolver, answering
from tests.gateway.clients.senders import ACCEPTED, BODY, client


@pytest.mark.parametrize(
    ("addresses", "tried"),
    [
        ([], []),
        (["1.1.1.1"], ["1.1.1.1"]),
        (["::1", "::2", "1.1.1.1", "1.1.1.2"], ["::1", "1.1.1.1", "::2", "1.1.1.2"]),
        (["1.1.1.1", "1.1.1.2", "1.1.1.3", "::1"], ["1.1.1.1", "::1", "1.1.1.2", "1.1.1.3"]),
    ],
)
def test_the_families_take_turns(addresses: list[str], tried: list[str]) -> None:
    assert by_turns(addresses) == tried


class Hosts:
    """Connects as it is told to, and keeps what it was asked for."""

    def __init__(self, **does: Fault | None) -> None:
        self._does = does
        self.tried: list[str] = []
        self.made: dict[str, Connection] = {}
        self.gave_up: list[str] = []
        self.all_hang = asyncio.Event()

    async def connect(self, host: str) -> Connection:
        self.tried.append(host)
        if host not in self._does:
            if len(self.tried) == 2:
                self.all_hang.set()
            try:
                await asyncio.Event().wait()
            finally:
                self.gave_up.append(host)
        fault = self._does[host]
        if fault is not None:
            raise Unreached(fault)
        self.made[host] = Connection()
        return self.made[host]


async def test_the_next_is_tried_at_once_when_one_fails() -> None:
    hosts = Hosts(a=Fault.CONNECTION_REFUSED, b=None)
    async with asyncio.timeout(0.2):  # less than the stagger
        assert await first_of(["a", "b", "c"], hosts.connect) is hosts.made["b"]
    assert hosts.tried == ["a", "b"]


async def test_the_next_is_tried_beside_one_that_hangs_and_the_rest_is_given_up() -> None:
    hosts = Hosts(b=None)
    assert await first_of(["a", "b", "c"], hosts.connect) is hosts.made["b"]
    assert (hosts.tried, hosts.gave_up) == (["a", "b"], ["a"])


async def test_of_several_failures_the_first_one_is_told() -> None:
    hosts = Hosts(a=Fault.CERTIFICATE_EXPIRED, b=Fault.CONNECTION_REFUSED)
    with pytest.raises(Unreached) as told:
        await first_of(["a", "b"], hosts.connect)
    assert told.value.fault is Fault.CERTIFICATE_EXPIRED


async def test_who_is_cancelled_gives_up_all_attempts() -> None:
    hosts = Hosts()
    trying = asyncio.create_task(first_of(["a", "b"], hosts.connect))
    await hosts.all_hang.wait()
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    assert sorted(hosts.gave_up) == ["a", "b"]


async def test_who_is_cancelled_over_a_success_does_not_leave_it_open() -> None:
    class Made(Connection):
        is_aborted = False

        def abort(self) -> None:
            self.is_aborted = True

    async def connect(host: str) -> Connection:
        if host == "slow":
            try:
                await asyncio.Event().wait()
            finally:
                giving_up.set()
                await asyncio.sleep(0.05)
        return made

    made, giving_up = Made(), asyncio.Event()
    trying = asyncio.create_task(first_of(["slow", "quick"], connect))
    await giving_up.wait()
    trying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trying
    await asyncio.sleep(0.1)
    assert made.is_aborted


async def test_no_address_at_all_is_an_unresolved_name() -> None:
    with pytest.raises(Unreached) as told:
        await first_of([], Hosts().connect)
    assert told.value.fault is Fault.NAME_UNRESOLVED


@pytest.mark.parametrize("dead", ["127.0.0.2", "::1"])
async def test_an_address_where_nobody_listens_costs_no_send(dead: str) -> None:
    async with (
        RawServer(answering(ACCEPTED)) as server,
        client(
            server.url(host="upstream.example"), resolver=StubResolver([dead, "127.0.0.1"])
        ) as messages,
    ):
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert isinstance(outcome, Answered)


async def test_an_address_that_hangs_in_the_handshake_costs_no_send(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async with RawServer(answering(ACCEPTED), tls=authority.server("upstream.example")) as server:
        messages = client(
            server.url(scheme="https", host="upstream.example"),
            resolver=StubResolver(["127.0.0.2", "127.0.0.1"]),
            egress=Egress(ca_file=authority.ca_file),
        )
        # Its backlog takes connections, and nobody speaks on them.
        with socket.create_server(("127.0.0.2", server.port)):
            async with messages:
                outcome = await messages.send(BODY, authorization="Bearer token")
    assert isinstance(outcome, Answered)


async def test_a_mixed_answer_dials_only_what_is_permitted() -> None:
    async with (
        RawServer(answering(ACCEPTED)) as server,
        client(
            server.url(host="upstream.example"),
            resolver=StubResolver(["169.254.169.254", "127.0.0.1"]),
        ) as messages,
    ):
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert isinstance(outcome, Answered)


async def test_what_is_closed_meanwhile_is_unsent() -> None:
    async with RawServer(answering(ACCEPTED)) as server:
        messages = client(server.url(host="upstream.example"))
        await messages.close()
        outcome = await messages.send(BODY, authorization="Bearer token")
    assert outcome == Unsent(reason="connect-failed")
