"""The mutants of a run: drawn by seed, each by its own name.

So a mutant keeps its place in the draw when other code changes, and a longer run has the shorter
one in it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.kill.draws import Draws
from tests.mutants.mutant import Mutant
from tests.mutants.python import mutants

MUTATED: Final = (
    "gateway/core",
    "gateway/workers",
    "gateway/stores",
    "gateway/modes",
    "gateway/engine.py",
    "gateway/correlation.py",
)
"""What has to be right for nothing to be lost and nobody to be messaged twice."""


def every_mutant(root: Path) -> list[Mutant]:
    """Return all that can be made, in the order of their places."""
    found = []
    for name in MUTATED:
        place = root / name
        for file in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            found += mutants(str(file.relative_to(root)), file.read_bytes())
    return found


def drawn(found: list[Mutant], *, seed: int, count: int) -> list[Mutant]:
    """Return so many of them."""
    draws = Draws(seed)
    return sorted(found, key=lambda each: draws.fraction(each.key))[:count]


def part_of(mutant: Mutant) -> str:
    """Return the part of the gateway that a mutant is in."""
    return next(each for each in MUTATED if mutant.path.startswith(each))
