"""JSON laid out for people: what fits on a line stands on one, what is endless is cut short."""

from __future__ import annotations

import json
from typing import Final

from translators.diagnostics import JsonValue

_INDENT: Final = 2
_LONG_TEXT: Final = 72
_LONG_ARRAY: Final = 8
_ELLIPSIS: Final = "…"


def lay_out(value: JsonValue, width: int = 88, indent: int = 0, before: int = 0) -> str:
    """Write JSON; whatever is longer than `width` is broken up, a member or element to a line.

    Args:
        indent: where the line begins that the value stands on.
        before: how much of that line is taken already.
    """
    line = _one_line(value)
    if not isinstance(value, dict | list) or not value or indent + before + len(line) < width:
        return line
    pad = " " * (indent + _INDENT)
    if isinstance(value, list):
        inner = [pad + lay_out(each, width, indent + _INDENT) for each in value]
        opening, closing = "[]"
    else:
        inner = []
        for key, member in value.items():
            name = f"{_one_line(key)}: "
            inner.append(pad + name + lay_out(member, width, indent + _INDENT, len(name)))
        opening, closing = "{}"
    return "\n".join((opening, ",\n".join(inner), " " * indent + closing))


def cut_short(value: JsonValue) -> JsonValue:
    """Return the value with long texts and long arrays cut; pointers into the rest still lead."""
    if isinstance(value, dict):
        return {key: cut_short(member) for key, member in value.items()}
    if isinstance(value, list):
        kept = [cut_short(each) for each in value[:_LONG_ARRAY]]
        return kept if len(kept) == len(value) else [*kept[: _LONG_ARRAY // 2], _ELLIPSIS]
    if isinstance(value, str) and len(value) > _LONG_TEXT:
        return value[: _LONG_TEXT // 2] + _ELLIPSIS
    return value


def _one_line(value: JsonValue) -> str:
    if isinstance(value, dict):
        members = (f"{_one_line(key)}: {_one_line(member)}" for key, member in value.items())
        return f"{{{', '.join(members)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_one_line, value))}]"
    # What cannot be seen is written as an escape, so that it is seen.
    is_plain = not isinstance(value, str) or value.isprintable()
    return json.dumps(value, ensure_ascii=not is_plain)
