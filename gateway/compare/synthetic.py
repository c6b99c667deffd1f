"""Traces of branches that no traffic took: the same workflow, and fates that lead there."""

from __future__ import annotations

from typing import Final

from gateway.compare.coverage import Branch, Way
from gateway.compare.replay import document_of
from gateway.compare.runs import entries_of
from gateway.core.state import Terms, TermsOf
from gateway.simulation.as_gateway import run_gateway
from gateway.simulation.fates import Answer, Fate, Happening
from gateway.simulation.messages import dispatch_uuid_of
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.choices import DEFAULT_CALLBACKS, DEFAULT_REQUESTS, CallbackOptions, RequestOptions
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan, StepPlan

ORIGIN: Final = "synthetic"

_SUBMITTED: Final = Happening(after_ms=200, status="submitted")
_DELIVERED: Final = Happening(after_ms=1_000, status="delivered")
_READ: Final = Happening(after_ms=2_000, status="read")
_SILENT: Final = Fate(happenings=(_SUBMITTED,))
_REJECTED: Final = Fate(
    happenings=(_SUBMITTED, Happening(after_ms=1_000, status="rejected", code=1300))
)
_UNDELIVERABLE: Final = Fate(
    happenings=(_SUBMITTED, Happening(after_ms=1_000, status="undeliverable", code=1331))
)
_REFUSED: Final = Fate(answer=Answer.REFUSED, code=1170, is_sent=False)
_LOST: Final = Fate(answer=Answer.LOST, answered_ms=30_000)
_LATE_MS: Final = 60_000
"""How long after its expiry a late message arrives."""


def make_trace(
    request: JsonObject,
    way: Way,
    *,
    requests: RequestOptions = DEFAULT_REQUESTS,
    callbacks: CallbackOptions = DEFAULT_CALLBACKS,
    terms: TermsOf | None = None,
) -> Trace | None:
    """Return a trace in which a workflow takes one way; the same every time.

    Returns:
        None if this gateway refuses the request.
    """
    translation = requests.translate(request)
    plan = translation.value
    if plan is None:
        return None
    own_terms = Terms() if terms is None else terms(plan.steps[-1].channel)
    fates = _fates(plan, way)
    run = run_gateway(plan, fates, own_terms, callbacks)
    answer = TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202")
    return Trace(
        dispatch=dispatch_uuid_of(plan),
        path=Path.GATEWAY,
        origin=ORIGIN,
        accepted_at=None,
        request=request,
        entries=(answer, *entries_of(run, plan, fates)),
        is_complete=True,
        rules=translation.codes,
        terms=document_of(own_terms),
    )


def _fates(plan: DispatchPlan, way: Way) -> list[Fate]:
    """Give every step up until the one in question; what follows it is delivered."""
    step, branch = way.step, way.branch
    if step is None:
        step, branch = 0, Branch.MET
        if way.branch is Branch.ERROR:
            step, branch = len(plan.steps) - 1, Branch.REJECTED
    return [
        _REJECTED if index < step else _fate(planned, branch if index == step else Branch.MET)
        for index, planned in enumerate(plan.steps)
    ]


def _fate(planned: StepPlan, branch: Branch) -> Fate:
    match branch:
        case Branch.REJECTED:
            return _REJECTED
        case Branch.UNDELIVERABLE:
            return _UNDELIVERABLE
        case Branch.REFUSED:
            return _REFUSED
        case Branch.IN_DOUBT:
            return _LOST
        case Branch.EXPIRED | Branch.UNRESOLVED:
            return _SILENT
        case Branch.LATE:
            late_ms = 1000 * (planned.expiry_s or 0) + _LATE_MS
            return Fate(happenings=(_SUBMITTED, Happening(after_ms=late_ms, status="delivered")))
        case _:
            told = (_SUBMITTED, _DELIVERED)
            return Fate(happenings=(*told, _READ) if planned.condition == "read" else told)
