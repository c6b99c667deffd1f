"""Real traffic beside a flood: workflows, signed webhooks and health checks, and how they fare."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import orjson

from gateway.clock import SystemClock
from gateway.signatures import sign_body
from tests.support.world import API_KEY, API_SECRET, SIGNATURE_SECRET, step, workflow

ROUNDS_PER_S: Final = 20
_WITHIN_S: Final = 10
_WORKFLOW: Final = orjson.dumps(workflow(step("sms")))
_JSON: Final = {"Content-Type": "application/json"}
_GOOD: Final = frozenset({"dispatch 202", "webhook 200", "livez 200"})


@dataclass(slots=True)
class Faring:
    """How requests fared."""

    took_ms: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    """How often which kind of request got which answer."""

    @property
    def p99_ms(self) -> float:
        """The time that 99 of 100 requests stayed below."""
        ordered = sorted(self.took_ms)
        return ordered[int(len(ordered) * 0.99)] if ordered else 0

    @property
    def failures(self) -> dict[str, int]:
        """What was not answered as it should be, and how often."""
        return {answer: count for answer, count in self.answers.items() if answer not in _GOOD}


class Traffic:
    """Steady requests of everybody who has a right to them."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._clock = SystemClock()
        self.now = Faring()
        """Of the present phase; replaced by who begins another."""

    @contextlib.asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """Keep it up while the block lasts."""
        # Health checks come on connections of their own, as those of orchestrators do.
        fresh = aiohttp.TCPConnector(force_close=True)
        async with (
            aiohttp.ClientSession(connector=fresh) as health,
            aiohttp.ClientSession(auth=aiohttp.BasicAuth(API_KEY, API_SECRET)) as caller,
            aiohttp.ClientSession() as vendor,
        ):
            beating = asyncio.create_task(self._beat(health, caller, vendor))
            try:
                yield
            finally:
                beating.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await beating

    async def _beat(
        self,
        health: aiohttp.ClientSession,
        caller: aiohttp.ClientSession,
        vendor: aiohttp.ClientSession,
    ) -> None:
        async with asyncio.TaskGroup() as running:
            while True:
                event = self._event()
                running.create_task(self._ask("livez", health, "GET", "/livez"))
                running.create_task(
                    self._ask(
                        "dispatch", caller, "POST", "/v0.1/dispatch", data=_WORKFLOW, headers=_JSON
                    )
                )
                running.create_task(
                    self._ask(
                        "webhook",
                        vendor,
                        "POST",
                        "/webhooks/status",
                        data=event,
                        headers=self._signed(event),
                    )
                )
                await asyncio.sleep(1 / ROUNDS_PER_S)

    async def _ask(
        self, kind: str, session: aiohttp.ClientSession, method: str, path: str, **request: Any
    ) -> None:
        faring, loop = self.now, asyncio.get_running_loop()
        at_s = loop.time()
        try:
            async with (
                asyncio.timeout(_WITHIN_S),
                session.request(method, self._base_url + path, **request) as answer,
            ):
                await answer.read()
            faring.answers[f"{kind} {answer.status}"] += 1
        except (aiohttp.ClientError, TimeoutError) as error:
            faring.answers[f"{kind} {type(error).__name__}"] += 1
        faring.took_ms.append((loop.time() - at_s) * 1000)

    def _event(self) -> bytes:
        """Return a status that belongs to nothing: it is verified, kept and answered 200."""
        return orjson.dumps(
            {
                "message_uuid": str(self._clock.draw_uuid()),
                "to": "447700900000",
                "from": "447700900001",
                "timestamp": "2025-02-03T12:14:25Z",
                "status": "delivered",
                "channel": "sms",
            }
        )

    def _signed(self, body: bytes) -> dict[str, str]:
        token = sign_body(
            body,
            secret=SIGNATURE_SECRET,
            api_key=API_KEY,
            application_id=None,
            issued_at_s=self._clock.wall_s(),
            token_id=str(self._clock.draw_uuid()),
        )
        return {**_JSON, "Authorization": f"Bearer {token}"}
