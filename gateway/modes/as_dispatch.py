"""The model of Dispatch: the facts of a trace of ours, under the stand-in's decisions.

The stand-in was written from what traffic showed of Dispatch, apart from our machine, so it can
disagree with it. Only what it decides is told here, and no bodies: whatever it words otherwise, its
fee and its links, is the same in every workflow and listed in docs/differences.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.compare.course import Attempt
from gateway.compare.normal import read_course
from gateway.core.state import Terms
from gateway.sandbox.legacy_messages import Fact, Message
from gateway.sandbox.legacy_play import Walked, walk
from gateway.sandbox.legacy_quirks import AS_CAPTURED, Habits
from gateway.sandbox.legacy_requests import InvalidRequest, LegacyStep, read_workflow
from gateway.traces.model import Kind, Path, Trace, TraceEntry

_ORIGIN: Final = "explain"


def run_dispatch(trace: Trace, terms: Terms) -> Trace:
    """Return what Dispatch, as it was captured, would have done with the workflow of `trace`.

    What becomes of a message that was never sent, or may not have been, is unknown: where Dispatch
    would send it, the run ends and says so by not being complete.

    Args:
        trace: one of ours, which shows its sends.
        terms: of these the horizon, for nobody saw when Dispatch ends what never resolves.
    """
    try:
        steps = read_workflow(trace.request)
    except InvalidRequest:
        return _made(trace, (TraceEntry(at_ms=0, kind=Kind.ANSWER, status="400"),))
    course = read_course(trace)
    habits = replace(AS_CAPTURED, horizon_s=terms.horizon_s)
    walked = walk(
        (_future(step, index, course.attempt(index)) for index, step in enumerate(steps)), habits
    )
    return _made(trace, _entries(walked, habits), is_complete=walked.unknown_ms is None)


def _future(step: LegacyStep, index: int, attempt: Attempt | None) -> Message | None:
    """Return what became of a step's message, counted from its sending."""
    if attempt is None or not attempt.is_seen:
        return None
    if attempt.doubt_ms is not None and not attempt.told:
        return None
    sent_ms = attempt.sent_ms
    answered_ms = sent_ms if attempt.answered_ms is None else attempt.answered_ms
    facts: list[Fact] = []
    for told in attempt.told:
        at_ms = max(0, told.at_ms - sent_ms)
        facts.append(Fact(at_ms=at_ms, stamped_ms=at_ms, status=told.status, code=told.code))
    return Message(
        index=index,
        step=step,
        message_uuid="",  # of no use where no bodies are made
        sent_ms=0,
        answered_ms=max(0, answered_ms - sent_ms),
        is_sent=attempt.refused is None,
        facts=tuple(facts),
    )


def _entries(walked: Walked, habits: Habits) -> tuple[TraceEntry, ...]:
    """Return what shows of a run.

    Why a step was given up is left out: it matters when the next message is sent, and an expiry is
    so late here that a failure often comes before.
    """
    entries = [TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202")]
    for message in walked.messages:
        step = message.index
        entries.append(
            TraceEntry(
                at_ms=message.sent_ms, kind=Kind.SEND, step=step, event_ms=message.answered_ms
            )
        )
        entries += [
            TraceEntry(
                at_ms=fact.at_ms, kind=Kind.STATUS, step=step, status=fact.status, code=fact.code
            )
            for fact in message.facts
        ]
    if walked.unknown_ms is not None:
        step = len(walked.messages)
        entries.append(TraceEntry(at_ms=walked.unknown_ms, kind=Kind.SEND, step=step))
    if walked.end is not None:
        at_ms = walked.end.at_ms + habits.report_after_ms
        status = "completed" if walked.end.is_met else "error"
        entries.append(TraceEntry(at_ms=at_ms, kind=Kind.REPORT, status=status))
    return tuple(sorted(entries, key=lambda entry: entry.at_ms))


def _made(trace: Trace, entries: tuple[TraceEntry, ...], *, is_complete: bool = True) -> Trace:
    return Trace(
        dispatch=trace.dispatch,
        path=Path.NONE,
        origin=_ORIGIN,
        accepted_at=trace.accepted_at,
        request=trace.request,
        entries=entries,
        is_complete=is_complete,
    )
