"""What a finished trace is held against, and what came of it.

A judge decides and never acts: it is built from values and pure functions, and nothing that sends,
stores or listens can be reached from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from gateway.traces.model import Trace

SAME = "none"
"""The kind of a comparison that found no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One comparison of a trace with what another service would have done."""

    candidate: str
    """`gateway`, `replay`, `paired`, `dispatch`, `native` or `native-with-ttl`."""
    outcome: str
    """A word of a closed set, for a metric's label."""
    kind: str = SAME
    """The difference that decides, of a closed set; `none` if there is none."""
    fingerprint: str | None = None
    """The same for the same difference, whoever is messaged; `None` if there is none."""
    step: int | None = None
    known: tuple[str, ...] = ()
    """Numbers of the known differences that explain it."""


Judge: TypeAlias = Callable[[Trace], tuple[Judgement, ...]]
