"""The names of the figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

Figures: TypeAlias = Mapping[str, float]
"""By name, for one request."""

SCENARIOS: Final = ("accept", "accept_send", "cycle", "webhook")
"""In instructions."""
STORE_FIGURES: Final = ("cycle_statements", "cycle_bytes", "cycle_syncs")
FIGURES: Final = (*SCENARIOS, *STORE_FIGURES)


def shown(figure: str, value: float) -> str:
    """Return a figure with its unit, instructions in thousands."""
    if figure in SCENARIOS:
        return f"{value / 1000:.1f} k"
    return f"{value:.0f} B" if figure == "cycle_bytes" else f"{value:.3f}"
