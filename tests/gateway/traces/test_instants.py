"""Instants as logs write them."""

from __future__ import annotations

import pytest

from gateway.traces.instants import instant_ms
from translators.diagnostics import JsonValue

NOON = 1738584000123


@pytest.mark.parametrize(
    "written",
    [
        1738584000.123,
        1738584000123,
        1738584000123456,
        1738584000123456789,
        "1738584000.123",
        "1738584000123",
        "2025-02-03T12:00:00.123Z",
        "2025-02-03T12:00:00.123456Z",
        "2025-02-03T12:00:00,123",
        "2025-02-03 12:00:00.123",
        "2025-02-03 12:00:00.123 UTC",
        "2025-02-03T13:00:00.123+01:00",
        "2025-02-03T13:00:00.123+0100",
        " 2025-02-03T12:00:00.123Z ",
    ],
)
def test_every_form_is_the_same_instant(written: JsonValue) -> None:
    assert instant_ms(written) == NOON


@pytest.mark.parametrize("written", [None, True, [], {}, -5, 0, float("nan"), float("inf"), 10**30])
def test_what_is_no_instant_is_none(written: JsonValue) -> None:
    assert instant_ms(written) is None


@pytest.mark.parametrize("written", ["", "noon", "app.js:30", "2025-02-30T12:00:00Z", "9" * 40])
def test_a_text_that_is_no_instant_is_none(written: str) -> None:
    assert instant_ms(written) is None
