"""Recorded statuses of one dispatch, through the machine: `translate --from status --workflow`."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.offline.conversions import Converted, Terms
from gateway.simulation.messages import dispatch_uuid_of
from gateway.simulation.recorded import Recording
from translators.diagnostics import Diagnostic
from translators.dispatch import DispatchPlan
from translators.documents import parse_document
from translators.status import translate_status


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """The request that recorded statuses belong to."""

    path: str
    plan: DispatchPlan


class Record:
    """A conversion that remembers: what a status means depends on those before it."""

    def __init__(self, workflow: Workflow, terms: Terms) -> None:
        self.workflow = workflow
        self._terms = terms
        dispatch_uuid = terms.dispatch_uuid or dispatch_uuid_of(workflow.plan)
        self._recording = Recording(workflow.plan, dispatch_uuid)

    @property
    def is_open(self) -> bool:
        """Tell whether the dispatch is open where the record ends."""
        return self._recording.is_open

    def __call__(self, raw: bytes, line: int) -> Converted:
        """Convert the next status of the record."""
        document = parse_document(raw, line=line)
        if document.errors:
            return _nothing(document.diagnostics)
        status = translate_status(
            document.value,
            pass_v1_codes=self._terms.pass_v1_codes,
            as_invalid_template=self._terms.as_invalid_template,
        )
        diagnostics = document.diagnostics + status.diagnostics
        if status.value is None:
            return _nothing(diagnostics)
        told = self._recording.take(status.value)
        step = None if told.step is None else told.step + 1
        members = {"callback": told.callback, "step": step, "ignored": told.ignored}
        return Converted(members=members, diagnostics=diagnostics)

    def finish(self) -> Converted:
        """Return the final report, or none if the dispatch is open where the record ends."""
        return Converted(members={"report": self._recording.report}, diagnostics=())


def _nothing(diagnostics: tuple[Diagnostic, ...]) -> Converted:
    members = {"callback": None, "step": None, "ignored": None}
    return Converted(members=members, diagnostics=diagnostics)
