"""A trace of a workflow that Dispatch ran, from what the application saw of it.

Dispatch shows neither its sends nor its decisions. Which step a message belongs to follows from
the order of the final report or from addresses; that a step was given up, from the first status
of the next one. Source: docs/wire.md section 6.2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.traces.instants import instant_ms
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.channels import CHANNEL_ALIASES
from translators.diagnostics import JsonObject, JsonValue
from translators.timestamps import format_timestamp
from translators.usage import plain_decimal

REPEATED: Final = "told-before"
"""Why a callback that came again, byte for byte, is not told twice."""

_FAILED: Final = frozenset({"rejected", "undeliverable"})
# Callbacks have no order (docs/wire.md section 5.1), so the rejection that caused a failover may
# be told after the next step's first status.
_DISORDER_MS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A callback of Dispatch as it arrived, pseudonymised."""

    at_ms: int | None
    """Unix milliseconds; `None` if nobody knows."""
    body: JsonObject
    is_repeated: bool = False
    """Whether the same bytes had come before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One workflow as the application saw it, pseudonymised."""

    dispatch: str
    request: JsonObject
    accepted_ms: int | None
    """When the request was answered, Unix milliseconds."""
    answer: str
    """The HTTP status."""
    told: Sequence[Told]
    is_complete: bool
    origin: str
    rules: tuple[str, ...]


def is_report(body: JsonObject) -> bool:
    """Tell a final report from a status callback. Source: docs/wire.md section 5.4."""
    return "dispatch_uuid" in body


def legacy_trace(run: Run) -> Trace:
    """Make the trace of a workflow on the legacy path."""
    known = [told.at_ms for told in run.told if told.at_ms is not None]
    zero_ms = run.accepted_ms if run.accepted_ms is not None else min(known, default=0)
    told = sorted(_dated(run.told, zero_ms), key=lambda each: each[0])
    steps = _Steps(run.request, [each.body for _, each in told])
    entries = [TraceEntry(at_ms=0, kind=Kind.ANSWER, status=run.answer)]
    entries += [_entry(at_ms, each, zero_ms, steps) for at_ms, each in told]
    entries.sort(key=lambda entry: entry.at_ms)  # a callback may overtake the answer
    accepted = run.accepted_ms
    return Trace(
        dispatch=run.dispatch,
        path=Path.LEGACY,
        origin=run.origin,
        accepted_at=None if accepted is None else format_timestamp(accepted),
        request=run.request,
        entries=tuple(_with_failovers(entries)),
        is_complete=run.is_complete,
        rules=run.rules,
    )


def _dated(told: Sequence[Told], zero_ms: int) -> list[tuple[int, Told]]:
    """Return each callback with its instant; one without has that of the one before it."""
    dated, at_ms = [], 0
    for each in told:
        at_ms = at_ms if each.at_ms is None else each.at_ms - zero_ms
        dated.append((at_ms, each))
    return dated


class _Steps:
    """Which step each message is of."""

    def __init__(self, request: JsonObject, bodies: Sequence[JsonObject]) -> None:
        workflow = request.get("workflow")
        steps = workflow if isinstance(workflow, list) else []
        self._recipients = [_address(step.get("to")) for step in steps if isinstance(step, dict)]
        statuses = [body for body in bodies if not is_report(body)]
        self._of = self._as_reported(statuses, [body for body in bodies if is_report(body)])
        for body in statuses:
            self._learn(body)

    def of(self, message: JsonValue) -> int | None:
        """Return the index of the message's step; `None` if it is of no step we know."""
        return self._of.get(message) if isinstance(message, str) else None

    def _as_reported(
        self, statuses: Sequence[JsonObject], reports: Sequence[JsonObject]
    ) -> dict[str, int]:
        """Read the order of the first report, if it can be trusted: it lists attempted steps."""
        links = reports[0].get("_links") if reports else None
        listed = links.get("messages") if isinstance(links, dict) else None
        order: dict[str, int] = {}
        for index, each in enumerate(listed if isinstance(listed, list) else []):
            message = each.get("message_uuid") if isinstance(each, dict) else None
            channel = each.get("channel") if isinstance(each, dict) else None
            is_next = index < len(self._recipients) and _channel(channel) == _channel(
                self._recipients[index][0]
            )
            if not isinstance(message, str) or not is_next:
                return {}
            order[message] = index
        told = {_text(body.get("message_uuid")) for body in statuses}
        return order if told <= {*order, None} else {}

    def _learn(self, body: JsonObject) -> None:
        """Take a new message for the first step with its recipient that has none yet."""
        message = body.get("message_uuid")
        if not isinstance(message, str) or message in self._of:
            return
        recipient, taken = _address(body.get("to")), set(self._of.values())
        for index, each in enumerate(self._recipients):
            if each == recipient and index not in taken:
                self._of[message] = index
                return


def _entry(at_ms: int, told: Told, zero_ms: int, steps: _Steps) -> TraceEntry:
    body = told.body
    kind = Kind.REPORT if is_report(body) else Kind.STATUS
    message = body.get("message_uuid") if kind is Kind.STATUS else None
    event_ms = instant_ms(body.get("timestamp"))
    error, usage = body.get("error"), body.get("usage")
    return TraceEntry(
        at_ms=at_ms,
        kind=Kind.IGNORED if told.is_repeated else kind,
        step=steps.of(message),
        message=_text(message),
        event_ms=None if event_ms is None else event_ms - zero_ms,
        status=_text(body.get("status")),
        code=_code(error.get("code")) if isinstance(error, dict) else None,
        price=plain_decimal(usage.get("price")) if isinstance(usage, dict) else None,
        currency=_text(usage.get("currency")) if isinstance(usage, dict) else None,
        why=REPEATED if told.is_repeated else None,
        body=body,
    )


def _with_failovers(entries: Sequence[TraceEntry]) -> list[TraceEntry]:
    """Insert what Dispatch decided and never told: the end of each step that had a successor."""
    shown: list[TraceEntry] = []
    reached = 0
    for entry in entries:
        if entry.kind is Kind.STATUS and entry.step is not None and entry.step > reached:
            until_ms = entry.at_ms + _DISORDER_MS
            for step in range(reached, entry.step):
                why = _why_given_up(entries, step, until_ms)
                failover = TraceEntry(at_ms=entry.at_ms, kind=Kind.FAILOVER, step=step, why=why)
                shown.append(replace(failover, event_ms=entry.event_ms))
            reached = entry.step
        shown.append(entry)
    return shown


def _why_given_up(entries: Sequence[TraceEntry], step: int, until_ms: int) -> str:
    for entry in entries:
        is_told = entry.kind is Kind.STATUS and entry.step == step and entry.at_ms <= until_ms
        if is_told and entry.status in _FAILED:
            return entry.status
    return "expired"


def _address(value: JsonValue) -> tuple[str, str]:
    """Return the channel and the bare address, however they are written."""
    if not isinstance(value, dict):
        return "", ""
    held = value.get("number", value.get("id"))
    bare = str(held).strip(" \t\r\n").removeprefix("+")
    return _channel(value.get("type")), bare.removeprefix("00")


def _channel(value: JsonValue) -> str:
    name = value if isinstance(value, str) else ""
    # The last one is the reference's misspelling. Source: docs/wire.md section 5.4.
    return CHANNEL_ALIASES.get(name, name).replace("viber_sevice_msg", "viber_service_msg")


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None


def _code(value: JsonValue) -> int | None:
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
