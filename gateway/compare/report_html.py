"""The report as one HTML file: whether to cut over stands on its first screen."""

from __future__ import annotations

from html import escape
from typing import Final

from gateway.compare.report_figures import PATTERNS, outcomes_bar, sides, small_bar, swatch
from gateway.compare.report_model import WEIGHING, FindingLine, Report, ShapeLine
from gateway.compare.report_style import STYLE
from gateway.compare.report_words import (
    ANSWERS,
    GRAVITIES,
    OUTCOMES,
    excuse,
    figures,
    finding_title,
    headline,
    private_note,
)
from gateway.offline.pages import flow, page, prose, section, table_head
from gateway.offline.words import counted, number, share

_SIGNS: Final = {"go": "✓", "not-yet": "…", "no": "✕"}
_UNSEEN: Final = 5
"""Of how many shapes the unseen branches are shown at once."""
_OPEN: Final = 3
"""How many samples are unfolded from the start."""


def render_html(report: Report, *, top: int) -> str:
    """Write the report as a page.

    Args:
        top: how many findings and shapes get a card of their own.
    """
    sections = [
        _header(report),
        _unseen(report),
        _outcomes(report),
        _findings(report, top),
        _shapes(report, top),
        _ignores(report),
        _input(report),
    ]
    return page(
        title=f"{ANSWERS[report.answer]}: cutting over to the gateway",
        style=STYLE,
        body="".join(sections),
        foot=private_note(),
        defs=PATTERNS,
    )


def _header(report: Report) -> str:
    answer, _, rest = headline(report).partition(": ")
    reasons = "".join(f"<li>{prose(reason)}</li>" for reason in report.reasons)
    listed = f"<ul>{reasons}</ul>\n" if reasons else ""
    tiles = "".join(
        f"<div><dt>{escape(title)}</dt><dd>{escape(figure)}<span>{escape(meaning)}</span></dd></div>"
        for title, figure, meaning in figures(report)
    )
    reference, candidate = report.sides
    return (
        f'<header>\n<p class="over">{escape(reference)} compared with {escape(candidate)}</p>\n'
        "<h1>Can we cut over?</h1>\n"
        f'<div class="verdict {report.answer}">\n<p class="headline">'
        f'<strong><span aria-hidden="true">{_SIGNS[report.answer]}</span> {answer}</strong>'
        f"{prose(rest[:1].upper() + rest[1:])}</p>\n{listed}</div>\n"
        f'<dl class="figures">{tiles}</dl>\n</header>\n'
    )


def _outcomes(report: Report) -> str:
    whole = report.evidence.workflows
    if not whole:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{swatch(outcome)}<span>{escape(outcome)}</span></th>'
        f'<td class="num">{number(count)}</td><td class="num">{share(count, whole)}</td>'
        f'<td class="wide">{escape(OUTCOMES[outcome].capitalize())}.</td></tr>\n'
        for outcome, count in report.outcomes.items()
    )
    head = table_head(
        "Outcome", "Workflows", "Share", "What it means", numbers=("Workflows", "Share")
    )
    known = ", ".join(f"{name} {number(count)}" for name, count in report.known.items())
    reasons = "; ".join(f"{number(count)} because {text}" for text, count in report.notes.items())
    note = f'<p class="small soft">Known differences met: {escape(known)}.</p>\n' if known else ""
    why = f'<p class="small soft">Not comparable: {escape(reasons)}.</p>\n' if reasons else ""
    return section(
        "outcomes",
        "How the workflows compare",
        f"<figure>{outcomes_bar(report.outcomes)}</figure>\n"
        f'<table class="legend stack">{head}<tbody>{rows}</tbody></table>\n{note}{why}',
    )


def _unseen(report: Report) -> str:
    lines = [line for line in report.shapes if line.unseen]
    if not report.evidence.unseen:
        return section(
            "unseen",
            "What was not covered",
            "<p>Nothing: this traffic took every branch of every shape in it.</p>\n",
        )
    items = [
        f"<li><b>{escape(line.title)}</b>"
        f'<span class="soft">{escape(", ".join(line.unseen))}</span></li>\n'
        for line in lines
    ]
    listed = f'<ul class="unseen">{"".join(items[:_UNSEEN])}</ul>\n'
    if rest := items[_UNSEEN:]:
        listed += (
            f"<details><summary>{counted(len(rest), 'more shape')}</summary>"
            f'<ul class="unseen">{"".join(rest)}</ul></details>\n'
        )
    return section(
        "unseen",
        "What was not covered",
        f"<p>{counted(report.evidence.unseen, 'branch', 'branches')} of these shapes never came up"
        " in this traffic, so nothing is known about them. <code>--write-missing FILE</code>"
        f" writes a synthetic trace for each.</p>\n{listed}",
    )


