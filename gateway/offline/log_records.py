"""The records of a corpus: each line of a log or of JSON Lines, or a document over more than one.

What a file holds is told by its name where that says it, and by its beginning otherwise: unlike
a file of payloads, an application log has no form of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from gateway.offline.inputs import (
    BLOCK,
    JSON_SUFFIXES,
    MAX_DOCUMENT,
    STANDARD_INPUT,
    Input,
    Kind,
    Trouble,
    read_blocks,
)
from gateway.offline.log_frames import Frame
from gateway.offline.streams import standard_input

# What looks like a log and would be read as one without a payload.
_FOREIGN: Final = (
    (b"\x1f\x8b", "is compressed with gzip; unpack it first"),
    (b"BZh", "is compressed with bzip2; unpack it first"),
    (b"\xfd7zXZ", "is compressed with xz; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "is compressed with zstd; unpack it first"),
    (b"PK\x03\x04", "is a zip archive; unpack it first"),
    (b"\xff\xfe", "is UTF-16; encode it as UTF-8 first"),
    (b"\xfe\xff", "is UTF-16; encode it as UTF-8 first"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line, or one document: it fills its file, or goes over several lines of one."""

    path: str
    """As `Input.path`."""
    line: int | None
    """The number of its first line in the file, from 1; `None` if it fills the file."""
    lines: int = 1
    """How many of them it goes over, unless it fills the file."""
    raw: bytes
    """With its line end, if it has one."""
    is_json: bool
    """Whether the file's name promises JSON, so that anything else in it is a fault."""
    frame: Frame | None = None
    """What a carrier of logs has put around it, and what is in it."""

    @property
    def place(self) -> str:
        """The path, with the line unless the record fills the file."""
        return self.path if self.line is None else f"{self.path}:{self.line}"

    @property
    def text(self) -> bytes:
        """What the program wrote: the record without its frame."""
        return self.frame.text if self.frame else self.raw

    @property
    def source(self) -> str | None:
        """Who wrote it, as its carrier says."""
        return self.frame.source if self.frame else None

    @property
    def is_document(self) -> bool:
        """Whether it is more than one line."""
        return self.line is None or self.lines > 1


def read_records(source: Input) -> Iterator[Record | Trouble]:
    """Yield the records of `source` in order, blank lines included.

    A trouble that has a line stands for that record.
    """
    if Path(source.path).suffix.lower() in JSON_SUFFIXES:
        yield from _read_json(source)
        return
    try:
        if source.path == STANDARD_INPUT:
            yield from _read_log(source.path, standard_input())
        else:
            with Path(source.path).open("rb") as file:
                yield from _read_log(source.path, file)
    except OSError as error:
        problem = f"cannot be read: {(error.strerror or str(error)).lower()}"
        yield Trouble(path=source.path, problem=problem)


def _read_json(source: Input) -> Iterator[Record | Trouble]:
    for block in read_blocks(source):
        if isinstance(block, Trouble):
            yield block
        elif block.kind is Kind.DOCUMENT:
            yield Record(path=block.path, line=None, raw=block.raw, is_json=True)
        else:
            for line, raw in enumerate(BytesIO(block.raw), block.first_line):
                yield Record(path=block.path, line=line, raw=raw, is_json=True)


def _read_log(path: str, file: BinaryIO) -> Iterator[Record | Trouble]:
    head = file.read(BLOCK)
    for mark, problem in _FOREIGN:
        if head.startswith(mark):
            yield Trouble(path=path, problem=problem)
            return
    if _is_document(head):
        yield Record(path=path, line=None, raw=head, is_json=True)
    else:
        yield from _read_lines(path, head, file)


def _read_lines(path: str, head: bytes, file: BinaryIO) -> Iterator[Record | Trouble]:
    held, number = BytesIO(head), 0
    while raw := held.readline() or file.readline(MAX_DOCUMENT):
        number += 1
        if not raw.endswith(b"\n"):
            raw += file.readline(MAX_DOCUMENT)
        if len(raw) <= MAX_DOCUMENT:
            yield Record(path=path, line=number, raw=raw, is_json=False)
            continue
        while raw and not raw.endswith(b"\n"):
            raw = file.readline(MAX_DOCUMENT)
        problem = f"is longer than {MAX_DOCUMENT >> 20} MiB, too long for a line; not read"
        yield Trouble(path=f"{path}:{number}", problem=problem, line=number)


def _is_document(head: bytes) -> bool:
    """Tell a document laid out over several lines, small enough to be seen whole, from lines."""
    if len(head) >= BLOCK or not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
        return False
    try:
        json.loads(head)
    except (ValueError, RecursionError):
        return False
    return True
