"""Finishing a trace: pseudonymise, judge, write. The work of a thread, one trace at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from gateway.modes.assembling import assemble, with_sends
from gateway.modes.judging import Judge, Judgement
from gateway.modes.open_trace import OpenTrace
from gateway.settings.mode_rules import SPLIT
from gateway.traces.files import TraceWriter
from gateway.traces.model import Path, Trace
from gateway.traces.pseudonyms import Pseudonyms
from translators.diagnostics import JsonValue, Translation
from translators.dispatch import DispatchPlan
from translators.documents import parse_document


class Written(StrEnum):
    """What became of a trace."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    """Something of it was not seen: it cannot say that a report is missing."""
    LEFT_OUT = "left-out"
    """Its beginning was not seen, or its request is no JSON object: there is nothing to tell."""
    UNWRITTEN = "unwritten"
    """The file did not take it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """One trace done with."""

    written: Written
    judgements: tuple[Judgement, ...] = ()
    fault: Exception | None = None
    """Why it could not be judged: a fault of ours. It is written all the same."""


class Finisher:
    """Turns open traces into lines of the trace file, and into judgements."""

    def __init__(
        self,
        *,
        pseudonyms: Pseudonyms,
        open_writer: Callable[[], TraceWriter] | None,
        translate: Callable[[JsonValue], Translation[DispatchPlan]],
        judges: Mapping[str, Judge],
    ) -> None:
        """Prepare to finish traces.

        Args:
            open_writer: opens the trace file; `None` where traces are only judged.
            translate: reads a v0.1 request as the gateway does.
            judges: by the origin of the traces they are for.
        """
        self._pseudonyms = pseudonyms
        self._open_writer = open_writer
        self._writer: TraceWriter | None = None
        self._translate = translate
        self._judges = judges

    def finish(self, opened: OpenTrace, *, is_complete: bool) -> Finished:
        """Judge a trace if nothing of it is missing, and write it."""
        document = parse_document(opened.request or b"")
        request = document.value
        if not isinstance(request, dict):
            return Finished(written=Written.LEFT_OUT)
        plan = self._translate(request)
        rules = tuple(dict.fromkeys((*document.codes, *plan.codes)))
        trace = assemble(opened, request, rules, self._pseudonyms, is_complete=is_complete)
        if plan.value is not None and trace.path is Path.GATEWAY:
            pseudonymised = self._translate(trace.request).value
            if pseudonymised is not None:
                trace = with_sends(trace, opened, plan.value, pseudonymised)
        judge = self._judges.get(trace.origin)
        judgements: tuple[Judgement, ...] = ()
        fault = None
        # What we would refuse is told by its rules: there is no run of ours to compare with. In a
        # split, whose headers we would refuse is Dispatch's by design, and no reason to step back.
        is_left = plan.value is None or (trace.origin == SPLIT and trace.refusal is not None)
        if judge is not None and trace.is_complete and not is_left:
            try:
                judgements = judge(trace)
            except Exception as error:
                fault = error
            known = {number for each in judgements for number in each.known}
            trace = replace(trace, differences=tuple(sorted(known)))
        written = Written.COMPLETE if trace.is_complete else Written.INCOMPLETE
        if not self._write(trace):
            written = Written.UNWRITTEN
        return Finished(written=written, judgements=judgements, fault=fault)

    def _write(self, trace: Trace) -> bool:
        """Write a trace if it is to be written; return whether all is well."""
        if self._open_writer is None:
            return True
        try:
            if self._writer is None:
                self._writer = self._open_writer()
            self._writer.write(trace)
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Make what was written durable."""
        if self._writer is not None:
            self._writer.close()