def _findings(report: Report, top: int) -> str:
    if not report.findings:
        return section("findings", "What differs", "<p>Nothing.</p>\n")
    shown = report.findings[:top]
    cards = "".join(_finding(finding, rank, report) for rank, finding in enumerate(shown))
    rest = len(report.findings) - len(shown)
    more = f"<p>Not shown here: {counted(rest, 'finding')}. The json format lists all.</p>\n"
    return section("findings", "What differs", cards + (more if rest else ""))


def _finding(finding: FindingLine, rank: int, report: Report) -> str:
    badge = (
        f'<span class="gravity {finding.gravity}" title="{escape(GRAVITIES[finding.gravity])}">'
        f"{finding.gravity}</span>"
    )
    detail = f"<p>{prose(finding.detail)}</p>\n" if finding.detail else ""
    told = excuse(finding)
    note = f"<p><b>{prose(told)}</b></p>\n" if told else f"<p>{prose(finding.remedy)}</p>\n"
    sample = ""
    if finding.sample:
        state = " open" if rank < _OPEN and finding.gravity in WEIGHING else ""
        sample = (
            f'<details class="sample"{state}><summary>One of them, side by side</summary>'
            f"{sides(finding.sample)}</details>\n"
        )
    reference, candidate = report.sides
    return (
        f'<article class="card {finding.gravity}">\n<div class="row"><h3>{badge}'
        f" {escape(finding_title(finding))}</h3>"
        f"<span>{counted(finding.workflows, 'workflow')}</span></div>\n"
        f'<p class="soft">{escape(finding.shape)}</p>\n{detail}'
        f'<dl class="did"><dt>{escape(reference)}</dt><dd>{prose(finding.reference or "nothing")}'
        f"</dd><dt>{escape(candidate)}</dt><dd>{prose(finding.candidate or 'nothing')}</dd></dl>\n"
        f'<p class="small soft">{prose(finding.why)}</p>\n{note}{sample}'
        f'<p class="small soft">First at {escape(finding.first)}. Fingerprint'
        f" <code>{escape(finding.fingerprint)}</code>.</p>\n</article>\n"
    )


def _shapes(report: Report, top: int) -> str:
    shown = report.shapes[:top]
    if not shown:
        return ""
    cards = "".join(_shape(line, report) for line in shown)
    rest = len(report.shapes) - len(shown)
    more = f"<p>Not shown here: {counted(rest, 'other shape')}. The json format lists all.</p>\n"
    more = more if rest else ""
    if report.others:
        more += f"<p>{counted(report.others, 'workflow')} of shapes that were not told apart.</p>\n"
    return section("shapes", "The shapes of workflows", cards + more)


def _shape(line: ShapeLine, report: Report) -> str:
    told = ", ".join(
        f"{number(count)} {outcome}" for outcome, count in line.outcomes.items() if count
    )
    unseen = f" Never seen: {', '.join(line.unseen)}." if line.unseen else ""
    return (
        f'<article class="card">\n<div class="row"><h3>{counted(line.workflows, "workflow")}</h3>'
        f"<span>{share(line.workflows, report.evidence.workflows)}</span></div>\n"
        f"{flow(line.drawn, has_times=False)}\n<p>{small_bar(line.outcomes)}</p>\n"
        f'<p class="small">{escape(told)}. {line.seen} of'
        f" {counted(line.branches, 'branch', 'branches')} seen.{escape(unseen)}</p>\n</article>\n"
    )


def _ignores(report: Report) -> str:
    if not report.ignores:
        return ""
    rows = "".join(
        f'<tr><th scope="row"><code>{escape(line.fingerprint)}</code></th>'
        f"<td>{escape(line.problem)}</td><td>{escape(line.owner)}</td>"
        f'<td class="wide">{escape(line.reason)}</td></tr>\n'
        for line in report.ignores
    )
    head = table_head("Fingerprint", "Problem", "Owner", "Reason")
    body = f'<table class="stack">{head}<tbody>{rows}</tbody></table>\n'
    return section("ignores", "Ignores to look at", body)


def _input(report: Report) -> str:
    troubles = "".join(f"<li>{escape(str(trouble))}</li>\n" for trouble in report.troubles)
    more = report.losses - len(report.troubles)
    listed = f"<ul>{troubles}</ul>\n" if troubles else ""
    if more > 0:
        listed += f"<p>And {number(more)} more.</p>\n"
    return section(
        "input",
        "What was read",
        f"<p>{counted(report.files, 'file')} with"
        f" {counted(report.evidence.workflows, 'workflow')};"
        f" {counted(report.losses, 'record')} could not be read.</p>\n{listed}",
    )
