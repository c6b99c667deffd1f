"""The report as one HTML file: whether to cut over stands on its first screen."""

from __future__ import annotations

from html import escape
from typing import Final

from gateway.compare.codes import code_words
from gateway.compare.known_words import known_words
from gateway.compare.report_figures import PATTERNS, outcomes_bar, sides, small_bar, swatch
from gateway.compare.report_groups import Group, grouped
from gateway.compare.report_model import WEIGHING, FindingLine, Report, ShapeLine
from gateway.compare.report_style import STYLE
from gateway.compare.report_words import (
    ANSWERS,
    APART_NOTE,
    APART_TITLE,
    GRAVITIES,
    OUTCOMES,
    OWN_SIDES,
    WRITE_MISSING,
    apart_figures,
    coverage,
    excuse,
    figures,
    headline,
    period,
    private_note,
    sample_words,
)
from gateway.offline.pages import flow, page, prose, section, table_head
from gateway.offline.words import counted, number, share

_SIGNS: Final = {"go": "✓", "not-yet": "…", "no": "✕", "no-answer": "?"}
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
        _findings(report, top),
        _known(report),
        _unseen(report),
        _outcomes(report),
        _shapes(report, top),
        _apart(report, top),
        _ignores(report),
        _input(report),
    ]
    return page(
        title=f"{ANSWERS[report.answer]}: cutting over to the gateway",
        style=STYLE,
        body="".join(sections),
        foot=private_note(),
        defs=PATTERNS,
        codes=code_words(),
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
    days = f"; workflows {period(report)}" if period(report) else ""
    return (
        f'<header>\n<p class="over">{escape(reference)} compared with {escape(candidate)}'
        f"{escape(days)}</p>\n"
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
    reasons = "; ".join(f"{number(count)} because {text}" for text, count in report.notes.items())
    why = f'<p class="small soft">Not comparable: {escape(reasons)}.</p>\n' if reasons else ""
    return section(
        "outcomes",
        "How the workflows compare",
        f"<figure>{outcomes_bar(report.outcomes)}</figure>\n"
        f'<table class="legend stack">{head}<tbody>{rows}</tbody></table>\n{why}',
    )


def _unseen(report: Report) -> str:
    lines = [line for line in report.shapes if line.unseen]
    if not report.evidence.unseen:
        return section("unseen", "What was not covered", f"<p>{coverage(report)}</p>\n")
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
        f"<p>{prose(coverage(report))} {prose(WRITE_MISSING)}</p>\n{listed}",
    )


def _findings(report: Report, top: int) -> str:
    groups = grouped(report.findings)
    if not groups:
        compared = report.evidence.compared
        told = ("Nothing but what is known." if report.known else "Nothing.") if compared else ""
        return section("findings", "What differs", f"<p>{told}</p>\n") if told else ""
    shown = groups[:top]
    cards = "".join(_card(group, rank, report.sides) for rank, group in enumerate(shown))
    rest = sum(len(group.members) for group in groups[top:])
    more = f"<p>Not shown here: {counted(rest, 'finding')}. The json format lists all.</p>\n"
    return section("findings", "What differs", cards + (more if rest else ""))


def _known(report: Report) -> str:
    if not report.known:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="num">{number(count)}</td>'
        f'<td class="wide">{prose(known_words(name))}</td></tr>\n'
        for name, count in report.known.items()
    )
    head = table_head("Number", "Workflows", "What this gateway does", numbers=("Workflows",))
    return section(
        "known",
        "What differs as expected",
        "<p>Known differences, by their numbers in docs/differences.md. They do not weigh.</p>\n"
        f'<table class="stack">{head}<tbody>{rows}</tbody></table>\n',
    )


def _card(group: Group, rank: int, sides_: tuple[str, str]) -> str:
    finding = group.lead
    badge = (
        f'<span class="gravity {finding.gravity}" title="{escape(GRAVITIES[finding.gravity])}">'
        f"{finding.gravity}</span>"
    )
    detail = f"<p>{prose(finding.detail)}</p>\n" if finding.detail else ""
    why = (
        f'<p class="small soft">{prose(finding.why)}</p>\n' if finding.why != finding.detail else ""
    )
    told = excuse(finding)
    note = f"<p><b>{prose(told)}</b></p>\n" if told else f"<p>{prose(finding.remedy)}</p>\n"
    sample = ""
    drawn = group.drawn
    if drawn is not None and drawn.sample is not None:
        state = " open" if rank < _OPEN and finding.gravity in WEIGHING else ""
        words = prose(sample_words(drawn, finding))
        sample = (
            f'<details class="sample"{state}><summary>{words}</summary>'
            f"{sides(drawn.sample)}</details>\n"
        )
    reference, candidate = sides_
    return (
        f'<article class="card {finding.gravity}">\n<div class="row"><h3>{badge}'
        f" {escape(group.title)}</h3>"
        f"<span>{escape(group.count)}</span></div>\n"
        f'<p class="soft">{escape(finding.shape)}</p>\n{detail}'
        f'<dl class="did"><dt>{escape(reference)}</dt><dd>{prose(finding.reference or "nothing")}'
        f"</dd><dt>{escape(candidate)}</dt><dd>{prose(finding.candidate or 'nothing')}</dd></dl>\n"
        f"{why}{note}{sample}"
        f"{_places(group)}</article>\n"
    )


def _places(group: Group) -> str:
    """Write where a finding is; of several, in a list that is unfolded on demand."""
    if len(group.members) == 1:
        return f'<p class="small soft">{_place(group.lead)}</p>\n'
    rows = "".join(
        f"<li><b>{escape(member.shape)}</b><span>"
        f"{'' if member.step is None else f'Step {member.step + 1}, '}"
        f'{counted(member.workflows, "workflow")}. <span class="soft">{_place(member)}</span>'
        "</span></li>\n"
        for member in group.members
    )
    return (
        f"<details><summary>All {counted(len(group.members), 'finding')} of this kind</summary>"
        f'<ul class="unseen small">{rows}</ul></details>\n'
    )


def _place(finding: FindingLine) -> str:
    return (
        f"First at {escape(finding.first)}. Fingerprint <code>{escape(finding.fingerprint)}</code>."
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


def _apart(report: Report, top: int) -> str:
    apart = report.apart
    if apart is None:
        return ""
    tiles = "".join(
        f"<div><dt>{escape(title)}</dt><dd>{escape(figure)}<span>{escape(meaning)}</span></dd></div>"
        for title, figure, meaning in apart_figures(apart)
    )
    rows = "".join(
        f'<tr><th scope="row">{swatch(outcome)}<span>{escape(outcome)}</span></th>'
        f'<td class="num">{number(count)}</td>'
        f'<td class="wide">{escape(OUTCOMES[outcome].capitalize())}.</td></tr>\n'
        for outcome, count in apart.outcomes.items()
        if count
    )
    head = table_head("Outcome", "Workflows", "What it means", numbers=("Workflows",))
    groups = grouped(apart.findings)
    cards = "".join(_card(group, _OPEN, OWN_SIDES) for group in groups[:top])
    rest = sum(len(group.members) for group in groups[top:])
    more = f"<p>Not shown here: {counted(rest, 'finding')}. The json format lists all.</p>\n"
    return section(
        "apart",
        APART_TITLE,
        f'<p>{escape(APART_NOTE)}</p>\n<dl class="figures">{tiles}</dl>\n'
        f'<table class="legend stack">{head}<tbody>{rows}</tbody></table>\n'
        f"{cards}{more if rest else ''}",
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
