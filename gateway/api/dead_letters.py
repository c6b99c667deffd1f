"""`/dead-letters`: callbacks that were given up, listed in the order of making and posted again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.authenticated import Authenticated, json_answer
from gateway.api.letter_parameters import (
    CHOICE,
    COUNT,
    PAGE,
    read_after,
    read_choice,
    write_place,
)
from gateway.api.parameters import Unusable, read_flag, read_limit, read_parameters
from gateway.api.requests import Refusal
from gateway.clock import Clock
from gateway.engine import Engine
from gateway.logs import get_logger
from gateway.render import CallbackKind, callback_kind
from gateway.settings import Application
from gateway.stores.base import (
    DeadLetter,
    LetterChoice,
    OutboxItemId,
    OutcomeUnknown,
    StoreUnavailable,
)
from translators.diagnostics import JsonObject
from translators.problems import Problem
from translators.status import format_timestamp

log = get_logger()

REPLAYED_PER_S: Final = 20
"""How many replayed callbacks become due in a second, beside what a receiver gets anyway."""
_SPACING_MS: Final = 1000 // REPLAYED_PER_S
_BATCH: Final = 100
"""Letters of one transaction, so that commits of others wait for milliseconds only."""
_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_ITEM: Final = re.compile(rf"({_UUID.pattern})\.([0-9]{{1,10}})", re.ASCII)


@dataclass(slots=True)
class _Progress:
    """How far a replay has come."""

    replayed: int = 0


class DeadLetterApi:
    """Shows an application its dead letters, and puts them back on their way."""

    def __init__(self, *, engine: Engine, clock: Clock, authenticated: Authenticated) -> None:
        self._engine = engine
        self._store = engine.store
        self._clock = clock
        self._authenticated = authenticated

    def routes(self) -> list[Route]:
        """Return where operators look after dead letters."""
        return [
            Route("/dead-letters", self.list_all, methods=["GET"]),
            Route("/dead-letters/replay", self.replay, methods=["POST"]),
            Route("/dead-letters/{item_id}", self.repost, methods=["POST"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """Answer with a page of dead letters, the oldest first, without bodies."""
        return await self._authenticated.answer(request, self._list)

    async def repost(self, request: Request) -> Response:
        """Put one dead letter back on its way; 202."""
        return await self._authenticated.answer(request, self._repost)

    async def replay(self, request: Request) -> Response:
        """Put all that are meant back on their way, or count them."""
        return await self._authenticated.answer(request, self._replay)

    async def _list(self, request: Request, application: Application) -> Response | Refusal:
        try:
            parameters = await read_parameters(request, CHOICE | PAGE)
            choice, after = read_choice(parameters), read_after(parameters)
            limit = read_limit(parameters)
        except Unusable as fault:
            return fault.refusal
        # One more than is shown tells whether there is a next page.
        letters = await self._store.dead_letters(
            application.name, limit=limit + 1, after=after, choice=choice
        )
        body: JsonObject = {"dead_letters": [_entry(letter) for letter in letters[:limit]]}
        if len(letters) > limit:
            body["next"] = write_place(letters[limit - 1].place)
        return json_answer(200, body)

    async def _repost(self, request: Request, application: Application) -> Response | Refusal:
        named = _ITEM.fullmatch(request.path_params["item_id"])
        if named is None:
            return Refusal(problem=Problem.NOT_FOUND)
        item_id = OutboxItemId(owner=named[1], position=int(named[2]))
        if not await self._engine.exhume(application.name, item_id):
            return Refusal(problem=Problem.NOT_FOUND)
        return json_answer(202, {"id": str(item_id)})

    async def _replay(self, request: Request, application: Application) -> Response | Refusal:
        try:
            parameters = await read_parameters(request, CHOICE | COUNT)
            choice, only_counts = read_choice(parameters), read_flag(parameters, "count")
        except Unusable as fault:
            return fault.refusal
        if only_counts:
            count = await self._store.count_dead_letters(application.name, choice)
            return json_answer(200, {"count": count})
        progress = _Progress()
        try:
            await self._put_back(application.name, choice, progress)
        except OutcomeUnknown:
            return _stopped(f"At least {progress.replayed} dead letters were put back on their way")
        except StoreUnavailable:
            return _stopped(f"{progress.replayed} dead letters were put back on their way")
        log.info("callback.replayed", rows=progress.replayed)
        return json_answer(202, {"replayed": progress.replayed})

    async def _put_back(self, application: str, choice: LetterChoice, progress: _Progress) -> None:
        """Replay page by page; one that dies again meanwhile stands behind and is left alone."""
        start_ms, after = self._clock.now_ms(), None
        while letters := await self._store.dead_letters(
            application, limit=_BATCH, after=after, choice=choice
        ):
            progress.replayed += await self._store.replay(
                application,
                [letter.item.item_id for letter in letters],
                now_ms=self._clock.now_ms(),
                due_ms=start_ms + progress.replayed * _SPACING_MS,
                spacing_ms=_SPACING_MS,
            )
            after = letters[-1].place


def _stopped(done: str) -> Refusal:
    return Refusal(
        problem=Problem.UNAVAILABLE,
        detail=f"{done}; then the store could not write. Ask again for the others.",
    )


def _entry(letter: DeadLetter) -> JsonObject:
    """Describe a dead letter without anything personal."""
    item = letter.item
    kind = callback_kind(item)
    url = urlsplit(item.url)
    return {
        "id": str(item.item_id),
        "kind": kind.value,
        "dispatch_uuid": None if kind is CallbackKind.INBOUND else item.item_id.owner,
        "message_uuid": _message_uuid(item.body),
        # A query may hold a token.
        "url": f"{url.scheme}://{url.netloc}{url.path}",
        "http_status": letter.http_status,
        "reason": letter.reason,
        "tries": letter.tries,
        "created": format_timestamp(letter.created_ms),
        "died": format_timestamp(letter.died_ms),
    }


def _message_uuid(body: bytes) -> str | None:
    """Return the message a callback speaks of; a report speaks of several."""
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    found = document.get("message_uuid") if isinstance(document, dict) else None
    return found if isinstance(found, str) and _UUID.fullmatch(found) else None
