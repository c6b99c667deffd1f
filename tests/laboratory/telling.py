"""What runs came to, in words: for a terminal, and for docs/evidence.md."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.laboratory.ledger import Chunk, Ledger, merged
from tests.laboratory.points import SOMETIMES, never
from tests.laboratory.tally import Tally, total

EVIDENCE: Final = Path(__file__).parents[2] / "docs" / "evidence.md"
_BLOCK: Final = re.compile(r"(<!-- figures -->\n).*?(<!-- /figures -->)", re.DOTALL)


def figures(tally: Tally) -> list[tuple[str, str]]:
    """Return the sums of some seeds, each with its name."""
    rate = 60 * tally.seeds / tally.busy_s if tally.busy_s else 0.0
    return [
        ("seeds", f"{tally.seeds:,}"),
        ("violations", f"{len(tally.found):,}"),
        ("dispatches accepted", f"{tally.dispatches:,}"),
        ("steps of their workflows", f"{tally.steps:,}"),
        ("lives of gateway processes", f"{tally.lives:,}"),
        ("simulated time", _long(tally.virtual_s)),
        ("callbacks of the event loop", f"{tally.turns:,}"),
        ("seeds a minute and core", f"{rate:,.0f}"),
    ]


def _long(seconds: float) -> str:
    hours = seconds / 3600
    return f"{hours:,.0f} hours" + (f" ({hours / 8766:,.1f} years)" if hours > 8766 else "")


def summary(tally: Tally) -> list[str]:
    """Return the sums, a line each."""
    return [f"{name:28} {value}" for name, value in figures(tally)]


def rarely(tally: Tally, count: int = 5) -> str:
    """Return what happened least, by which the next run that proves too little is foreseen."""
    least = sorted(SOMETIMES, key=lambda what: tally.counts[what])[:count]
    return "; ".join(f"{what} ({tally.counts[what]:,})" for what in least)


def sums(ledger: Ledger) -> Iterator[str]:
    """Return what is in a ledger, by the sources that ran it."""
    for sources, chunks in ledger.trees().items():
        tally = total(one.tally for one in chunks)
        yield f"commit {_commits(chunks)}, sources {sources}: seeds {_ranges(chunks)}"
        yield from (f"  {line}" for line in summary(tally))
        missing = never(tally.counts)
        yield f"  {'never happened':28} {'; '.join(missing) or 'nothing of the list'}"
        yield f"  {'rarest':28} {rarely(tally)}"
        for one in tally.found:
            yield f"  seed {one.seed}: {one.told[0]}"


def markdown(ledger: Ledger) -> str:
    """Return what is in a ledger as tables: the sums, and how often everything happened."""
    parts: list[str] = []
    for sources, chunks in ledger.trees().items():
        tally = total(one.tally for one in chunks)
        parts += [
            f"Commit `{_commits(chunks)}` (sources `{sources}`), seeds {_ranges(chunks)}:",
            "",
            _table(("", ""), figures(tally)),
            "",
            "How often each thing happened that has to happen sometimes:",
            "",
            _table(("what", "times"), [(what, f"{tally.counts[what]:,}") for what in SOMETIMES]),
            "",
        ]
    return "\n".join(parts)


def renew(page: str, block: str) -> str:
    """Return the page with its block of figures replaced.

    Raises:
        ValueError: the page has no such block.
    """
    if not _BLOCK.search(page):
        raise ValueError("the page has no block of figures")
    return _BLOCK.sub(lambda found: f"{found[1]}{block.rstrip()}\n{found[2]}", page)


def _table(head: tuple[str, str], rows: Sequence[tuple[str, str]]) -> str:
    lines = [f"| {head[0]} | {head[1]} |", "|---|--:|", *(f"| {a} | {b} |" for a, b in rows)]
    return "\n".join(lines)


def _commits(chunks: Sequence[Chunk]) -> str:
    return ", ".join(dict.fromkeys(one.tree.commit for one in chunks))


def _ranges(chunks: Sequence[Chunk]) -> str:
    return ", ".join(str(one) for one in merged(one.seeds for one in chunks))
