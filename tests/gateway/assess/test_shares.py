"""Parts of a whole in per cent add up, whatever they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.assess.shares import apportion, percents


@given(st.lists(st.integers(0, 10**9), min_size=1).filter(any))
def test_parts_add_up_and_are_rounded_up_or_down(counts: list[int]) -> None:
    parts, whole = apportion(counts), sum(counts)
    assert sum(parts) == 1000
    assert all(
        0 <= part - 1000 * count // whole <= 1 for part, count in zip(parts, counts, strict=True)
    )


@pytest.mark.parametrize(
    ("counts", "written"),
    [
        ([5306, 4652, 42], ["53.1 %", "46.5 %", "0.4 %"]),
        ([1, 1, 1], ["33.4 %", "33.3 %", "33.3 %"]),
        ([1, 7], ["12.5 %", "87.5 %"]),
        ([1805, 3501, 4694], ["18.1 %", "35.0 %", "46.9 %"]),
        ([1, 1, 0, 2], ["25 %", "25 %", "0 %", "50 %"]),
        ([7], ["100 %"]),
        ([99_999, 1], ["over 99.9 %", "under 0.1 %"]),
        ([0, 0], ["0 %", "0 %"]),
    ],
)
def test_parts_are_written_in_per_cent(counts: list[int], written: list[str]) -> None:
    assert percents(counts) == written
