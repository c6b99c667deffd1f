"""U30: the gateway does not call itself, whatever it is called by, at registration nor at dial."""

from __future__ import annotations

import pytest

from gateway.app import address_policy
from gateway.clients.callbacks import CallbackClient, Delivered
from gateway.clients.guard import AddressRefused, GuardedResolver, check_url
from gateway.settings import Settings
from tests.gateway.clients.peers import StubResolver
from tests.support.clock import ManualClock
from tests.support.loopback import Loopback, Reply

SETTINGS = Settings(
    host="0.0.0.0",
    port=8443,
    public_url="https://gateway.example.com/gw",
    allow_private_callbacks=True,
)
POLICY = address_policy(SETTINGS)
OWN = "points back at this gateway"


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example.com/gw",
        "https://gateway.example.com:443/gw/webhooks/status?a=b",
        "https://GATEWAY.example.com/gw/",
        "http://127.0.0.1:8443/",
        "http://localhost:8443/status",
        "http://[::1]:8443",
        "http://[0:0:0:0:0:0:0:1]:8443/",
        "http://[::ffff:127.0.0.1]:8443/",
        "http://localhost.:8443/",
    ],
)
def test_a_url_of_its_own_is_refused(url: str) -> None:
    assert check_url(url, POLICY) is not None


@pytest.mark.parametrize(
    "url",
    [
        "https://gateway.example.com/gw2",
        "https://gateway.example.com/",
        "https://gateway.example.com:8443/gw",
        "http://127.0.0.1:8444/",
        "https://other.example.com/gw",
    ],
)
def test_a_neighbour_is_called(url: str) -> None:
    assert check_url(url, POLICY) is None


async def test_a_gateway_that_is_told_to_call_itself_does_not_dial() -> None:
    receiver = Loopback(lambda seen: Reply())
    async with receiver.listening():
        port = int(receiver.url.rpartition(":")[2])
        policy = address_policy(Settings(host="127.0.0.1", port=port, allow_private_callbacks=True))
        client = CallbackClient(policy=policy, clock=ManualClock(), deadline_s=5)
        outcome = await client.post(f"{receiver.url}/status", b"{}", {})
        await client.close()
    assert not isinstance(outcome, Delivered)
    assert receiver.seen == []


@pytest.mark.parametrize("name", ["localhost", "rebound.example"])
async def test_a_name_that_leads_to_the_gateway_itself_is_not_dialled(name: str) -> None:
    resolver = GuardedResolver(POLICY, StubResolver(["127.0.0.1", "::ffff:127.0.0.1", "::1"]))
    with pytest.raises(AddressRefused):
        await resolver.resolve(name, port=8443, path="/status")
    assert await resolver.resolve(name, port=8444, path="/status") == [
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "::1",
    ]
