"""What doctor says of the way out: the proxy, and the certificate that the gateway shows."""

from __future__ import annotations

import datetime
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from tests.gateway.clients.certificates import Authority
from tests.gateway.clients.peers import RawServer
from tests.gateway.clients.proxies import connecting, refusing
from tests.gateway.doctor.test_doctor import Patient, a_patient


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Patient]:
    async with a_patient(tmp_path) as patient:
        yield patient


async def test_everything_is_asked_through_the_proxy(patient: Patient) -> None:
    asked: list[bytes] = []
    async with RawServer(connecting(asked=asked)) as proxy:
        lines = await patient.lines(GATEWAY_EGRESS_PROXY=proxy.url())
    assert (
        "ok       GATEWAY_EGRESS_PROXY: everything below was asked through it; it is told addresses"
        " that were checked here"
    ) in lines
    upstream = patient.upstream.url.removeprefix("http://").encode()
    assert upstream in {head.split()[1] for head in asked}
    assert [line for line in lines if line.startswith("wrong")] == []


async def test_a_proxy_that_is_down_is_named(patient: Patient) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        proxy = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        line = await patient.line("credentials", GATEWAY_EGRESS_PROXY=proxy)
        own = await patient.line("egress-proxy", GATEWAY_EGRESS_PROXY=proxy)
    assert own == (
        "wrong    GATEWAY_EGRESS_PROXY: no connection to it can be made; start it, or mend its host"
        " and port"
    )
    assert "the upstream cannot be asked: no connection to GATEWAY_EGRESS_PROXY" in line


async def test_a_proxy_that_refuses_the_login_is_named(patient: Patient) -> None:
    answer = b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"
    async with RawServer(refusing(answer)) as proxy:
        line = await patient.line("credentials", GATEWAY_EGRESS_PROXY=proxy.url())
        own = await patient.line("egress-proxy", GATEWAY_EGRESS_PROXY=proxy.url())
    assert own == (
        "wrong    GATEWAY_EGRESS_PROXY: it refuses its user or password; mend them in its URL"
    )
    assert "GATEWAY_EGRESS_PROXY refuses its user or password" in line


@pytest.mark.parametrize(
    ("days", "line"),
    [
        (60, "ok       GATEWAY_CLIENT_CERT: good for 60 more days"),
        (
            3,
            "wrong    GATEWAY_CLIENT_CERT: it ends in 3 days; renew it, and start the gateway anew",
        ),
        (-2, "wrong    GATEWAY_CLIENT_CERT: it has expired; renew it, and start the gateway anew"),
    ],
)
async def test_the_client_certificate_is_judged(
    patient: Patient, tmp_path: Path, days: int, line: str
) -> None:
    patient.clock = SystemClock()
    now = datetime.datetime.fromtimestamp(patient.clock.wall_s(), datetime.UTC)
    until = now + datetime.timedelta(days=days, hours=1)
    file = Authority(tmp_path).issue("gateway.example", until=until)
    assert await patient.line("client-certificate", GATEWAY_CLIENT_CERT=str(file)) == line
