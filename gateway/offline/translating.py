"""`translate` from its paths to its exit code: what is read, written, told and counted."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

from gateway.offline.baseline import (
    Baseline,
    Surplus,
    find_surpluses,
    tell_stale,
    write_baseline,
)
from gateway.offline.documents import visible
from gateway.offline.inputs import Block, Input, Kind, Trouble, read_blocks
from gateway.offline.junit import frame
from gateway.offline.output import open_output
from gateway.offline.parallel import convert_blocks
from gateway.offline.progress import Progress
from gateway.offline.reports import (
    ReportForm,
    github_surplus,
    github_unread,
    junit_surplus,
    junit_unread,
)
from gateway.offline.results import Form
from gateway.offline.run import MOST_BRIEF, Done, Tally, Telling, Work
from gateway.offline.words import counted
from translators.diagnostics import Severity
from translators.rule_table import RULES_BY_CODE

CARRIED_OVER: Final = 0
FINDINGS: Final = 1
UNREADABLE: Final = 2

_MOST_RULES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one call of `translate` asks for."""

    work: Work
    output: Path | None
    """`None` is standard output."""
    jobs: int = 1
    baseline: Baseline = field(default_factory=dict)
    new_baseline: Path | None = None


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    tally: Tally = field(default_factory=Tally)
    troubles: list[Trouble] = field(default_factory=list)
    surpluses: list[Surplus] = field(default_factory=list)
    """What was met more often than the baseline accepts it."""
    accepted: int = 0
    """Findings in the new baseline, if there is one."""
    has_new_baseline: bool = False
    """Whether the findings have just been accepted."""

    @property
    def is_whole(self) -> bool:
        """Tell whether all input was read."""
        return not any(trouble.is_loss for trouble in self.troubles)

    @property
    def exit_code(self) -> int:
        """What cannot be read weighs more than findings: it may hold any number of them."""
        if not self.is_whole:
            return UNREADABLE
        return FINDINGS if self.tally.counted and not self.has_new_baseline else CARRIED_OVER


def size_of(found: Iterable[Input | Trouble]) -> int | None:
    """Return the size of all input in bytes, if that is known."""
    sizes = [each.size for each in found if isinstance(each, Input)]
    known = [size for size in sizes if size is not None]
    return sum(known) if len(known) == len(sizes) else None


def read_all(found: Iterable[Input | Trouble]) -> Iterator[Block | Trouble]:
    """Yield the blocks of all inputs, one input after the other."""
    for each in found:
        if isinstance(each, Trouble):
            yield each
        else:
            yield from read_blocks(each)


def is_single(found: Sequence[Input | Trouble], first: Block | Trouble | None) -> bool:
    """Tell whether the whole input is one document, given its first block."""
    wanted = sum(isinstance(each, Input) or each.is_loss for each in found)
    return wanted == 1 and isinstance(first, Block) and first.kind is Kind.DOCUMENT


def translate(order: Order, blocks: Iterable[Block | Trouble], progress: Progress) -> Outcome:
    """Convert everything and write it where it belongs.

    Raises:
        OSError: results could not be written.
    """
    outcome = Outcome()
    with open_output(order.output) as file:
        writer = _Writer(order.work, file, progress)
        for done in convert_blocks(blocks, order.work, jobs=order.jobs):
            if isinstance(done, Trouble):
                outcome.troubles.append(done)
                progress.say(visible(f"dispatch-gateway: {done}"))
                writer.take_trouble(done)
                continue
            outcome.tally.add(done.tally)
            writer.take(done)
            progress.advance(done.size)
        tally = outcome.tally
        outcome.surpluses = find_surpluses(order.baseline, tally.accepted, tally.severities)
        for each in outcome.surpluses:
            tally.findings[each.key.rule, each.severity] += each.count
            is_failing = order.work.selection.counts(each.severity)
            tally.counted += is_failing
            tally.failing += is_failing
            writer.take_surplus(each, is_failing=is_failing)
        writer.finish(outcome)
    # One of a part of the input would forget what the rest is known for.
    if order.new_baseline is not None and outcome.is_whole:
        # Nor is forgotten what this run was told to leave alone.
        tells = order.work.selection.tells_rule
        kept = {key: entry for key, entry in order.baseline.items() if not tells(key.rule)}
        baseline = kept | tally.keys
        write_baseline(order.new_baseline, baseline)
        outcome.accepted = sum(entry.times for entry in baseline.values())
        outcome.has_new_baseline = True
    return outcome


