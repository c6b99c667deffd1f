"""The report as one HTML file that asks nobody for anything: no scripts, no fonts, no images.

Everything that is shown passes through `escape`; there is no template language to forget it in.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from gateway.assess.figures import PATTERNS, bar, standings_bar, swatch
from gateway.assess.judging import MEANINGS, TITLES, Standing
from gateway.assess.report import FindingLine, Report, ShapeLine
from gateway.assess.sections import (
    assumed,
    inventory_tables,
    masked_note,
    provenance,
    rules_sentence,
    ungraded,
    what_was_read,
)
from gateway.assess.style import STYLE
from gateway.offline.codes import code_words
from gateway.offline.pages import chart, chart_row, flow, json_details, page, prose, table_head
from gateway.offline.shapes import name_channel
from gateway.offline.words import counted, number

_CHARTED: Final = 10
_COUNTS: Final = ("Workflows", "Share")


def render_html(report: Report, *, top: int) -> str:
    """Write the report as a page.

    Args:
        top: how many shapes get a card of their own.
    """
    sections = [
        _header(report),
        _standings(report),
        _todo(report),
        _shape_chart(report),
        _finding_chart(report),
        _unsupported(report),
        _inventory(report),
        _cards(report, top),
        _all_findings(report),
        _input(report),
    ]
    return page(
        title="Migration report: Dispatch v0.1 to Messages v1",
        style=STYLE,
        body="".join(sections),
        foot=f"Made by {provenance()}. {assumed(report)} {masked_note()}",
        defs=PATTERNS,
        codes=code_words(),
    )


def _header(report: Report) -> str:
    return (
        '<header>\n<p class="over">Dispatch API v0.1 → Messages API v1</p>\n'
        f'<h1>Migration report</h1>\n<p class="headline">{prose(report.headline)}</p>\n</header>\n'
    )


def _standings(report: Report) -> str:
    if not report.payloads:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{swatch(standing)}<span>{standing}</span></th>'
        f'<td class="num">{number(count)}</td>'
        f'<td class="num">{report.percents[standing]}</td>'
        f'<td class="wide"><b>{escape(TITLES[standing].capitalize())}.</b>'
        f" {escape(MEANINGS[standing])}</td></tr>\n"
        for standing, count in report.standings.items()
        if count or standing is not Standing.REFUSED
    )
    head = table_head("Grade", "Workflows", "Share", "What it means", numbers=_COUNTS)
    return (
        '<section aria-labelledby="grades">\n<h2 id="grades">Which workflows can leave</h2>\n'
        f"<figure>{standings_bar(report.standings, report.percents)}</figure>\n"
        f'<table class="legend stack">{head}<tbody>{rows}</tbody></table>\n'
        f'<p class="small soft">{escape(f"{assumed(report)} {ungraded()}")}</p>\n</section>\n'
    )


def _todo(report: Report) -> str:
    if not report.advice:
        return ""
    items = "".join(
        f"<li><h3>{prose(step.title)}</h3><p>{prose(step.text)}</p></li>\n"
        for step in report.advice
    )
    return (
        '<section aria-labelledby="first">\n<h2 id="first">What to do first</h2>\n'
        f'<ol class="todo">{items}</ol>\n</section>\n'
    )


def _shape_chart(report: Report) -> str:
    if not report.shapes:
        return ""
    shown = report.shapes[:_CHARTED]
    rows = [
        chart_row(
            f"{_grade(line.standing)} {escape(line.shape.title)}",
            number(line.payloads),
            bar(line.payloads, shown[0].payloads, line.standing),
        )
        for line in shown
    ]
    caption = _caption("largest", len(shown), len(report.shapes), "shape")
    return chart("shapes", "The shapes of workflows", caption, rows)


def _finding_chart(report: Report) -> str:
    shown = sorted(report.findings, key=lambda line: -line.payloads)[:_CHARTED]
    if not shown:
        return ""
    most = shown[0].payloads
    rows = [
        chart_row(
            f"<code>{line.rule.code}</code> {escape(line.rule.name)}"
            f' <span class="soft">{line.severity}</span>',
            number(line.payloads),
            bar(line.payloads, most),
        )
        for line in shown
    ]
    caption = _caption("most frequent", len(shown), len(report.findings), "rule")
    return chart("findings", "What was found", caption, rows)


def _caption(which: str, shown: int, there_are: int, what: str) -> str:
    all_of_them = f"{counted(there_are, what)}, in workflows."
    return all_of_them if shown == there_are else f"The {shown} {which} of {all_of_them}"


def _unsupported(report: Report) -> str:
    if not report.unsupported:
        return ""
    rows = "".join(
        f'<tr><th scope="row"><code>{line.rule.code}</code> {escape(line.rule.name)}</th>'
        f'<td class="num">{number(line.payloads)}</td>'
        f'<td class="wide" data-label="On: ">{escape(_channels(line))}</td>'
        f'<td class="wide" data-label="Remedy: ">{prose(line.rule.remedy)}</td></tr>\n'
        for line in report.unsupported
    )
    head = table_head("Rule", "Workflows", "On", "Remedy", numbers=_COUNTS)
    return (
        '<section aria-labelledby="unsupported">\n<h2 id="unsupported">What is not supported</h2>\n'
        '<p class="small soft">REQ rules: refused by Dispatch and the gateway alike.'
        " NAT rules: carried by the gateway, beyond native v1.</p>\n"
        f'<table class="stack">{head}<tbody>{rows}</tbody></table>\n</section>\n'
    )


def _inventory(report: Report) -> str:
    tables = []
    for title, unit, rows in inventory_tables(report):
        most = max(count for _, count in rows)
        items = "".join(
            chart_row(escape(name), number(count), bar(count, most)) for name, count in rows
        )
        tables.append(
            f'<div><h3>{escape(title)}</h3><p class="small soft">{escape(unit)}</p>'
            f'<ul class="chart">{items}</ul></div>\n'
        )
    if not tables:
        return ""
    return (
        '<section aria-labelledby="inventory">\n<h2 id="inventory">What the workflows are made of'
        f'</h2>\n<div class="columns">{"".join(tables)}</div>\n</section>\n'
    )


def _cards(report: Report, top: int) -> str:
    shown = report.shapes[:top]
    if not shown:
        return ""
    cards = "".join(_card(line, rank, report) for rank, line in enumerate(shown, 1))
    rest = report.payloads - sum(line.payloads for line in shown)
    more = f"<p>{_rest_sentence(report, shown, rest)}</p>\n" if rest else ""
    return (
        '<section aria-labelledby="cards">\n<h2 id="cards">Each shape, and what it becomes</h2>\n'
        f"{cards}{more}</section>\n"
    )


def _rest_sentence(report: Report, shown: Sequence[ShapeLine], rest: int) -> str:
    shapes = len(report.shapes) - len(shown)
    unnamed = sum(report.others.values())
    text = f"Not shown here: {counted(rest, 'workflow')} of {counted(shapes, 'other shape')}"
    if unnamed:
        text += f", {number(unnamed)} of them of shapes that were not told apart"
    return escape(f"{text}. The csv and json formats list them all.")


def _card(line: ShapeLine, rank: int, report: Report) -> str:
    rules = escape(rules_sentence(line, report))
    samples = json_details("The v1 request that takes its place, masked", line.native, "native")
    samples += json_details("The v0.1 payload, masked", line.sample, "given")
    return (
        f'<article class="card">\n<div class="row"><h3>{rank}. {_grade(line.standing)}'
        f" {escape(TITLES[line.standing])}</h3>"
        f"<span>{number(line.payloads)} · {line.percent}</span></div>\n"
        f"{flow(line.shape)}\n<p>{prose(line.summary)}</p>\n"
        f'<p class="small soft">First at {escape(line.first)}. Rules: {rules}.</p>'
        f"\n{samples}</article>\n"
    )


def _all_findings(report: Report) -> str:
    lines = (*report.findings, *report.of_all)
    if not lines:
        return ""
    items = "".join(
        f"<dt><code>{line.rule.code}</code> {escape(line.rule.name)}, {line.severity}:"
        f" {counted(line.payloads, 'workflow')}</dt><dd>{prose(line.rule.why)}"
        f" {prose(line.rule.remedy)}"
        f' <span class="soft">First at {escape(line.first)}.</span></dd>\n'
        for line in lines
    )
    note = (
        '<p class="small soft">The last ones are true of every workflow that leaves.</p>'
        if report.of_all
        else ""
    )
    return (
        '<section aria-labelledby="rules">\n<h2 id="rules">Every rule that was met</h2>\n'
        f"{note}<dl>{items}</dl>\n</section>\n"
    )


def _input(report: Report) -> str:
    troubles = "".join(f"<li>{escape(str(trouble))}</li>\n" for trouble in report.troubles)
    more = report.losses - len(report.troubles)
    listed = f"<ul>{troubles}</ul>\n" if troubles else ""
    if more > 0:
        listed += f"<p>And {number(more)} more.</p>\n"
    return (
        '<section aria-labelledby="input">\n<h2 id="input">What was read</h2>\n'
        f"<p>{escape(what_was_read(report))}</p>\n{listed}</section>\n"
    )


def _grade(standing: Standing) -> str:
    return f'<span class="grade">{swatch(standing)}{standing}</span>'


def _channels(line: FindingLine) -> str:
    named = (f"{name_channel(each)} {number(count)}" for each, count in line.channels.items())
    return ", ".join(named) or "the whole"
