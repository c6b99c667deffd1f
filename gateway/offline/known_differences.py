"""The known differences from Dispatch, as `docs/differences.md` tells them.

The page is the source. An installed package has no `docs/`, so `make docs` keeps a copy beside this
module, and a test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Final

from gateway.offline.entries import Entry

FILE: Final = "differences.md"
FAMILY: Final = "Known differences from Dispatch"
_ROW: Final = re.compile(r"^\| \[(DIFF-[0-9]+)\]\(#[^)]*\) \| (.+) \| (.+) \|$", re.MULTILINE)
_SECTION: Final = re.compile(r"^## (DIFF-[0-9]+)\n", re.MULTILINE)
_LABEL: Final = re.compile(r"\*\*(Dispatch|Here|Why|Switch|Test|Matcher):\*\*")
_LINK: Final = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
_TOLD: Final = ("Dispatch", "Here", "Why", "Switch")


@cache
def known_differences() -> tuple[Entry, ...]:
    """Return an entry for each number of the page, in its order."""
    page = (resources.files(__package__) / FILE).read_text("utf-8")
    names = {number: (name, switch) for number, name, switch in _ROW.findall(page)}
    return tuple(_entries(page, names))


def _entries(page: str, names: dict[str, tuple[str, str]]) -> Iterator[Entry]:
    _, *parts = _SECTION.split(page)
    for number, text in zip(parts[::2], parts[1::2], strict=True):
        name, switch = names.get(number, (number, "none"))
        parted = _LABEL.split(text)
        labelled = dict(zip(parted[1::2], parted[2::2], strict=True))
        told = [(label, _paragraphs(labelled[label])) for label in _TOLD if label in labelled]
        if "Switch" not in labelled:
            told.append(("Switch", _paragraphs(switch)))
        if "Matcher" in labelled:
            told.append(("Traces", "A comparison of traces recognises it, and does not weigh it."))
        told.append(("Source", f"docs/differences.md, {number}"))
        yield Entry(
            code=number,
            name=_plain(name),
            family=FAMILY,
            kind="known difference",
            told=tuple(told),
        )


def _paragraphs(text: str) -> str:
    """Take the marks of Markdown out, and write each paragraph and each point on one line."""
    lines: list[str] = []
    is_open = False
    for line in text.strip().splitlines():
        stripped = line.strip()
        if is_open and stripped and not stripped.startswith("* "):
            lines[-1] = f"{lines[-1]} {stripped}"
        elif stripped:
            lines.append(stripped)
        is_open = bool(stripped)
    return "\n".join(map(_plain, lines))


def _plain(text: str) -> str:
    linked = _LINK.sub(lambda link: link[1], text)
    return linked.replace("`", "").replace("**", "")
