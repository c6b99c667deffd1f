"""The workflows of a log that are still open, and when they are over.

They are held as bytes, pseudonymised: a busy application has many open at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

import orjson

from gateway.traces.legacy import Run, Told, is_report, legacy_trace
from gateway.traces.log_notes import Note, Notes
from gateway.traces.model import Trace
from gateway.traces.pseudonyms import Pseudonyms
from translators.diagnostics import JsonObject
from translators.dispatch import DispatchPlan

ORIGIN: Final = "import"

_DAY_MS: Final = 86_400_000
# How long a last message may live of which nothing is heard. Source: docs/wire.md section 6.4.
_LAST_STEP_MS: Final = 3 * _DAY_MS
# Of a busy application, at about three kilobytes each.
_MOST_OPEN: Final = 100_000
_MOST_STRANGERS: Final = 100_000
_TYING: Final = frozenset({"request_id", "correlation_id", "trace_id"})


def longest_life_ms(plan: DispatchPlan | None) -> int | None:
    """Return after how long nothing can happen any more; `None` if the request has no plan.

    Beside the expiries that is a last step of which nothing is heard, and a day for callbacks to
    be delivered. Source: docs/wire.md sections 5.1 and 6.4.
    """
    if plan is None:
        return None
    return sum(1000 * (step.expiry_s or 0) for step in plan.steps) + _LAST_STEP_MS + _DAY_MS


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Waiting:
    """A request that was not answered yet."""

    request: JsonObject
    """Pseudonymised."""
    rules: tuple[str, ...]
    life_ms: int | None
    """See `longest_life_ms`."""
    ids: frozenset[tuple[str, str]]
    at_ms: int | None
    place: str

    def may_belong_to(self, ids: frozenset[tuple[str, str]]) -> bool:
        """Tell whether a line with `ids`, none of which is ours, can still be about us.

        It cannot if both name the same thing differently. An `id` says nothing there: many
        loggers number their lines.
        """
        ours = {name for name, _ in self.ids} & _TYING
        return ours.isdisjoint(name for name, _ in ids)


@dataclass(slots=True, kw_only=True)
class _Workflow:
    """A workflow that was accepted."""

    dispatch: str
    request: bytes
    rules: tuple[str, ...]
    life_ms: int | None
    accepted_ms: int | None
    answer: str
    told: list[tuple[int | None, bytes]] = field(default_factory=list)
    is_reported: bool = False
    touched_ms: int = 0
    """When it was last heard of."""


class Workflows:
    """What is known of each workflow, until it is given out.

    Args:
        most_open: how many may be open before the oldest has to go, finished or not.
        most_strangers: how many callbacks may wait for a request that is still to come.
    """

    def __init__(
        self,
        pseudonyms: Pseudonyms,
        notes: Notes,
        *,
        most_open: int = _MOST_OPEN,
        most_strangers: int = _MOST_STRANGERS,
    ) -> None:
        self._pseudonyms = pseudonyms
        self._notes = notes
        self._most_open = most_open
        self._most_strangers = most_strangers
        self._held: OrderedDict[str, _Workflow] = OrderedDict()
        self._reported: OrderedDict[str, _Workflow] = OrderedDict()
        """Those of them that have a report, the one that was heard of last at the end."""
        self._strangers: OrderedDict[str, list[tuple[str, Told]]] = OrderedDict()
        """Callbacks that came before their request, with their places."""
        self._strange = 0
        self._heard_ms = 0
        self._refusals = 0

    def knows(self, named: str | None) -> bool:
        """Tell whether a workflow was accepted and is not given out yet."""
        return named in self._held

    def accept(
        self, named: str, waiting: Waiting, answer: str, at_ms: int | None
    ) -> Iterator[Trace]:
        """Take a workflow up, with the callbacks that came before; yield one that has to go."""
        self._held[named] = _Workflow(
            dispatch=self._pseudonyms.uuid(named),
            request=_packed(waiting.request),
            rules=waiting.rules,
            life_ms=waiting.life_ms,
            accepted_ms=waiting.at_ms if at_ms is None else at_ms,
            answer=answer,
        )
        early = self._strangers.pop(named, [])
        self._strange -= len(early)
        for place, told in early:
            self.tell(named, told, place)
        if len(self._held) > self._most_open:
            self._notes.add(Note.CROWDED, waiting.place)
            yield self._give_out(next(iter(self._held)))

    def refuse(self, waiting: Waiting, answer: str, at_ms: int | None) -> Trace:
        """Return the trace of a request that came to nothing, under an id of its own."""
        self._refusals += 1
        seed = f"{self._refusals} {at_ms} {waiting.request}"
        run = Run(
            dispatch=self._pseudonyms.identity(seed),
            request=waiting.request,
            answered_ms=waiting.at_ms if at_ms is None else at_ms,
            answer=answer,
            told=(),
            is_complete=True,
            origin=ORIGIN,
            rules=waiting.rules,
        )
        return legacy_trace(run)

    def tell(self, named: str, told: Told, place: str) -> None:
        """Take a callback, whether or not its workflow is known yet."""
        self._heard_ms = max(self._heard_ms, told.at_ms or 0)
        workflow = self._held.get(named)
        if workflow is None:
            self._wait_for(named, told, place)
            return
        body = _packed(told.body)
        if any(body == known for _, known in workflow.told):
            self._notes.add(Note.REPEATED, place)
        workflow.told.append((told.at_ms, body))
        workflow.touched_ms = max(workflow.touched_ms, told.at_ms or 0)
        if is_report(told.body):
            workflow.is_reported = True
            self._reported[named] = workflow
        if workflow.is_reported:
            self._reported.move_to_end(named)

    def settled(self, now_ms: int) -> Iterator[Trace]:
        """Yield the workflows that have a report and were not heard of for a day."""
        while self._reported:
            named, workflow = next(iter(self._reported.items()))
            if workflow.touched_ms + _DAY_MS >= now_ms:
                return
            yield self._give_out(named)

    def finish(self) -> Iterator[Trace]:
        """Yield what is held, in the order in which it was accepted."""
        while self._held:
            yield self._give_out(next(iter(self._held)))
        while self._strangers:
            self._forget_strangers()

    def _wait_for(self, named: str, told: Told, place: str) -> None:
        """Keep a callback for a request that may still come."""
        self._strangers.setdefault(named, []).append((place, told))
        self._strange += 1
        if self._strange > self._most_strangers:
            self._forget_strangers()

    def _forget_strangers(self) -> None:
        _, forgotten = self._strangers.popitem(last=False)
        self._strange -= len(forgotten)
        for place, _ in forgotten:
            self._notes.add(Note.STRANGER, place)

    def _give_out(self, named: str) -> Trace:
        workflow = self._held.pop(named)
        self._reported.pop(named, None)
        told: list[Told] = []
        seen: set[bytes] = set()
        for at_ms, body in workflow.told:
            told.append(Told(at_ms=at_ms, body=orjson.loads(body), is_repeated=body in seen))
            seen.add(body)
        run = Run(
            dispatch=workflow.dispatch,
            request=orjson.loads(workflow.request),
            answered_ms=workflow.accepted_ms,
            answer=workflow.answer,
            told=told,
            is_complete=workflow.is_reported or self._is_outlived(workflow),
            origin=ORIGIN,
            rules=workflow.rules,
        )
        return legacy_trace(run)

    def _is_outlived(self, workflow: _Workflow) -> bool:
        """Tell whether callbacks were logged for long enough to have brought a report."""
        if workflow.accepted_ms is None or workflow.life_ms is None:
            return False
        return workflow.accepted_ms + workflow.life_ms <= self._heard_ms


def _packed(document: JsonObject) -> bytes:
    """Write a document in no more memory than it needs; the writer's own buffer is a large one."""
    return bytes(memoryview(orjson.dumps(document)))
