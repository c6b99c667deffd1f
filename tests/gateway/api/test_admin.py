"""The admin bind: what is there, and under which names it answers."""

from __future__ import annotations

import socket
from pathlib import Path

import httpx2
import pytest

from gateway.settings import load_settings
from tests.support.environment import environment
from tests.support.world import World, a_world

NOWHERE = "http://127.0.0.1:9"


async def test_figures_and_the_full_readiness_are_there(world: World) -> None:
    answers = [await world.admin.get(path) for path in ("/livez", "/readyz", "/metrics")]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "gateway_open_dispatches" in answers[2].text


@pytest.mark.parametrize("path", ["/v0.1/dispatch", "/webhooks/status", "/workflows/x"])
async def test_what_callers_ask_for_is_not(world: World, path: str) -> None:
    assert (await world.admin.post(path)).status_code == 404


OURS = ["localhost", "localhost:8081", "LOCALHOST.", "127.0.0.1:9", "[::1]:8081"]
OTHERS = [
    "rebound.example",
    "localhost.rebound.example",
    "127.0.0.1.nip.io",
    "203.0.113.9",
    "",
    "a b",
]


@pytest.mark.parametrize("host", OURS)
async def test_it_answers_under_the_names_of_this_machine(world: World, host: str) -> None:
    assert (await world.admin.get("/metrics", headers={"Host": host})).status_code == 200


async def test_it_answers_under_the_name_of_the_host(world: World) -> None:
    host = f"{socket.gethostname()}:8081"
    assert (await world.admin.get("/metrics", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/livez", "/nothing"])
@pytest.mark.parametrize("host", OTHERS)
async def test_a_page_whose_name_was_made_to_lead_here_reads_nothing(
    world: World, host: str, path: str
) -> None:
    answer = await world.admin.get(path, headers={"Host": host})
    assert answer.status_code == 421
    assert "GATEWAY_HOSTS" in answer.text
    assert "rebound" not in answer.text


async def test_it_answers_under_the_address_that_it_was_reached_at(world: World) -> None:
    transport = httpx2.ASGITransport(app=world.gateway.admin_app())
    # The transport says that the connection was made to the host of the URL.
    async with httpx2.AsyncClient(transport=transport, base_url="http://10.1.2.3:8081") as http:
        assert (await http.get("/metrics")).status_code == 200


async def test_it_answers_under_the_names_of_the_gateway(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_HOSTS": "Gateway.example.com, metrics"}) as world:
        for host in ("gateway.example.com", "metrics:8081"):
            answer = await world.admin.get("/metrics", headers={"Host": host})
            assert answer.status_code == 200


PORTS = {
    "the usual": ({}, 8081),
    "beside a free one": ({"GATEWAY_PORT": "0"}, 0),
    "as set": ({"GATEWAY_ADMIN_PORT": "9000"}, 9000),
    "as set beside a free one": ({"GATEWAY_ADMIN_PORT": "9000", "GATEWAY_PORT": "0"}, 9000),
    "a free one": ({"GATEWAY_ADMIN_PORT": "0"}, 0),
    "none": ({"GATEWAY_ADMIN_PORT": "OFF"}, None),
    "an empty variable is none": ({"GATEWAY_ADMIN_PORT": ""}, 8081),
}


@pytest.mark.parametrize("case", PORTS)
def test_the_port_of_the_admin_bind(tmp_path: Path, case: str) -> None:
    environ, port = PORTS[case]
    settings = load_settings({**environment(tmp_path, NOWHERE, NOWHERE), **environ})
    assert [place.port for place in settings.admin_places] == ([] if port is None else [port])


# The names of the public side


async def test_without_a_list_any_name_is_answered(world: World) -> None:
    answer = await world.http.get("/workflows/x", headers={"Host": "internal-name:8080"})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["/v0.1/dispatch", "/v0.1/dispatch/", "/webhooks/status/token"])
async def test_with_a_list_another_name_is_misdirected(tmp_path: Path, path: str) -> None:
    async with a_world(tmp_path, {"GATEWAY_HOSTS": "internal-name"}) as world:
        refused = await world.post_to(path, {}, Host="other.example")
        heard = await world.post_to(path, {}, Host="internal-name:8080")
    assert refused.status_code == 421
    assert refused.json()["title"] == "Misdirected Request"
    assert heard.status_code != 421


async def test_the_name_of_the_public_url_is_always_ours(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_HOSTS": "internal-name"}) as world:
        answer = await world.http.post("/webhooks/status", headers={"Host": "gateway.example.com"})
    assert answer.status_code == 503  # unsigned, and heard


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_load_balancers_ask_for_health_by_address(tmp_path: Path, path: str) -> None:
    async with a_world(tmp_path, {"GATEWAY_HOSTS": "internal-name"}) as world:
        answer = await world.http.get(path, headers={"Host": "10.1.2.3:8080"})
    assert answer.status_code == 200
