"""The file of recorded figures: by build, and with a line for each loss that was admitted.

    [builds."CPython 3.11.7, …"]
    accept = 1434192
    …
    admitted = [
        { figure = "accept", value = 1480000, reason = "checks the hash of every body" },
    ]

A line of `admitted` is written by a person or by `make gate-record WHY=…`; of several for a figure
the last one counts. Without a reason it is refused, and so is the whole file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import orjson

from benchmarks.gate.figures import FIGURES, Figures

PATH: Final = Path(__file__).with_name("recorded.toml")

_HEAD: Final = """\
# What one request costs, by build of Python: instructions, and for a cycle SQL statements, bytes
# written and syncs of the store. `make gate` reads it, `make gate-record` writes it; the docstring
# of record.py tells how a loss is admitted, docs/gate.md what the figures are.
"""


class Refused(Exception):
    """The file cannot be used; the text says why and where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A loss that was accepted knowingly."""

    figure: str
    value: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The figures of one build."""

    figures: Figures
    admitted: tuple[Admitted, ...] = ()

    def allowed(self) -> Figures:
        """Return what each figure is held against: what was admitted last, else the recorded."""
        return {**self.figures, **{each.figure: each.value for each in self.admitted}}

    def lowered(self, figures: Figures) -> Recorded:
        """Return the record with these figures in it; what was admitted for them is history."""
        return replace(
            self,
            figures={**self.figures, **figures},
            admitted=tuple(each for each in self.admitted if each.figure not in figures),
        )

    def with_admitted(self, figures: Figures, reason: str) -> Recorded:
        """Return the record with a line for each of these figures."""
        lines = (
            Admitted(figure=name, value=value, reason=reason) for name, value in figures.items()
        )
        return replace(self, admitted=(*self.admitted, *lines))


Records = Mapping[str, Recorded]
"""By build, as `this_build` names it."""


def read(text: str) -> Records:
    """Return what a file holds.

    Raises:
        Refused: it is no such file, or admits a loss without saying why.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused(str(error)) from error
    builds = document.get("builds", {})
    if not isinstance(builds, dict) or document.keys() - {"builds"}:
        raise Refused("it holds nothing but [builds.…] tables")
    return {build: _recorded(build, table) for build, table in builds.items()}


def write(records: Records) -> str:
    """Return the text of a file."""
    parts = [_HEAD]
    for build, recorded in sorted(records.items()):
        lines = [f"[builds.{_quoted(build)}]"]
        lines += [f"{name} = {_number(recorded.figures[name])}" for name in FIGURES]
        if recorded.admitted:
            lines.append("admitted = [")
            lines += [
                f"    {{ figure = {_quoted(each.figure)}, value = {_number(each.value)},"
                f" reason = {_quoted(each.reason)} }},"
                for each in recorded.admitted
            ]
            lines.append("]")
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _recorded(build: str, table: object) -> Recorded:
    where = f"[builds.{_quoted(build)}]"
    if not isinstance(table, dict):
        raise Refused(f"{where} is no table")
    values = {name: value for name, value in table.items() if name != "admitted"}
    if values.keys() != set(FIGURES) or not all(_is_figure(value) for value in values.values()):
        raise Refused(f"{where} needs a number for each of {', '.join(FIGURES)}, and no others")
    lines = table.get("admitted", [])
    if not isinstance(lines, list):
        raise Refused(f"{where}: admitted is a list")
    return Recorded(figures=values, admitted=tuple(_admitted(where, line) for line in lines))


def _admitted(where: str, line: object) -> Admitted:
    if not isinstance(line, dict) or line.keys() - {"figure", "value", "reason"}:
        raise Refused(f"{where}: a line of admitted has figure, value and reason")
    figure, value, reason = line.get("figure"), line.get("value"), line.get("reason")
    if figure not in FIGURES:
        raise Refused(f"{where}: {figure!r} in admitted is none of {', '.join(FIGURES)}")
    if not isinstance(value, int | float) or not _is_figure(value):
        raise Refused(f"{where}: the value admitted for {figure} is no number")
    if not isinstance(reason, str) or not reason.strip():
        raise Refused(f"{where}: the loss admitted for {figure} needs a reason")
    return Admitted(figure=figure, value=value, reason=reason)


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _number(value: float) -> str:
    """Write a figure with what is significant of it: 2 % are seen in either form."""
    return f"{value:.0f}" if value >= 1000 else f"{value:.3f}"


def _quoted(text: str) -> str:
    # A string of JSON is one of TOML, too.
    return orjson.dumps(text).decode()
