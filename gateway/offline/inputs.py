"""Finding files and reading them in blocks of whole lines, whatever they are and however long.

What cannot be read is a `Trouble`, never an exception, and never ends the rest.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from gateway.offline.kinds import is_lines
from gateway.offline.streams import standard_input

STANDARD_INPUT: Final = "-"
JSON_SUFFIXES: Final = frozenset({".json", ".jsonl", ".ndjson"})
_LINE_SUFFIXES: Final = frozenset({".jsonl", ".ndjson"})

BLOCK: Final = 1 << 20
"""How much is read at a time, in bytes."""
MAX_DOCUMENT: Final = 16 << 20
"""How long a document may be, in bytes: far above what any dispatch needs, far below memory."""

_LINE: Final = MAX_DOCUMENT + 1  # with the line end
_BLANK: Final = "holds nothing but white space"


class Kind(StrEnum):
    """How the documents of a file are told apart."""

    DOCUMENT = "document"
    """The whole file is one."""
    LINES = "lines"
    """Each line is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """Something to read."""

    path: str
    """As the user named it, or found below a directory that was named; `-`: standard input."""
    size: int | None
    """In bytes; `None` where only reading would tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that was not read, or not to its end."""

    path: str
    """With the line, where one line is meant."""
    problem: str
    """The rest of a sentence that begins with the path."""
    is_loss: bool = True
    """False where nothing is missing, such as for a link to what is read anyway."""
    line: int | None = None
    """The line that is meant, which `path` names as well."""

    def __str__(self) -> str:
        return f"{show_path(self.path)}: {self.problem}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A piece of a file that holds whole documents."""

    path: str
    kind: Kind
    first_line: int
    """The number of its first line, from 1."""
    raw: bytes
    size: int
    """How far reading it moved on in the file, in bytes: lines that were skipped count."""


@dataclass(slots=True)
class _Walk:
    """A search through directories, and where it has been."""

    suffixes: frozenset[str] | None
    seen: dict[tuple[int, int], str] = field(default_factory=dict)

    def below(self, directory: str) -> Iterator[Input | Trouble]:
        """Yield the files below `directory`, in the order of their names."""
        waiting = [directory]
        while waiting:
            path = waiting.pop()
            if not _is_directory(path):
                if self.suffixes is None or Path(path).suffix.lower() in self.suffixes:
                    yield _only_a_file(_look_at(path))
                continue
            try:
                held = self._enter(path)
            except OSError as error:
                yield Trouble(path=_writable(path), problem=_cannot(error))
                continue
            if isinstance(held, Trouble):
                yield held
            else:
                waiting += reversed(held)

    def _enter(self, directory: str) -> list[str] | Trouble:
        """Return the paths of what `directory` holds, unless it has been entered before."""
        status = Path(directory).stat()
        names = sorted(os.listdir(directory))  # noqa: PTH208 - names, not paths, are sorted
        identity = (status.st_dev, status.st_ino)
        if identity in self.seen:
            problem = f"leads to {self.seen[identity]}, which is read already; skipped"
            return Trouble(path=_writable(directory), problem=problem, is_loss=False)
        self.seen[identity] = directory
        return [str(Path(directory) / name) for name in names if not name.startswith(".")]


def find_inputs(
    paths: Sequence[str], *, suffixes: frozenset[str] | None = JSON_SUFFIXES
) -> Iterator[Input | Trouble]:
    """Yield what the paths name: files, directories with all below them, `-`.

    Args:
        paths: none at all means standard input.
        suffixes: which files of a directory are read; `None` for all. Hidden ones are not. A file
            that is named itself is read whatever it is called.
    """
    walk = _Walk(suffixes)
    for path in paths or (STANDARD_INPUT,):
        if path == STANDARD_INPUT:
            yield Input(path=path, size=None)
        elif _is_directory(path):
            found = walk.below(path)
            first = next(found, None)
            if first is None:
                wanted = " or ".join(sorted(suffixes)) if suffixes else "readable"
                yield Trouble(path=_writable(path), problem=f"holds no {wanted} file")
            else:
                yield from chain((first,), found)
        else:
            yield _look_at(path)


def show_path(path: str) -> str:
    """Return what a sentence calls a path, with or without a line after it."""
    name, colon, line = path.partition(":")
    return f"standard input{colon}{line}" if name == STANDARD_INPUT else path


def read_blocks(source: Input) -> Iterator[Block | Trouble]:
    """Yield the blocks of `source` in order; what was read before a trouble comes before it."""
    shown = _writable(source.path)
    try:
        if source.path == STANDARD_INPUT:
            yield from _read(shown, standard_input())
        else:
            with Path(source.path).open("rb", buffering=0) as file:
                yield from _read(shown, file)
    except OSError as error:
        yield Trouble(path=shown, problem=_cannot(error))


