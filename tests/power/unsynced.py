"""Files of which only what was synced is sure: what a loss of power may leave of them.

A disk writes in pieces, when it likes and in any order, until it is told to sync. So each page of
4 KiB holds what it held after *one* of the changes since the last sync, whichever; so does each
sector of 512 bytes of a page that was being written when the power went; so does the length of
the file; and so does each name in the folder, since the folder was synced. All of it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from random import Random  # noqa: TID251 - seeded, so nothing is left to chance
from typing import Final, NamedTuple, TypeAlias

PAGE: Final = 4096
SECTOR: Final = 512

Contents: TypeAlias = Mapping[str, bytes]
"""Of the files of a folder, by name."""

FileChange: TypeAlias = partial[None]
"""One of the methods of `UnsyncedFiles` with its arguments: all of a change but the files."""


class Luck(Enum):
    """How a cut is drawn. Each finds other faults, so that every cut has one of them."""

    NOTHING = "nothing that was not synced is kept"
    EVERYTHING = "all is kept, as after the death of the process alone"
    IN_ORDER = "of each file what was written up to some instant is kept"
    PAGES = "each page is kept or lost on its own"
    SECTORS = "pages are torn, too"
    ALL_BUT_ONE = "one page is lost"


class _Change(NamedTuple):
    offset: int
    data: bytes
    size: int
    """Of the file, afterwards."""


@dataclass(slots=True)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    changes: list[_Change] = field(default_factory=list)
    """What a sync makes durable."""
    written: bytearray = field(default_factory=bytearray)
    """What everybody reads as long as the power is there."""

    def change(self, offset: int, data: bytes, size: int) -> None:
        self.changes.append(_Change(offset, data, size))
        _apply(self.written, self.changes[-1])


class UnsyncedFiles:
    """The files of one folder, told of every change in the order in which they are made."""

    def __init__(self, contents: Contents) -> None:
        """Begin with files that are durable."""
        self._files = {
            name: _File(durable=bytearray(content), written=bytearray(content))
            for name, content in contents.items()
        }
        self._durable_files = dict(self._files)
        self._moves: list[tuple[str, _File | None]] = []

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def create(self, name: str) -> None:
        """Note that there is a new, empty file."""
        self._move(name, _File())

    def delete(self, name: str) -> None:
        """Note that a file was deleted."""
        self._move(name, None)

    def _move(self, name: str, file: _File | None) -> None:
        self._moves.append((name, file))
        self._files.pop(name, None)
        if file is not None:
            self._files[name] = file

    def write(self, name: str, offset: int, data: bytes) -> None:
        """Note that bytes were written to a file."""
        file = self._files[name]
        file.change(offset, data, max(len(file.written), offset + len(data)))

    def truncate(self, name: str, size: int) -> None:
        """Note that a file has another length now."""
        file = self._files[name]
        # What is cut off is zeros if the file ever grows again.
        file.change(size, bytes(max(len(file.written) - size, 0)), size)

    def sync(self, name: str) -> None:
        """Note that all of a file is durable, but not its name."""
        file = self._files[name]
        for change in file.changes:
            _apply(file.durable, change)
        file.changes.clear()

    def fail_to_sync(self, name: str, seed: int) -> None:
        """Note that a sync failed: a drawn part of what it was for is durable.

        The rest is read as if nothing were wrong, and no later sync writes it: its pages count as
        written.
        """
        file = self._files[name]
        file.durable[:] = _image(file, Random(seed), Luck.SECTORS)
        file.changes.clear()

    def sync_folder(self) -> None:
        """Note that names are durable, those that are and those that are not any more."""
        self._durable_files = dict(self._files)
        self._moves.clear()

    def as_written(self) -> dict[str, bytes]:
        """Return what the next process finds when only this one died."""
        return {name: bytes(file.written) for name, file in self._files.items()}

    def after_cut(self, chance: Random, luck: Luck | None = None) -> dict[str, bytes]:
        """Return what may be found after the power was lost now; `luck` is drawn by default."""
        drawn = chance.choice(tuple(Luck)) if luck is None else luck
        found: dict[str, bytes] = {}
        for name in sorted({*self._durable_files, *(name for name, _ in self._moves)}):
            moves = [self._durable_files.get(name)]
            moves += [file for moved, file in self._moves if moved == name]
            file = moves[_instant(len(moves) - 1, chance, drawn)]
            if file is not None:
                found[name] = _image(file, chance, drawn)
        return found


def _image(file: _File, chance: Random, luck: Luck) -> bytes:
    """Return what a file may hold when the power goes."""
    count = len(file.changes)
    image = bytearray(file.durable)
    sizes = [len(image), *(change.size for change in file.changes)]
    if luck is Luck.NOTHING or not count:
        return bytes(image)
    general = _instant(count, chance, luck)
    instants: dict[int, int] = {}
    if luck in {Luck.PAGES, Luck.SECTORS, Luck.ALL_BUT_ONE}:
        instants = _instants(_pages(file.changes), count, chance, luck)
    size = sizes[general if luck is not Luck.ALL_BUT_ONE else count]
    for number, change in enumerate(file.changes):
        for offset, piece in _pieces(change) if instants else [(change.offset, change.data)]:
            if number < instants.get(offset // SECTOR, general):
                _write(image, offset, piece)
    _resize(image, size)
    return bytes(image)


def _instants(pages: Iterable[int], count: int, chance: Random, luck: Luck) -> dict[int, int]:
    """Draw after how many of the changes each sector was written last."""
    instants: dict[int, int] = {}
    pages = list(pages)
    lost = chance.choice(pages)
    for page in pages:
        sectors = range(page * PAGE // SECTOR, (page + 1) * PAGE // SECTOR)
        if luck is Luck.ALL_BUT_ONE:
            whole = 0 if page == lost else count
        else:
            whole = _instant(count, chance, luck)
        instants |= dict.fromkeys(sectors, whole)
        if luck is Luck.SECTORS and chance.random() < 0.5:
            instants |= {sector: _instant(count, chance, luck) for sector in sectors}
    return instants


def _instant(count: int, chance: Random, luck: Luck) -> int:
    """Draw after how many of so many changes something was written last."""
    match luck:
        case Luck.NOTHING:
            return 0
        case Luck.EVERYTHING | Luck.ALL_BUT_ONE:
            return count
        case Luck.IN_ORDER | Luck.PAGES | Luck.SECTORS:
            return chance.choice((0, count, chance.randint(0, count)))


def _pages(changes: Iterable[_Change]) -> list[int]:
    touched = {
        page
        for change in changes
        for page in range(change.offset // PAGE, -(-(change.offset + len(change.data)) // PAGE))
    }
    return sorted(touched) or [0]


def _pieces(change: _Change) -> Iterator[tuple[int, bytes]]:
    """Cut a change up by sectors."""
    offset, data, _ = change
    begin = 0
    while begin < len(data):
        end = begin + SECTOR - (offset + begin) % SECTOR
        yield offset + begin, data[begin:end]
        begin = end


def _apply(image: bytearray, change: _Change) -> None:
    _write(image, change.offset, change.data)
    _resize(image, change.size)


def _write(image: bytearray, offset: int, data: bytes) -> None:
    if len(image) < offset:
        _resize(image, offset)
    image[offset : offset + len(data)] = data


def _resize(image: bytearray, size: int) -> None:
    del image[size:]
    image.extend(bytes(size - len(image)))
