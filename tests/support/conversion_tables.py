"""What the tables of `docs/conversion.md` are written with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tests.support.pages import slug
from translators.diagnostics import field_path
from translators.rule_table import RULES_BY_CODE

NONE: Final = "–"
"""Stands where there is nothing."""


def section(title: str, text: str) -> Iterator[str]:
    """Yield a heading and the paragraph below it."""
    yield f"## {title}"
    yield ""
    yield text
    yield ""


def table(columns: Sequence[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Yield a table and the empty line after it."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def move(origin: str, target: str) -> str:
    """Write from where to where a value goes, both as pointers."""
    return f"{code(field_path(origin))} → {code(field_path(target))}"


def rule_link(code: str) -> str:
    """Return a link to what the page of rules says about a rule."""
    return f"[{code}](rules.md#{slug(f'{code} {RULES_BY_CODE[code].name}')})"


def rule_links(codes: Iterable[str]) -> str:
    """Return links to the rules, each once."""
    return ", ".join(map(rule_link, dict.fromkeys(codes)))


def code(text: str) -> str:
    """Set text off as code."""
    return f"`{text}`"
