"""What the pages of the project point at: links, anchors, module paths and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

_FENCE: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_SOURCE: Final = re.compile(r"`((?:gateway|translators|tests)/[\w./-]+)(::\w+)?`")
_HEADING: Final = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


def pages() -> tuple[Path, ...]:
    """Return every page that is written for people."""
    return (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))


def broken_links(page: Path) -> Iterator[str]:
    """Yield the relative links of `page` that lead to no file, or to no heading of it."""
    for target in _LINK.findall(_prose(page)):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            yield target


def unknown_sources(page: Path) -> Iterator[str]:
    """Yield what `page` names in `code` and is not there: a path, or a test in a file."""
    for name, test in _SOURCE.findall(_prose(page)):
        if not (ROOT / name).exists():
            yield name
        elif test and f"def {test[2:]}(" not in (ROOT / name).read_text(encoding="utf-8"):
            yield name + test


def slug(heading: str) -> str:
    """Return the anchor that Markdown viewers give a heading."""
    kept = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return kept.strip().replace(" ", "-")


def _anchors(path: Path) -> set[str]:
    return {slug(heading) for heading in _HEADING.findall(_prose(path))}


def _prose(page: Path) -> str:
    """Return the text without fenced blocks, in which `#` and brackets mean something else."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))
