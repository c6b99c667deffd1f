"""Figures that nobody measured."""

from __future__ import annotations

from typing import Final

from benchmarks.gate.figures import Figures

BUILD: Final = "CPython 3.11.7, GCC 12.2.0 -O3 without PGO without LTO, SQLite 3.40.1"

RECORDED: Final[Figures] = {
    "accept": 1_400_000,
    "accept_send": 3_000_000,
    "cycle": 5_500_000,
    "webhook": 1_500_000,
    "cycle_statements": 23.25,
    "cycle_bytes": 21_000,
    "cycle_syncs": 0.625,
}


def changed(**ratios: float) -> Figures:
    """Return the recorded figures, some of them times a ratio."""
    return {name: value * ratios.get(name, 1.0) for name, value in RECORDED.items()}
