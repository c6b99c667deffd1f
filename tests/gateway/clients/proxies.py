"""Forward proxies on loopback, as scripts of `RawServer`."""

from __future__ import annotations

import asyncio

from tests.gateway.clients.peers import Peer, Script


def connecting(*, asked: list[bytes], to_port: int | None = None) -> Script:
    """Grant `CONNECT`, and pass bytes on both ways.

    Args:
        asked: gets the head of each request.
        to_port: where to connect on loopback, whatever was asked for.
    """

    async def script(peer: Peer) -> None:
        head = await peer.head()
        asked.append(head)
        port = int(head.split()[1].rpartition(b":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", to_port or port)
        await peer.say(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pump(reader, peer.writer), _pump(peer.reader, writer))
        finally:
            writer.close()

    return script


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


def refusing(answer: bytes) -> Script:
    """Read one `CONNECT`, and answer so."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(answer)
        await peer.gone()

    return script


async def hanging(peer: Peer) -> None:
    """Read one `CONNECT` and say nothing."""
    await peer.head()
    await peer.gone()
