"""The drawing of several runs: time runs down, one lane for each service.

The scale is compressed: every instant at which something happens has its lines, and the longer
the silence between two of them, the more it is marked, up to two lines.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.simulation.durations import duration
from gateway.simulation.fates import ARRIVED, FAILED
from gateway.simulation.trace import Entry, Outcome, Trace, What


class Style(StrEnum):
    """What a stretch of the drawing means, for whoever gives it a colour."""

    PLAIN = "plain"
    DIM = "dim"
    TITLE = "title"
    SEND = "send"
    GOOD = "good"
    BAD = "bad"
    TURN = "turn"
    """A failover."""
    END = "end"
    ALARM = "alarm"
    """A second message reaches the person, or nobody is told the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Some text in one style."""

    text: str
    style: Style = Style.PLAIN


Row = tuple[Stretch, ...]

LEGEND: Final = (
    "▶ a send   ✕ refused, or not answered   ◀ the caller is told   ↷ given up   ■ the end"
)

_ASCII: Final = str.maketrans(
    {
        "│": "|",
        "├": "+",
        "─": "-",
        "▶": ">",
        "◀": "<",
        "┄": ".",
        "⋮": ":",
        "■": "#",
        "□": "o",
        "↷": "~",
        "✕": "x",
        "→": ">",
        "…": ".",
        "≠": "*",
        # Bars: whole blocks, and what is left of one in three sizes.
        **dict.fromkeys("█▉▊▋", "#"),
        **dict.fromkeys("▌▍", "="),
        **dict.fromkeys("▎▏", "-"),
    }
)

_MARK: Final = "≠"
_GAP: Final = 2
"""Columns between lanes."""
_NARROWEST: Final = 26
"""The least width of a lane; narrower screens show one lane after the other."""
# Silences at least this long get one mark, or two.
_PAUSE_MS: Final = 5_000
_SILENCE_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One service in the drawing."""

    title: str
    trace: Trace
    sends: Mapping[int, str]
    """What to call the message of each step, where it is sent."""


def draw(lanes: Sequence[Lane], *, width: int, narrowest: int = _NARROWEST) -> list[Row]:
    """Draw lanes beside each other, or below each other where that is too narrow.

    A row in which an entry is marked has a sign before its instant. Where lanes stand below each
    other, each shows the marked rows of all, so that what is missing is seen.

    Args:
        narrowest: the least width of a lane beside others.
    """
    rows = _rows(lanes)
    marked = frozenset(
        (entry.at_ms, entry.row)
        for lane in lanes
        for entry in lane.trace.entries
        if entry.is_marked
    )
    margin = _margin(rows, marked)
    room = (width - margin - _GAP * len(lanes)) // len(lanes)
    if room >= narrowest or len(lanes) == 1:
        return _beside(lanes, margin, room, rows, marked)
    drawn: list[Row] = []
    for lane in lanes:
        own = sorted({*_rows([lane]), *marked})
        margin = _margin(own, marked)
        drawn += [*_beside([lane], margin, width - margin - _GAP, own, marked), ()]
    return drawn[:-1]


def _margin(rows: Sequence[tuple[int, int]], marked: frozenset[tuple[int, int]]) -> int:
    """Return how wide the instants are, and the signs before them if there are any."""
    return max(len(duration(at_ms)) for at_ms, _ in rows) + (len(_MARK) + 1 if marked else 0)


