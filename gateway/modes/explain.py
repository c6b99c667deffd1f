"""Explaining: what Dispatch and native v1 failover would have done with the messages that we sent.

The statuses that were told are the fates of the messages: the model of Dispatch takes them as they
are, and `gateway.simulation` plays them again under native v1.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.compare.differ import compare
from gateway.core.state import TermsOf
from gateway.modes.as_dispatch import run_dispatch
from gateway.modes.judging import SAME, Judgement
from gateway.modes.predict import judgements_of
from gateway.simulation import trace as simulated
from gateway.simulation.fates import Answer, Fate, Happening
from gateway.simulation.simulation import simulate
from gateway.traces.model import Kind, Trace, TraceEntry
from translators.choices import RequestOptions

_MOVED_MS = 1_000
"""A message that is sent earlier or later by less is not called moved."""


class Explainer:
    """Plays a trace of ours under Dispatch, and under native v1 without and with ttl."""

    def __init__(self, requests: RequestOptions, terms: TermsOf) -> None:
        """Prepare to explain.

        Args:
            requests: how the gateway reads requests.
            terms: what it accepts dispatches under.
        """
        self._requests = requests
        self._terms = terms

    def __call__(self, trace: Trace) -> tuple[Judgement, ...]:
        """Return what would have been otherwise; nothing for a request we do not read."""
        plan = self._requests.translate(trace.request).value
        if plan is None:
            return ()
        fates = [_fate(trace, step) for step in range(len(plan.steps))]
        terms = self._terms(plan.steps[-1].channel)
        played = simulate(plan, fates, switches=self._requests.switches, terms=terms)
        # As everywhere, Dispatch is the reference: kinds and known differences speak of it.
        dispatch = compare(run_dispatch(trace, terms), trace)
        return (
            *judgements_of(dispatch, "dispatch"),
            _judge("native", played.gateway, played.native),
            _judge("native-with-ttl", played.gateway, played.native_with_ttl),
        )


def _fate(trace: Trace, step: int) -> Fate:
    """Return what happened to the message of a step, counted from its sending."""
    mine = [entry for entry in trace.entries if entry.step == step]
    sent = next((entry for entry in mine if entry.kind is Kind.SEND), None)
    if sent is None:
        return Fate()
    answered_ms = max(0, (sent.event_ms or sent.at_ms) - sent.at_ms)
    for entry in mine:
        if entry.kind is Kind.REFUSED:
            refused_ms = entry.at_ms - sent.at_ms
            return Fate(
                answer=Answer.REFUSED, answered_ms=refused_ms, code=entry.code, is_sent=False
            )
        if entry.kind is Kind.IN_DOUBT:
            lost_ms = entry.at_ms - sent.at_ms
            happenings = _happenings(mine, sent.at_ms)
            return Fate(answer=Answer.LOST, answered_ms=lost_ms, happenings=happenings)
    return Fate(answered_ms=answered_ms, happenings=_happenings(mine, sent.at_ms))


def _happenings(mine: Sequence[TraceEntry], sent_ms: int) -> tuple[Happening, ...]:
    return tuple(
        Happening(after_ms=entry.at_ms - sent_ms, status=entry.status or "", code=entry.code)
        for entry in mine
        if entry.kind is Kind.STATUS
    )


def _judge(candidate: str, ours: simulated.Trace, theirs: simulated.Trace) -> Judgement:
    kind, step = _difference(ours, theirs)
    return Judgement(
        candidate=candidate,
        outcome="equivalent" if kind == SAME else "semantic",
        kind=kind,
        fingerprint=None if kind == SAME else f"{candidate}/{kind}/{step}",
        step=step,
    )


def _difference(ours: simulated.Trace, theirs: simulated.Trace) -> tuple[str, int | None]:
    """Name the first message that a person would have got otherwise."""
    if theirs.outcome is simulated.Outcome.REFUSED:
        return "refused-there", None
    here = {each.step: each.sent_ms for each in ours.messages}
    there = {each.step: each.sent_ms for each in theirs.messages}
    for step in sorted(here.keys() | there.keys()):
        if step not in there:
            return "never-sent-there", step
        if step not in here:
            return "sent-there-only", step
        if abs(here[step] - there[step]) > _MOVED_MS:
            return "sent-at-another-time", step
    return SAME, None
