"""The simulated Messages API v1: its routes, and the life of one POST.

A product of its own: users run it in their CI, the demo runs it beside the gateway. Reading order:
`scripts.py` (what can happen), this module, `webhooks.py` (how statuses travel).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
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
from gateway.sandbox.ledger import Entry, Ledger, masked, repeat_key, token_suffix
from gateway.sandbox.problems import GARBAGE, Refusal, problem_response, scripted_problem
from gateway.sandbox.scripts import SCRIPTS, Answer, Body, script_for
from gateway.sandbox.sending import make_lane, read_messages
from gateway.sandbox.statuses import SentMessage
from gateway.sandbox.tables import answer_text, webhooks_text
from gateway.sandbox.webhooks import WebhookSender
from translators.diagnostics import JsonObject, JsonValue
from translators.v1 import V1Problem, validate_message

__all__ = ["SandboxConfig", "create_sandbox"]

_BODY_LIMIT: Final = 1024 * 1024
_LISTED: Final = 1000
_OVERTAKING_S: Final = 5.0
"""How long an answer waits for the webhook that should overtake it."""


def create_sandbox(
    config: SandboxConfig, clock: Clock, *, say: Callable[[str], None] | None = None
) -> Starlette:
    """Make the application. Webhooks are sent while its lifespan lasts.

    Answers that are held back come at once when `state.stopping`, an event, is set.

    Args:
        say: takes one line for each POST and webhook, without recipients or texts.
    """
    sandbox = _Sandbox(config, clock, say)
    app = Starlette(
        routes=[
            Route("/v1/messages", sandbox.post_message, methods=["POST"]),
            Route("/sandbox/messages", sandbox.get_messages, methods=["GET"]),
            Route("/sandbox/messages", sandbox.delete_messages, methods=["DELETE"]),
            Route("/sandbox/scripts", _get_scripts, methods=["GET"]),
            Route("/livez", _get_livez, methods=["GET"]),
        ],
        exception_handlers={HTTPException: sandbox.answer_stray},
        lifespan=lambda _: sandbox.webhooks.running(),
    )
    app.state.stopping = sandbox.stopping
    return app


class _Sandbox:
    """The state behind the routes: a ledger, and webhooks to come."""

    def __init__(
        self, config: SandboxConfig, clock: Clock, say: Callable[[str], None] | None
    ) -> None:
        self._config = config
        self._clock = clock
        self._say = say
        self._ledger = Ledger(config.remembered)
        self.webhooks = WebhookSender(config, clock, say)
        self.stopping = asyncio.Event()

    async def post_message(self, request: Request) -> Response:
        """Take a message the way v1 does, or as the script of its recipient says."""
        if not is_authorized(request.headers.get("authorization"), self._config):
            return self._refuse(Refusal.UNAUTHORIZED)
        try:
            body = await _read_body(request)
        except ClientDisconnect:
            return Response(status_code=400)  # nobody is there to read it
        if body is None:
            return self._refuse(Refusal.TOO_LARGE)
        try:
            document: JsonValue = orjson.loads(body)
        except orjson.JSONDecodeError:
            return self._refuse(Refusal.INVALID_JSON, body)
        problem = validate_message(document)
        if problem is not None or not isinstance(document, dict):
            return self._refuse(problem or Refusal.INVALID_JSON, body)
        return await self._play(document, body)

    async def _play(self, document: JsonObject, body: bytes) -> Response:
        workflow_id = self._workflow_id() if document.get("failover") else None
        messages = read_messages(document, self._clock, workflow_id)
        first = messages[0]
        script = script_for(first.to)
        answer, is_sent = script.answer, script.is_sent
        key = repeat_key(first.webhook_url, body)
        repeats = self._ledger.repeats(key)
        if answer.is_for_first_only:
            answer, is_sent = (Answer(), True) if repeats.posts else (answer, False)
        entry = Entry(
            at_ms=self._clock.now_ms(),
            answer="none" if answer.http_status is None else str(answer.http_status),
            channel=first.channel,
            message_type=first.message_type,
            to=masked(first.to),
            script=script.name,
            message_uuid=first.message_uuid if is_sent else None,
            client_ref=first.client_ref,
            webhook_token=first.webhook_url and token_suffix(first.webhook_url),
            is_sent=is_sent,
            key=key,
            repeats=repeats,
        )
        self._record(entry)
        if answer.delay_s:
            await self._hold(answer.delay_s * self._config.fixed_pace)
        response = self._answer(answer, first.message_uuid, workflow_id)
        if answer.follows_webhook:
            await self._overtake(messages, entry)
        elif is_sent:
            response.background = BackgroundTask(self._send, messages, entry)
        return response

    async def _hold(self, delay_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await self.stopping.wait()

    async def _send(self, messages: list[SentMessage], entry: Entry) -> None:
        now_ms = self._clock.now_ms()
        self.webhooks.schedule(
            make_lane(messages, self._config, start_ms=now_ms, tally=entry.tally)
        )

    async def _overtake(self, messages: list[SentMessage], entry: Entry) -> None:
        now_ms = self._clock.now_ms()
        lane = make_lane(messages, self._config, start_ms=now_ms, tally=entry.tally)
        if not lane.webhooks:
            return
        self.webhooks.schedule(lane)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_OVERTAKING_S):
                await lane.attempted.wait()

    def _answer(self, answer: Answer, message_uuid: str, workflow_id: str | None) -> Response:
        if answer.http_status is None:
            return Hangup()
        if answer.body is Body.PROBLEM:
            return problem_response(
                scripted_problem(answer.http_status),
                instance=self._instance(),
                retry_after_s=answer.retry_after_s,
            )
        if answer.body is Body.GARBAGE:
            return Response(GARBAGE, answer.http_status, media_type="text/html")
        accepted: JsonObject = {}
        if answer.body is Body.UUID:
            accepted["message_uuid"] = message_uuid
        if workflow_id is not None:
            accepted["workflow_id"] = workflow_id
        return _json(accepted, answer.http_status)

    def _refuse(self, problem: Refusal | V1Problem, body: bytes = b"") -> Response:
        response = problem_response(problem, instance=self._instance())
        key = repeat_key(None, body)
        entry = Entry(
            at_ms=self._clock.now_ms(),
            answer=str(response.status_code),
            key=key,
            repeats=self._ledger.repeats(key),
        )
        self._record(entry)
        return response

    def _record(self, entry: Entry) -> None:
        self._ledger.record(entry)
        if self._say is not None:
            kind = f"{entry.channel}/{entry.message_type}" if entry.channel else "refused"
            script = f"  {entry.to}  {entry.script}" if entry.script else ""
            known_as = f"  {entry.message_uuid}" if entry.message_uuid else ""
            self._say(f"message  {kind}{script} -> {entry.answer}{known_as}")

    def _instance(self) -> str:
        return self._clock.draw_token(16).hex()

    def _workflow_id(self) -> str:
        # Opaque, of the length that was seen: 55. Source: docs/wire.md section 3.4.
        return self._clock.draw_token(28).hex()[:55]

    async def get_messages(self, request: Request) -> Response:
        """Show the ledger."""
        limit = request.query_params.get("limit", str(_LISTED))
        if not (limit.isascii() and limit.isdigit() and len(limit) < 8):
            return PlainTextResponse("limit is a number of messages\n", 400)
        return _json(self._ledger.report(int(limit)))

    async def delete_messages(self, request: Request) -> Response:
        """Start afresh: an empty ledger, and no webhook pending."""
        self._ledger.clear()
        self.webhooks.clear()
        return Response(status_code=204)

    async def answer_stray(self, request: Request, error: Exception) -> Response:
        """Answer what no route takes."""
        is_known = isinstance(error, HTTPException) and error.status_code == 405
        problem = Refusal.WRONG_VERB if is_known else Refusal.NOT_FOUND
        return problem_response(problem, instance=self._instance())


async def _read_body(request: Request) -> bytes | None:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > _BODY_LIMIT:
            return None
        chunks.append(chunk)
    return b"".join(chunks)


async def _get_scripts(request: Request) -> Response:
    scripts: list[JsonValue] = [
        {
            "digits": script.digits,
            "name": script.name,
            "summary": script.summary,
            "answer": answer_text(script),
            "webhooks": webhooks_text(script),
            "sent": script.is_sent,
        }
        for script in SCRIPTS
    ]
    return _json({"scripts": scripts})


async def _get_livez(request: Request) -> Response:
    return PlainTextResponse("ok\n")


def _json(body: JsonObject, http_status: int = 200) -> Response:
    return Response(orjson.dumps(body), http_status, media_type="application/json")
