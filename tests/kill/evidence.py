"""What was written down during a run, by those who saw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from tests.kill.workflows import Workflow
from translators.diagnostics import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A caller's POST of a workflow. `http_status` is None when no answer came."""

    at_ms: int
    number: int
    http_status: int | None
    dispatch_uuid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """A kill -9 of the gateway. `outage_ms` is how long it took until it answered again."""

    at_ms: int
    was_serving: bool
    outage_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A POST as the sandbox's ledger has it: `answer` is the HTTP status or `none`."""

    at_ms: int
    client_ref: str | None
    answer: str
    message_uuid: str | None
    webhook_token: str | None
    taken: int
    """How many of its webhooks were answered 2xx."""
    given_up: int
    pending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One attempt of the sandbox to deliver a webhook, with the answer it got."""

    at_ms: int
    message_uuid: str
    status: str
    answer: str

    @property
    def was_taken(self) -> bool:
        """Whether the gateway answered 2xx."""
        return self.answer.startswith("2")


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One attempt of the gateway to deliver a callback; `was_taken` when it was answered 200.

    `answered_ms` is when the answer left, whether or not the gateway lived to read it.
    """

    at_ms: int
    answered_ms: int
    webhook_id: str
    body: bytes
    was_taken: bool

    @cached_property
    def owner(self) -> str:
        """The dispatch it is about, as its `webhook-id` says."""
        return self.webhook_id.removeprefix("msg_").rpartition(".")[0]

    @cached_property
    def position(self) -> int:
        """Its place in the order of the dispatch."""
        return int(self.webhook_id.rpartition(".")[2])

    @cached_property
    def document(self) -> JsonObject:
        """The body, parsed."""
        parsed: JsonObject = orjson.loads(self.body)
        return parsed

    @property
    def is_report(self) -> bool:
        """Whether it is the final report (docs/wire.md section 5.4)."""
        return "dispatch_uuid" in self.document

    def text(self, member: str) -> str:
        """Return a member of the body as text."""
        return str(self.document.get(member, ""))


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that a run left."""

    workflows: Mapping[int, Workflow]
    attempts: Sequence[Attempt]
    kills: Sequence[Kill] = ()
    deaths: Sequence[int] = ()
    """Exit codes of gateways that ended by themselves, or not as asked."""
    sends: Sequence[Send] = ()
    sent_twice: int = 0
    webhooks: Sequence[Webhook] = ()
    callbacks: Sequence[Callback] = ()
    """In the order of arrival."""
    states: Mapping[str, JsonObject] = field(default_factory=dict)
    """What GET shows of each dispatch in the end; without those that it does not know."""
    doubts: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """The steps that were ever in doubt, as (dispatch_uuid, step), and why."""
    integrity: str = "ok"
    """What SQLite's `integrity_check` says of the file."""
    leftovers: Mapping[str, int] = field(default_factory=dict)
    """What the gateway still had to do in the end, by metric."""
    duration_s: float = 0.0

    @cached_property
    def accepted(self) -> dict[str, Workflow]:
        """The workflow of each `dispatch_uuid` that a caller was told."""
        return {
            attempt.dispatch_uuid: self.workflows[attempt.number]
            for attempt in self.attempts
            if attempt.dispatch_uuid is not None
        }

    @cached_property
    def callbacks_of(self) -> dict[str, list[Callback]]:
        """The callbacks of each dispatch, in the order of arrival."""
        found: dict[str, list[Callback]] = {}
        for callback in self.callbacks:
            found.setdefault(callback.owner, []).append(callback)
        return found

    @cached_property
    def sends_of(self) -> dict[str, list[Send]]:
        """The POSTs of each step, by its reference, in order."""
        found: dict[str, list[Send]] = {}
        for send in self.sends:
            found.setdefault(send.client_ref or "", []).append(send)
        return found

    @cached_property
    def webhooks_of(self) -> dict[str, list[Webhook]]:
        """The webhooks of each message, in order."""
        found: dict[str, list[Webhook]] = {}
        for webhook in self.webhooks:
            found.setdefault(webhook.message_uuid, []).append(webhook)
        return found


def first_occurrences(callbacks: Sequence[Callback]) -> list[Callback]:
    """Return each callback once, as it came first."""
    found: dict[str, Callback] = {}
    for callback in callbacks:
        found.setdefault(callback.webhook_id, callback)
    return list(found.values())
