"""Codes that are no rules, told in a terminal like rules: by a page, or in a list.

Differences between traces, known differences from Dispatch, grades and error codes: whatever code a
report shows has an entry, made where the code is.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

from gateway.offline.explaining import Look
from translators.diagnostics import JsonObject

_MARGIN: Final = 10
_ALIKE: Final = 0.6
_SUGGESTIONS: Final = 3
_NO_DASH: Final = str.maketrans("", "", "-_ ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One code, and all there is to say about it."""

    code: str
    """`CMP407`, `DIFF-11`, `N2`, `1360`."""
    name: str
    family: str
    """What it is one of: the heading of its list."""
    kind: str
    """What it means at a glance: `semantic`, `known difference`, `grade`, `not temporary`."""
    told: tuple[tuple[str, str], ...]
    """Labels and paragraphs, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """All entries, and how they are found."""

    every: tuple[Entry, ...]

    def find(self, word: str) -> tuple[Entry, ...]:
        """Return the entry of a code or a name, or all whose codes begin so; in any case."""
        wanted = _plain(word)
        exact = [
            each
            for each in self.every
            if wanted in (_plain(each.code), _plain(each.name)) or _is_code(wanted, each.code)
        ]
        if exact or not wanted:
            return tuple(exact[:1])
        begun = wanted.rstrip("*")
        # One digit is the beginning of too many numbers to be meant as one.
        if begun.isdigit() and len(begun) < 2:
            return ()
        return tuple(each for each in self.every if _plain(each.code).startswith(begun))

    def near(self, word: str) -> tuple[Entry, ...]:
        """Return what a word was probably meant to name, the likeliest first, a few at most."""
        wanted = _plain(word)
        family = [each for each in self.every if _letters(each.code) == _letters(wanted)]
        if family and (number := _number(wanted)) is not None:
            nearest = sorted(family, key=lambda each: abs((_number(each.code) or 0) - number))
            return tuple(nearest[:_SUGGESTIONS])
        likeness = {each.code: _likeness(wanted, each) for each in self.every}
        likely = [each for each in self.every if likeness[each.code] >= _ALIKE]
        return tuple(sorted(likely, key=lambda each: -likeness[each.code])[:_SUGGESTIONS])


def list_entries(entries: Iterable[Entry], look: Look) -> Iterator[str]:
    """Yield a line for each entry: code, kind, name; grouped by family."""
    listed = tuple(entries)
    code_width = max((len(each.code) for each in listed), default=0)
    kind_width = max((len(each.kind) for each in listed), default=0)
    separator = ""
    for family in dict.fromkeys(each.family for each in listed):
        yield separator + look.paint(family, is_bold=True)
        separator = "\n"
        for each in listed:
            if each.family == family:
                head = f"  {each.code:{code_width}}  {each.kind:{kind_width}}  "
                yield from _folded(each.name, head, " " * len(head), look)


def tell_entry(entry: Entry, look: Look) -> Iterator[str]:
    """Yield the lines of the page of one code."""
    title = look.paint(f"{entry.code} {entry.name}", is_bold=True)
    if len(f"{entry.code} {entry.name}  {entry.kind}") <= look.columns:
        yield f"{title}  {entry.kind}"
    else:
        whole = f"{entry.code} {entry.name}  {entry.kind}"
        yield from textwrap.wrap(whole, look.columns, subsequent_indent="  ")
    yield ""
    for label, text in entry.told:
        head = look.paint(f"{label:{_MARGIN}}", is_bold=True)
        for number, paragraph in enumerate(text.split("\n")):
            lines = textwrap.wrap(
                paragraph,
                look.columns - _MARGIN,
                subsequent_indent="  " if paragraph.startswith("* ") else "",
                break_on_hyphens=False,
            )
            for place, line in enumerate(lines):
                yield (head if not (number or place) else " " * _MARGIN) + line


def entry_object(entry: Entry) -> JsonObject:
    """Return an entry as machines read it."""
    return {
        "code": entry.code,
        "name": entry.name,
        "family": entry.family,
        "kind": entry.kind,
        "told": {label.lower(): text for label, text in entry.told},
    }


def _folded(text: str, first: str, other: str, look: Look) -> Sequence[str]:
    if look.width is None:
        return [first + text]
    return textwrap.wrap(
        text,
        look.columns,
        initial_indent=first,
        subsequent_indent=other,
        break_on_hyphens=False,
    )


def _plain(word: str) -> str:
    return word.casefold().translate(_NO_DASH)


def _is_code(word: str, code: str) -> bool:
    """Tell whether a word is a code whose number is written without leading zeros, as DIFF-3."""
    return bool(_letters(word)) and (_letters(word), _number(word)) == (
        _letters(code),
        _number(code),
    )


def _letters(word: str) -> str:
    return "".join(filter(str.isalpha, _plain(word)))


def _number(word: str) -> int | None:
    digits = "".join(filter(str.isdigit, word))
    return int(digits[:9]) if digits else None


def _likeness(word: str, entry: Entry) -> float:
    """Say how alike they are, from 0 to 1; a word of the name is as alike as can be."""
    words = [_plain(each) for each in entry.name.replace("-", " ").split()]
    if len(word) > 3 and word in words:
        return 1.0
    return max(_ratio(word, _plain(entry.code)), _ratio(word, _plain(entry.name)))


def _ratio(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other).ratio()