class _Writer:
    """Puts results and findings into their streams."""

    def __init__(self, work: Work, file: BinaryIO, progress: Progress) -> None:
        self._work = work
        self._file = file
        self._progress = progress
        self._briefs = 0
        self._said: set[str] = set()
        self._elements = 0
        self._first = b""
        # The head of a JUnit file counts what follows, so what follows waits on disk.
        self._cases: BinaryIO | None = None
        if work.report is ReportForm.JUNIT:
            opened = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish
            self._cases = cast("BinaryIO", opened)

    def take(self, done: Done) -> None:
        """Write what one block became."""
        if self._work.form is Form.JSON:
            for result in done.results:
                self._write_element(result)
        elif done.results:
            self._file.write(b"".join(done.results))
        match self._work.report:
            case ReportForm.GITHUB:
                self._file.write("".join(f"{each.text}\n" for each in done.told).encode())
            case ReportForm.JUNIT:
                assert self._cases is not None  # noqa: S101 - opened for this form
                self._cases.write("".join(each.text for each in done.told).encode())
            case ReportForm.BRIEF:
                for each in done.told[: MOST_BRIEF - self._briefs]:
                    self._briefs += 1
                    self._progress.say(each.text)
            case ReportForm.TEXT:
                for each in done.told:
                    self._say(each)

    def take_trouble(self, trouble: Trouble) -> None:
        """Write what is to be said where something was not read."""
        if self._work.report is ReportForm.GITHUB and trouble.is_loss:
            annotation = github_unread(trouble.path, trouble.line, trouble.problem)
            self._file.write(annotation.encode())

    def take_surplus(self, surplus: Surplus, *, is_failing: bool) -> None:
        """Write what was met more often than the baseline accepts it."""
        match self._work.report:
            case ReportForm.GITHUB:
                self._file.write(github_surplus(surplus).encode())
            case ReportForm.JUNIT:
                assert self._cases is not None  # noqa: S101 - opened for this form
                self._cases.write(junit_surplus(surplus, is_failing=is_failing).encode())
            case ReportForm.TEXT:
                self._progress.say(f"{surplus}\n")
            case ReportForm.BRIEF if is_failing and self._briefs < MOST_BRIEF:
                self._briefs += 1
                self._progress.say(str(surplus))
            case ReportForm.BRIEF:
                pass

    def finish(self, outcome: Outcome) -> None:
        """Write what stands after the last result."""
        if self._work.form is Form.JSON:
            single = self._first or b"[]"
            self._file.write(b"\n]\n" if self._elements > 1 else single + b"\n")
        if self._cases is not None:
            with self._cases:
                self._write_junit(self._cases, outcome)

    def _say(self, telling: Telling) -> None:
        """Say a finding; not again what holds for every document, whichever process had it."""
        if telling.once not in self._said:
            self._progress.say(f"{telling.text}\n")
        if telling.once is not None:
            self._said.add(telling.once)

    def _write_element(self, result: bytes) -> None:
        """Write one of the elements of an array, unless it stays alone: then there is no array."""
        self._elements += 1
        if self._elements == 1:
            self._first = result
        elif self._elements == 2:
            self._file.write(b"[\n" + self._first + b",\n" + result)
        else:
            self._file.write(b",\n" + result)

    def _write_junit(self, cases: BinaryIO, outcome: Outcome) -> None:
        unread = [trouble for trouble in outcome.troubles if trouble.is_loss]
        tally = outcome.tally
        around = frame(
            "dispatch-gateway translate",
            tests=tally.documents + len(outcome.surpluses) + len(unread),
            failures=tally.failing,
            errors=len(unread),
        )
        self._file.write(around.head.encode())
        cases.seek(0)
        shutil.copyfileobj(cases, self._file)
        tail = "".join(map(junit_unread, unread)) + around.tail
        self._file.write(tail.encode())


def summarise(order: Order, outcome: Outcome) -> list[str]:
    """Return what a person wants to read last, one line each; nothing about one sound document."""
    tally = outcome.tally
    tells = order.work.selection.tells_rule
    looked_for = {key: entry for key, entry in order.baseline.items() if tells(key.rule)}
    lines = [*tell_stale(looked_for, tally.accepted)]
    shown = [trouble for trouble in outcome.troubles if trouble.is_loss]
    is_all_said = not tally.findings and not tally.ignored and not order.new_baseline
    if tally.documents == 1 and is_all_said and not lines and not shown:
        return []
    carried = tally.documents - tally.refused
    line = (
        f"{counted(tally.documents, 'document')}: {carried:,} carried over, {tally.refused:,} not"
    )
    if shown:
        line += f"; {counted(len(shown), 'input')} could not be read"
    lines.append(f"{line}.")
    if tally.findings:
        lines.append(_findings_line(tally))
    if tally.accepted:
        met = sum(entry.times for entry in tally.accepted.values())
        accepted = met - sum(each.count for each in outcome.surpluses)
        lines.append(f"{counted(accepted, 'finding')} accepted by the baseline, and not told.")
    if tally.ignored:
        options = [("--select", order.work.selection.selected)]
        options.append(("--ignore", order.work.selection.ignored))
        by = " and ".join(option for option, given in options if given)
        lines.append(f"{counted(tally.ignored, 'finding')} left out by {by}, and not told.")
    if outcome.has_new_baseline:
        accepts = counted(outcome.accepted, "finding")
        lines.append(f"Wrote {order.new_baseline}: it accepts {accepts}.")
    elif order.new_baseline is not None:
        lines.append(
            f"{order.new_baseline} was not written: a baseline needs all of the input to be read."
        )
    return lines


def _findings_line(tally: Tally) -> str:
    severities = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    totals = {
        severity: sum(count for (_, each), count in tally.findings.items() if each is severity)
        for severity in severities
    }
    line = ", ".join(counted(total, severity) for severity, total in totals.items() if total)
    ranked = sorted(
        tally.findings.items(), key=lambda item: (severities.index(item[0][1]), -item[1], item[0])
    )
    rules = [f"{rule} {RULES_BY_CODE[rule].name} {n:,}" for (rule, _), n in ranked[:_MOST_RULES]]
    more = len(ranked) - _MOST_RULES
    others = f", and {counted(more, 'other rule')}" if more > 0 else ""
    return f"{line}: {', '.join(rules)}{others}."
