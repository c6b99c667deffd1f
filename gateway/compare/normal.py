"""Bringing a trace into normal form.

On the legacy path sends are not seen. There a step's first status stands for its send, or, if that
is an outcome already, the instant at which its turn came. Ids are only used to tell messages
apart; instants are those of arrival, counted from the acceptance of the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gateway.compare.course import ARRIVED, Attempt, Course, Listed, Report, Told
from gateway.compare.shape import Workflow, find, read_workflow
from gateway.core.decide import FAILURES
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.diagnostics import JsonValue
from translators.usage import DEFAULT_CURRENCY, Usage, plain_decimal


def read_course(trace: Trace) -> Course:
    """Bring a trace into normal form."""
    workflow = read_workflow(trace.request)
    answers = [entry.status for entry in trace.entries if entry.kind is Kind.ANSWER]
    reports = tuple(_report(entry) for entry in trace.reports)
    statuses = [(entry.step, _told(entry)) for entry in trace.statuses]
    strays = [told for step, told in statuses if step is None or step >= len(workflow.steps)]
    by_step = {
        index: _once(told for step, told in statuses if step == index)
        for index in range(len(workflow.steps))
    }
    http_status = _number(answers[0]) if answers else None
    is_refused = http_status is not None and http_status >= 300
    attempts = _attempts(trace, workflow, by_step, reports, is_refused=is_refused)
    return Course(
        workflow=workflow,
        http_status=http_status,
        attempts=tuple(attempts),
        strays=tuple(strays),
        reports=reports,
        until_ms=max((entry.at_ms for entry in trace.entries), default=0),
        is_complete=trace.is_complete,
    )


def read_usage(value: JsonValue) -> Usage | None:
    """Read the `usage` of a callback or report."""
    price = plain_decimal(find(value, "price"))
    currency = find(value, "currency")
    if price is None:
        return None
    return Usage(price=price, currency=currency if isinstance(currency, str) else DEFAULT_CURRENCY)


def _told(entry: TraceEntry) -> Told:
    charge = read_usage(find(entry.body, "usage"))
    if entry.price is not None:
        charge = Usage(price=entry.price, currency=entry.currency or DEFAULT_CURRENCY)
    code = find(entry.body, "error", "code") if entry.code is None else entry.code
    return Told(
        at_ms=entry.at_ms,
        event_ms=entry.event_ms,
        status=entry.status or _text(find(entry.body, "status")),
        code=code if isinstance(code, int) else None,
        charge=charge,
        message=entry.message or _text(find(entry.body, "message_uuid")) or None,
        body=entry.body,
    )


def _once(told: Iterator[Told]) -> tuple[Told, ...]:
    """Leave out what was told twice: both services deliver at least once."""
    kept: dict[tuple[object, ...], Told] = {}
    for each in sorted(told, key=lambda each: each.at_ms):
        when = each.at_ms if each.event_ms is None else each.event_ms
        kept.setdefault((each.message, each.status, each.code, each.charge, when), each)
    return tuple(kept.values())


def _report(entry: TraceEntry) -> Report:
    listed = find(entry.body, "_links", "messages")
    return Report(
        at_ms=entry.at_ms,
        status=entry.status or _text(find(entry.body, "status")),
        why=entry.why,
        total=read_usage(find(entry.body, "usage")),
        listed=tuple(map(_listed, listed if isinstance(listed, list) else ())),
        has_body=entry.body is not None,
    )


def _listed(message: JsonValue) -> Listed:
    return Listed(
        message=_text(find(message, "message_uuid")) or None,
        status=_text(find(message, "status")),
        channel=_text(find(message, "channel")),
        href=_text(find(message, "href")),
        charge=read_usage(find(message, "usage")),
    )


def _attempts(
    trace: Trace,
    workflow: Workflow,
    by_step: dict[int, tuple[Told, ...]],
    reports: Sequence[Report],
    *,
    is_refused: bool,
) -> list[Attempt]:
    """Return the steps whose turn came: those that show, and all before them."""
    shown = [entry.step for entry in trace.entries if entry.kind in (Kind.SEND, Kind.REFUSED)]
    shown += [step for step, told in by_step.items() if told]
    # Dispatch shows no sends, but the first step's turn came with the request.
    least = 1 if trace.path is Path.LEGACY and not is_refused else 0
    reached = max((step + 1 for step in shown if step is not None), default=least)
    reached = max(reached, *(len(report.listed) for report in reports), 0)
    attempts: list[Attempt] = []
    for index in range(min(reached, len(workflow.steps))):
        if trace.path is not Path.LEGACY:
            attempts.append(_recorded(trace, index, by_step[index]))
            continue
        attempt = _concluded(workflow, index, by_step[index], attempts[-1] if attempts else None)
        if attempts and _is_overtaken(attempts[-1], attempt):
            attempts[-1] = replace(attempts[-1], refused=None, answered_ms=None)
        attempts.append(attempt)
    return attempts


def _is_overtaken(before: Attempt, attempt: Attempt) -> bool:
    """Tell a late rejection from a refusal: the next step did not wait for it."""
    refused_ms, latest_ms = before.refused_ms, attempt.latest_ms
    return refused_ms is not None and latest_ms is not None and latest_ms < refused_ms


def _concluded(
    workflow: Workflow, index: int, told: tuple[Told, ...], before: Attempt | None
) -> Attempt:
    """Conclude from its statuses when a step was sent."""
    turn_ms = _turn_ms(workflow, before)
    first = told[0] if told else None
    is_seen = first is not None and first.status not in ARRIVED | FAILURES
    answered_ms = first.at_ms if first is not None and is_seen else None
    if first is not None:
        # The first step's turn came with the request, so that the instants stay as they are.
        turn_ms = first.at_ms if is_seen and index else min(turn_ms, first.at_ms)
    attempt = Attempt(
        step=index,
        sent_ms=turn_ms,
        is_seen=is_seen,
        answered_ms=answered_ms,
        told=told,
        messages=len({each.message for each in told if each.message}),
    )
    # docs/wire.md section 5.6: a rejection that nothing precedes is taken for the answer to the
    # submission. No clock runs before that answer.
    if first is not None and len(told) == 1 and first.status == "rejected":
        return replace(attempt, refused=first.code, answered_ms=first.at_ms)
    return attempt


def _turn_ms(workflow: Workflow, before: Attempt | None) -> int:
    if before is None:
        return 0
    ends = [before.sent_ms + 1000 * (workflow.steps[before.step].expiry_s or 0)]
    failure = before.failure
    if failure is not None:
        # A refusal stops the clock that had not begun to run.
        ends = [failure.at_ms] if before.refused is not None else [*ends, failure.at_ms]
    return min(ends)


def _recorded(trace: Trace, index: int, told: tuple[Told, ...]) -> Attempt:
    """Read what the trace shows of a step's send."""
    own = [entry for entry in trace.entries if entry.step == index]
    sends = [entry for entry in own if entry.kind is Kind.SEND]
    refusal = next((entry for entry in own if entry.kind is Kind.REFUSED), None)
    doubt = next((entry for entry in own if entry.kind is Kind.IN_DOUBT), None)
    given_up = next((entry for entry in own if entry.kind is Kind.FAILOVER), None)
    answered_ms = sends[0].event_ms if sends else None
    return Attempt(
        step=index,
        sent_ms=sends[0].at_ms if sends else own[0].at_ms if own else 0,
        is_seen=bool(sends),
        told=told,
        answered_ms=refusal.at_ms if refusal else answered_ms,
        refused=refusal.code if refusal else None,
        doubt_ms=doubt.at_ms if doubt else None,
        messages=len(sends),
        cause=given_up.why if given_up else None,
        given_up_ms=given_up.at_ms if given_up else None,
        request=sends[0].body if sends else None,
    )


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) == 3 else None
