"""Who was messaged twice, and what other expiries would have done: as text, JSON and a page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from html import escape
from math import log
from typing import Final

from gateway.compare.codes import code_words
from gateway.compare.curve import Point, curve_rows, curve_svg, delay, percent
from gateway.compare.doubles import CurvePoint, Doubles, Row
from gateway.compare.report_style import STYLE
from gateway.compare.report_words import APART_TITLE, private_note
from gateway.offline.pages import page, prose, section, table_head
from gateway.offline.shapes import name_channel
from gateway.offline.words import counted, number, seconds
from gateway.simulation.paragraphs import fold_rows
from gateway.simulation.timeline import Row as Line
from gateway.simulation.timeline import Stretch, Style
from translators.diagnostics import JsonObject

VERSION: Final = 1
"""Of the JSON object: raised when a member changes its meaning or goes."""

_WIDE: Final = 100
"""Columns that the table takes."""
_HEADS: Final = ("steps", "given up", "twice: late", "twice: unread")
_NOTE: Final = (
    "Messaged twice: a step was given up, a later message arrived, and the step's own did as well."
    " `late`: it came after it was given up. `unread`: it was there before, but not read in time."
)
_CURVE_NOTE: Final = (
    "From the delays of these messages: what share would be given up under another expiry, what"
    " share of people would get two messages if the next one always arrives, and how long those"
    " wait whose first message never comes."
)


def headline(doubles: Doubles) -> str:
    """Say how many people got two messages."""
    rows = doubles.rows
    steps, failovers = sum(row.steps for row in rows), sum(row.failovers for row in rows)
    if not steps:
        return "No step in these traces has an expiry."
    late, unread = sum(row.doubles for row in rows), sum(row.unread for row in rows)
    verb = "was" if failovers == 1 else "were"
    part = f"{number(failovers)} of {counted(steps, 'step')} with an expiry"
    told = f"{part} {verb} given up ({percent(failovers / steps)})"
    if not late + unread:
        return f"{told}, and nobody was messaged twice."
    people = f"{counted(late, 'person', 'people')} got two messages because the first came late"
    return f"{told}: {people}, {number(unread)} because it was not read in time."


def doubles_rows(
    doubles: Doubles,
    left_out: Sequence[str] = (),
    own: Doubles | None = None,
    *,
    width: int = _WIDE,
) -> Iterator[Line]:
    """Write everything in lines.

    Args:
        doubles: of what Dispatch sent, or of what this gateway sent if there is nothing else.
        left_out: what was not counted, in words.
        own: of what this gateway sent itself, where Dispatch sent as well.
        width: of the screen, in columns.
    """
    return fold_rows(_rows(doubles, left_out, own, width), width)


def _rows(
    doubles: Doubles, left_out: Sequence[str], own: Doubles | None, width: int
) -> Iterator[Line]:
    yield (Stretch(text=headline(doubles), style=Style.TITLE),)
    if left_out:
        yield (Stretch(text=_left_out(left_out), style=Style.DIM),)
    yield from _table_rows(doubles, width)
    if own is not None:
        yield ()
        yield (Stretch(text=own_headline(own), style=Style.TITLE),)
        yield from _table_rows(own, width)


def own_headline(own: Doubles) -> str:
    """Say the same of what this gateway sent itself."""
    return f"{APART_TITLE}, not counted above: {headline(own)}"


def _table_rows(doubles: Doubles, width: int) -> Iterator[Line]:
    if not doubles.rows:
        return
    yield ()
    yield from _in_columns(doubles.rows) if width >= _WIDE else _in_lines(doubles.rows)
    for channel, condition in doubles.channels:
        yield ()
        title = f"{_title(channel, condition)}, under other expiries (→ as it is now)"
        yield (Stretch(text=title, style=Style.TITLE),)
        yield from curve_rows(_points(doubles, channel, condition), width)


def _in_lines(rows: Sequence[Row]) -> Iterator[Line]:
    """Write for a narrow screen what `_in_columns` has beside each other."""
    for row in rows:
        yield (Stretch(text=_title(row.key.channel, row.key.condition)),)
        style = Style.ALARM if row.doubles else Style.PLAIN
        told = f"{counted(row.steps, 'step')}, {number(row.failovers)} given up"
        twice = f"twice: {number(row.doubles)} late, {number(row.unread)} unread"
        yield (
            Stretch(text=f"{_expiry(row.key.expiry_s):>10}  "),
            Stretch(text=f"{told}; {twice}", style=style),
        )


def _in_columns(rows: Sequence[Row]) -> Iterator[Line]:
    head = f"{'channel and condition':<28}{'expiry':>8}" + "".join(f"{each:>16}" for each in _HEADS)
    yield (Stretch(text=head, style=Style.DIM),)
    for row in rows:
        figures = (row.steps, row.failovers, row.doubles, row.unread)
        told = "".join(f"{number(each):>16}" for each in figures)
        style = Style.ALARM if row.doubles else Style.PLAIN
        yield (
            Stretch(text=f"{_title(row.key.channel, row.key.condition):<28}"),
            Stretch(text=f"{_expiry(row.key.expiry_s):>8}"),
            Stretch(text=told, style=style),
        )


def doubles_json(doubles: Doubles, left_out: Sequence[str] = (), own: Doubles | None = None) -> str:
    """Write everything as one JSON object; docs/compare.md describes it."""
    found: JsonObject = {
        "version": VERSION,
        "headline": headline(doubles),
        "left_out": [*left_out],
        **_object(doubles),
        "apart": None if own is None else {"headline": headline(own), **_object(own)},
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _object(doubles: Doubles) -> JsonObject:
    return {
        "rows": [_row_object(row) for row in doubles.rows],
        "curves": [
            {
                "channel": channel,
                "condition_status": condition,
                "points": [_point_object(each) for each in doubles.curve(channel, condition)],
            }
            for channel, condition in doubles.channels
        ],
    }


def doubles_html(doubles: Doubles, left_out: Sequence[str] = (), own: Doubles | None = None) -> str:
    """Write everything as a page."""
    note = f'<p class="small soft">{prose(_left_out(left_out))}</p>\n' if left_out else ""
    sections = [
        '<header>\n<p class="over">Failover and its price</p>\n<h1>Who was messaged twice?</h1>\n'
        f'<p class="headline">{prose(headline(doubles))}</p>\n{note}</header>\n'
    ]
    if doubles.rows:
        note = f'<p class="small soft note">{prose(_NOTE)}</p>\n'
        sections.append(section("rows", "By channel and expiry", _html_table(doubles) + note))
        curves = "".join(
            _figure(doubles, channel, condition, f"c{index}")
            for index, (channel, condition) in enumerate(doubles.channels)
        )
        sections.append(
            section(
                "curves",
                "Under other expiries",
                f'<p>{escape(_CURVE_NOTE)}</p>\n<p class="small"><span class="key"></span>given up'
                '<span class="key doubles"></span>messaged twice</p>\n'
                f'<div class="columns">{curves}</div>\n',
            )
        )
    if own is not None:
        told = f"<p>{prose(headline(own))} They are not counted above.</p>\n"
        sections.append(section("apart", APART_TITLE, told + _html_table(own)))
    return page(
        title="Who was messaged twice?",
        style=STYLE,
        body="".join(sections),
        foot=private_note("doubles"),
        codes=code_words(),
    )


def _html_table(doubles: Doubles) -> str:
    if not doubles.rows:
        return ""
    rows = "".join(_html_row(row) for row in doubles.rows)
    head = table_head("Channel and condition", "Expiry", *_HEADS, numbers=_HEADS)
    return f'<table class="dense">{head}<tbody>{rows}</tbody></table>\n'


def _left_out(told: Sequence[str]) -> str:
    return f"{'; '.join(told)}."


def _figure(doubles: Doubles, channel: str, condition: str, anchor: str) -> str:
    title, points = _title(channel, condition), _points(doubles, channel, condition)
    return (
        f"<div><h3>{escape(title)}</h3>"
        f"<figure>{curve_svg(points, anchor, title)}</figure>\n{_table(points)}</div>\n"
    )


def _points(doubles: Doubles, channel: str, condition: str) -> list[Point]:
    curve = doubles.curve(channel, condition)
    here = [
        row for row in doubles.rows if (row.key.channel, row.key.condition) == (channel, condition)
    ]
    usual_s = max(here, key=lambda row: row.steps).key.expiry_s or None if here else None
    now_s = _nearest(curve, usual_s) if usual_s else None
    return [
        Point(
            expiry_s=each.expiry_s,
            failovers=each.failovers / each.steps if each.steps else 0.0,
            doubles=each.doubles / each.steps if each.steps else 0.0,
            delay_s=each.delay_s,
            is_now=each.expiry_s == now_s,
        )
        for each in curve
    ]


def _nearest(curve: Sequence[CurvePoint], expiry_s: int) -> int:
    return min((each.expiry_s for each in curve), key=lambda each: abs(log(each / expiry_s)))


def _title(channel: str, condition: str) -> str:
    return f"{name_channel(channel)} until {condition}"


def _expiry(expiry_s: int) -> str:
    return seconds(expiry_s) if expiry_s else "others"


def _html_row(row: Row) -> str:
    figures = (row.steps, row.failovers, row.doubles, row.unread)
    cells = "".join(f'<td class="num">{number(each)}</td>' for each in figures)
    return (
        f'<tr><th scope="row">{escape(_title(row.key.channel, row.key.condition))}</th>'
        f"<td>{_expiry(row.key.expiry_s)}</td>{cells}</tr>\n"
    )


def _table(points: Sequence[Point]) -> str:
    names = ("Given up", "Messaged twice", "Delay")
    rows = "".join(
        f"<tr{' class=' + chr(34) + 'now' + chr(34) if point.is_now else ''}>"
        f'<th scope="row">{seconds(point.expiry_s)}{" (now)" if point.is_now else ""}</th>'
        f'<td class="num">{escape(percent(point.failovers))}</td>'
        f'<td class="num">{escape(percent(point.doubles))}</td>'
        f'<td class="num">{delay(point.delay_s)}</td></tr>\n'
        for point in points
    )
    head = table_head("Expiry", *names, numbers=names)
    return (
        "<details><summary>The figures</summary>"
        f"<table>{head}<tbody>{rows}</tbody></table></details>\n"
    )


def _row_object(row: Row) -> JsonObject:
    return {
        "channel": row.key.channel,
        "condition_status": row.key.condition,
        "expiry_time": row.key.expiry_s or None,
        "steps": row.steps,
        "failovers": row.failovers,
        "doubles": row.doubles,
        "unread": row.unread,
    }


def _point_object(point: CurvePoint) -> JsonObject:
    return {
        "expiry_time": point.expiry_s,
        "steps": point.steps,
        "failovers": point.failovers,
        "doubles": point.doubles,
        "needy": point.needy,
        "delay_s": point.delay_s,
    }
