"""One small fault: where it is, what it changes, and the name under which it is known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A replacement in one file."""

    path: str
    """Of the file, from the root of the project."""
    kind: str
    """What sort of fault it is."""
    scope: str
    """The function or class around it, as `SqliteStore.commit`; empty for the module."""
    line: int
    """The line where it begins, from 1."""
    text: str
    """That line, without its indentation."""
    start: int
    end: int
    """What is replaced: offsets in the bytes of the file."""
    before: str
    after: str
    nth: int = 0
    """Which of those that look alike."""
    reached_by: tuple[tuple[int, int], ...]
    """Lines, first and last, of which one is run by whoever can notice it."""
    names: tuple[str, ...] = ()
    """Names of what it changes, where it is run when the module is imported: who uses them can
    notice it."""

    @property
    def key(self) -> str:
        """Its name. It stays when other lines change, come or go."""
        again = f" #{self.nth + 1}" if self.nth else ""
        return f"{self.path} {self.scope or '-'} | {self.text} | {self.change}{again}"

    @property
    def change(self) -> str:
        """What it changes, in one line."""
        return f"{_one_line(self.before)} -> {_one_line(self.after)}"

    def applied(self, source: bytes) -> bytes:
        """Return the file with the fault."""
        return source[: self.start] + self.after.encode() + source[self.end :]


def _one_line(text: str) -> str:
    return " ".join(text.split())
