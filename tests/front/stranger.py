"""`python -m tests.front.stranger SCENE HOST PORT`: one assault, in a process of its own.

What attacks must not slow down what measures. Prints what became of it, as JSON.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Final, TypeAlias

import orjson
import uvloop

from tests.front.assaults import (
    FLOODS,
    HALF_A_BODY,
    Address,
    Crowd,
    crowd,
    flood,
    pipeline,
)
from translators.diagnostics import JsonObject

Assault: TypeAlias = Callable[[Address], Awaitable[JsonObject]]

MANY: Final = 5_000
_WAVE: Final = 1_000
_LAST_CUT_WITHIN_S: Final = 25.0
"""More than any deadline, so that what is late shows."""
_FLOODERS: Final = 10
_UPTO: Final = 128 * 1024 * 1024
_FLOOD_S: Final = 8.0
_PIPELINE_S: Final = 15.0


def _crowd_of(first: bytes, drip: bytes) -> Assault:
    async def assault(address: Address) -> JsonObject:
        came = await crowd(
            address,
            count=MANY,
            wave=_WAVE,
            first=first,
            drip=drip,
            within_s=_LAST_CUT_WITHIN_S,
        )
        return told(came)

    return assault


def told(came: Crowd) -> JsonObject:
    """Return what became of a crowd."""
    numbers: JsonObject = {
        name: value for name, value in asdict(came).items() if isinstance(value, int)
    }
    return {**numbers, "longest_s": max(came.lasted_s, default=0)}


def _flood_of(name: str) -> Assault:
    async def assault(address: Address) -> JsonObject:
        begin, filler = FLOODS[name]
        loop = asyncio.get_running_loop()
        end_s = loop.time() + _FLOOD_S
        taken: list[int] = []
        while loop.time() < end_s:
            taken += await asyncio.gather(
                *(flood(address, begin=begin, filler=filler, upto=_UPTO) for _ in range(_FLOODERS))
            )
        return {"opened": len(taken), "bytes": max(taken)}

    return assault


async def _pipeline(address: Address) -> JsonObject:
    sent = await pipeline(address, connections=10, lasts_s=_PIPELINE_S)
    return {"opened": 10, "bytes": sent}


SCENES: Final[dict[str, Assault]] = {
    "ten that pipeline and never read": _pipeline,
    **{f"flood: {name}": _flood_of(name) for name in FLOODS},
    f"{MANY} silent": _crowd_of(b"", b""),
    f"{MANY} dripping heads": _crowd_of(b"GET /livez HTTP/1.1\r\nX: ", b"x"),
    f"{MANY} dripping bodies": _crowd_of(HALF_A_BODY, b"x"),
}


def main() -> None:
    """Play one scene."""
    _, name, host, port = sys.argv
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    async def play() -> JsonObject:
        return await SCENES[name]((host, int(port)))

    sys.stdout.buffer.write(orjson.dumps(uvloop.run(play())))


if __name__ == "__main__":
    main()
