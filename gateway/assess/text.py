"""The report for a terminal: plain lines, the same whether or not anybody watches."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from gateway.assess.judging import TITLES
from gateway.assess.report import FindingLine, Report
from gateway.assess.sections import (
    assumed,
    inventory_tables,
    provenance,
    rules_sentence,
    ungraded,
    what_was_read,
)
from gateway.offline.words import counted, number

Paint: TypeAlias = Callable[[str, str], str]
"""Takes a role and a text and returns the text in the role's colour, or as it is."""

_WIDTH: Final = 92
_FINDINGS: Final = 20


def unpainted(_role: str, text: str) -> str:
    """Return `text` as it is."""
    return text


def render_text(report: Report, *, top: int, paint: Paint = unpainted) -> str:
    """Write the report in lines.

    Args:
        top: how many shapes are listed.
        paint: roles are `heading`, the severities and the standings.
    """
    return "\n".join(_lines(report, top, paint)) + "\n"


def _lines(report: Report, top: int, paint: Paint) -> Iterator[str]:
    yield from _wrap(report.headline)
    yield ""
    yield from _wrap(what_was_read(report))
    if report.payloads:
        yield from _standings(report, paint)
        yield from _advice(report, paint)
        yield from _shapes(report, top, paint)
        yield from _findings(report, paint)
        yield from _inventory(report, paint)
    yield ""
    yield f"Made by {provenance()}."


def _standings(report: Report, paint: Paint) -> Iterator[str]:
    yield from _heading("Grades", paint)
    for standing, count in report.standings.items():
        name = paint(standing.value, f"{standing.value:<8}")
        yield f"  {name} {number(count):>9}  {report.percents[standing]:>11}  {TITLES[standing]}"
    yield f"  {'sum':<8} {number(report.payloads):>9}"
    yield from _wrap(f"{assumed(report)} {ungraded()}", "  ")


def _advice(report: Report, paint: Paint) -> Iterator[str]:
    if not report.advice:
        return
    yield from _heading("What to do first", paint)
    for rank, step in enumerate(report.advice, 1):
        yield from _wrap(f"{rank}. {step.title}", "  ", "     ")
        yield from _wrap(step.text, "     ")


def _shapes(report: Report, top: int, paint: Paint) -> Iterator[str]:
    shown = report.shapes[:top]
    yield from _heading(f"Shapes: {len(shown)} of {number(len(report.shapes))}", paint)
    for line in shown:
        name = paint(line.standing.value, f"{line.standing.value:<8}")
        yield f"  {name} {number(line.payloads):>9}  {line.shape.title}"
        yield from _wrap(
            f"{line.summary} Rules: {rules_sentence(line, report)}. First at {line.first}.",
            " " * 21,
        )
    if rest := report.payloads - sum(line.payloads for line in shown):
        yield f"  {'others':<8} {number(rest):>9}  --top shows more; json and csv hold them all"


def _findings(report: Report, paint: Paint) -> Iterator[str]:
    if not report.findings:
        return
    yield from _heading("Findings, in workflows", paint)
    for line in report.findings[:_FINDINGS]:
        yield _finding(line, paint)
    if len(report.findings) > _FINDINGS:
        yield f"  and {counted(len(report.findings) - _FINDINGS, 'more rule')}"
    if report.of_all:
        named = ", ".join(f"{line.rule.code} {line.rule.name}" for line in report.of_all)
        yield from _wrap(f"Of every workflow that leaves: {named}.", "  ")
    yield "  dispatch-gateway explain CODE tells more about each."


def _finding(line: FindingLine, paint: Paint) -> str:
    severity = paint(line.severity.value, f"{line.severity:<8}")
    return f"  {severity} {number(line.payloads):>9}  {line.rule.code} {line.rule.name}"


def _inventory(report: Report, paint: Paint) -> Iterator[str]:
    for title, unit, rows in inventory_tables(report):
        yield from _heading(f"{title}: {unit}", paint)
        for name, count in rows:
            yield f"  {number(count):>18}  {name}"


def _heading(text: str, paint: Paint) -> Iterator[str]:
    yield ""
    yield paint("heading", text)


def _wrap(text: str, first: str = "", other: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=first if other is None else other,
        break_long_words=False,
        break_on_hyphens=False,
    )
