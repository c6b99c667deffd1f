"""One document or JSON Lines: what the beginning of a file tells where its name does not."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from typing import Final

_SAMPLE_LINES: Final = 20
# Numbers stay text: one of thousands of digits is a value like any other.
_JSON: Final = json.JSONDecoder(parse_int=str, parse_float=str)


def is_lines(head: bytes) -> bool:
    """Tell JSON Lines from one document by its beginning.

    A line that starts in the first column and is a whole JSON value, with more lines beside it, is
    not written by anything that lays one document out over several lines; within an object or an
    array that an earlier line opened, it may be.
    """
    text = head.removeprefix(BOM_UTF8).decode(errors="replace")
    lines = _sample(text)
    if len(lines) < 2:
        return False
    if _breaks_off(lines[0]):
        try:
            _, end = _JSON.raw_decode(text, len(text) - len(text.lstrip()))
        except (ValueError, RecursionError):
            return False
        lines = _sample(text[end:])
    return any(map(_is_value, lines))


def _sample(text: str) -> list[str]:
    lines = text.split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]
    return [line for line in lines if line.strip()]


def _breaks_off(line: str) -> bool:
    """Tell whether the line begins an object or an array of which more would have to follow."""
    text = line.strip()
    try:
        _JSON.raw_decode(text)
    except json.JSONDecodeError as error:
        return error.pos >= len(text)
    except RecursionError:
        return True
    return False


def _is_value(line: str) -> bool:
    """Tell whether the line is a whole JSON value and starts in the first column."""
    text = line.rstrip()
    try:
        return not text[0].isspace() and _JSON.raw_decode(text)[1] == len(text)
    except (ValueError, RecursionError):
        return False
