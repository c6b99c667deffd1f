"""Documents that a file of lines holds spread over several of them, put together again.

Nothing in a line says that it is a part of more, so one that opens something and does not close it
is held back until the lines after it have. A log where that never happens is read line by line, as
if nothing had been held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.assess.records import Record
from gateway.offline.inputs import Trouble

_WORD: Final = b"workflow"
_MOST_BYTES: Final = 1 << 20
_MOST_LINES: Final = 5_000
"""A hundred steps, each over fifty lines."""
# One that is not closed takes the rest of the line: so it is read once, not from every quote.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_MARK: Final = re.compile(rb"[{}\[\]]")
# Within a document each line is indented, closes something or names a member.
_GOES_ON: Final = re.compile(rb'[ \t}\]",]')


def join_spread(found: Iterable[Record | Trouble]) -> Iterator[Record | Trouble]:
    """Yield the records, each document over several lines as one; all else as it comes."""
    held: list[Record] = []
    depth = size = 0
    for each in found:
        if held:
            if isinstance(each, Record) and _GOES_ON.match(each.raw) and len(held) < _MOST_LINES:
                held.append(each)
                depth += _opened(each.raw)
                size += len(each.raw)
                if depth > 0 and size < _MOST_BYTES:
                    continue
                yield from _released(held, is_whole=depth == 0)
                held = []
                continue
            yield from _released(held, is_whole=False)
            held = []
        if isinstance(each, Record) and _may_be_spread(each) and (depth := _opened(each.raw)) > 0:
            held, size = [each], len(each.raw)
        else:
            yield each
    yield from _released(held, is_whole=False)


def _may_be_spread(record: Record) -> bool:
    """Tell a line that opens something at its end, or a JSON object that does not end with it."""
    if record.line is None:
        return False
    raw = record.raw.rstrip()
    return raw.endswith((b"{", b"[")) or (raw.startswith(b"{") and not raw.endswith(b"}"))


def _opened(raw: bytes) -> int:
    """Return how many objects and arrays a line opens and leaves open."""
    marks = _MARK.findall(_STRING.sub(b"", raw))
    return sum(1 if mark in b"{[" else -1 for mark in marks)


def _released(held: list[Record], *, is_whole: bool) -> Iterator[Record]:
    """Yield lines that were held: as one record if they are a document, or should be one."""
    if len(held) < 2 or not (held[0].is_json or is_whole):
        yield from held
        return
    raw = b"".join(each.raw for each in held)
    # Other things that a log writes over several lines stay lines.
    if held[0].is_json or _WORD in raw:
        first = held[0]
        yield Record(
            path=first.path, line=first.line, lines=len(held), raw=raw, is_json=first.is_json
        )
    else:
        yield from held
