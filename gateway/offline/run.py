"""Every document of a block through a conversion.

What comes out is text that is ready to be written, and a tally: documents and findings stay where
they were made, so that memory does not grow with the input, and processes hand over bytes only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from gateway.offline.baseline import Entry, Key
from gateway.offline.conversions import (
    Converted,
    Origin,
    Target,
    Terms,
    make_conversion,
    to_json,
)
from gateway.offline.documents import Document, Finding, place
from gateway.offline.inputs import Block, Kind, lines_of
from gateway.offline.mistaken import Ahead, hint, last_line, tell_spread
from gateway.offline.reports import ReportForm, Screen, brief, full, github, junit_case
from gateway.offline.results import Form, result_indented, result_line, result_text
from gateway.offline.selection import Selection, is_acceptable, key_of
from gateway.offline.swift import translate_sound
from translators.diagnostics import Severity

if TYPE_CHECKING:
    from gateway.offline.record import Record, Workflow

MOST_BRIEF: int = 20
"""How many findings the brief form tells: enough to see what is wrong, not a second output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done with every document."""

    terms: Terms
    form: Form | None
    """How results are written; `None` writes none."""
    report: ReportForm
    selection: Selection
    keeps_keys: bool = False
    """Whether to remember findings for a new baseline."""
    result_columns: int | None = None
    """What results for people are folded to; `None` folds nothing."""
    screen: Screen = field(default_factory=Screen)
    """What findings for people are shown on."""
    workflow: Workflow | None = None
    """What recorded statuses belong to. Their order matters, so one process takes them all."""

    @property
    def may_be_swift(self) -> bool:
        """Tell whether payloads with nothing to say about them may take the short way."""
        return (
            self.terms.origin is Origin.DISPATCH
            and self.terms.target is Target.STEPS
            and self.form in (Form.LINES, None)
            and self.report is not ReportForm.JUNIT
        )


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was met."""

    documents: int = 0
    refused: int = 0
    """Documents without a value."""
    failing: int = 0
    """Documents with findings that count."""
    counted: int = 0
    """Findings that make the command fail."""
    findings: Counter[tuple[str, Severity]] = field(default_factory=Counter)
    """How often each rule was reported, the baseline's findings left out."""
    accepted: dict[Key, Entry] = field(default_factory=dict)
    """Entries of the baseline that were met, and how often: more may be than are accepted."""
    severities: dict[Key, Severity] = field(default_factory=dict)
    """Of those entries."""
    ignored: int = 0
    """Findings that were not selected."""
    keys: dict[Key, Entry] = field(default_factory=dict)
    """What a new baseline would hold."""

    def add(self, other: Tally) -> None:
        """Take over what a later part of the input had."""
        self.documents += other.documents
        self.refused += other.refused
        self.failing += other.failing
        self.counted += other.counted
        self.findings += other.findings
        self.accepted |= _together(self.accepted, other.accepted)
        self.severities |= other.severities
        self.ignored += other.ignored
        self.keys |= _together(self.keys, other.keys)


def _together(before: dict[Key, Entry], after: dict[Key, Entry]) -> dict[Key, Entry]:
    """Return the entries of `after`, with what they had `before`."""
    return {
        key: before[key].and_then(entry) if key in before else entry for key, entry in after.items()
    }


class Telling(NamedTuple):
    """A finding in the form of the report, or a test case."""

    text: str
    once: str | None = None
    """Its rule, if one telling is enough for all documents."""


@dataclass(slots=True, kw_only=True)
class Done:
    """One block, converted."""

    size: int
    """Bytes of input."""
    results: list[bytes] = field(default_factory=list)
    """In order. Elements of an array are apart; lines and texts may be in one piece."""
    told: list[Telling] = field(default_factory=list)
    """In order."""
    tally: Tally = field(default_factory=Tally)


