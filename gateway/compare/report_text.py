"""The report for a terminal: plain lines, the same whether or not anybody watches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.compare.known_words import known_words
from gateway.compare.report_groups import Group, grouped
from gateway.compare.report_model import WEIGHING, Report
from gateway.compare.report_words import (
    APART_NOTE,
    APART_TITLE,
    OUTCOMES,
    OWN_SIDES,
    WRITE_MISSING,
    apart_figures,
    coverage,
    excuse,
    figures,
    finding_words,
    headline,
    period,
    sample_words,
)
from gateway.compare.timelines import LEGEND_OF_BOTH, draw_both
from gateway.offline.words import counted, number
from gateway.simulation.paragraphs import WIDEST, Paragraph, fold_rows
from gateway.simulation.timeline import Row, Stretch, Style

_LABEL: Final = 20
_UNSEEN: Final = 10
"""Of how many shapes the unseen branches are listed."""
_STYLES: Final = {
    "critical": Style.ALARM,
    "semantic": Style.BAD,
    "explained": Style.PLAIN,
    "ignored": Style.TURN,
    "cosmetic": Style.DIM,
    "identical": Style.GOOD,
    "equivalent": Style.GOOD,
    "cut": Style.TURN,
    "not-comparable": Style.TURN,
}


def text_rows(report: Report, *, top: int, width: int) -> list[Row]:
    """Write the report in rows, for `gateway.simulation.screen`.

    Args:
        top: how many findings and shapes are listed.
        width: of the screen, in columns; only the drawings use more than 92.
    """
    rows = (row for part in _parts(report, top, width) for row in part)
    return list(fold_rows(rows, width))


def _parts(report: Report, top: int, width: int) -> Iterator[Iterator[Row | Paragraph]]:
    yield _wrap(headline(report), style=Style.TITLE)
    yield _reasons(report)
    yield _figures(report)
    yield _findings(report, top, width)
    yield _known(report)
    yield _unseen(report)
    yield _outcomes(report)
    yield _shapes(report, top)
    yield _apart(report, top, width)
    yield _ignores(report)
    yield _troubles(report)
    yield _codes(report)


def _reasons(report: Report) -> Iterator[Row | Paragraph]:
    for reason in report.reasons:
        yield from _wrap(f"- {reason}", "", "  ")


def _figures(report: Report) -> Iterator[Row | Paragraph]:
    yield from _heading("Evidence")
    for title, figure, meaning in figures(report):
        yield _labelled(title, figure, meaning)
    if told := period(report):
        yield from _wrap(f"workflows {told}", "  ", style=Style.DIM)


def _outcomes(report: Report) -> Iterator[Row | Paragraph]:
    yield from _heading("Workflows by outcome")
    for outcome, count in report.outcomes.items():
        style = _STYLES.get(outcome, Style.PLAIN) if count else Style.DIM
        yield _labelled(outcome, number(count), OUTCOMES[outcome], style)
    yield _labelled("sum", number(report.evidence.workflows), "")
    for note, count in report.notes.items():
        yield from _wrap(f"not comparable: {number(count)} because {note}", "  ", "    ")


def _unseen(report: Report) -> Iterator[Row | Paragraph]:
    yield from _heading("Not covered by this traffic")
    yield from _wrap(coverage(report), "  ")
    lines = [line for line in report.shapes if line.unseen]
    for line in lines[:_UNSEEN]:
        yield from _wrap(f"{line.title}: {', '.join(line.unseen)}", "  ", "    ")
    if (rest := len(lines) - _UNSEEN) > 0:
        yield _line(
            f"  and branches of {counted(rest, 'other shape')}; json and html hold them all"
        )
    if lines:
        yield from _wrap(WRITE_MISSING.replace("`", ""), "  ")


def _findings(report: Report, top: int, width: int) -> Iterator[Row | Paragraph]:
    groups = grouped(report.findings)
    if not groups:
        return
    weighing = len(report.weighing)
    verb = "weighs" if weighing == 1 else "weigh"
    total = sum(len(group.members) for group in groups)
    title = f"Findings: {number(total)}, of which {number(weighing)} {verb}"
    yield from _heading(title)
    for group in groups[:top]:
        finding = group.lead
        yield from _finding(group, report.sides, width)
        drawn = group.drawn
        if finding.gravity in WEIGHING and drawn is not None and drawn.sample is not None:
            sample = drawn.sample
            rows = draw_both(sample.reference, sample.candidate, width=max(40, width - 4))
            yield ()
            yield from _wrap(sample_words(drawn, finding), "    ", style=Style.TITLE)
            yield ()
            yield from ((Stretch(text="    "), *row) for row in rows)
            yield ()
    if weighing:
        yield from _wrap(LEGEND_OF_BOTH, "  ", style=Style.DIM)
    if rest := sum(len(group.members) for group in groups[top:]):
        yield _line(f"  and {number(rest)} more; --top shows them")


def _known(report: Report) -> Iterator[Row | Paragraph]:
    if not report.known:
        return
    yield from _heading("Known differences, which do not weigh")
    for name, count in report.known.items():
        told = known_words(name).replace("`", "")
        yield from _wrap(f"{name} {number(count):>12}  {told}", "  ", " " * 24)


def _finding(group: Group, sides: tuple[str, str], width: int) -> Iterator[Row | Paragraph]:
    finding = group.lead
    gravity = Stretch(text=f"{finding.gravity:<10}", style=_STYLES[finding.gravity])
    count = Stretch(text=f"{number(group.met):>9}  ")
    title = Stretch(text=group.title, style=Style.TITLE)
    yield (Stretch(text="  "), gravity, count, title)
    indent = " " * (23 if width >= WIDEST else 4)
    yield from _wrap(finding.shape, indent)
    yield from _wrap(finding_words(finding, sides), indent)
    if told := excuse(finding):
        yield from _wrap(told, indent)
    else:
        yield from _wrap(finding.remedy, indent)
    place = f"First at {finding.first}. Fingerprint {finding.fingerprint}."
    yield from _wrap(place, indent, style=Style.DIM)
    if group.members[1:]:
        yield from _wrap("Also of:", indent)
    for other in group.members[1:]:
        step = "" if other.step is None else f", step {other.step + 1}"
        told = f"{other.shape}{step}: {counted(other.workflows, 'workflow')},"
        place = f"first at {other.first}, fingerprint {other.fingerprint}"
        yield from _wrap(f"{told} {place}", f"{indent}  ", f"{indent}    ", style=Style.DIM)


def _shapes(report: Report, top: int) -> Iterator[Row | Paragraph]:
    if not report.shapes:
        return
    shown = report.shapes[:top]
    yield from _heading(f"Shapes: {len(shown)} of {number(len(report.shapes))}")
    for line in shown:
        yield from _wrap(f"{number(line.workflows):>9}  {line.title}", "  ", " " * 13)
        told = ", ".join(f"{count} {outcome}" for outcome, count in line.outcomes.items() if count)
        branches = f"{line.seen} of {counted(line.branches, 'branch', 'branches')} seen"
        yield from _wrap(f"{told}; {branches}", " " * 13, style=Style.DIM)
    if report.others:
        yield _line(f"  {number(report.others):>9}  of shapes that were not told apart")


def _apart(report: Report, top: int, width: int) -> Iterator[Row | Paragraph]:
    apart = report.apart
    if apart is None:
        return
    yield from _heading(f"{APART_TITLE}: {counted(apart.workflows, 'workflow')}")
    yield from _wrap(APART_NOTE, "  ")
    for title, figure, meaning in apart_figures(apart):
        yield _labelled(title, figure, meaning)
    for outcome, count in apart.outcomes.items():
        if count:
            yield _labelled(outcome, number(count), OUTCOMES[outcome], _STYLES[outcome])
    groups = grouped(apart.findings)
    for group in groups[:top]:
        yield from _finding(group, OWN_SIDES, width)
    if rest := sum(len(group.members) for group in groups[top:]):
        yield _line(f"  and {number(rest)} more; --top shows them")


def _ignores(report: Report) -> Iterator[Row | Paragraph]:
    if not report.ignores:
        return
    yield from _heading("Ignores to look at")
    for line in report.ignores:
        told = f"{line.fingerprint} {line.problem} ({line.owner}: {line.reason})"
        yield from _wrap(told, "  ", "    ", style=Style.TURN)


def _codes(report: Report) -> Iterator[Row | Paragraph]:
    """Name the command that tells more of the codes that were shown."""
    if report.findings or (report.apart and report.apart.findings):
        yield ()
        told = "dispatch-gateway explain CODE tells more of each code, and of error codes."
        yield from _wrap(told, style=Style.DIM)


def _troubles(report: Report) -> Iterator[Row | Paragraph]:
    yield from _heading("Read")
    yield _line(f"  {counted(report.files, 'file')}, {counted(report.losses, 'trouble')}")


def _labelled(label: str, figure: str, meaning: str, style: Style = Style.PLAIN) -> Row:
    return (
        Stretch(text=f"  {label:<{_LABEL}}", style=style),
        Stretch(text=f"{figure:>12}"),
        Stretch(text=f"  {meaning}", style=Style.DIM),
    )


def _heading(text: str) -> Iterator[Row | Paragraph]:
    yield ()
    yield _line(text, Style.TITLE)


def _line(text: str, style: Style = Style.PLAIN) -> Row:
    return (Stretch(text=text, style=style),)


def _wrap(
    text: str, first: str = "", other: str | None = None, *, style: Style = Style.PLAIN
) -> Iterator[Paragraph]:
    yield Paragraph(text=text, first=first, other=other, style=style)
