"""What listens in the gateway's place while `doctor` asks who answers at the public URL."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from gateway.presence import PATH, Presence


@contextlib.asynccontextmanager
async def standing_in(listener: socket.socket, presence: Presence) -> AsyncIterator[None]:
    """Answer nonces on a listening socket; everything else, a real webhook too, is told to wait.

    503 and not 404: the vendor repeats what was answered 503.
    """

    async def answer(request: web.Request) -> web.Response:
        path = request.path
        proof = presence.proof(path.removeprefix(PATH)) if path.startswith(PATH) else None
        if proof is None or request.method != "GET":
            return web.Response(status=503, headers={"Retry-After": "5"})
        return web.json_response({"proof": proof})

    app = web.Application()
    app.router.add_route("*", "/{anything:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
