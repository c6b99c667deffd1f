"""A gateway on a socket, for requests that are refused: nothing may come of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import httpx2
import orjson

from tests.gateway.api.surface import (
    JSON,
    problem,
    stored,
)
from tests.gateway.api.tokens import basic
from tests.support.loopback import Reply
from tests.support.world import (
    API_KEY,
    API_SECRET,
    WHATSAPP_THEN_SMS,
    World,
    step,
    workflow,
)
from translators.diagnostics import JsonObject

REQUESTS = Path(__file__).parents[3] / "fixtures" / "requests"
GOOD = orjson.dumps(WHATSAPP_THEN_SMS)
ONE_SMS = orjson.dumps(workflow(step()))
REFUSED_BY_UPSTREAM = Reply(status=402, body=b'{"title": "Low balance"}')
OURS = basic(f"{API_KEY}:{API_SECRET}")


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway on a socket that the refused requests of this module share."""

    world: World
    http: httpx2.AsyncClient
    folder: Path

    async def refused(
        self,
        http_status: int,
        content: bytes = GOOD,
        headers: dict[str, str] | None = None,
        authorization: str | None = OURS,
    ) -> tuple[httpx2.Response, JsonObject]:
        """Have a request refused, and see that nothing came of it."""
        before, sends = stored(self.folder), len(self.world.upstream.seen)
        sent = {**JSON, **(headers or {})}
        if authorization is not None:
            sent["Authorization"] = authorization
        answer = await self.http.post(
            "/v0.1/dispatch",
            content=content,
            # Not every row can be written in ASCII.
            headers={name.encode(): value.encode("latin-1") for name, value in sent.items()},
        )
        body = problem(answer, http_status)
        assert stored(self.folder) == before
        assert len(self.world.upstream.seen) == sends
        return answer, body
