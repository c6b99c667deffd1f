"""What the gateway is measured against: the least a Python program would do instead."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from typing import Annotated, Literal

import aiohttp
import uvicorn
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.clock import SystemClock

_CLOCK = SystemClock()

Channel = Literal["sms", "mms", "whatsapp", "messenger", "viber_service_msg"]
Identity = Annotated[str, Field(min_length=1, max_length=50)]


class Address(BaseModel):
    """A v0.1 address."""

    type: Channel
    number: Identity | None = None
    id: Identity | None = None


class Text(BaseModel):
    """Content of type text."""

    type: Literal["text"]
    text: str = Field(min_length=1, max_length=4096)


class Media(BaseModel):
    """What media content points at."""

    url: str = Field(min_length=1, max_length=2000)
    caption: str | None = Field(default=None, max_length=3000)


class Image(BaseModel):
    """Content of type image."""

    type: Literal["image"]
    image: Media


class Message(BaseModel):
    """A v0.1 message."""

    content: Annotated[Text | Image, Field(discriminator="type")]


class Failover(BaseModel):
    """A v0.1 condition."""

    expiry_time: int = Field(ge=15, le=86400)
    condition_status: Literal["delivered", "read"]


class Step(BaseModel):
    """A v0.1 step."""

    sender: Address = Field(alias="from")
    to: Address
    message: Message
    failover: Failover | None = None
    client_ref: str | None = Field(default=None, max_length=40)


class Dispatch(BaseModel):
    """A v0.1 request."""

    template: Literal["failover"]
    workflow: list[Step] = Field(min_length=1)


async def validate_only(request: Request) -> Response:
    """Answer 202 to a valid request and store nothing."""
    Dispatch.model_validate_json(await request.body())
    return JSONResponse({"dispatch_uuid": str(_CLOCK.draw_uuid())}, status_code=202)


def proxy(upstream: str) -> Starlette:
    """Return a pass-through proxy on aiohttp, whatever client the gateway has."""
    sessions: list[aiohttp.ClientSession] = []

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        connector, jar = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
            sessions.append(session)
            yield

    async def pass_through(request: Request) -> Response:
        headers = {
            "Authorization": request.headers.get("authorization", ""),
            "Content-Type": "application/json",
        }
        url = f"{upstream}/v1/messages"
        async with sessions[0].post(url, data=await request.body(), headers=headers) as answer:
            body = await answer.read()
        return Response(body, status_code=answer.status, media_type="application/json")

    return Starlette(
        routes=[Route("/v0.1/dispatch", pass_through, methods=["POST"])], lifespan=lifespan
    )


def main() -> None:
    """Serve one yardstick: `python -m benchmarks.yardsticks (validate | proxy URL) PORT`."""
    kind, *rest = sys.argv[1:]
    if kind == "validate":
        app = Starlette(routes=[Route("/v0.1/dispatch", validate_only, methods=["POST"])])
    else:
        app = proxy(rest.pop(0))
    config = uvicorn.Config(
        app, port=int(rest[0]), loop="uvloop", http="httptools", access_log=False, log_level="error"
    )
    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):
        uvicorn.Server(config).run()


if __name__ == "__main__":
    main()
