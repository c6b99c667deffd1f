"""A trace of a workflow that Dispatch ran, from what the application saw of it.

Dispatch shows neither its sends nor its decisions. Which step a message belongs to follows from
the order of the final report or from addresses; that a step was given up, from the first status
of the next one. Source: docs/wire.md section 6.2. Both the gateway that observes and the import of
logs conclude it here, so that they conclude the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.traces.callbacks import callback_entry, text_of
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.channels import CHANNEL_ALIASES
from translators.diagnostics import JsonObject, JsonValue
from translators.timestamps import format_timestamp

REPEATED: Final = "told-before"
"""Why a callback that came again, byte for byte, is not told twice."""

_FAILED: Final = frozenset({"rejected", "undeliverable"})
# Callbacks have no order (docs/wire.md section 5.1), so the rejection that caused a failover may
# be told after the next step's first status.
_DISORDER_MS: Final = 5000
# The request was accepted a little before its answer was seen, so a step can seem to have expired
# a little early.
_EARLY_MS: Final = 1000
_GAPS: Final = re.compile(r"[\s().\-/]")


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
    answered_ms: int | None
    """When the request was answered, Unix milliseconds; `None` if nobody knows."""
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
    zero_ms = run.answered_ms if run.answered_ms is not None else min(known, default=0)
    told = sorted(_dated(run.told, zero_ms), key=lambda each: each[0])
    steps = _Steps(run.request, [each.body for _, each in told])
    entries = [TraceEntry(at_ms=0, kind=Kind.ANSWER, status=run.answer)]
    entries += [_entry(at_ms, each, zero_ms, steps) for at_ms, each in told]
    entries.sort(key=lambda entry: entry.at_ms)  # a callback may overtake the answer
    is_accepted = run.answered_ms is not None and run.answer.startswith("2")
    return Trace(
        dispatch=run.dispatch,
        path=Path.LEGACY,
        origin=run.origin,
        accepted_at=format_timestamp(zero_ms) if is_accepted else None,
        request=run.request,
        entries=tuple(_with_failovers(entries, steps, is_timed=run.answered_ms is not None)),
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
        self._steps = [step if isinstance(step, dict) else {} for step in steps]
        self._recipients = [_address(step.get("to")) for step in self._steps]
        statuses = [body for body in bodies if not is_report(body)]
        self._of = self._as_reported(statuses, [body for body in bodies if is_report(body)])
        for body in statuses:
            self._learn(body)

    def of(self, message: JsonValue) -> int | None:
        """Return the index of the message's step; `None` if it is of no step we know."""
        return self._of.get(message) if isinstance(message, str) else None

    def expiry_ms(self, step: int) -> int:
        """Return how long a step is waited for; 0 where the request does not say."""
        failover = self._steps[step].get("failover")
        expiry = failover.get("expiry_time") if isinstance(failover, dict) else None
        return 1000 * expiry if isinstance(expiry, int) else 0

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
        told = {text_of(body.get("message_uuid")) for body in statuses}
        return order if told <= {*order, None} else {}

    def _learn(self, body: JsonObject) -> None:
        """Take a new message for the first step with its recipient that has none yet.

        A recipient that is nobody's does not hide the message: its step is told by the channel. A
        second message to somebody is of no step, for it is not the next person's.
        """
        message = body.get("message_uuid")
        if not isinstance(message, str) or message in self._of:
            return
        told, taken = _address(body.get("to")), set(self._of.values())
        is_somebodys = told[1] != "" and any(told[1] == each for _, each in self._recipients)
        for index, asked in enumerate(self._recipients):
            is_its = asked == told if is_somebodys else asked[0] == told[0] != ""
            if is_its and index not in taken:
                self._of[message] = index
                return


def _entry(at_ms: int, told: Told, zero_ms: int, steps: _Steps) -> TraceEntry:
    kind = Kind.REPORT if is_report(told.body) else Kind.STATUS
    step = steps.of(told.body.get("message_uuid")) if kind is Kind.STATUS else None
    entry = callback_entry(kind, told.body, at_ms=at_ms, zero_ms=zero_ms, step=step)
    return replace(entry, kind=Kind.IGNORED, why=REPEATED) if told.is_repeated else entry


def _with_failovers(
    entries: Sequence[TraceEntry], steps: _Steps, *, is_timed: bool
) -> list[TraceEntry]:
    """Insert what Dispatch decided and never told: the end of each step that had a successor.

    Args:
        is_timed: whether the instants count from the answer, so that they tell what was too early
            for an expiry.
    """
    shown: list[TraceEntry] = []
    reached, began_ms = 0, 0
    for entry in entries:
        if entry.kind is Kind.STATUS and entry.step is not None and entry.step > reached:
            for step in range(reached, entry.step):
                told = _told_by(entries, step, entry.at_ms + _DISORDER_MS)
                over_ms = began_ms + steps.expiry_ms(step)
                has_time = not is_timed or over_ms <= entry.at_ms + _EARLY_MS
                why = _why_given_up(told, has_time=has_time)
                failover = TraceEntry(at_ms=entry.at_ms, kind=Kind.FAILOVER, step=step, why=why)
                shown.append(replace(failover, event_ms=entry.event_ms))
                # What was refused was refused at once.
                began_ms = began_ms if why == "refused" else min(over_ms, entry.at_ms)
            reached, began_ms = entry.step, entry.at_ms
        shown.append(entry)
    return shown


def _told_by(entries: Sequence[TraceEntry], step: int, until_ms: int) -> list[str | None]:
    """Return the statuses of a step that were told until an instant."""
    return [
        entry.status
        for entry in entries
        if entry.kind is Kind.STATUS and entry.step == step and entry.at_ms <= until_ms
    ]


def _why_given_up(told: Sequence[str | None], *, has_time: bool) -> str:
    """Tell a step that failed from one that expired.

    One that fails says so. One of which nothing was told was refused when it was to be sent, if it
    had no time to expire.
    """
    failed = next((status for status in told if status in _FAILED), None)
    if failed is not None:
        return failed
    return "expired" if told or has_time else "refused"


def _address(value: JsonValue) -> tuple[str, str]:
    """Return the channel and the bare address, however they are written."""
    if not isinstance(value, dict):
        return "", ""
    held = value.get("number", value.get("id", ""))
    bare = _GAPS.sub("", str(held)).removeprefix("+")
    return _channel(value.get("type")), bare.removeprefix("00")


def _channel(value: JsonValue) -> str:
    name = value if isinstance(value, str) else ""
    # The last one is the reference's misspelling. Source: docs/wire.md section 5.4.
    return CHANNEL_ALIASES.get(name, name).replace("viber_sevice_msg", "viber_service_msg")
