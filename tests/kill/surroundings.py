"""The application whose callbacks arrive, and the callers whose workflows go out."""

from __future__ import annotations

import asyncio
from typing import Final

import aiohttp
import orjson

from gateway.clock import Clock
from tests.kill.draws import Draws
from tests.kill.evidence import Attempt, Callback
from tests.kill.processes import CREDENTIALS
from tests.kill.workflows import Workflow
from tests.support.loopback import Loopback, Reply, Seen

_ANSWERS_WITHIN_MS: Final = 50
_AGAIN_AFTER_S: Final = 0.2
_PATIENCE: Final = aiohttp.ClientTimeout(total=10)


class Receiver:
    """Takes callbacks after a moment, and refuses a share of them when they first come."""

    def __init__(self, *, draws: Draws, clock: Clock, refused: float) -> None:
        self.callbacks: list[Callback] = []
        self.server = Loopback(self._answer)
        self._draws = draws
        self._clock = clock
        self._refused = refused
        self._known: set[str] = set()

    def _answer(self, seen: Seen) -> Reply:
        webhook_id, number = seen.headers["webhook-id"], len(self.callbacks)
        is_refused = (
            webhook_id not in self._known
            and self._draws.fraction("refusal", number) < self._refused
        )
        self._known.add(webhook_id)
        # A moment in which the gateway can die: the callback is here, and the answer is not there.
        delay_ms = int(self._draws.between(0, _ANSWERS_WITHIN_MS, "delay", number))
        now_ms = self._clock.now_ms()
        self.callbacks.append(
            Callback(
                at_ms=now_ms,
                answered_ms=now_ms + delay_ms,
                webhook_id=webhook_id,
                body=seen.body,
                was_taken=not is_refused,
            )
        )
        answered = asyncio.Event()
        asyncio.get_running_loop().call_later(delay_ms / 1000, answered.set)
        return Reply(status=503 if is_refused else 200, holds=answered)


class Callers:
    """Posts workflows, each with one Idempotency-Key, until they are accepted."""

    def __init__(self, *, http: aiohttp.ClientSession, base_url: str, clock: Clock) -> None:
        self.attempts: list[Attempt] = []
        self._http = http
        self._url = f"{base_url}/v0.1/dispatch"
        self._clock = clock

    async def insist(self, workflow: Workflow) -> None:
        """Post it again and again while nobody answers, or 503 does; any other answer is final."""
        while True:
            attempt = await self.post(workflow)
            if attempt.http_status not in (None, 503):
                return
            await asyncio.sleep(_AGAIN_AFTER_S)

    async def post(self, workflow: Workflow) -> Attempt:
        """Post it once, and write down what came of it."""
        http_status: int | None = None
        dispatch_uuid: str | None = None
        try:
            async with self._http.post(
                self._url,
                data=workflow.body(),
                headers={
                    "Authorization": CREDENTIALS,
                    "Content-Type": "application/json",
                    "Idempotency-Key": workflow.idempotency_key,
                },
                timeout=_PATIENCE,
            ) as answer:
                answered = await answer.read()
                http_status = answer.status
                if http_status == 202:
                    dispatch_uuid = orjson.loads(answered)["dispatch_uuid"]
        except (aiohttp.ClientError, OSError):  # TimeoutError is one
            pass
        attempt = Attempt(
            at_ms=self._clock.now_ms(),
            number=workflow.number,
            http_status=http_status,
            dispatch_uuid=dispatch_uuid,
        )
        self.attempts.append(attempt)
        return attempt
