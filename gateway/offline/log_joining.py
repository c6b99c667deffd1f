"""Records of a log as the program wrote them: frames off, and what is spread put together again.

Nothing in a line says that it is a part of more, so one that opens something and does not close it
is held back until the lines after it have. A log where that never happens is read line by line, as
if nothing had been held.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from gateway.offline.inputs import Input, Trouble
from gateway.offline.log_frames import EXPORT_BEGINS, frame_of, frame_of_export
from gateway.offline.log_records import Record, read_records

_WORDS: Final = re.compile(rb"workflow|dispatch_uuid|message_uuid|\"detail\"")
_MOST_BYTES: Final = 1 << 20
_MOST_LINES: Final = 5_000
"""A hundred steps, each over fifty lines."""
# One that is not closed takes the rest of the line: so it is read once, not from every quote.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_MARK: Final = re.compile(rb"[{}\[\]]")
# Within a document each line is indented, closes something or names a member.
_GOES_ON: Final = re.compile(rb'[ \t}\]",]')


def read_log(source: Input) -> Iterator[Record | Trouble]:
    """Yield the records of a file, each whole as far as it can be told."""
    return join_spread(join_parts(without_frames(read_records(source))))


def without_frames(found: Iterable[Record | Trouble]) -> Iterator[Record | Trouble]:
    """Yield the records, each with its frame; an entry of the journal's export is one record."""
    held: list[Record] = []
    for each in found:
        if isinstance(each, Record) and each.line is not None:
            if held or each.raw.startswith(EXPORT_BEGINS):
                held.append(each)
                if each.raw.isspace() or len(held) >= _MOST_LINES:
                    entry = _entry(held)
                    if entry is None and len(held) < _MOST_LINES:
                        continue  # an empty line within a message
                    yield from [entry] if entry else held
                    held = []
                continue
            yield replace(each, frame=frame_of(each.raw))
            continue
        yield from _last(held)
        held = []
        yield each
    yield from _last(held)


def _last(held: list[Record]) -> list[Record]:
    """Return an entry that the end of its file ends; its lines, if it is not whole."""
    entry = _entry(held) if held else None
    return [entry] if entry else held


def _entry(held: list[Record]) -> Record | None:
    frame = frame_of_export(b"".join(each.raw for each in held).rstrip(b"\n"))
    if frame is None:
        return None
    return replace(held[0], raw=frame.text, lines=len(held), frame=frame)


def join_parts(found: Iterable[Record | Trouble]) -> Iterator[Record | Trouble]:
    """Yield the records, a line that its carrier has cut into several frames as one."""
    held: list[Record] = []
    for each in found:
        frame = each.frame if isinstance(each, Record) else None
        if isinstance(each, Record) and frame and (held or frame.is_part):
            if held and held[0].source != frame.source:
                yield from _whole(held)
                held = []
            held.append(each)
            size = sum(len(part.text) for part in held)
            if frame.is_part and len(held) < _MOST_LINES and size < _MOST_BYTES * 16:
                continue
            yield from _whole(held)
            held = []
            continue
        yield from _whole(held)
        held = []
        yield each
    yield from _whole(held)


def _whole(held: list[Record]) -> Iterator[Record]:
    if len(held) < 2:
        yield from held
        return
    yield _joined(held, b"".join(each.text for each in held))


def join_spread(found: Iterable[Record | Trouble]) -> Iterator[Record | Trouble]:
    """Yield the records, each document over several lines as one; all else as it comes."""
    held: list[Record] = []
    depth = size = 0
    for each in found:
        if held:
            if isinstance(each, Record) and _goes_on(held, each):
                held.append(each)
                depth += _opened(each.text)
                size += len(each.text)
                if depth > 0 and size < _MOST_BYTES:
                    continue
                yield from _released(held, is_whole=depth == 0)
                held = []
                continue
            yield from _released(held, is_whole=False)
            held = []
        if isinstance(each, Record) and _may_be_spread(each) and (depth := _opened(each.text)) > 0:
            held, size = [each], len(each.text)
        else:
            yield each
    yield from _released(held, is_whole=False)


def _goes_on(held: list[Record], record: Record) -> bool:
    is_next = held[0].source == record.source and len(held) < _MOST_LINES
    return is_next and _GOES_ON.match(record.text) is not None


def _may_be_spread(record: Record) -> bool:
    """Tell a line that opens something at its end, or an object that does not end with it."""
    if record.line is None:
        return False
    text = record.text.rstrip()
    return text.endswith((b"{", b"[")) or (b"{" in text and not text.endswith(b"}"))


def _opened(text: bytes) -> int:
    """Return how many objects and arrays a line opens and leaves open."""
    marks = _MARK.findall(_STRING.sub(b"", text))
    return sum(1 if mark in b"{[" else -1 for mark in marks)


def _released(held: list[Record], *, is_whole: bool) -> Iterator[Record]:
    """Yield lines that were held: as one record if they are a document, or should be one."""
    if len(held) < 2 or not (held[0].is_json or is_whole):
        yield from held
        return
    text = b"".join(each.text if each.text.endswith(b"\n") else each.text + b"\n" for each in held)
    # Other things that a log writes over several lines stay lines.
    if held[0].is_json or _WORDS.search(text):
        # What the file itself holds stays as it is, to the last byte.
        yield _joined(held, text if held[0].frame else b"".join(each.raw for each in held))
    else:
        yield from held


def _joined(held: list[Record], text: bytes) -> Record:
    first = held[0]
    frame = replace(first.frame, text=text, is_part=False) if first.frame else None
    lines = sum(each.lines for each in held)
    return replace(first, raw=text, lines=lines, frame=frame)
