"""How a figure is printed, and where a benchmark says what it is at."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
import timeit
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.stores.sqlite_file import file_system_of

_CLEAR = "\r\x1b[K"


def announce(text: str) -> None:
    """Show what is being done, on one line that the next one replaces; on a terminal only."""
    if sys.stdout.isatty():
        print(f"{_CLEAR}{text}", end="", flush=True)


def show(
    name: str, figures: Sequence[float], goal: str = "", *details: str, unit: str = ""
) -> None:
    """Print the median of `figures` and their range, then the numbers behind them.

    Args:
        figures: one ratio for each pair of runs, or one measurement for each run.
        goal: what the figure is held against, such as `must 0.85, target 0.95`.
        details: one line each, indented.
        unit: follows the median, with its space.
    """
    announce("")
    median = statistics.median(figures)
    line = f"{name}: {_short(median)}{unit} [{_short(min(figures))}..{_short(max(figures))}]"
    print(line + (f"  ({goal})" if goal else ""))
    for detail in details:
        print(f"    {detail}")
    sys.stdout.flush()


def median(figures: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(figures)


def percentile(sorted_figures: Sequence[float], percent: int) -> float:
    """Return what `percent` of the figures do not exceed."""
    return sorted_figures[min(len(sorted_figures) * percent // 100, len(sorted_figures) - 1)]


def time_us(work: Callable[[], object], *, times: int, tries: int = 5) -> float:
    """Return the microseconds that `work` takes: the mean over a number of times, best of a few.

    What makes a try slower than another is the rest of the machine.
    """
    return 1e6 * min(timeit.repeat(work, number=times, repeat=tries)) / times


def describe_disk(folder: Path) -> str:
    """Tell how long the disk under `folder` takes to make 4 KiB durable.

    Durable commits are only worth comparing where that costs something: a file system in memory
    makes `synchronous=FULL` look free. `TMPDIR` names another place.
    """
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(200):
            begun = time.perf_counter()
            os.pwrite(file.fileno(), bytes(4096), 0)
            os.fdatasync(file.fileno())
            taken.append(1e6 * (time.perf_counter() - begun))
    taken.sort()
    return (
        f"{file_system_of(folder) or 'unknown file system'}: fdatasync of 4 KiB"
        f" p50 {percentile(taken, 50):.0f} us, p99 {percentile(taken, 99):.0f} us"
    )


def _short(figure: float) -> str:
    return f"{figure:.2f}" if abs(figure) < 100 else f"{figure:.0f}"