def lines_of(block: Block) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each line that is not blank, without its line end."""
    for number, line in enumerate(block.raw.split(b"\n"), block.first_line):
        if line and not line.isspace():
            yield number, line.removesuffix(b"\r")


def _is_directory(path: str) -> bool:
    try:
        return Path(path).is_dir()
    except OSError:
        return False  # such as for a name that is too long: opening it tells why


def _writable(path: str) -> str:
    """Return the path as results can hold it; not every name of a file is text."""
    return os.fsencode(path).decode(errors="replace")


def _look_at(path: str) -> Input | Trouble:
    try:
        status = Path(path).stat()
    except OSError as error:
        return Trouble(path=_writable(path), problem=_cannot(error))
    return Input(path=path, size=status.st_size if stat.S_ISREG(status.st_mode) else None)


def _only_a_file(found: Input | Trouble) -> Input | Trouble:
    """Leave out what only happens to be there: a pipe, which would be waited for without end."""
    if isinstance(found, Trouble) or found.size is not None:
        return found
    return Trouble(path=found.path, problem="is a pipe or a device; name it itself to read it")


def _read(path: str, file: BinaryIO) -> Iterator[Block | Trouble]:
    head = _fill(file, b"", BLOCK)
    if not head:
        yield Trouble(path=path, problem="is empty")
        return
    if Path(path).suffix.lower() in _LINE_SUFFIXES or is_lines(head):
        yield from _read_lines(path, file, head)
        return
    whole = _fill(file, head, MAX_DOCUMENT + 1)
    is_too_long = len(whole) > MAX_DOCUMENT
    # Nothing that lays a document out has so long a first line: if others follow, they are more.
    if b"\n" not in head and ((is_too_long and b"\n" not in whole) or is_lines(whole)):
        yield from _read_lines(path, file, whole)
    elif is_too_long:
        yield Trouble(path=path, problem=_too_long("a document"))
    elif whole.isspace():
        yield Trouble(path=path, problem=_BLANK)
    else:
        yield Block(path=path, kind=Kind.DOCUMENT, first_line=1, raw=whole, size=len(whole))


def _read_lines(path: str, file: BinaryIO, head: bytes) -> Iterator[Block | Trouble]:
    # `rest` is what was read and is in no block yet, from the beginning of line `line` on.
    line, rest, passed, is_skipping, is_blank = 1, b"", 0, False, True
    for read in chain((head,), iter(lambda: file.read(BLOCK), b"")):
        piece, end = read, read.find(b"\n") + 1
        if is_skipping:
            passed += end or len(piece)
            if not end:
                continue
            piece, line, is_skipping = piece[end:], line + 1, False
        elif (begun := len(rest) - rest.rfind(b"\n") - 1) + (end or len(piece) + 1) > _LINE:
            if whole := rest[: len(rest) - begun]:
                yield _lines_block(path, line, whole, passed)
                line, passed = line + whole.count(b"\n"), 0
            problem = _too_long("a line")
            yield Trouble(path=f"{path}:{line}", problem=problem, line=line)
            passed, is_skipping, is_blank = passed + begun + (end or len(piece)), not end, False
            rest, piece, line = b"", piece[end:] if end else b"", line + bool(end)
        cut = _cut(piece, is_last=len(read) < BLOCK)
        if cut:
            raw = rest + piece[:cut]
            is_blank = is_blank and raw.isspace()
            yield _lines_block(path, line, raw, passed)
            line, rest, passed = line + raw.count(b"\n"), piece[cut:], 0
        else:
            rest += piece
    if rest or passed:
        yield _lines_block(path, line, rest, passed)
    if is_blank and not rest.strip():
        yield Trouble(path=path, problem=_BLANK)


def _cut(piece: bytes, *, is_last: bool) -> int:
    """Return where a block may end: before a line that begins an object, or else any line.

    What is laid out over several lines against the rules stays together that way, and can be told
    as one thing.
    """
    before = 0 if is_last else piece.rfind(b"\n{") + 1
    return before or piece.rfind(b"\n") + 1


def _lines_block(path: str, line: int, raw: bytes, passed: int) -> Block:
    return Block(path=path, kind=Kind.LINES, first_line=line, raw=raw, size=len(raw) + passed)


def _fill(file: BinaryIO, held: bytes, size: int) -> bytes:
    """Read until there are `size` bytes or the end; a pipe gives less at a time."""
    pieces = [held]
    missing = size - len(held)
    while missing > 0 and (piece := file.read(min(missing, BLOCK))):
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _cannot(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or str(error)).lower()}"


def _too_long(what: str) -> str:
    return f"is longer than {MAX_DOCUMENT >> 20} MiB, too long for {what}; not read"
