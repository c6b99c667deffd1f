"""What a row of the table of settings is, and how the table is shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Final, TypeVar

from gateway.settings.values import MASK, Parser, Secret

T = TypeVar("T")

FILE_SUFFIX: Final = "_FILE"
_ROWS: Final = "rows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with the settings: where, what, and what to do about it."""

    name: str
    """The variable, or the key as it stands in the TOML file."""
    problem: str
    remedy: str

    def __str__(self) -> str:
        end = "" if self.remedy.endswith("?") else "."
        return f"{self.name} {self.problem}; {self.remedy}{end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One setting: the variable it is read from, and what it means."""

    variable: str
    parse: Parser[Any]
    meaning: str
    default: object = None
    is_secret: bool = False
    may_be_path: bool = False
    """Whether a value that is no PEM text is the path of a file that holds it."""
    is_gathered: bool = False
    """Whether the field is a tuple that this row and others add one value each to."""
    default_note: str | None = None
    """How the default is written in the documentation, when it is not a plain value."""

    @property
    def key(self) -> str:
        """The name in the TOML file: the variable in lower case, without its first word."""
        return self.variable.split("_", 1)[1].lower()

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables it is read from: a secret also from a file that `…_FILE` names."""
        return (self.variable, self.variable + FILE_SUFFIX) if self.is_secret else (self.variable,)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys it is read from in the TOML file, as `variables`."""
        return (self.key, self.key + FILE_SUFFIX.lower()) if self.is_secret else (self.key,)


def row(
    default: T,
    variable: str,
    parse: Parser[T],
    meaning: str,
    *,
    is_secret: bool = False,
    may_be_path: bool = False,
    default_note: str | None = None,
) -> T:
    """Declare a field of a settings class, which is at once a row of the table."""
    only = Row(
        variable=variable,
        parse=parse,
        default=default,
        meaning=meaning,
        is_secret=is_secret,
        may_be_path=may_be_path,
        default_note=default_note,
    )
    return field(default=default, metadata={_ROWS: (only,)})


def gathered(parse: Parser[T], *sources: tuple[str, str], is_secret: bool = False) -> tuple[T, ...]:
    """Declare a field that holds the values of several rows, of those that are set.

    Args:
        parse: reads each value.
        sources: variable and meaning of each row; their order is the order of the values.
        is_secret: whether the values are.
    """
    several = [
        Row(variable=variable, parse=parse, meaning=meaning, is_secret=is_secret, is_gathered=True)
        for variable, meaning in sources
    ]
    return field(default=(), metadata={_ROWS: several})


def rows(owner: Any) -> Iterator[tuple[str, Row]]:
    """Yield each row of a settings class with its field's name, in the order of writing."""
    for each in fields(owner):
        for known in each.metadata.get(_ROWS, ()):
            yield each.name, known


def shown(value: object) -> str:
    """Write a value as an operator would: secrets masked, nothing as an empty text."""
    match value:
        case None:
            return ""
        case Secret():
            return MASK
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case tuple() | frozenset():
            return ",".join(sorted(map(str, value)))
        case _:
            return str(value)


def table_markdown(owner: Any) -> str:
    """Return the table of one settings class as Markdown."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    for _, each in rows(owner):
        default = shown(each.default)
        note = each.default_note or (f"`{default}`" if default else "none")
        names = ", ".join(f"`{name}`" for name in each.variables)
        lines.append(f"| {names} | {note} | {each.meaning} |")
    return "\n".join(lines)
