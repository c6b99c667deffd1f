"""How the story is told: a live timeline on a terminal, plain lines elsewhere. Always on stdout."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import dataclass
from typing import Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gateway.folding import columns_of, fold_lines
from translators.diagnostics import JsonObject, JsonValue

_WIDTH = 76

COLOURS = {"application": "cyan", "gateway": "green", "upstream": "magenta", "verdict": "bold"}
STATUS_COLOURS = {
    "waiting": "yellow",
    "met": "green",
    "expired": "red",
    "rejected": "red",
    "sending": "yellow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepView:
    """One step as it stands; `remaining_s` and `total_s` are given while its timer runs."""

    channel: str
    step: str
    status: str
    remaining_s: float | None = None
    total_s: float | None = None


class Teller(Protocol):
    """Tells what happens, as it happens."""

    def tell(self, at_s: float, actor: str, text: str, document: JsonObject | None = None) -> None:
        """Tell one thing that happened `at_s` seconds into the story."""
        ...

    def show(self, at_s: float, steps: list[StepView]) -> None:
        """Show where the steps stand now."""
        ...

    def close(self) -> None:
        """End the telling."""
        ...


class PlainTeller:
    """One line per event; JSON indented below it; the running timer every five seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._counted: set[tuple[str, int]] = set()

    def tell(self, at_s: float, actor: str, text: str, document: JsonObject | None = None) -> None:
        self._print(f"{at_s:6.2f}s  {actor:<11}  {text}")
        for line in _pretty(document):
            self._print(f"{'':<22}{line}")

    def show(self, at_s: float, steps: list[StepView]) -> None:
        for step in steps:
            if step.remaining_s is None or step.total_s is None:
                continue
            mark = math.ceil(step.remaining_s / 5) * 5
            if 0 < mark < step.total_s and (step.channel, mark) not in self._counted:
                self._counted.add((step.channel, mark))
                self.tell(at_s, "gateway", f"… {step.channel}: fails over in about {mark} s")

    def close(self) -> None:
        pass

    def _print(self, line: str) -> None:
        folded = fold_lines(line, columns_of(sys.stdout))
        self._console.print(folded, markup=False, highlight=False, soft_wrap=True)


class LiveTeller:
    """The timeline scrolls above a table of the steps, whose timers run down."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=False)
        self._live.start()

    def tell(self, at_s: float, actor: str, text: str, document: JsonObject | None = None) -> None:
        colour = COLOURS[actor]
        self._live.console.print(
            f"[dim]{at_s:6.2f}s[/]  [{colour}]{actor:<11}[/]  {escape(text)}", highlight=False
        )
        for line in _pretty(document):
            self._live.console.print(Text(f"{'':<22}{line}", style="dim"))

    def show(self, at_s: float, steps: list[StepView]) -> None:
        table = Table.grid(padding=(0, 2))
        for number, step in enumerate(steps, 1):
            style = STATUS_COLOURS.get(step.step, "dim")
            table.add_row(
                f"step {number}", step.channel, Text(step.step, style), step.status, _bar(step)
            )
        self._live.update(Group(Text(""), table, Text("")))

    def close(self) -> None:
        self._live.stop()


def _bar(step: StepView) -> Group | Text:
    if step.remaining_s is None or step.total_s is None:
        return Text("")
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=step.total_s, completed=step.remaining_s, width=24)
    grid.add_row(bar, f"fails over in {step.remaining_s:4.1f} s")
    return Group(grid)


def _pretty(document: JsonObject | None) -> list[str]:
    return _lines(document, "") if document is not None else []


def _lines(value: JsonValue, indent: str) -> list[str]:
    """Lay JSON out like a person would: on one line what fits, indented what does not."""
    flat = json.dumps(value)
    if len(indent) + len(flat) <= _WIDTH or not isinstance(value, dict | list) or not value:
        return [indent + flat]
    deeper = indent + "  "
    lines: list[str] = []
    members = value.items() if isinstance(value, dict) else ((None, item) for item in value)
    for key, item in members:
        first, *rest = _lines(item, deeper)
        label = f"{json.dumps(key)}: " if key is not None else ""
        lines += [f"{deeper}{label}{first.lstrip()}", *rest]
        lines[-1] += ","
    lines[-1] = lines[-1].removesuffix(",")
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return [indent + opening, *lines, indent + closing]


def make_teller(console: Console) -> Teller:
    """Return the live timeline on a terminal, else plain lines."""
    return LiveTeller(console) if console.is_terminal else PlainTeller(console)
