"""What the last whole search found: kept in a file, and shown in `docs/evidence.md`."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.laboratory.planted.edits import Bug

MOST_SEEDS: Final = 2000
MOST_MEDIAN: Final = 200
FILE: Final = Path(__file__).with_name("caught.json")
PAGE: Final = Path(__file__).parents[3] / "docs" / "evidence.md"
_BEGIN: Final = "<!-- the table of planted bugs: make planted-bugs -->\n"
_END: Final = "<!-- its end -->\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """How one bug was caught."""

    seed: int
    """The first one from 0 on that shows it; one more seeds were needed."""
    check: str

    @property
    def seeds(self) -> int:
        """How many seeds were run."""
        return self.seed + 1


def read() -> dict[str, Record]:
    """Return what the last search found, by the bug's name."""
    return {name: Record(**told) for name, told in json.loads(FILE.read_text()).items()}


def write(bugs: Sequence[Bug], records: Mapping[str, Record]) -> None:
    """Keep what a search of all bugs found, and renew the page."""
    told = {name: asdict(record) for name, record in records.items()}
    FILE.write_text(json.dumps(told, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    PAGE.write_text(f"{before}{_BEGIN}{table(bugs, records)}{_END}{after}")


def table(bugs: Sequence[Bug], records: Mapping[str, Record]) -> str:
    """Return the table as Markdown, with the sum below."""
    lines = ["| bug | what is wrong | seeds needed | caught by |", "|---|---|---:|---|"]
    for bug in bugs:
        record = records.get(bug.name)
        found = f"{record.seeds} | `{record.check}`" if record else "not caught | "
        lines.append(f"| `{bug.name}` | {bug.fault} | {found} |")
    return "\n".join([*lines, "", summary(bugs, records), ""])


def summary(bugs: Sequence[Bug], records: Mapping[str, Record]) -> str:
    """Say how many were caught, and by how many seeds."""
    most = max((record.seeds for record in records.values()), default=0)
    return (
        f"{len(records)} of {len(bugs)} caught; median {median(bugs, records):g} seeds,"
        f" at most {most}."
    )


def median(bugs: Sequence[Bug], records: Mapping[str, Record]) -> float:
    """Return how many seeds half of the bugs need at most; one that was missed needs them all."""
    return statistics.median(
        records[bug.name].seeds if bug.name in records else MOST_SEEDS for bug in bugs
    )
