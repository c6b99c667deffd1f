"""A stand-in of the legacy Dispatch service over HTTP: v0.1 in, callbacks out, nobody messaged.

What a workflow shows is decided in `legacy_play.py`; here it is accepted, and told when it is due.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import orjson
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from gateway.clock import Clock
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.credentials import is_authorized
from gateway.sandbox.hangup import Hangup
from gateway.sandbox.ledger import Tally, masked
from gateway.sandbox.legacy_messages import Message
from gateway.sandbox.legacy_play import Played, play_steps
from gateway.sandbox.legacy_quirks import AS_DOCUMENTED, Habits
from gateway.sandbox.legacy_requests import InvalidRequest, LegacyStep, read_workflow
from gateway.sandbox.scripts import script_for
from gateway.sandbox.sending import draw_uuid
from gateway.sandbox.statuses import Status
from gateway.sandbox.webhooks import Lane, Webhook, WebhookSender
from translators.diagnostics import JsonObject, JsonValue
from translators.timestamps import format_timestamp

_INVALID: Final = "https://www.nexmo.com/messages/Errors#InvalidParams"
_GENERIC: Final = "https://developer.nexmo.com/api-errors#"
# Where the fragment and the title are not the phrase of HTTP. Source: docs/wire.md section 1.5.
_TITLES: Final = {
    401: ("unauthorized", "Invalid credentials supplied"),
    405: ("wrong-verb", "Request method not allowed"),
    429: ("throttled", "Rate Limit Hit"),
    500: ("internal-error", "Internal error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LegacyConfig:
    """What only the stand-in is told; the rest is in `SandboxConfig`."""

    habits: Habits = AS_DOCUMENTED
    answer: int | None = None
    """The HTTP status that every POST gets, which then starts nothing; `None`: as it deserves."""
    loses_answers: bool = False
    """Workflows are accepted and played, but the connection closes without an answer."""
    answer_delay_s: float = 0
    """How long every answer is held back; no pace scales it."""


@dataclass(slots=True, kw_only=True)
class _Entry:
    """One POST, in the ledger."""

    at_ms: int
    answer: str
    dispatch_uuid: str | None = None
    steps: Sequence[LegacyStep] = ()
    messages: Sequence[Message] = ()
    tally: Tally = field(default_factory=Tally)


def create_legacy(
    config: SandboxConfig,
    legacy: LegacyConfig,
    clock: Clock,
    *,
    say: Callable[[str], None] | None = None,
) -> Starlette:
    """Make the application. Callbacks are sent while its lifespan lasts.

    Answers that are held back come at once when `state.stopping`, an event, is set.

    Args:
        say: takes one line for each POST and callback, without recipients or texts.
    """
    service = _Legacy(config, legacy, clock, say)
    app = Starlette(
        routes=[
            # Both directly: clients drop the body on a redirect.
            Route("/v0.1/dispatch", service.post_dispatch, methods=["POST"]),
            Route("/v0.1/dispatch/", service.post_dispatch, methods=["POST"]),
            Route("/sandbox/dispatches", service.get_dispatches, methods=["GET"]),
            Route("/sandbox/dispatches", service.delete_dispatches, methods=["DELETE"]),
            Route("/livez", _get_livez, methods=["GET"]),
        ],
        exception_handlers={HTTPException: service.answer_stray},
        lifespan=lambda _: service.callbacks.running(),
    )
    app.state.stopping = service.stopping
    return app


class _Legacy:
    """The state behind the routes: a ledger, and callbacks to come."""

    def __init__(
        self,
        config: SandboxConfig,
        legacy: LegacyConfig,
        clock: Clock,
        say: Callable[[str], None] | None,
    ) -> None:
        self._config = config
        self._legacy = legacy
        self._clock = clock
        self._say = say
        self._ledger: deque[_Entry] = deque(maxlen=config.remembered)
        self.callbacks = WebhookSender(config, clock, say)
        self.stopping = asyncio.Event()

    async def post_dispatch(self, request: Request) -> Response:
        """Accept a workflow, or answer as the settings say."""
        try:
            body = await request.body()
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        if self._legacy.answer_delay_s:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._legacy.answer_delay_s):
                    await self.stopping.wait()
        if self._legacy.answer is not None:
            return self._refuse(self._legacy.answer)
        authorization = request.headers.get("authorization")
        if self._config.api_key is not None and not is_authorized(authorization, self._config):
            return self._refuse(401)
        try:
            steps = read_workflow(_parse(body))
        except InvalidRequest as fault:
            return self._refuse(400, fault)
        return self._accept(steps)

    def _accept(self, steps: list[LegacyStep]) -> Response:
        dispatch_uuid = draw_uuid(self._clock)
        entry = _Entry(
            at_ms=self._clock.now_ms(),
            answer="none" if self._legacy.loses_answers else "202",
            dispatch_uuid=dispatch_uuid,
            steps=steps,
        )
        played = play_steps(
            steps,
            dispatch_uuid=dispatch_uuid,
            draw=lambda: draw_uuid(self._clock),
            accepted_ms=entry.at_ms,
            habits=self._legacy.habits,
        )
        entry.messages = played.messages
        self._record(entry)
        response = (
            Hangup() if self._legacy.loses_answers else _json({"dispatch_uuid": dispatch_uuid}, 202)
        )
        # Afterwards, so that no callback overtakes the id that it carries.
        response.background = BackgroundTask(self._schedule, played, entry)
        return response

    async def _schedule(self, played: Played, entry: _Entry) -> None:
        url = self._config.webhook_url
        if url is None:
            return
        # One lane for all: what a fast pace moves together still comes in its order.
        webhooks = deque(
            Webhook(
                message_uuid=str(told.body.get("message_uuid") or entry.dispatch_uuid),
                url=url,
                status=Status(
                    due_ms=entry.at_ms + int(told.at_ms * self._config.pace),
                    status=str(told.body["status"]),
                    body=orjson.dumps(told.body),
                ),
            )
            for told in played.told
        )
        self.callbacks.schedule(Lane(webhooks=webhooks, tally=entry.tally))

    def _refuse(self, http_status: int, fault: InvalidRequest | None = None) -> Response:
        self._record(_Entry(at_ms=self._clock.now_ms(), answer=str(http_status)))
        return _problem(http_status, self._clock.draw_token(16).hex(), fault)

    def _record(self, entry: _Entry) -> None:
        self._ledger.append(entry)
        if self._say is not None:
            scripts = ", ".join(
                f"{step.channel} {script_for(step.recipient).name}" for step in entry.steps
            )
            known_as = f"  {entry.dispatch_uuid}" if entry.dispatch_uuid else ""
            self._say(f"dispatch  {scripts or 'refused'} -> {entry.answer}{known_as}")

    async def get_dispatches(self, request: Request) -> Response:
        """Show the ledger."""
        now_ms = self._clock.now_ms()
        sent = [
            message
            for entry in self._ledger
            for message in entry.messages
            if message.is_sent and self._is_sent(entry, message, now_ms)
        ]
        report: JsonObject = {
            "posts": len(self._ledger),
            "accepted": sum(entry.dispatch_uuid is not None for entry in self._ledger),
            "sent": len(sent),
            "callbacks_pending": sum(entry.tally.pending for entry in self._ledger),
            "dispatches": [self._entry_json(entry, now_ms) for entry in self._ledger],
        }
        return _json(report)

    async def delete_dispatches(self, request: Request) -> Response:
        """Start afresh: an empty ledger, and no callback pending."""
        self._ledger.clear()
        self.callbacks.clear()
        return Response(status_code=204)

    async def answer_stray(self, request: Request, error: Exception) -> Response:
        """Answer what no route takes."""
        http_status = error.status_code if isinstance(error, HTTPException) else 404
        return _problem(http_status, self._clock.draw_token(16).hex(), None)

    def _is_sent(self, entry: _Entry, message: Message, now_ms: int) -> bool:
        return now_ms >= entry.at_ms + message.sent_ms * self._config.pace

    def _entry_json(self, entry: _Entry, now_ms: int) -> JsonObject:
        sent = {
            message.index: message
            for message in entry.messages
            if self._is_sent(entry, message, now_ms)
        }
        steps: list[JsonValue] = [
            {
                "channel": step.channel,
                "to": masked(step.recipient),
                "script": script_for(step.recipient).name,
                "client_ref": step.client_ref,
                "message_uuid": sent[index].message_uuid if index in sent else None,
                "sent": index in sent and sent[index].is_sent,
            }
            for index, step in enumerate(entry.steps)
        ]
        tally = entry.tally
        return {
            "time": format_timestamp(entry.at_ms),
            "answer": entry.answer,
            "dispatch_uuid": entry.dispatch_uuid,
            "steps": steps,
            "callbacks": {
                "pending": tally.pending,
                "delivered": tally.delivered,
                "given_up": tally.given_up,
                "attempts": tally.attempts,
            },
        }


def _parse(body: bytes) -> JsonValue:
    try:
        document: JsonValue = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest("body", "must be JSON") from error
    return document


def _problem(http_status: int, instance: str, fault: InvalidRequest | None) -> Response:
    """Write an error in the v0.1 shape. Source: docs/wire.md section 1.5."""
    phrase = HTTPStatus(http_status).phrase
    fragment, title = _TITLES.get(http_status, (phrase.lower().replace(" ", "-"), phrase))
    body: JsonObject = {"type": _GENERIC + fragment, "title": title, "detail": f"{title}."}
    if fault is not None:
        body = {
            "type": _INVALID,
            "title": "Invalid Parameters",
            "detail": "Your request parameters did not validate.",
        }
    body["instance"] = instance
    if fault is not None:
        body["invalid_parameters"] = {"name": fault.name, "reason": fault.reason}
    return _json(body, http_status)


async def _get_livez(request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _json(body: JsonObject, http_status: int = 200) -> Response:
    return Response(orjson.dumps(body), http_status, media_type="application/json")
