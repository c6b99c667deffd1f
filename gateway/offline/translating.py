"""`translate` from its paths to its exit code: what is read, written, told and counted."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, cast

from gateway.offline.documents import visible
from gateway.offline.inputs import Block, Input, Kind, Trouble, read_blocks
from gateway.offline.output import open_output
from gateway.offline.parallel import convert_blocks
from gateway.offline.progress import Progress
from gateway.offline.reports import (
    JUNIT_TAIL,
    ReportForm,
    github_unread,
    junit_head,
    junit_unread,
)
from gateway.offline.results import Form
from gateway.offline.run import MOST_BRIEF, Done, Tally, Work
from gateway.offline.selection import Key, write_baseline
from translators.diagnostics import Severity
from translators.rule_table import RULES_BY_CODE

CARRIED_OVER: Final = 0
FINDINGS: Final = 1
UNREADABLE: Final = 2

_MOST_STALE: Final = 10
_MOST_RULES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one call of `translate` asks for."""

    work: Work
    output: Path | None
    """`None` is standard output."""
    jobs: int = 1
    baseline: Mapping[Key, str] = field(default_factory=dict)
    new_baseline: Path | None = None


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    tally: Tally = field(default_factory=Tally)
    troubles: list[Trouble] = field(default_factory=list)
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
        writer.finish(outcome)
    # One of a part of the input would forget what the rest is known for.
    if order.new_baseline is not None and outcome.is_whole:
        write_baseline(order.new_baseline, outcome.tally.keys.items())
        outcome.has_new_baseline = True
    return outcome


class _Writer:
    """Puts results and findings into their streams."""

    def __init__(self, work: Work, file: BinaryIO, progress: Progress) -> None:
        self._work = work
        self._file = file
        self._progress = progress
        self._briefs = 0
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
                self._file.write("".join(f"{line}\n" for line in done.told).encode())
            case ReportForm.JUNIT:
                assert self._cases is not None  # noqa: S101 - opened for this form
                self._cases.write("".join(done.told).encode())
            case ReportForm.BRIEF:
                for line in done.told[: MOST_BRIEF - self._briefs]:
                    self._briefs += 1
                    self._progress.say(line)
            case ReportForm.TEXT:
                for text in done.told:
                    self._progress.say(f"{text}\n")

    def take_trouble(self, trouble: Trouble) -> None:
        """Write what is to be said where something was not read."""
        if self._work.report is ReportForm.GITHUB and trouble.is_loss:
            annotation = github_unread(trouble.path, trouble.line, trouble.problem)
            self._file.write(annotation.encode())

    def finish(self, outcome: Outcome) -> None:
        """Write what stands after the last result."""
        if self._work.form is Form.JSON:
            single = self._first or b"[]"
            self._file.write(b"\n]\n" if self._elements > 1 else single + b"\n")
        if self._cases is not None:
            with self._cases:
                self._write_junit(self._cases, outcome)

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
        head = junit_head(tally.documents + len(unread), tally.failing, len(unread))
        self._file.write(head.encode())
        cases.seek(0)
        shutil.copyfileobj(cases, self._file)
        tail = "".join(junit_unread(trouble.path, trouble.problem) for trouble in unread)
        self._file.write(f"{tail}{JUNIT_TAIL}".encode())


def summarise(order: Order, outcome: Outcome) -> list[str]:
    """Return what a person wants to read last, one line each; nothing about one sound document."""
    tally = outcome.tally
    lines = [*_stale(order, tally)]
    shown = [trouble for trouble in outcome.troubles if trouble.is_loss]
    is_all_said = not tally.findings and not tally.ignored and not order.new_baseline
    if tally.documents == 1 and is_all_said and not lines and not shown:
        return []
    carried = tally.documents - tally.refused
    line = f"{_count(tally.documents, 'document')}: {carried:,} carried over, {tally.refused:,} not"
    if shown:
        line += f"; {_count(len(shown), 'input')} could not be read"
    lines.append(f"{line}.")
    if tally.findings:
        lines.append(_findings_line(tally))
    if tally.accepted:
        accepted = _count(len(tally.accepted), "finding")
        lines.append(f"{accepted} accepted by the baseline, and not told.")
    if tally.ignored:
        options = [("--select", order.work.selection.selected)]
        options.append(("--ignore", order.work.selection.ignored))
        by = " and ".join(option for option, given in options if given)
        lines.append(f"{_count(tally.ignored, 'finding')} left out by {by}, and not told.")
    if outcome.has_new_baseline:
        kept = _count(len(tally.keys), "finding")
        lines.append(f"Wrote {order.new_baseline}: it accepts {kept}.")
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
    line = ", ".join(_count(total, severity) for severity, total in totals.items() if total)
    ranked = sorted(
        tally.findings.items(), key=lambda item: (severities.index(item[0][1]), -item[1], item[0])
    )
    rules = [f"{rule} {RULES_BY_CODE[rule].name} {n:,}" for (rule, _), n in ranked[:_MOST_RULES]]
    more = len(ranked) - _MOST_RULES
    others = f", and {_count(more, 'other rule')}" if more > 0 else ""
    return f"{line}: {', '.join(rules)}{others}."


def _stale(order: Order, tally: Tally) -> Iterator[str]:
    """Tell which accepted findings are gone, so that the baseline can shrink."""
    tells = order.work.selection.tells_rule
    stale = sorted(
        (source, key)
        for key, source in order.baseline.items()
        if key not in tally.accepted and tells(key.rule)
    )
    if not stale:
        return
    yield (
        f"{_count(len(stale), 'entry', 'entries')} of the baseline met no finding: mended, or"
        " changed, or not read this time. --write-baseline makes it anew."
    )
    for source, key in stale[:_MOST_STALE]:
        yield visible(f"  {source} {key.rule} {key.pointer or '/'}")
    if len(stale) > _MOST_STALE:
        yield f"  and {len(stale) - _MOST_STALE:,} more"


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