class Converter:
    """Converts one block after the other."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._record: Record | None = None
        self._convert = make_conversion(work.terms)
        if work.workflow is not None:
            from gateway.offline.record import Record  # noqa: PLC0415 - brings the machine

            self._convert = self._record = Record(work.workflow, work.terms)
        self._briefs = 0
        self._said: set[str] = set()

    def __call__(self, block: Block) -> Done:
        """Convert all documents of `block`."""
        done = Done(size=block.size)
        if block.kind is Kind.DOCUMENT:
            self._take(Document(path=block.path, line=None, raw=block.raw), done)
        elif self._work.may_be_swift:
            self._take_lines_swiftly(block, done)
        else:
            lines, ahead = lines_of(block), Ahead(block)
            for number, raw in lines:
                self._take_line(Document(path=block.path, line=number, raw=raw), lines, ahead, done)
        if self._work.form is not Form.JSON:
            done.results = [b"".join(done.results)]  # one piece crosses to another process faster
        return done

    def finish(self) -> Done | None:
        """Return what only the end of all input can say, if anything."""
        if self._record is None:
            return None
        done = Done(size=0)
        path = self._record.workflow.path
        self._write(Document(path=path, line=None, raw=b""), self._record.finish(), (), done)
        if self._record.is_open and self._work.report in (ReportForm.TEXT, ReportForm.BRIEF):
            text = f"{path}: is still open where the statuses end; there is no report"
            done.told.append(Telling(text))
        return done

    def _take_lines_swiftly(self, block: Block, done: Done) -> None:
        results, has_results = done.results, self._work.form is not None
        max_steps = self._work.terms.max_steps
        head = b'{"source":' + to_json(block.path)[:-1] + b":"
        lines, ahead = lines_of(block), Ahead(block)
        for number, raw in lines:
            members = translate_sound(raw, max_steps)
            if members is None:
                self._take_line(Document(path=block.path, line=number, raw=raw), lines, ahead, done)
                continue
            done.tally.documents += 1
            if has_results:
                results.append(b'%b%d","ok":true,%b,"diagnostics":[]}\n' % (head, number, members))

    def _take_line(
        self, document: Document, lines: Iterator[tuple[int, bytes]], ahead: Ahead, done: Done
    ) -> None:
        """Take one of the lines, or all over which the document that begins there is spread."""
        converted = self._convert(document.raw, document.first_line)
        if whole := ahead.spread(document, converted):
            self._settle(whole, tell_spread(whole, converted), done)
            end = last_line(whole)
            next(number for number, _ in lines if number == end)
        else:
            self._settle(document, converted, done)

    def _take(self, document: Document, done: Done) -> None:
        self._settle(document, self._convert(document.raw, document.first_line), done)

    def _settle(self, document: Document, converted: Converted, done: Done) -> None:
        if not converted.is_ok and self._work.terms.origin is Origin.DISPATCH:
            converted = hint(document, converted)
        findings = place(document, converted.diagnostics)
        done.tally.documents += 1
        done.tally.refused += not converted.is_ok
        self._write(document, converted, findings, done)
        self._report(document, self._judge(findings, done.tally), done)

    def _write(
        self, document: Document, converted: Converted, findings: Sequence[Finding], done: Done
    ) -> None:
        match self._work.form:
            case Form.LINES:
                done.results.append(result_line(document, converted, findings))
            case Form.JSON:
                done.results.append(result_indented(document, converted, findings))
            case Form.TEXT:
                done.results.append(
                    result_text(document, converted, self._work.result_columns).encode()
                )
            case None:
                pass

    def _judge(self, findings: Sequence[Finding], tally: Tally) -> list[Finding]:
        """Return the findings to tell, and count them."""
        selection, told = self._work.selection, []
        for finding in findings:
            if not selection.tells(finding):
                tally.ignored += 1
                continue
            diagnostic = finding.diagnostic
            if (selection.accepted or self._work.keeps_keys) and is_acceptable(finding):
                key = key_of(finding)
                document = finding.document
                met = {key: Entry(document.source, line=document.line)}
                if self._work.keeps_keys:
                    tally.keys |= _together(tally.keys, met)
                if key in selection.accepted:
                    tally.accepted |= _together(tally.accepted, met)
                    tally.severities[key] = diagnostic.severity
                    continue
            tally.findings[diagnostic.rule, diagnostic.severity] += 1
            told.append(finding)
        counted = sum(selection.counts(finding.diagnostic.severity) for finding in told)
        tally.counted += counted
        tally.failing += counted > 0
        return told

    def _report(self, document: Document, told: Sequence[Finding], done: Done) -> None:
        counts = self._work.selection.counts
        match self._work.report:
            case ReportForm.JUNIT:
                failing = [each for each in told if counts(each.diagnostic.severity)]
                others = [each for each in told if not counts(each.diagnostic.severity)]
                done.told.append(Telling(junit_case(document, failing, others)))
            case ReportForm.BRIEF:
                for finding in told:
                    if counts(finding.diagnostic.severity) and self._briefs < MOST_BRIEF:
                        self._briefs += 1
                        done.told.append(Telling(brief(finding)))
            case ReportForm.TEXT:
                for finding in told:
                    once = _once(finding)
                    if once not in self._said:
                        done.told.append(Telling(full(finding, self._work.screen), once))
                    if once is not None:
                        self._said.add(once)
            case ReportForm.GITHUB:
                done.told += [Telling(github(finding)) for finding in told]


def _once(finding: Finding) -> str | None:
    """Return the rule, if what it says holds for every document: to a person it is said once.

    Only whoever has all that is told in its order can know which is the first: another process may
    have said it as well.
    """
    if finding.has_place or finding.diagnostic.severity is Severity.ERROR:
        return None
    return finding.diagnostic.rule
