"""`/parked`: webhooks that could not be used, listed with their reasons, released and discarded."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.api.authenticated import Authenticated, json_answer
from gateway.api.parameters import Unusable, read_limit, read_parameters
from gateway.api.requests import Refusal
from gateway.applications import Applications
from gateway.correlation import SPENT, Disposition
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.parking import remedy_of
from gateway.reception import Reception
from gateway.settings import Application
from gateway.stores.base import HeldWebhook, Store, StoreUnavailable
from translators.diagnostics import JsonObject
from translators.problems import Problem
from translators.status import format_timestamp

log = get_logger()

_PAGE: Final = frozenset({"after", "limit", "reason"})
_RELEASE: Final = frozenset({"after", "reason"})
_BATCH: Final = 100
_RELEASED: Final = 1000
"""Webhooks that one request tries, at most: a few seconds of work."""
_LARGEST_ID: Final = 2**63 - 1
"""What the store counts to."""

_NOT_FOUND: Final = Refusal(
    problem=Problem.NOT_FOUND, detail="There is no parked webhook with this id."
)
_HALFWAY: Final = Refusal(
    problem=Problem.UNAVAILABLE,
    detail="The store cannot be written to. Some may have been released; ask again later.",
)


class ParkedApi:
    """Shows an application the webhooks that are kept for it."""

    def __init__(
        self,
        *,
        store: Store,
        reception: Reception,
        applications: Applications,
        authenticated: Authenticated,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._reception = reception
        self._applications = applications
        self._authenticated = authenticated
        self._metrics = metrics

    def routes(self) -> list[Route]:
        """Return where operators look after parked webhooks."""
        return [
            Route("/parked", self.list_all, methods=["GET"]),
            Route("/parked/release", self.release_all, methods=["POST"]),
            Route("/parked/{held_id}", self.show, methods=["GET"]),
            Route("/parked/{held_id}", self.release, methods=["POST"]),
            Route("/parked/{held_id}", self.discard, methods=["DELETE"]),
        ]

    async def list_all(self, request: Request) -> Response:
        """Answer with a page of parked webhooks, the oldest first, without bodies."""
        return await self._authenticated.answer(request, self._list)

    async def show(self, request: Request) -> Response:
        """Answer with one parked webhook and its body."""
        return await self._authenticated.answer(request, self._show)

    async def release(self, request: Request) -> Response:
        """Take one in anew, as if it came now; 202."""
        return await self._authenticated.answer(request, self._release)

    async def release_all(self, request: Request) -> Response:
        """Take all of one reason in anew, as many as one request may."""
        return await self._authenticated.answer(request, self._release_all)

    async def discard(self, request: Request) -> Response:
        """Forget one for good; 204."""
        return await self._authenticated.answer(request, self._discard)

    async def _list(self, request: Request, application: Application) -> Response | Refusal:
        try:
            parameters = await read_parameters(request, _PAGE)
            after, limit = _read_after(parameters), read_limit(parameters)
        except Unusable as fault:
            return fault.refusal
        senders = self._applications.senders_to(application)
        reason = parameters.get("reason")
        # One more than is shown tells whether there is a next page.
        found = await self._store.held(senders, reason=reason, after=after, limit=limit + 1)
        body: JsonObject = {"parked": [self._entry(held) for held in found[:limit]]}
        if len(found) > limit:
            body["next"] = str(found[limit - 1].held_id)
        return json_answer(200, body)

    async def _show(self, request: Request, application: Application) -> Response | Refusal:
        held = await self._named(request, application)
        if held is None:
            return _NOT_FOUND
        return json_answer(200, {**self._entry(held), **_body(held.body)})

    async def _release(self, request: Request, application: Application) -> Response | Refusal:
        held = await self._named(request, application)
        if held is None:
            return _NOT_FOUND
        disposition = await self._released(held)
        return json_answer(202, {"id": str(held.held_id), "disposition": disposition.value})

    async def _release_all(self, request: Request, application: Application) -> Response | Refusal:
        try:
            parameters = await read_parameters(request, _RELEASE)
            reason, after = parameters.get("reason"), _read_after(parameters)
            if not reason:
                raise Unusable.because(
                    "reason", "is required: it says which are released, as in no-inbound-url"
                )
        except Unusable as fault:
            return fault.refusal
        senders = self._applications.senders_to(application)
        tried = released = 0
        is_more = True
        try:
            while is_more and tried < _RELEASED:
                batch = await self._store.held(senders, reason=reason, after=after, limit=_BATCH)
                for held in batch:
                    released += await self._released(held) in SPENT
                    after = held.held_id
                tried += len(batch)
                is_more = len(batch) == _BATCH
        except StoreUnavailable:
            return _HALFWAY
        body: JsonObject = {"reason": reason, "released": released, "kept": tried - released}
        if is_more:
            body["next"] = str(after)
        return json_answer(200, body)

    async def _discard(self, request: Request, application: Application) -> Response | Refusal:
        held = await self._named(request, application)
        if held is None:
            return _NOT_FOUND
        await self._store.drop_held(held.held_id)
        log.warning("webhook.discarded", item=str(held.held_id), reason=held.reason)
        return Response(status_code=204)

    async def _released(self, held: HeldWebhook) -> Disposition:
        disposition = await self._reception.release(held)
        self._metrics.webhooks.labels("released", disposition.value).inc()
        return disposition

    async def _named(self, request: Request, application: Application) -> HeldWebhook | None:
        """Return the webhook of the path; one of somebody else is as unknown as any other."""
        held_id = _digits(request.path_params["held_id"])
        held = None if held_id is None else await self._store.held_webhook(held_id)
        if held is None or held.application not in self._applications.senders_to(application):
            return None
        return held

    def _entry(self, held: HeldWebhook) -> JsonObject:
        entry: JsonObject = {
            "id": str(held.held_id),
            "reason": held.reason,
            "remedy": remedy_of(held.reason),
            "account": self._applications.account_of(held.application),
            "received": format_timestamp(held.received_ms),
        }
        if held.application in self._applications.by_name:
            entry["application"] = held.application
        if held.message_uuid is not None:
            entry["message_uuid"] = held.message_uuid
        return entry


def _body(body: bytes) -> JsonObject:
    try:
        return {"body": body.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode("ascii")}


def _read_after(parameters: Mapping[str, str]) -> int:
    """Return the id that a page begins behind, 0 for the first page.

    Raises:
        Unusable: it is no id.
    """
    after = _digits(parameters.get("after", "0"))
    if after is None:
        raise Unusable.because("after", "is not the next of an answer of this route")
    return after


def _digits(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(_LARGEST_ID))
    return int(text) if is_number and int(text) <= _LARGEST_ID else None
