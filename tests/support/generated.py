"""The pages, and parts of pages, that are made from tables in the code.

`python -m tests.support.generated` names the pages that are out of date and fails if there are
any; with `--write` it makes them anew.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.compare.kinds import kinds_table_markdown
from gateway.offline import known_differences
from gateway.sandbox.tables import scripts_table_markdown
from gateway.settings import settings_table_markdown
from tests.support import conversion_page, lifecycle_page, rules_page
from tests.support.pages import ROOT

DOCS: Final = ROOT / "docs"


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedPage:
    """A page and how it is made anew from its present text."""

    name: str
    renew: Callable[[str], str]

    folder: Path = DOCS

    @property
    def path(self) -> Path:
        """Where the page lies."""
        return self.folder / self.name

    @property
    def label(self) -> str:
        """The path of the page in the project."""
        return str(self.path.relative_to(ROOT))

    def is_current(self) -> bool:
        """Say whether the page is what the code says now."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        return bool(text) and self.renew(text) == text

    def write(self) -> None:
        """Make the page anew."""
        text = self.path.read_text(encoding="utf-8") if self.path.exists() else ""
        self.path.write_text(self.renew(text), encoding="utf-8")


def between_markers(page: str, source: str, block: str) -> str:
    """Return `page` with the block that is generated from `source` made anew.

    Raises:
        ValueError: the page does not have the two markers, once each and in order.
    """
    begin = f"<!-- generated from {source}: begin -->"
    end = f"<!-- generated from {source}: end -->"
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end) or begin in rest or end in before + after:
        raise ValueError(f"the page needs one pair of markers for {source}")
    return f"{before}{begin}\n\n{block.strip()}\n\n{end}{after}"


def table_under(page: str, maker: str, table: str) -> str:
    """Return `page` with the table made anew that follows the comment which names its maker.

    Raises:
        ValueError: no comment names the maker, or more than one does.
    """
    comment = re.compile(rf"^<!-- .*\b{re.escape(maker)}\(\).* -->\n\n(?:\|.*\n)*", re.MULTILINE)
    found = list(comment.finditer(page))
    if len(found) != 1:
        raise ValueError(f"the page needs one comment that names {maker}()")
    head = found[0]
    first_line = head[0].partition("\n")[0]
    return f"{page[: head.start()]}{first_line}\n\n{table.strip()}\n{page[head.end() :]}"


PAGES: Final = (
    GeneratedPage(
        name="compare.md",
        renew=lambda text: between_markers(
            text, "gateway/compare/kinds.py", kinds_table_markdown()
        ),
    ),
    GeneratedPage(name="rules.md", renew=lambda text: rules_page.page()),
    GeneratedPage(name="conversion.md", renew=lambda text: conversion_page.page()),
    GeneratedPage(name="lifecycle.md", renew=lifecycle_page.rendered),
    GeneratedPage(
        name="settings.md",
        renew=lambda text: between_markers(
            text, "gateway/settings/table.py", settings_table_markdown()
        ),
    ),
    GeneratedPage(
        name="sandbox.md",
        renew=lambda text: table_under(text, "scripts_table_markdown", scripts_table_markdown()),
    ),
    GeneratedPage(
        name=known_differences.FILE,
        # An installed package has no docs/.
        folder=Path(known_differences.__file__).parent,
        renew=lambda text: (DOCS / known_differences.FILE).read_text(encoding="utf-8"),
    ),
)


def main(arguments: list[str]) -> int:
    """Check the pages, or write them; return the exit code."""
    stale = [page for page in PAGES if not page.is_current()]
    if "--write" in arguments:
        for page in stale:
            page.write()
            print(f"wrote {page.label}")  # noqa: T201
        return 0
    for page in stale:
        print(f"{page.label} is out of date; run: make docs", file=sys.stderr)  # noqa: T201
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
