"""The same facts under this gateway, in virtual time.

What a trace tells of its messages is played to the real machine; what that decides is written down
as a trace of its own. Nothing here can send: there is nobody to send to.
"""

from __future__ import annotations

from typing import Final

from gateway.compare.course import ARRIVED, Attempt, Course, Told
from gateway.compare.normal import read_course
from gateway.compare.runs import entries_of
from gateway.core.decide import FAILURES, RANK
from gateway.core.state import ExpiryStart, Terms
from gateway.simulation.as_gateway import run_gateway
from gateway.simulation.durations import LONGEST_MS
from gateway.simulation.fates import Answer, Fate, Happening
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.choices import DEFAULT_CALLBACKS, DEFAULT_REQUESTS, CallbackOptions, RequestOptions
from translators.diagnostics import JsonObject, JsonValue
from translators.rules_address import AUTHENTICATION_TEMPLATE_TO_USER_ID

ORIGIN: Final = "replay"


def replay(
    trace: Trace,
    *,
    terms: Terms | None = None,
    requests: RequestOptions = DEFAULT_REQUESTS,
    callbacks: CallbackOptions = DEFAULT_CALLBACKS,
) -> Trace:
    """Return what this gateway would have done with the workflow of `trace`.

    A step that was never sent there has an unknown fate: where this gateway would send it, the
    replay ends and says so by not being complete.

    Args:
        terms: what the dispatch is accepted under; those of the trace, else the defaults.
        requests: how this gateway reads requests.
        callbacks: how it reads webhooks and writes callbacks.
    """
    translation = requests.translate(trace.request)
    plan = translation.value
    # The name of a template is a pseudonym here, so that only the recorder could recognise it.
    is_unreachable = AUTHENTICATION_TEMPLATE_TO_USER_ID.code in trace.rules
    if plan is None or trace.refusal is not None or is_unreachable:
        # Headers are judged before the body is read.
        refusal = TraceEntry(at_ms=0, kind=Kind.ANSWER, status=str(trace.refusal or 400))
        return _made(trace, (refusal,), rules=translation.codes, terms=trace.terms)
    own_terms = terms or terms_of(trace.terms)
    fates = fates_of(read_course(trace))
    run = run_gateway(plan, fates, own_terms, callbacks)
    entries = (TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202"), *entries_of(run, plan, fates))
    return _made(
        trace,
        entries,
        rules=translation.codes,
        terms=document_of(own_terms),
        is_complete=run.ended_ms is not None,
    )


def fates_of(course: Course) -> list[Fate | None]:
    """Return what became of the message of each step; `None` if it was never sent."""
    fates: list[Fate | None] = []
    for step in range(len(course.workflow.steps)):
        attempt = course.attempt(step)
        fates.append(None if attempt is None else _fate(course, attempt))
    return fates


def terms_of(document: JsonObject | None) -> Terms:
    """Read the terms that a trace carries; what it lacks is the default."""
    given = document or {}
    defaults = Terms()
    start = given.get("expiry_start")
    known = {each.value: each for each in ExpiryStart}
    return Terms(
        horizon_s=_seconds(given.get("horizon_s"), defaults.horizon_s),
        grace_s=_seconds(given.get("grace_s"), defaults.grace_s),
        expiry_start=known.get(start, defaults.expiry_start)
        if isinstance(start, str)
        else defaults.expiry_start,
    )


def document_of(terms: Terms) -> JsonObject:
    """Write terms as a trace carries them."""
    return {
        "horizon_s": terms.horizon_s,
        "grace_s": terms.grace_s,
        "expiry_start": terms.expiry_start.value,
    }


def _made(
    trace: Trace,
    entries: tuple[TraceEntry, ...],
    *,
    rules: tuple[str, ...],
    terms: JsonObject | None,
    is_complete: bool = True,
) -> Trace:
    return Trace(
        dispatch=trace.dispatch,
        path=Path.NONE,
        origin=ORIGIN,
        accepted_at=trace.accepted_at,
        request=trace.request,
        entries=entries,
        is_complete=is_complete,
        rules=rules,
        terms=terms,
    )


def _fate(course: Course, attempt: Attempt) -> Fate:
    told = [each for each in attempt.told if each.status]
    answer, answered_ms, code = Answer.ACCEPTED, attempt.answered_ms, None
    if attempt.refused is not None:
        # The machine tells a refusal as a status by itself.
        answer, code = Answer.REFUSED, attempt.refused
        told = [each for each in told if not _is_refusal(each, attempt)]
    elif attempt.doubt_ms is not None:
        answer, answered_ms = Answer.LOST, attempt.doubt_ms
    untold = untold_status(course, attempt)
    if untold is not None:
        told.append(untold)
    return Fate(
        happenings=tuple(
            Happening(
                after_ms=_after_ms(attempt, each.at_ms),
                status=each.status,
                code=each.code,
                stamped_ms=_stamped_ms(attempt, each.event_ms),
                charge=each.charge,
            )
            for each in told
        ),
        answer=answer,
        answered_ms=0 if answered_ms is None else _after_ms(attempt, answered_ms),
        code=code,
        is_sent=answer is not Answer.REFUSED,
        is_recorded=True,
    )


def _after_ms(attempt: Attempt, at_ms: int) -> int:
    return min(max(0, at_ms - attempt.sent_ms), LONGEST_MS)


def _stamped_ms(attempt: Attempt, event_ms: int | None) -> int | None:
    """Return when a status claims to have come about, unless that is out of this world."""
    if event_ms is None or abs(event_ms - attempt.sent_ms) > LONGEST_MS:
        return None
    return event_ms - attempt.sent_ms


def untold_status(course: Course, attempt: Attempt) -> Told | None:
    """Return a status that the final report shows and that was never told; `None` if none.

    It is a fact all the same: the step went on, or the workflow ended, because of it.
    """
    report = course.report
    if report is None or attempt.step >= len(report.listed):
        return None
    listed = report.listed[attempt.step]
    status = listed.status
    is_told = any(each.status == status for each in attempt.told)
    if status not in ARRIVED | FAILURES or is_told:
        return None
    following = course.attempt(attempt.step + 1)
    at_ms = report.at_ms
    if RANK[status] <= RANK.get(attempt.status_at(at_ms), 0):
        return None
    if following is not None and following.latest_ms is not None and status in FAILURES:
        at_ms = following.sent_ms if following.is_seen else min(at_ms, following.latest_ms)
    return Told(
        at_ms=at_ms,
        event_ms=None,
        status=status,
        code=None,
        # With the status, its charge was not told either.
        charge=None if any(each.charge for each in attempt.told) else listed.charge,
        message=None,
        body=None,
    )


def _is_refusal(told: Told, attempt: Attempt) -> bool:
    return told.status == "rejected" and told.at_ms == attempt.refused_ms


def _seconds(value: JsonValue, default: int) -> int:
    return value if type(value) is int and 0 <= value <= LONGEST_MS // 1000 else default
