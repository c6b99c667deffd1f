"""Which seeds were run by which state of the tree, and what they came to.

A ledger is a file of JSON Lines, one for each chunk of seeds that is done; lines are only ever
appended. Seeds count as done when the sources they ran on had the same fingerprint, whatever the
commit is called: a commit that only changes a page makes nothing undone.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.laboratory.tally import Tally, total

_ROOT: Final = Path(__file__).parents[2]
_SOURCES: Final = (
    "gateway",
    "translators",
    "tests/laboratory",
    "tests/power",
    "tests/support/model_*.py",
)
_BESIDE: Final = frozenset(
    {"__main__.py", "attempt.py", "describe.py", "happenings.py", "ledger.py", "progress.py"}
    | {"reporting.py", "runner.py", "shrink.py", "tally.py", "telling.py", "timeline.py"}
)
"""Modules of the laboratory in which nothing of a world happens."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Seeds:
    """A range of seeds, both ends included."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.first}..{self.last}"

    def split(self, size: int) -> Iterator[Seeds]:
        """Return it in pieces that begin at multiples of `size`, so that calls share them."""
        first = self.first
        while first <= self.last:
            last = min(self.last, first - first % size + size - 1)
            yield Seeds(first=first, last=last)
            first = last + 1

    def without(self, done: Iterable[Seeds]) -> list[Seeds]:
        """Return what of it is in none of these."""
        left: list[Seeds] = []
        first = self.first
        for one in sorted(done):
            if one.first > self.last:
                break
            if one.first > first:
                left.append(Seeds(first=first, last=one.first - 1))
            first = max(first, one.last + 1)
        if first <= self.last:
            left.append(Seeds(first=first, last=self.last))
        return left


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The state of the sources."""

    commit: str
    """Short; with a plus sign when the tree has changes that are in no commit."""
    sources: str
    """The fingerprint of all that a world is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Seeds that are done."""

    seeds: Seeds
    tree: Tree
    tally: Tally


class Ledger:
    """The file, or nothing but memory when there is no path."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.chunks = [] if path is None or not path.exists() else list(_read(path))

    def append(self, chunk: Chunk) -> None:
        """Note seeds as done."""
        self.chunks.append(chunk)
        if self._path is None:
            return
        document = {
            "first": chunk.seeds.first,
            "last": chunk.seeds.last,
            "commit": chunk.tree.commit,
            "sources": chunk.tree.sources,
            **chunk.tally.as_document(),
        }
        with self._path.open("a+b") as file:
            # What a kill left half-written gets an end, so that it spoils no other line.
            if file.tell() and not _ends_a_line(self._path):
                file.write(b"\n")
            file.write(json.dumps(document).encode() + b"\n")

    def missing(self, seeds: Seeds, sources: str) -> list[Seeds]:
        """Return what of a range these sources have not run."""
        return seeds.without(one.seeds for one in self.chunks if one.tree.sources == sources)

    def within(self, seeds: Seeds, sources: str) -> Tally:
        """Return what these sources came to in chunks that lie in a range."""
        return total(
            one.tally
            for one in self.chunks
            if one.tree.sources == sources
            and seeds.first <= one.seeds.first
            and one.seeds.last <= seeds.last
        )

    def trees(self) -> dict[str, list[Chunk]]:
        """Return the chunks by the sources that ran them, in the order in which they came."""
        grouped: dict[str, list[Chunk]] = {}
        for one in self.chunks:
            grouped.setdefault(one.tree.sources, []).append(one)
        return grouped


def merged(ranges: Iterable[Seeds]) -> list[Seeds]:
    """Return ranges with those that touch made one."""
    whole: list[Seeds] = []
    for one in sorted(ranges):
        if whole and one.first <= whole[-1].last + 1:
            whole[-1] = Seeds(first=whole[-1].first, last=max(whole[-1].last, one.last))
        else:
            whole.append(one)
    return whole


def _read(path: Path) -> Iterator[Chunk]:
    for line in path.read_bytes().splitlines():
        try:
            known = json.loads(line)
        except ValueError:
            continue  # a kill in the middle of the line: these seeds are simply not done
        seeds = Seeds(first=known.pop("first"), last=known.pop("last"))
        tree = Tree(commit=known.pop("commit"), sources=known.pop("sources"))
        yield Chunk(seeds=seeds, tree=tree, tally=Tally.of_document(known))


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read() == b"\n"


@functools.cache
def tree() -> Tree:
    """Return the state of this tree."""
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(_ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return Tree(commit=_commit(), sources=digest.hexdigest()[:12])


def _sources() -> list[Path]:
    files: list[Path] = []
    for one in _SOURCES:
        found = _ROOT.glob(one)
        files += [
            file for path in found for file in (path.rglob("*") if path.is_dir() else (path,))
        ]
    return sorted(
        file
        for file in files
        if file.suffix in (".py", ".sql")
        and not (file.parent == _ROOT / "tests" / "laboratory" and file.name in _BESIDE)
        and not file.name.startswith("test_")
    )


def _commit() -> str:
    git = shutil.which("git")
    if git is None:
        return "unknown"

    def ask(*words: str) -> str | None:
        done = subprocess.run([git, *words], cwd=_ROOT, capture_output=True, check=False, text=True)
        return done.stdout.strip() if done.returncode == 0 else None

    name = ask("rev-parse", "--short=9", "HEAD")
    if name is None:
        return "unknown"
    return f"{name}+" if ask("status", "--porcelain", "--", *_SOURCES) else name
