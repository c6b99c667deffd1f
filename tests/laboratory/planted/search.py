"""Look for the first seed whose world shows a planted bug."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final

from tests.laboratory.attempt import attempt
from tests.laboratory.draws import draw
from tests.laboratory.planted.catalogue import BUGS
from tests.laboratory.planted.edits import planted

_LONGEST_S: Final = 60.0
"""Of the processor's time for one seed; sound ones take a few hundredths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caught:
    """How a bug was found."""

    bug: str
    seed: int
    tried: int
    """How many seeds were run until then."""
    violations: tuple[str, ...]

    @property
    def check(self) -> str:
        """The check that told first."""
        return self.violations[0].partition(":")[0]


class Innocent(Exception):
    """A seed fails without the bug, too: it says nothing about the bug."""


def search_all(seeds: Mapping[str, Iterable[int]]) -> Iterator[tuple[str, Caught | None]]:
    """Search for each bug by its seeds, in processes of their own; yield as they are found."""
    # Started anew: a bug is planted into a process, and this one is to stay as it is.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        searches = {pool.submit(search, name, each): name for name, each in seeds.items()}
        for done in as_completed(searches):
            yield searches[done], done.result()


def search(name: str, seeds: Iterable[int]) -> Caught | None:
    """Return how the bug of this name is caught by the first of these seeds that does so.

    Raises:
        Innocent: that seed also fails without it.
    """
    bug = next(one for one in BUGS if one.name == name)
    for tried, seed in enumerate(seeds, start=1):
        with planted(bug):
            violations = _violations(seed)
        if violations:
            if sound := _violations(seed):
                raise Innocent(f"seed {seed} fails without {name}: {sound[0]}")
            return Caught(bug=name, seed=seed, tried=tried, violations=violations)
    return None


def _violations(seed: int) -> tuple[str, ...]:
    return tuple(attempt(draw(seed), longest_s=_LONGEST_S).violations)
