"""A gateway whose hearing fails, and what a test asks about it."""

from __future__ import annotations

import httpx2
import orjson

from gateway.signatures import sign_body
from tests.gateway.api.surface import until
from tests.support.world import API_KEY, PUBLIC_URL, World, message_uuid_of
from translators.diagnostics import JsonObject

OTHER_SECRET = "another-secret-of-the-tests-00001"


async def until_held(world: World, count: int) -> None:
    """Wait until so many timers are set aside."""

    async def are_held() -> bool:
        return (await world.gateway.store.counts()).held_timers == count

    await until(are_held)


def reasons(world: World) -> list[str]:
    """Return the reasons of the holds that stand, sorted."""
    return sorted(hold.reason.value for hold in world.gateway.safeguards.holds.all())


async def until_reasons(world: World, *expected: str) -> None:
    """Wait until exactly these holds stand."""

    async def are_so() -> bool:
        return reasons(world) == sorted(expected)

    await until(are_so)


async def unreadable(world: World, send: JsonObject, word: str = "submitted") -> httpx2.Response:
    """Send a status that is signed with a secret the gateway does not have."""
    body = orjson.dumps(
        {
            "message_uuid": message_uuid_of(send),
            "to": send["to"],
            "from": send["from"],
            "timestamp": "2025-02-03T12:14:25Z",
            "status": word,
            "channel": send["channel"],
        }
    )
    path = str(send["webhook_url"]).removeprefix(PUBLIC_URL)
    return await world.http.post(path, content=body, headers=wrongly_signed(world, body))


def wrongly_signed(world: World, body: bytes) -> dict[str, str]:
    """Return the headers of a webhook under another secret."""
    token = sign_body(
        body,
        secret=OTHER_SECRET,
        api_key=API_KEY,
        application_id=None,
        issued_at_s=world.clock.wall_s(),
        token_id=str(world.clock.draw_uuid()),
    )
    return {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}


async def readiness(world: World) -> tuple[int, list[str]]:
    """Return what `/readyz` says: its status and its lines."""
    answer = await world.admin.get("/readyz")
    return answer.status_code, answer.text.splitlines()
