"""A simulation as a page for people: the drawing, what it comes to, and the difference."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Final

from gateway.folding import fold_lines
from gateway.simulation.casting import Part, describe
from gateway.simulation.difference import differences
from gateway.simulation.durations import duration
from gateway.simulation.simulation import Simulation
from gateway.simulation.timeline import LEGEND, Lane, Row, Stretch, Style, draw
from gateway.simulation.trace import Message, Trace
from translators.dispatch import DispatchPlan

_TITLES: Final = ("this gateway", "native v1", "native v1 with ttl")
_GAP: Final = 2
_NARROWEST: Final = 22
_WIDEST: Final = 34
"""Columns of the table."""


def make_page(
    simulation: Simulation, parts: Sequence[Part], *, width: int, with_bodies: bool = False
) -> list[Row]:
    """Return the page, line by line.

    Args:
        parts: what each step was given to play.
        width: of the screen, in columns.
        with_bodies: add everything the caller is told, in full. It holds addresses.
    """
    lanes = _lanes(simulation)
    rows = [
        *_about("workflow", _workflow(simulation.plan), width),
        *_about("script", _script(simulation.plan, parts), width),
        (),
        *draw(lanes, width=width),
        (),
        *_wrapped(LEGEND, Style.DIM, width),
        (),
        *_comparison(lanes, width),
        (),
    ]
    for sentence in differences(simulation):
        rows += _wrapped(sentence, Style.TITLE, width)
    verdict = simulation.verdict
    graded = f"Whatever happens, the grade is {verdict.grade}. {verdict.summary}"
    rows += _wrapped(graded, Style.PLAIN, width)
    if with_bodies:
        for lane in lanes:
            rows += [(), _line(f"What the caller is told by {lane.title}", Style.TITLE)]
            rows += _bodies(lane.trace, width)
    return rows


def _lanes(simulation: Simulation) -> list[Lane]:
    channels = {index: step.channel for index, step in enumerate(simulation.plan.steps)}
    with_ttl = {
        index: f"{step.channel}{_ttl(simulation.ttls[index], waits=step.expiry_s is not None)}"
        for index, step in enumerate(simulation.plan.steps)
    }
    traces = (simulation.gateway, simulation.native, simulation.native_with_ttl)
    return [
        Lane(title=title, trace=trace, sends=sends)
        for title, trace, sends in zip(_TITLES, traces, (channels, channels, with_ttl), strict=True)
    ]


def _ttl(ttl_s: int | None, *, waits: bool) -> str:
    if ttl_s is None:
        # Every step that something follows gets one, where its channel has such a thing.
        return " (no ttl)" if waits else ""
    return f" (ttl {duration(1000 * ttl_s)})"


def _workflow(plan: DispatchPlan) -> list[str]:
    told = []
    for number, step in enumerate(plan.steps, 1):
        wait = ""
        if step.expiry_s is not None:
            wait = f", {duration(1000 * step.expiry_s)} to be {step.condition}"
        told.append(f"{number} {step.channel}{wait}")
    return told


def _script(plan: DispatchPlan, parts: Sequence[Part]) -> list[str]:
    told = []
    for number, part in enumerate(parts, 1):
        told.append(f"{number} {describe(part)}")
        if part.note:
            told.append(f"  {part.note}")
    return told


def _about(label: str, lines: Sequence[str], width: int) -> list[Row]:
    indent = 10
    rows: list[Row] = []
    for line in lines:
        for piece in textwrap.wrap(line, max(20, width - indent), subsequent_indent="  "):
            head = "" if rows else label
            rows.append((Stretch(text=f"{head:{indent}}", style=Style.DIM), Stretch(text=piece)))
    return rows


def _comparison(lanes: Sequence[Lane], width: int) -> list[Row]:
    """Write what the runs come to: a table, or on a narrow screen one list for each."""
    questions: tuple[tuple[str, Callable[[Trace], str]], ...] = (
        ("sent", lambda trace: _listed(trace.messages)),
        ("reached the person", _reached),
        ("messaged twice", _doubles),
        ("charged", lambda trace: _listed(trace.charged)),
        ("told the caller", lambda trace: _times(len(trace.callbacks))),
        ("final report", lambda trace: trace.report.status or "" if trace.report else "none"),
        ("over after", _over),
    )
    label = max(len(question) for question, _ in questions) + _GAP
    room = (width - label) // len(lanes)
    if room < _NARROWEST and len(lanes) > 1:
        return [row for lane in lanes for row in [*_comparison([lane], width), ()]][:-1]
    room = min(room, _WIDEST)
    head = "".join(f"{lane.title:{room}}" for lane in lanes)
    rows: list[Row] = [(Stretch(text=" " * label), Stretch(text=head, style=Style.TITLE))]
    for question, answer in questions:
        rows += _answers(question, [answer(lane.trace) for lane in lanes], label, room)
    return rows


def _answers(question: str, answers: Sequence[str], label: int, room: int) -> list[Row]:
    """Write one line of the table; several if an answer does not fit into its column."""
    columns = [textwrap.wrap(answer, room - _GAP) for answer in answers]
    styles = [_style(question, answer) for answer in answers]
    rows: list[Row] = []
    for pieces in zip_longest(*columns, fillvalue=""):
        head = "" if rows else question
        cells = [
            Stretch(text=f"{piece:{room}}", style=style)
            for piece, style in zip(pieces, styles, strict=True)
        ]
        rows.append((Stretch(text=f"{head:{label}}", style=Style.DIM), *cells))
    return rows


def _style(question: str, answer: str) -> Style:
    is_bad = (question, answer.partition(":")[0]) in {
        ("messaged twice", "yes"),
        ("reached the person", "nothing"),
        ("over after", "never"),
    }
    return Style.ALARM if is_bad else Style.PLAIN


def _listed(messages: Sequence[Message]) -> str:
    channels = ", ".join(each.channel for each in messages)
    return f"{len(messages)}: {channels}" if messages else "nothing"


def _reached(trace: Trace) -> str:
    told = [each.channel for each in trace.arrived]
    told += [f"perhaps {each.channel}" for each in trace.unconfirmed]
    return ", ".join(told) or "nothing"


def _doubles(trace: Trace) -> str:
    if trace.has_double:
        return f"yes: {', '.join(each.channel for each in trace.arrived)}"
    if trace.has_possible_double:
        return f"if {', '.join(each.channel for each in trace.unconfirmed)} came unseen"
    return "no"


def _times(number: int) -> str:
    return {0: "never", 1: "once"}.get(number, f"{number} times")


def _over(trace: Trace) -> str:
    return "never" if trace.ended_ms is None else duration(trace.ended_ms)


def _bodies(trace: Trace, width: int) -> list[Row]:
    rows: list[Row] = []
    for entry in trace.callbacks:
        rows.append(_line(f"after {duration(entry.at_ms)}", Style.DIM))
        pretty = json.dumps(entry.body, indent=2, ensure_ascii=False)
        folded = fold_lines(pretty, width - 2)
        rows += [_line(f"  {line}", Style.PLAIN) for line in folded.splitlines()]
    return rows or [_line("nothing", Style.PLAIN)]


def _line(text: str, style: Style) -> Row:
    return (Stretch(text=text, style=style),)


def _wrapped(text: str, style: Style, width: int) -> list[Row]:
    return [_line(piece, style) for piece in textwrap.wrap(text, width)]