def as_ascii(row: Row) -> Row:
    """Return the row without characters that only some encodings have."""
    return tuple(
        Stretch(
            text=each.text.translate(_ASCII).encode("ascii", "replace").decode(), style=each.style
        )
        for each in row
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """One line of a lane: its spine, and what stands beside it."""

    spine: str = " "
    text: str = ""
    style: Style = Style.PLAIN


def _beside(
    lanes: Sequence[Lane],
    margin: int,
    room: int,
    instants: Sequence[tuple[int, int]],
    marked: frozenset[tuple[int, int]],
) -> list[Row]:
    heads = [_Cell(spine=lane.title[0], text=lane.title[1:], style=Style.TITLE) for lane in lanes]
    rules = [_Cell(spine="─", text="─" * (room - 1), style=Style.DIM) for _ in lanes]
    rows = [_row("", margin, heads, room), _row("─" * margin, margin, rules, room)]
    drawn = [_Lane(lane, room) for lane in lanes]
    before_ms, told = 0, ""
    for at_ms, row in instants:
        gap_ms = at_ms - before_ms
        marks = (gap_ms >= _PAUSE_MS) + (gap_ms >= _SILENCE_MS)
        rows += [_row("", margin, [each.pause() for each in drawn], room)] * marks
        columns = [each.lines(at_ms, row) for each in drawn]
        is_marked = (at_ms, row) in marked
        height = max(*map(len, columns), int(is_marked))
        time, told = "" if duration(at_ms) == told else duration(at_ms), duration(at_ms)
        for line in range(height):
            cells = [
                column[line] if line < len(column) else each.idle()
                for column, each in zip(columns, drawn, strict=True)
            ]
            mark = _MARK if is_marked and not line else ""
            rows.append(_row("" if line else time, margin, cells, room, mark))
        before_ms = at_ms
    tails = [each.tail() for each in drawn]
    for line in range(max(map(len, tails))):
        cells = [tail[line] if line < len(tail) else _Cell() for tail in tails]
        rows.append(_row("", margin, cells, room))
    return rows


def _rows(lanes: Sequence[Lane]) -> list[tuple[int, int]]:
    """Return the rows of a drawing: instants, and which of several rows of one."""
    return sorted(
        {(0, 0)} | {(entry.at_ms, entry.row) for lane in lanes for entry in lane.trace.entries}
    )


def _row(time: str, margin: int, cells: Sequence[_Cell], room: int, mark: str = "") -> Row:
    stretches = [Stretch(text=mark, style=Style.ALARM)] if mark else []
    stretches.append(Stretch(text=f"{time:>{margin - len(mark)}}", style=Style.DIM))
    for cell in cells:
        spine_style = cell.style if cell.style is Style.TITLE else Style.DIM
        stretches += [
            Stretch(text=" " * _GAP + cell.spine, style=spine_style),
            Stretch(text=f"{cell.text:{room - 1}}", style=cell.style),
        ]
    return tuple(stretches)


class _Lane:
    """A lane while it is drawn from top to bottom."""

    def __init__(self, lane: Lane, room: int) -> None:
        self._lane = lane
        self._room = room
        self._is_alive = False
        self._arrived: set[int] = set()
        self._last_ms = max((entry.at_ms for entry in lane.trace.entries), default=0)

    def idle(self) -> _Cell:
        """Return a line in which nothing happens."""
        return _Cell(spine="│" if self._is_alive else " ")

    def pause(self) -> _Cell:
        """Return a line of silence."""
        return _Cell(spine="⋮" if self._is_alive else " ")

    def tail(self) -> list[_Cell]:
        """Return the last lines: what a lane comes to in which nobody is told the end."""
        if self._lane.trace.outcome is not Outcome.UNRESOLVED:
            return []
        text = " nothing more is heard"
        return self._wrapped(_Cell(spine="⋮", text=text, style=Style.ALARM))

    def lines(self, at_ms: int, row: int) -> list[_Cell]:
        """Return the lines of one row: those of an instant, if it has not several."""
        entries = [
            entry for entry in self._lane.trace.entries if entry.at_ms == at_ms and entry.row == row
        ]
        cells: list[_Cell] = []
        for index, entry in enumerate(entries):
            before = entries[index - 1] if index else None
            follower = entries[index + 1] if index + 1 < len(entries) else None
            for cell in self._cells(entry, before, follower):
                cells += self._wrapped(cell)
            if cells and entry.note:
                cells += self._wrapped(_Cell(spine=self.idle().spine, text=f"    {entry.note}"))
        trace = self._lane.trace
        if trace.ended_ms == at_ms and trace.report is None and not row:
            self._is_alive = False
            if trace.outcome is not Outcome.REFUSED:
                cells.append(_Cell(spine="□", text="   no report tells so", style=Style.DIM))
        return cells

    def _wrapped(self, cell: _Cell) -> list[_Cell]:
        """Break a text that is too long for the lane."""
        indent = len(cell.text) - len(cell.text.lstrip(" ─▶◀┄↷✕!"))
        first, *others = textwrap.wrap(
            cell.text[indent:], self._room - 1 - indent, break_long_words=True
        ) or [""]
        lines = [_Cell(spine=cell.spine, text=cell.text[:indent] + first, style=cell.style)]
        spine = "│" if self._is_alive else " "
        return lines + [
            _Cell(spine=spine, text=" " * indent + other, style=cell.style) for other in others
        ]

    def _cells(self, entry: Entry, before: Entry | None, follower: Entry | None) -> list[_Cell]:
        spine = "│" if self._is_alive else " "
        number = "" if entry.step is None else f"{entry.step + 1} "
        code = "" if entry.code is None else f" {entry.code}"
        match entry.what:
            case What.SEND:
                self._is_alive = True
                name = self._lane.sends.get(entry.step or 0, "a message")
                return [_Cell(spine="├", text=f"──▶ {number}{name}", style=Style.SEND)]
            case What.REFUSED:
                text = f"✕   {number or 'request '}refused{code}"
                return [_Cell(spine=spine, text=text, style=Style.BAD), *_why(entry)]
            case What.LOST:
                text = f"✕   {number}not answered: in doubt"
                return [_Cell(spine=spine, text=text, style=Style.TURN)]
            case What.STATUS:
                return self._status(entry, follower, spine)
            case What.FAILOVER:
                text = f"↷ {entry.why}"
                return [_Cell(spine=spine, text=text, style=Style.TURN)]
            case What.REPORT:
                self._is_alive = False
                cell = _Cell(spine="■", text=f"◀── report: {entry.status}", style=Style.END)
                return [cell, *_why(entry)]
            case What.CALLBACK:
                if before is not None and before.what is What.STATUS:
                    return []  # drawn with it
                text = f"◀── {number}{entry.status}{code}"
                return [_Cell(spine=spine, text=text, style=Style.BAD)]
            case What.IGNORED:
                return []

    def _status(self, entry: Entry, follower: Entry | None, spine: str) -> list[_Cell]:
        step = entry.step or 0
        code = "" if entry.code is None else f" {entry.code}"
        is_told = follower is not None and follower.what is What.CALLBACK
        arrow = "◀──" if is_told else "┄┄┄"
        again = "" if is_told else " (again)"
        style = Style.BAD if entry.status in FAILED else Style.PLAIN
        cells: list[_Cell] = []
        if entry.status in ARRIVED:
            style = Style.GOOD
            if self._arrived and step not in self._arrived:
                text = f"!!! message number {len(self._arrived) + 1}"
                cells = [_Cell(spine=spine, text=text, style=Style.ALARM)]
            self._arrived.add(step)
        text = f"{arrow} {step + 1} {entry.status}{code}{again}"
        return [_Cell(spine=spine, text=text, style=style), *cells]


def _why(entry: Entry) -> list[_Cell]:
    return [_Cell(text=f"    {entry.why}", style=Style.DIM)] if entry.why else []
