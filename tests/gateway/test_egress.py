"""A whole gateway whose only way out is a forward proxy."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.gateway.clients.peers import Peer, RawServer
from tests.gateway.clients.proxies import connecting
from tests.support.loopback import WAIT_S
from tests.support.world import a_world


async def test_sends_and_callbacks_go_through_the_proxy(tmp_path: Path) -> None:
    asked: list[bytes] = []
    async with (
        RawServer(connecting(asked=asked)) as proxy,
        a_world(tmp_path, {"GATEWAY_EGRESS_PROXY": proxy.url()}) as world,
    ):
        await world.dispatch()
        (send,) = await world.sends(1)
        await world.webhook(send, "submitted")
        await world.callbacks(1)
    places = {head.split()[1].decode() for head in asked}
    assert places == {
        url.removeprefix("http://") for url in (world.upstream.url, world.receiver.url)
    }


async def test_what_a_proxy_refuses_never_reaches_the_upstream_and_is_kept(tmp_path: Path) -> None:
    refused = asyncio.Event()

    async def refusing_one(peer: Peer) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        refused.set()
        await peer.gone()

    async with (
        RawServer(refusing_one) as proxy,
        a_world(tmp_path, {"GATEWAY_EGRESS_PROXY": proxy.url()}) as world,
    ):
        dispatch_uuid = await world.dispatch()
        async with asyncio.timeout(WAIT_S):
            await refused.wait()
        assert (await world.state(dispatch_uuid))["status"] == "open"
    assert world.upstream.seen == []
