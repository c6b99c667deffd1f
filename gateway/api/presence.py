"""`GET /webhooks/doctor/{nonce}`: proves to `doctor` which process answers."""

from __future__ import annotations

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.problems import Problems
from gateway.api.requests import Refusal
from gateway.presence import PATH, Presence
from translators.problems import Problem


class PresenceApi:
    """Answers nonces; says nothing else about the gateway, and does constant work."""

    def __init__(self, presence: Presence, problems: Problems) -> None:
        self._presence = presence
        self._problems = problems

    def route(self) -> Route:
        """Return its route: where callers ask, and where operators do."""
        return Route(f"{PATH}{{nonce}}", self.show, methods=["GET"])

    async def show(self, request: Request) -> Response:
        """Answer one nonce with its proof."""
        proof = self._presence.proof(request.path_params["nonce"])
        if proof is None:
            return self._problems.answer(Refusal(problem=Problem.NOT_FOUND))
        return Response(
            orjson.dumps({"proof": proof}),
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )
