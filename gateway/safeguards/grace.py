"""How long the vendor takes to repeat what was missed."""

from __future__ import annotations

from typing import Final

_GRACES_MS: Final = ((5_000, 10_000), (65_000, 80_000), (360_000, 315_000))
_LONGEST_MS: Final = 915_000
FOREVER_MS: Final = 24 * 3_600_000
"""When nobody knows for how long nothing was heard: as long as the vendor repeats."""


def grace_ms(missed_ms: int) -> int:
    """Return how long to wait for repetitions after not hearing for `missed_ms`.

    The vendor repeats 5 s after the first attempt and then doubles, by one of its texts; after
    5 s, 1, 5 and 15 minutes by another; and an attempt that hung lasts 15 s. Each grace covers the
    next repetition by either of them.

    Source: docs/wire.md section 5.1.
    """
    return next((grace for under, grace in _GRACES_MS if missed_ms < under), _LONGEST_MS)
