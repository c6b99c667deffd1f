"""A run under the native failover of Messages v1: a small model, written from its documents.

The caller sends one request with a `failover` array and v1 does the rest: the first message at
once, each further one when the one before it is `rejected`, and for no other reason. Every status
is told by one kind of webhook; nothing tells that it is over.

Source: docs/wire.md sections 3.5 and 4.4. Where they are silent:

* A request whose first POST is refused is refused as a whole, even if the same request would be
  taken a moment later: only its caller can try again. A later message that v1 would have
  refused by itself is taken to be `rejected` as soon as its turn comes.
* A `rejected` after a `delivered` is a `rejected` still.
* An expired ttl is reported as `rejected` (the vendor's pages disagree).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush
from itertools import count

from gateway.simulation.fates import (
    ARRIVED,
    FAILED,
    TTL_EXPIRED,
    Answer,
    Fate,
    Happening,
    outlived,
)
from gateway.simulation.messages import Sent, dispatch_uuid_of, message_uuid_for, workflow_id_of
from gateway.simulation.trace import Entry, Outcome, Trace, What
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan


def run_native(
    plan: DispatchPlan,
    fates: Sequence[Fate],
    *,
    ttls: Sequence[int | None],
    undeliverable_fails_over: bool = False,
) -> Trace:
    """Play a workflow under native v1 failover until nothing more can happen.

    Args:
        fates: one for each step, whether or not its message comes to be sent.
        ttls: the ttl that each message is sent with, in seconds; `None` for none.
        undeliverable_fails_over: assume that `undeliverable` counts as `rejected`.
    """
    triggers = FAILED if undeliverable_fails_over else frozenset({"rejected"})
    run = _Run(plan, fates, ttls, triggers)
    run.play()
    return run.trace()


class _Run:
    """One native workflow, its past and its future."""

    def __init__(
        self,
        plan: DispatchPlan,
        fates: Sequence[Fate],
        ttls: Sequence[int | None],
        triggers: frozenset[str],
    ) -> None:
        self._plan = plan
        self._fates = fates
        self._ttls = ttls
        self._triggers = triggers
        self._dispatch_uuid = dispatch_uuid_of(plan)
        self._future: list[tuple[int, int, Sent, Happening]] = []
        self._order = count()
        self._sent: list[Sent] = []
        self._entries: list[Entry] = []
        self._outcome = Outcome.UNRESOLVED
        self._ended_ms: int | None = None

    def play(self) -> None:
        """Let everything happen that follows from the request."""
        first = self._fates[0]
        if first.answer is Answer.REFUSED or first.tried_ms:
            at_ms = first.answered_ms - first.tried_ms
            why = "only its caller can try again" if first.tried_ms else None
            self._entries.append(Entry(at_ms=at_ms, what=What.REFUSED, code=first.code, why=why))
            self._end(at_ms, Outcome.REFUSED)
            return
        self._send(0, 0)
        while self._future:
            at_ms, _, sent, happening = heappop(self._future)
            self._happen(at_ms, sent, happening)

    def trace(self) -> Trace:
        """Return what was seen."""
        outcomes = [each.outcome() for each in self._sent]
        return Trace(
            entries=tuple(sorted(self._entries, key=lambda entry: entry.at_ms)),
            messages=tuple(each for each in outcomes if each is not None),
            outcome=self._outcome,
            ended_ms=self._ended_ms,
        )

    def _end(self, at_ms: int, outcome: Outcome) -> None:
        """Write down how it ended. The first end counts, but that something arrives wins."""
        is_better = outcome is Outcome.COMPLETED and self._outcome is not Outcome.COMPLETED
        if is_better or self._outcome is Outcome.UNRESOLVED:
            self._outcome, self._ended_ms = outcome, at_ms

    def _send(self, at_ms: int, step: int) -> None:
        """Send a message, and expect everything that its fate holds."""
        sent = Sent(
            step=step,
            plan=self._plan.steps[step],
            message_uuid=message_uuid_for(self._dispatch_uuid, step),
            sent_ms=at_ms,
            fate=outlived(_by_v1(self._fates[step], step), self._ttls[step]),
            workflow=self._workflow(step),
        )
        self._sent.append(sent)
        self._entries.append(Entry(at_ms=at_ms, what=What.SEND, step=step))
        if sent.fate.answer is Answer.LOST:
            lost = Entry(at_ms=at_ms + sent.fate.answered_ms, what=What.LOST, step=step)
            self._entries.append(lost)
        for happening in sent.fate.happenings:
            heappush(self._future, (at_ms + happening.after_ms, next(self._order), sent, happening))

    def _workflow(self, step: int) -> JsonObject | None:
        total = len(self._plan.steps)
        if total == 1:
            return None
        return {
            "workflow_id": workflow_id_of(self._dispatch_uuid),
            "items_number": str(step + 1),
            "items_total": str(total),
        }

    def _happen(self, at_ms: int, sent: Sent, happening: Happening) -> None:
        step, status, code = sent.step, happening.status, happening.code
        body = sent.webhook(happening)
        self._entries += [
            Entry(at_ms=at_ms, what=What.STATUS, step=step, status=status, code=code),
            Entry(at_ms=at_ms, what=What.CALLBACK, step=step, status=status, code=code, body=body),
        ]
        if status in ARRIVED:
            self._end(at_ms, Outcome.COMPLETED)
            return
        if status not in FAILED or sent is not self._sent[-1]:
            return
        if status not in self._triggers or step + 1 == len(self._plan.steps):
            self._end(at_ms, Outcome.ERROR)
            return
        why = "ttl ran out" if code == TTL_EXPIRED else _said(status, code)
        self._entries.append(Entry(at_ms=at_ms, what=What.FAILOVER, step=step, why=why))
        self._send(at_ms, step + 1)


def _by_v1(fate: Fate, step: int) -> Fate:
    """Return the fate of a message that v1 sends by itself: there is no POST to answer."""
    if step == 0:
        return fate
    if fate.answer is Answer.ACCEPTED:
        told = (replace(each, after_ms=each.after_ms - fate.tried_ms) for each in fate.happenings)
        return replace(fate, happenings=tuple(told))
    if fate.answer is Answer.LOST:
        return replace(fate, answer=Answer.ACCEPTED)
    refusal = Happening(after_ms=0, status="rejected", code=fate.code)
    return Fate(happenings=(refusal,), is_sent=False)


def _said(status: str, code: int | None) -> str:
    return status if code is None else f"{status} {code}"
