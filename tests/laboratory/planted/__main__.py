"""Plant every bug, run seeds from 0 until one shows it, and print how many it took."""

from __future__ import annotations

import argparse
import sys
from typing import Final

from tests.laboratory.planted.catalogue import BUGS
from tests.laboratory.planted.record import (
    MOST_MEDIAN,
    MOST_SEEDS,
    Record,
    median,
    table,
    write,
)
from tests.laboratory.planted.search import Caught, search_all

_SEED_0: Final = 0


def main() -> int:
    """Return 0 when every bug was caught by few enough seeds."""
    parser = argparse.ArgumentParser(prog="python -m tests.laboratory.planted", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these bugs")
    parser.add_argument("--most", type=int, default=MOST_SEEDS, help="seeds for one bug at most")
    parser.add_argument("--write", action="store_true", help="keep what all of them needed")
    wanted = parser.parse_args()
    bugs = [bug for bug in BUGS if not wanted.names or bug.name in wanted.names]
    if len(bugs) < len(wanted.names) or (wanted.write and wanted.names):
        parser.error("a bug has no such name, or --write was given without all of them")
    records: dict[str, Record] = {}
    seeds = range(_SEED_0, wanted.most)
    for name, caught in search_all({bug.name: seeds for bug in bugs}):
        _tell(name, caught)
        if caught is not None:
            records[name] = Record(seed=caught.seed, check=caught.check)
    records = {bug.name: records[bug.name] for bug in bugs if bug.name in records}
    if wanted.write:
        write(bugs, records)
    print(table(bugs, records))
    return int(len(records) < len(bugs) or median(bugs, records) >= MOST_MEDIAN)


def _tell(name: str, caught: Caught | None) -> None:
    told = "not caught" if caught is None else f"seed {caught.seed}: {caught.violations[0]}"
    print(f"{name}: {told}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
