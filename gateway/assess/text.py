"""The report for a terminal: plain lines, the same whether or not anybody watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from gateway.assess.judging import TITLES
from gateway.assess.report import Report
from gateway.assess.sections import (
    assumed,
    inventory_tables,
    provenance,
    rules_sentence,
    ungraded,
    what_was_read,
)
from gateway.folding import fold
from gateway.offline.words import counted, number

Paint: TypeAlias = Callable[[str, str], str]
"""Takes a role and a text and returns the text in the role's colour, or as it is."""

WIDEST: Final = 92
"""Columns of the report where there is room; more would be hard to read."""
_FINDINGS: Final = 20


def unpainted(_role: str, text: str) -> str:
    """Return `text` as it is."""
    return text


def render_text(report: Report, *, top: int, paint: Paint = unpainted, width: int = WIDEST) -> str:
    """Write the report in lines.

    Args:
        top: how many shapes are listed.
        paint: roles are `heading`, the severities and the standings.
        width: of the screen, in columns.
    """
    text = _Text(report, paint, min(width, WIDEST))
    return "\n".join(text.lines(top)) + "\n"


class _Text:
    """The report in the making."""

    def __init__(self, report: Report, paint: Paint, width: int) -> None:
        self._report = report
        self._paint = paint
        self._width = width
        # A narrow screen has no room for the air between columns.
        is_narrow = width < WIDEST
        counts = len(number(report.payloads))
        self._name = 8
        self._count = counts if is_narrow else 9
        self._percent = 0 if is_narrow else 11
        self._under = 4 if is_narrow else 21

    def lines(self, top: int) -> Iterator[str]:
        """Yield the lines of the report."""
        report = self._report
        yield from self._wrap(report.headline)
        yield ""
        yield from self._wrap(what_was_read(report))
        if report.payloads:
            yield from self._standings()
            yield from self._advice()
            yield from self._shapes(top)
            yield from self._findings()
            yield from self._inventory()
        yield ""
        yield f"Made by {provenance()}."

    def _standings(self) -> Iterator[str]:
        report = self._report
        yield from self._heading("Grades")
        percents = max(map(len, report.percents.values()))
        for standing, count in report.standings.items():
            percent = f"{report.percents[standing]:>{self._percent or percents}}"
            text = f"{percent}  {TITLES[standing]}"
            yield from self._row(standing.value, count, text, under=len(percent) + 2)
        yield f"  {'sum':<{self._name}} {number(report.payloads):>{self._count}}"
        yield from self._wrap(f"{assumed(report)} {ungraded()}", "  ")

    def _advice(self) -> Iterator[str]:
        if not self._report.advice:
            return
        yield from self._heading("What to do first")
        for rank, step in enumerate(self._report.advice, 1):
            yield from self._wrap(f"{rank}. {step.title}", "  ", "     ")
            yield from self._wrap(step.text, "     ")

    def _shapes(self, top: int) -> Iterator[str]:
        report = self._report
        shown = report.shapes[:top]
        yield from self._heading(f"Shapes: {len(shown)} of {number(len(report.shapes))}")
        for line in shown:
            yield from self._row(line.standing.value, line.payloads, line.shape.title)
            rules = f"Rules: {rules_sentence(line, report)}. First at {line.first}."
            yield from self._wrap(f"{line.summary} {rules}", " " * self._under)
        if rest := report.payloads - sum(line.payloads for line in shown):
            yield from self._row("others", rest, "--top shows more; json and csv hold them all")

    def _findings(self) -> Iterator[str]:
        report = self._report
        if not report.findings:
            return
        yield from self._heading("Findings, in workflows")
        for line in report.findings[:_FINDINGS]:
            yield from self._row(
                line.severity.value, line.payloads, f"{line.rule.code} {line.rule.name}"
            )
        if len(report.findings) > _FINDINGS:
            yield f"  and {counted(len(report.findings) - _FINDINGS, 'more rule')}"
        if report.of_all:
            named = ", ".join(f"{line.rule.code} {line.rule.name}" for line in report.of_all)
            yield from self._wrap(f"Of every workflow that leaves: {named}.", "  ")
        yield from self._wrap("dispatch-gateway explain CODE tells more about each.", "  ")

    def _inventory(self) -> Iterator[str]:
        room = self._name + 1 + self._count
        for title, unit, rows in inventory_tables(self._report):
            yield from self._heading(f"{title}: {unit}")
            for name, count in rows:
                head = f"  {number(count):>{room}}  "
                yield from self._wrap(name, head, " " * len(head))

    def _row(self, name: str, count: int, text: str, under: int = 0) -> Iterator[str]:
        """Write a name in its colour, a count and a text.

        Args:
            under: how much deeper than the text its other lines begin.
        """
        plain = f"{name:<{self._name}}"
        rest = f" {number(count):>{self._count}}  "
        margin = " " * (2 + len(plain) + len(rest))
        first, *others = self._wrap(text, margin, margin + " " * under)
        yield f"  {self._paint(name, plain)}{rest}{first.removeprefix(margin)}"
        yield from others

    def _heading(self, text: str) -> Iterator[str]:
        yield ""
        yield from (self._paint("heading", line) for line in self._wrap(text))

    def _wrap(self, text: str, first: str = "", other: str | None = None) -> list[str]:
        return fold(text, self._width, first, other)
