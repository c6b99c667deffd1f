"""The vendor's webhook sender: it tells what becomes of messages, and repeats what nobody took."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final, Protocol

import orjson

from gateway.signatures import sign_body
from tests.laboratory.credentials import ACCOUNTS, PUBLIC_URL
from tests.laboratory.plan import Word
from tests.laboratory.seen import Posted, Told
from tests.laboratory.world import World

_RHYTHMS: Final = {
    "doubling": (5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0, 640.0, 900.0),
    "steps": (5.0, 60.0, 300.0, 900.0),
}
"""Waits between attempts, the last of which repeats (docs/wire.md section 5.1)."""
_LIFE_S: Final = 24 * 3600.0
_LIMIT_S: Final = 15.0


class Door(Protocol):
    """The way into whichever gateway listens."""

    async def post(
        self, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, dict[str, object]]:
        """Ask; return status and document.

        Raises:
            ConnectionError: nobody listens, or whoever did is gone.
        """
        ...


class VendorWebhooks:
    """Tells the statuses that the plan has for each message."""

    def __init__(self, world: World, door: Door) -> None:
        self._world = world
        self._door = door
        self.under_way = 0
        """Words that are not taken yet."""

    def messaged(self, posted: Posted, webhook_url: str | None) -> None:
        """Begin to tell of a message."""
        path = "/webhooks/status"
        if webhook_url is not None:
            path = webhook_url.removeprefix(PUBLIC_URL)
        words = self._world.plan.dispatches[posted.dispatch].steps[posted.step].words
        for number, word in enumerate(words):
            self.under_way += 1
            self._world.spawn(self._tell(posted, number, word, path))

    async def _tell(self, posted: Posted, number: int, word: Word, path: str) -> None:
        world = self._world
        try:
            await asyncio.sleep(word.after_s)
            if posted.answered_s is None and posted.kind == "accept":
                world.happened("a webhook overtook the answer")
            body = self._body(posted, word)
            times_left = 1 + word.repeats
            attempt = 0
            was_taken = False
            began_s = world.now_s
            while times_left and world.now_s - began_s < _LIFE_S:
                attempt += 1
                told = Told(
                    at_s=world.now_s,
                    dispatch=posted.dispatch,
                    step=posted.step,
                    message_uuid=posted.message_uuid or "",
                    status=word.status,
                    attempt=attempt,
                    number=number,
                )
                is_known_taken = await self._attempt(told, word, path, body)
                if told.http_status == 200:
                    if was_taken:
                        world.happened("a webhook came again after it was taken")
                    was_taken = True
                if is_known_taken:
                    times_left -= 1
                    if times_left:
                        await asyncio.sleep(world.random("again", number, attempt).random() * 20)
                elif times_left <= word.repeats:
                    break  # a repetition is not repeated
                else:
                    waits = _RHYTHMS[world.plan.rhythm]
                    await asyncio.sleep(waits[min(attempt, len(waits)) - 1])
        finally:
            self.under_way -= 1

    async def _attempt(self, told: Told, word: Word, path: str, body: bytes) -> bool:
        """Tell once; return whether the vendor knows that it was taken."""
        world = self._world
        silent = world.window("vendor-silent")
        if silent is not None:
            await asyncio.sleep(silent.at_s + silent.for_s - world.now_s)
            told.at_s = world.now_s
        world.seen.told.append(told)
        is_lost = world.window("webhooks-lost") or told.attempt <= word.unheard
        if is_lost and not world.faults_are_over:
            told.was_lost, told.ended_s = True, world.now_s
            world.happened("a webhook was lost on its way")
            return False
        try:
            async with asyncio.timeout(_LIMIT_S):
                headers = self._headers(told.dispatch, body)
                told.http_status, _ = await self._door.post(path, headers, body)
        except (ConnectionError, TimeoutError):
            told.ended_s = world.now_s
            return False
        told.ended_s = world.now_s
        if told.http_status == 503:
            world.happened("a webhook was answered 503")
        if told.http_status == 200 and word.loses_answer and told.attempt == 1:
            world.happened("the answer to a webhook was lost")
            return False
        return told.http_status == 200

    def _headers(self, dispatch: int, body: bytes) -> dict[str, str]:
        world = self._world
        account = ACCOUNTS[world.plan.dispatches[dispatch].account]
        token = sign_body(
            body,
            secret=account.signature_secret,
            api_key=account.api_key,
            application_id=None,
            issued_at_s=world.now_ms // 1000,
            token_id=f"{world.random('jti', dispatch, world.now_s).getrandbits(64):x}",
        )
        return {"content-type": "application/json", "authorization": f"Bearer {token}"}

    def _body(self, posted: Posted, word: Word) -> bytes:
        world = self._world
        step = world.plan.dispatches[posted.dispatch].steps[posted.step]
        document: dict[str, object] = {
            "message_uuid": posted.message_uuid,
            "to": f"4477009{posted.dispatch:05}",
            "from": "447700900001",
            "timestamp": _timestamp(world),
            "status": word.status,
            "channel": step.channel.removesuffix("_msg"),
        }
        if word.status in ("rejected", "undeliverable"):
            document["error"] = {"type": "https://example.com/errors#1300", "title": "1300"}
        return orjson.dumps(document)


def _timestamp(world: World) -> str:
    return datetime.fromtimestamp(world.now_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
