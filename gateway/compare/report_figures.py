"""The drawings of the HTML report: the bar of outcomes, and two timelines side by side.

What a colour says is also said by a pattern and in words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from gateway.compare.report_model import Sample
from gateway.compare.timelines import Mark, align, channels_of, cut_of, title_of
from gateway.offline.pages import svg
from gateway.offline.shapes import name_channel
from gateway.offline.words import number, share
from gateway.simulation.durations import duration
from gateway.traces.model import Kind, Trace, TraceEntry

_HEIGHT: Final = 36
_PLAIN: Final = frozenset({"identical", "cosmetic"})
"""Outcomes whose colour has no pattern: the two greatest unlikes of lightness."""

PATTERNS: Final = """\
<svg width="0" height="0" aria-hidden="true" focusable="false" style="position:absolute"><defs>
<pattern id="hatch-equivalent" width="8" height="8" patternUnits="userSpaceOnUse">\
<rect width="8" height="8" class="fill-equivalent"/>\
<circle cx="4" cy="4" r="1.2" class="ink"/></pattern>
<pattern id="hatch-explained" width="9" height="9" patternUnits="userSpaceOnUse" \
patternTransform="rotate(45)"><rect width="9" height="9" class="fill-explained"/>\
<rect width="2" height="9" class="ink"/></pattern>
<pattern id="hatch-semantic" width="9" height="9" patternUnits="userSpaceOnUse" \
patternTransform="rotate(-45)"><rect width="9" height="9" class="fill-semantic"/>\
<rect width="2.5" height="9" class="ink"/></pattern>
<pattern id="hatch-cut" width="8" height="8" patternUnits="userSpaceOnUse">\
<rect width="8" height="8" class="fill-cut"/>\
<rect width="8" height="2" y="3" class="ink"/></pattern>
<pattern id="hatch-not-comparable" width="8" height="8" patternUnits="userSpaceOnUse">\
<rect width="8" height="8" class="fill-not-comparable"/>\
<path d="M0 0h8M0 0v8" class="line"/></pattern>
</defs></svg>
"""
"""Stands once in the page; every bar uses it."""


def outcomes_bar(outcomes: Mapping[str, int]) -> str:
    """Draw one bar, divided by outcome."""
    whole = sum(outcomes.values())
    parts, told, left = [], [], 0.0
    for outcome, count in outcomes.items():
        if not count:
            continue
        width = 100 * count / whole
        parts.append(_rect(outcome, left, width, _HEIGHT))
        told.append(f"{outcome} {number(count)} ({share(count, whole)})")
        left += width
    size = f'width="100%" height="{_HEIGHT}"'
    return svg("o", "Workflows by outcome", ", ".join(told), size, "".join(parts))


def small_bar(outcomes: Mapping[str, int]) -> str:
    """Draw the same bar small, where the counts stand beside it as text."""
    whole = sum(outcomes.values())
    parts, left = [], 0.0
    for outcome, count in outcomes.items():
        width = 100 * count / whole if whole else 0.0
        parts.append(_rect(outcome, left, width, 12) if count else "")
        left += width
    return (
        '<svg class="bar" width="100%" height="12" aria-hidden="true" focusable="false">'
        f"{''.join(parts)}</svg>"
    )


def swatch(outcome: str) -> str:
    """Draw the sign of an outcome for a legend."""
    return (
        '<svg class="swatch" width="18" height="18" aria-hidden="true" focusable="false">'
        f"{_rect(outcome, 0, 100, 18)}</svg>"
    )


def sides(sample: Sample) -> str:
    """Write two traces as a table: time runs down, and rows in which they differ are marked."""
    rows = "".join(_row(sample, at_ms, *both) for at_ms, both in _rows(sample))
    tails = [_tail(trace) for trace in (sample.reference, sample.candidate)]
    if any(tails):
        rows += f'<tr><th scope="row">later</th><td>{tails[0]}</td><td>{tails[1]}</td></tr>\n'
    heads = "".join(
        f'<th scope="col">{escape(_titled(trace))}</th>'
        for trace in (sample.reference, sample.candidate)
    )
    return (
        '<table class="sides"><colgroup><col><col><col></colgroup>'
        f'<thead><tr><th scope="col">After</th>{heads}</tr></thead>\n'
        f"<tbody>{rows}</tbody></table>\n"
    )


def _rows(sample: Sample) -> Iterator[tuple[int, tuple[list[Mark], list[Mark]]]]:
    """Yield the rows with what each side shows; several only where the other side has nothing."""
    left, right = align(sample.reference, sample.candidate)
    held: tuple[list[Mark], list[Mark]] = ([], [])
    before: tuple[int, bool, bool] | None = None
    for place in sorted({(mark.at_ms, mark.row) for mark in (*left, *right)}):
        here = [
            [mark for mark in side if (mark.at_ms, mark.row) == place and _is_shown(mark)]
            for side in (left, right)
        ]
        if not any(here):
            continue
        kind = (place[0], bool(here[0]), bool(here[1]))
        if before is not None and (kind != before or all(here)):
            yield before[0], held
            held = ([], [])
        held[0].extend(here[0])
        held[1].extend(here[1])
        before = kind
    if before is not None:
        yield before[0], held


def _row(sample: Sample, at_ms: int, left: Sequence[Mark], right: Sequence[Mark]) -> str:
    differs = any(each.is_alone for each in (*left, *right))
    # The sign before it is in the style sheet.
    kind = ' class="differs" title="here the sides differ"' if differs else ""
    return (
        f'<tr{kind}><th scope="row">{duration(at_ms)}</th>'
        f"<td>{_cell(sample.reference, left)}</td>"
        f"<td>{_cell(sample.candidate, right)}</td></tr>\n"
    )


def _is_shown(mark: Mark) -> bool:
    return mark.entry.kind is not Kind.IGNORED


def _titled(trace: Trace) -> str:
    title = title_of(trace)
    return f"{title[0].upper()}{title[1:]}"


def _cell(trace: Trace, marks: Sequence[Mark]) -> str:
    channels = channels_of(trace)
    lines = []
    for mark in marks:
        text = _phrase(mark.entry, channels)
        if not text:
            continue
        text += f" ({mark.note})" if mark.note else ""
        names = ["alone"] * mark.is_alone + ["end"] * (mark.entry.kind is Kind.REPORT)
        kind = f' class="{" ".join(names)}"' if names else ""
        lines.append(f"<p{kind}>{escape(text)}</p>")
    return "".join(lines)


def _phrase(entry: TraceEntry, channels: Sequence[str]) -> str:
    """Say one entry as a person would; empty for what changes nothing."""
    step = "request" if entry.step is None else f"{entry.step + 1}"
    if entry.step is not None and entry.step < len(channels):
        step += f" {name_channel(channels[entry.step])}"
    code = "" if entry.code is None else f" {entry.code}"
    match entry.kind:
        case Kind.ANSWER:
            return f"✕ request refused {entry.status or ''}"
        case Kind.SEND:
            return f"▶ {step} sent"
        case Kind.REFUSED:
            return f"✕ {step} refused{code}"
        case Kind.IN_DOUBT:
            return f"? {step} not answered"
        case Kind.FAILOVER:
            return f"↷ {step} given up: {entry.why or 'no reason told'}"
        case Kind.STATUS:
            return f"◀ {step} {entry.status}{code}"
        case Kind.REPORT:
            return f"■ final report: {entry.status}"
        case Kind.IGNORED:
            return ""


def _tail(trace: Trace) -> str:
    if words := cut_of(trace):
        return f'<p class="soft">{words}</p>'
    refused = any(
        entry.kind is Kind.ANSWER and not (entry.status or "").startswith("2")
        for entry in trace.entries
    )
    if trace.reports or refused:
        return ""
    return '<p class="nothing">no final report</p>'


def _rect(outcome: str, left: float, width: float, height: int) -> str:
    paint = "" if outcome in _PLAIN else f' fill="url(#hatch-{outcome})"'
    kind = f' class="fill-{outcome}"' if outcome in _PLAIN else ""
    return f'<rect x="{left:.3f}%" width="{width:.3f}%" height="{height}"{paint}{kind}/>'
