"""Findings that somebody answers for, until a day: a file of `[[ignore]]` tables.

    [[ignore]]
    fingerprint = "a1b2c3d4e5f6"
    reason = "our receiver never read the total"
    owner = "billing"
    expires = 2026-12-31

An ignore without a reason, an owner or an end is a fault, because it would be there for ever.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{12}")
_TABLE: Final = re.compile(r"^\s*\[\[\s*ignore\s*\]\]", re.MULTILINE)
_LINE: Final = re.compile(r" \(at line (\d+), column (\d+)\)")
_NAMES: Final = ("fingerprint", "reason", "owner", "expires")
_LARGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One finding that is not counted, and who says so."""

    fingerprint: str
    reason: str
    owner: str
    expires: date
    """The last day on which it holds."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreFault:
    """What is wrong with the file, and where."""

    path: str
    line: int | None
    problem: str

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        return f"{where}: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignores:
    """The ignores of a file."""

    active: Mapping[str, Ignore] = field(default_factory=dict)
    """Those that hold today, by fingerprint."""
    expired: tuple[Ignore, ...] = ()
    faults: tuple[IgnoreFault, ...] = ()
    """What was wrong with others; they do not hold."""

    @classmethod
    def load(cls, path: str | Path, today: date) -> Ignores:
        """Read a file; one that cannot be read is a fault."""
        try:
            with Path(path).open("rb") as file:
                raw = file.read(_LARGEST + 1)
        except OSError as error:
            problem = f"cannot be read: {(error.strerror or str(error)).lower()}"
            return cls(faults=(IgnoreFault(path=str(path), line=None, problem=problem),))
        if len(raw) > _LARGEST:
            problem = "is larger than a file of ignores can be"
            return cls(faults=(IgnoreFault(path=str(path), line=None, problem=problem),))
        return cls.parse(raw.decode(errors="replace"), str(path), today)

    @classmethod
    def parse(cls, text: str, path: str, today: date) -> Ignores:
        """Read the text of a file."""
        try:
            tables = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            return cls(faults=(_syntax(path, str(error)),))
        ignores: list[Ignore] = []
        faults = [
            IgnoreFault(path=path, line=None, problem=f"knows no {name!r}; write [[ignore]] tables")
            for name in tables
            if name != "ignore"
        ]
        for line, table in _tables(text, tables.get("ignore", [])):
            problems = list(_problems(table))
            faults += [IgnoreFault(path=path, line=line, problem=problem) for problem in problems]
            if not problems and isinstance(table, dict):
                ignores.append(Ignore(**table, line=line))
        seen: dict[str, Ignore] = {}
        for each in ignores:
            first = seen.setdefault(each.fingerprint, each)
            if first is not each:
                problem = f"says again what line {first.line} says; keep one of them"
                faults.append(IgnoreFault(path=path, line=each.line, problem=problem))
        return cls(
            active={name: each for name, each in seen.items() if each.expires >= today},
            expired=tuple(each for each in seen.values() if each.expires < today),
            faults=tuple(faults),
        )

    def unused(self, met: Set[str]) -> tuple[Ignore, ...]:
        """Return the ignores that hold and that no finding met.

        Args:
            met: the fingerprints of the ignores that were made use of.
        """
        return tuple(each for each in self.active.values() if each.fingerprint not in met)


NO_IGNORES: Final = Ignores()


def _tables(text: str, tables: object) -> Iterator[tuple[int, object]]:
    """Yield the tables with the lines on which they begin."""
    listed = tables if isinstance(tables, list) else [tables]
    lines = [text.count("\n", 0, match.end()) + 1 for match in _TABLE.finditer(text)]
    # Tables in another notation, such as `ignore = [{…}]`, have no line of their own.
    for index, table in enumerate(listed):
        yield lines[index] if len(lines) == len(listed) else 1, table


def _problems(table: object) -> Iterator[str]:
    if not isinstance(table, dict):
        yield "is no table; write [[ignore]] and its members below"
        return
    for name in table.keys() - set(_NAMES):
        yield f"knows no {name!r}; there are {', '.join(_NAMES)}"
    for name in _NAMES:
        if name not in table:
            yield f"lacks {name}"
    for name in ("reason", "owner"):
        value = table.get(name, "x")
        if not isinstance(value, str) or not value.strip():
            yield f"{name} must be a text that says something"
    fingerprint = table.get("fingerprint", "0" * 12)
    if not isinstance(fingerprint, str) or _FINGERPRINT.fullmatch(fingerprint) is None:
        yield "fingerprint must be the 12 characters that the report shows"
    # A date with a time is a date to Python; here a day is meant.
    if type(table.get("expires", date.min)) is not date:
        yield "expires must be a day, such as 2026-12-31, without quotes"


def _syntax(path: str, said: str) -> IgnoreFault:
    place = _LINE.search(said)
    return IgnoreFault(
        path=path,
        line=int(place[1]) if place else None,
        problem=f"is not TOML: {_LINE.sub('', said)}",
    )
