"""Comparing two traces of one workflow: what really happened, and what the other side does.

Pure: traces in, findings out. `gateway.compare.normal` takes out what is different by nature,
`decisions` finds where the two part, and the rest compares what the caller was told on the way
that both went.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.compare.callbacks import compare_recipients, compare_sends, compare_told
from gateway.compare.comparison import (
    DEFAULT_TOLERANCES,
    Comparison,
    Difference,
    Finding,
    Outcome,
    Tolerances,
    outcome_of,
)
from gateway.compare.course import Course
from gateway.compare.decisions import find_parting
from gateway.compare.final_reports import compare_reports
from gateway.compare.kinds import ACCEPTED_HERE, REFUSED_HERE
from gateway.compare.known import Case, explain
from gateway.compare.normal import read_course
from gateway.traces.model import Trace

__all__ = [
    "DEFAULT_TOLERANCES",
    "Comparison",
    "Difference",
    "Outcome",
    "Tolerances",
    "compare",
]

_OF_HEADERS: Final = frozenset({406, 415})
_FOR_ITS_HEADERS: Final = (
    "The candidate refuses the headers of a request that the reference took: its Content-Type,"
    " Content-Encoding or Accept. Send application/json in UTF-8, as it is, and accept that."
)


def compare(
    reference: Trace, candidate: Trace, tolerances: Tolerances = DEFAULT_TOLERANCES
) -> Comparison:
    """Compare two traces of one workflow.

    Args:
        reference: what really happened.
        candidate: what the other side does: our replay of it, a model, or another record.
    """
    there, here = read_course(reference), read_course(candidate)
    shape = there.workflow.shape
    note = _why_not(there, here)
    if note is not None:
        return Comparison(outcome=Outcome.NOT_COMPARABLE, differences=(), shape=shape, note=note)
    differences = tuple(
        explain(
            Case(
                difference=finding.of_shape(shape),
                reference=there,
                candidate=here,
                tolerances=tolerances,
            )
        )
        for finding in _findings(there, here, tolerances)
    )
    outcome = outcome_of(differences, is_exact=_instants(there) == _instants(here))
    return Comparison(outcome=outcome, differences=differences, shape=shape)


def _why_not(there: Course, here: Course) -> str | None:
    """Say why two traces cannot be compared; `None` if they can."""
    if not there.workflow.steps:
        return "the request is not in the trace"
    if there.workflow.shape != here.workflow.shape:
        return "the traces are of two different workflows"
    if there.http_status is not None and there.http_status >= 300 and not there.is_refused:
        return f"the request was answered with {there.http_status}, whatever it said"
    is_silent = not (there.is_refused or there.reports or any(a.told for a in there.attempts))
    if is_silent and not there.is_complete:
        return "nothing was recorded after the request"
    return None


def _findings(there: Course, here: Course, tolerances: Tolerances) -> Iterator[Finding]:
    if there.is_refused or _refuses(here):
        yield from _answers(there, here)
        return
    yield from compare_recipients(there)
    yield from compare_sends(there, here)
    parting = find_parting(there, here, tolerances)
    if parting.finding is not None:
        yield parting.finding
    if not parting.is_apart:
        yield from compare_told(there, here, parting.common)
        yield from compare_reports(there, here, tolerances)


def _answers(there: Course, here: Course) -> Iterator[Finding]:
    """Compare whether the request was taken at all."""
    if there.is_refused and _refuses(here):
        return
    kind = ACCEPTED_HERE if there.is_refused else REFUSED_HERE
    yield Finding(
        kind=kind,
        reference="refused the request" if there.is_refused else "took the request",
        candidate="takes it" if there.is_refused else f"refuses it with {here.http_status}",
        detail=_FOR_ITS_HEADERS if here.http_status in _OF_HEADERS else kind.why,
        cause=f"answer {here.http_status}" if here.http_status in _OF_HEADERS else "answer",
    )


def _refuses(here: Course) -> bool:
    """Tell whether the candidate refuses the request, be it for its headers alone."""
    return here.is_refused or here.http_status in _OF_HEADERS


def _instants(course: Course) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return when everything was decided."""
    return (
        tuple(attempt.sent_ms for attempt in course.attempts),
        tuple(report.at_ms for report in course.reports),
    )
