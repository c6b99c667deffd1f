"""Where a finding stands in a JSON text: from a JSON Pointer to an offset, a line and a column."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

_SPACE: Final = " \t\n\r"
_skip_space: Final = re.compile(r"[ \t\n\r]*").match
# Values that lead nowhere are skipped by the decoder, which is quick. It must not stumble over
# what a finding may be about: numbers stay text, NaN and control characters are let through.
_skip: Final = json.JSONDecoder(parse_int=str, parse_float=str, strict=False).raw_decode


class Span(NamedTuple):
    """A stretch of a text, in characters from its beginning."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a file. Both numbers count from 1; a column is one character, a tab as well."""

    line: int
    column: int


def position_in(text: str, offset: int, first_line: int = 1) -> Position:
    """Return the line and column of `offset`; `first_line` is the number of the text's first."""
    return Position(
        line=first_line + text.count("\n", 0, offset),
        column=offset - text.rfind("\n", 0, offset),
    )


class _Member(NamedTuple):
    """One member of an object, or one element of an array, which has no name."""

    name: Span | None
    value: Span


class Places:
    """The places of the values and names of one JSON text, by JSON Pointer.

    Only what a pointer leads through is read, and once. Of members that are named twice the last
    one counts: that is the one too many. A text that breaks off has the places before the break.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._members: dict[str, dict[str, _Member]] = {}

    def value(self, pointer: str) -> Span:
        """Return where the value is; the beginning of what should hold it, if it is not there."""
        found = self._find(pointer)
        return found.value if isinstance(found, _Member) else Span(found, found + 1)

    def name(self, pointer: str) -> Span:
        """Return where the name of the member is; where the value is, if it has none."""
        found = self._find(pointer)
        named = found.name if isinstance(found, _Member) else None
        return named or self.value(pointer)

    def _find(self, pointer: str) -> _Member | int:
        """Return the place that `pointer` leads to, or the offset of the last thing on its way."""
        start, found = _after_space(self._text, 0), None
        at = ""
        for escaped in pointer.split("/")[1:]:
            key = escaped.replace("~1", "/").replace("~0", "~")
            members = self._members.get(at)
            if members is None or key not in members:
                members = self._members[at] = _read_members(self._text, start, key)
            found = members.get(key)
            if found is None:
                return start
            start = found.value.start
            at = f"{at}/{escaped}"
        return found or start


def _read_members(text: str, start: int, wanted: str) -> dict[str, _Member]:
    """Return the members of the object, or elements of the array, that begins at `start`.

    An array is read up to the element that is `wanted`; in an object a later member may have the
    same name.
    """
    members: dict[str, _Member] = {}
    is_object = text.startswith("{", start)
    if not is_object and not text.startswith("[", start):
        return members
    at = _after_space(text, start + 1)
    try:
        while text[at] not in "]}":
            name, key = None, str(len(members))
            if is_object:
                key, end = _skip(text, at)
                name = Span(at, end)
                at = _after_space(text, _after_space(text, end) + 1)  # past the colon
            _, end = _skip(text, at)
            members[key] = _Member(name, Span(at, end))
            if not is_object and key == wanted:
                break
            at = _after_space(text, end)
            if text[at] == ",":
                at = _after_space(text, at + 1)
    except (ValueError, IndexError, RecursionError):
        pass  # where a text breaks off, its places do
    return members


def _after_space(text: str, start: int) -> int:
    if text[start : start + 1] not in _SPACE:  # most often there is none
        return start
    space = _skip_space(text, start)
    assert space is not None  # noqa: S101 - matches the empty string, too
    return space.end()
