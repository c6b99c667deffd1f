"""How long a timer waits after a gap: the figures of the promise, and not those of the code.

The judge must not ask the code that it judges.
"""

from __future__ import annotations


def grace_ms(missed_ms: int) -> int:
    """Return how long the vendor is given to repeat what was missed in so long a time.

    Source: docs/wire.md section 5.1.
    """
    if missed_ms < 5_000:
        return 10_000
    if missed_ms < 65_000:
        return 80_000
    if missed_ms < 6 * 60_000:
        return 5 * 60_000 + 15_000
    return 15 * 60_000 + 15_000
