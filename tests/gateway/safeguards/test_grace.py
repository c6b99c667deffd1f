"""How long the vendor is given to repeat what was missed."""

from __future__ import annotations

import pytest

from gateway.safeguards.grace import grace_ms

VENDOR_DOUBLING_S = (5, 10, 20, 40, 80, 160, 320, 640, 900, 900)
VENDOR_STEPS_S = (5, 60, 300, 900, 900)
HUNG_S = 15


@pytest.mark.parametrize(
    ("missed_s", "grace_s"),
    [
        *((0, 10), (4.999, 10), (5, 80), (64.999, 80), (65, 315), (359.999, 315)),
        *((360, 915), (7200, 915), (10**6, 915)),
    ],
)
def test_the_grace_follows_what_was_missed(missed_s: float, grace_s: float) -> None:
    assert grace_ms(round(1000 * missed_s)) == round(1000 * grace_s)


@pytest.mark.parametrize("rhythm", [VENDOR_DOUBLING_S, VENDOR_STEPS_S])
@pytest.mark.parametrize("first_s", [0.0, 0.5, 0.99])
@pytest.mark.parametrize("missed_s", [1, 3, 4.9, 6, 17, 60, 64.9, 66, 300, 359, 600, 7200, 80_000])
def test_the_next_repetition_falls_into_the_grace(
    rhythm: tuple[int, ...], first_s: float, missed_s: float
) -> None:
    # The first attempt comes a part of the gap after its beginning. It fails at once where nobody
    # listens, and hangs for 15 s at a stalled process, which still answers it if it wakes in time.
    for hung_s in (0, HUNG_S):
        at_s = first_s * missed_s
        for pause_s in rhythm * 20:
            if at_s + hung_s >= missed_s:
                break
            at_s += hung_s + pause_s
        assert at_s - missed_s <= grace_ms(round(1000 * missed_s)) / 1000, (at_s, hung_s)
