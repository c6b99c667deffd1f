"""What listens in the gateway's place while `doctor` asks who answers at the public URL."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Sequence
from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, request_response

from gateway.presence import PATH, Presence
from gateway.server import Beside, make_server


@contextlib.asynccontextmanager
async def standing_in(
    listeners: Sequence[socket.socket], presence: Presence, tls: ssl.SSLContext | None = None
) -> AsyncIterator[None]:
    """Answer nonces on listening sockets; everything else, a real webhook too, is told to wait.

    503 and not 404: the vendor repeats what was answered 503.
    """

    async def answer(request: Request) -> Response:
        path: str = request.scope["path"]
        proof = presence.proof(path.removeprefix(PATH)) if path.startswith(PATH) else None
        if proof is None or request.method != "GET":
            return Response(status_code=503, headers={"Retry-After": "5"})
        return JSONResponse({"proof": proof})

    app = Starlette(routes=[Mount("/", app=request_response(answer))])
    server = make_server(app, drain_s=0, lifespan="off", kind=partial(Beside, tls=tls))
    serving = asyncio.create_task(server.serve(sockets=list(listeners)))
    try:
        yield  # the sockets listen already: who connects before the server is ready waits
    finally:
        server.should_exit = True
        await serving
