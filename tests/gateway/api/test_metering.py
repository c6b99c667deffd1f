"""Counting answers: what is no request passes through uncounted."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.types import Message

from gateway.api.metering import Metering
from gateway.metrics import Metrics


async def test_the_lifespan_of_the_application_passes_through_uncounted() -> None:
    metrics, sent = Metrics(), list[Message]()
    to_come: list[Message] = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> Message:
        return to_come.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    await Metering(Starlette(), metrics=metrics)({"type": "lifespan"}, receive, send)
    assert [message["type"] for message in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]
    (family,) = metrics.requests.collect()
    assert family.samples == []
