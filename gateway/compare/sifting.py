"""Which traces are evidence: what nobody recorded is not, and a workflow is once.

Files are concatenated, copied and written beside each other: a thousand copies of one sound
workflow would pass for a thousand sound workflows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.compare import replay, synthetic
from gateway.compare.reading import Recorded
from gateway.offline.words import counted
from gateway.traces.model import Path, Trace

MOST: Final = 1_000_000
"""Workflows that are remembered, at some 80 bytes each."""
_MADE: Final = frozenset({replay.ORIGIN, synthetic.ORIGIN})


@dataclass(slots=True, kw_only=True)
class Sieve:
    """Lets through what was recorded, each workflow once, and counts the rest."""

    most: int = MOST
    made: int = 0
    """Traces that are replays, or were made up."""
    repeated: int = 0
    """Traces of workflows that came before."""
    mirrored: int = 0
    """Traces whose other side is a copy of themselves; whoever pairs them counts them."""
    unchecked: int = 0
    """Workflows beyond the bound, which may have come before."""
    _seen: set[int] = field(default_factory=set)

    def sift(self, recorded: Iterable[Recorded]) -> Iterator[Recorded]:
        """Yield what is evidence."""
        for each in recorded:
            if is_made(each.trace):
                self.made += 1
            elif self._is_repeated(each.trace):
                self.repeated += 1
            else:
                yield each

    def told(self) -> tuple[str, ...]:
        """Say what was left out; nothing if nothing was."""
        lines = []
        if self.made:
            made = counted(self.made, "replayed or synthetic trace")
            lines.append(f"{made} {_was(self.made)} left out")
        if self.repeated:
            one, many = "copy of a workflow", "copies of workflows"
            copies = counted(self.repeated, one, many)
            lines.append(f"{copies} that came before {_was(self.repeated)} left out")
        if self.mirrored:
            same = counted(self.mirrored, "trace")
            is_or_are = "is" if self.mirrored == 1 else "are"
            lines.append(
                f"{same} that {is_or_are} the same on both sides {_was(self.mirrored)} left out"
            )
        if self.unchecked:
            known = f"copies are only recognised of the first {counted(self.most, 'workflow')}"
            lines.append(f"{known}; {self.unchecked:,} more may hold some")
        return tuple(lines)

    def _is_repeated(self, trace: Trace) -> bool:
        """Tell whether a workflow came before; a cut record of it does not stand for a whole."""
        whole, cut = _digest(trace.dispatch), _digest(trace.dispatch, "cut")
        own = whole if trace.is_complete else cut
        if own in self._seen or whole in self._seen:
            return True
        if len(self._seen) < self.most:
            self._seen.add(own)
        else:
            self.unchecked += 1
        return False


def is_made(trace: Trace) -> bool:
    """Tell whether nobody recorded a trace: it replays another one, or was made up."""
    return trace.path is Path.NONE or trace.origin in _MADE


def _digest(*words: str) -> int:
    said = "\n".join(words).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest())


def _was(count: int) -> str:
    return "was" if count == 1 else "were"
