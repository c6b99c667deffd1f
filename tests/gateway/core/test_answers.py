"""What a receiver's answer means for its callback and for the lane.

Source: docs/wire.md section 5.1, docs/adr/0015-order-with-patience.md.
"""

from __future__ import annotations

import pytest

from gateway.core.answers import GoesOn, Order, Waits, is_final

NOW = 1_738_584_865_000
PATIENT = Order(patience_ms=30_000)
STRICT = Order(patience_ms=None)


@pytest.mark.parametrize("http_status", [400, 402, 405, 406, 409, 410, 413, 415, 422, 451, 499])
def test_a_refusal_lets_the_lane_go_on_at_once(http_status: int) -> None:
    assert PATIENT.lane_after(http_status, began_ms=NOW) == GoesOn()


@pytest.mark.parametrize(
    "http_status",
    [None, 101, 301, 302, 307, 308, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504, 599, 999],
)
def test_what_may_be_a_deploy_or_an_outage_makes_the_lane_wait(http_status: int | None) -> None:
    assert PATIENT.lane_after(http_status, began_ms=NOW) == Waits(NOW + 30_000)


@pytest.mark.parametrize("http_status", [None, 301, 404, 406, 410, 503])
def test_a_strict_lane_waits_without_an_end_whatever_is_answered(http_status: int | None) -> None:
    assert STRICT.lane_after(http_status, began_ms=NOW) == Waits(None)


def test_a_lane_without_patience_waits_for_nothing() -> None:
    assert Order(patience_ms=0).lane_after(None, began_ms=NOW) == Waits(NOW)


@pytest.mark.parametrize("tries", [1, 500])
@pytest.mark.parametrize("http_status", [None, 302, 401, 403, 404, 408, 425, 429, 500, 503, 999])
def test_what_may_recover_is_never_final(http_status: int | None, tries: int) -> None:
    assert not is_final(http_status, tries)


def test_nobody_will_ever_listen_where_410_is_answered() -> None:
    assert is_final(410, 1)


@pytest.mark.parametrize(("tries", "final"), [(9, False), (10, True)])
def test_another_refusal_is_final_after_nine_repetitions(tries: int, final: bool) -> None:
    assert is_final(422, tries) is final
