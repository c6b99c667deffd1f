"""The survivors that are known, each with the reason why no test kills it: `survivors.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LIST: Final = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A survivor that somebody looked at."""

    mutant: str
    """Its key."""
    reason: str
    is_equivalent: bool
    """Whether nothing that anybody can see is different with it; else it is a hole, told."""


def listed(file: Path = LIST) -> dict[str, Listed]:
    """Return the list, by key.

    Raises:
        ValueError: a mutant is listed twice.
    """
    entries = [Listed(**each) for each in tomllib.loads(file.read_text()).get("survivor", [])]
    found = {each.mutant: each for each in entries}
    if len(found) != len(entries):
        raise ValueError(f"{file} lists a mutant twice")
    return found
