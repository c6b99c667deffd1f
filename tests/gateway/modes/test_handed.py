"""Keys that were handed to the legacy service, in memory and within bounds."""

from __future__ import annotations

import pytest

from gateway.modes.forward import NotPassed, Passed, PassedInDoubt, Passing
from gateway.modes.handed import HandedKeys

ONCE = [("idempotency-key", "once")]
IN_DOUBT = PassedInDoubt(reason="deadline-passed")


def answered(http_status: int) -> Passed:
    return Passed(http_status=http_status, headers=[], body=b"")


def held_after(*passings: Passing) -> bool:
    """Hand over a request again and again, and tell whether its key is held then."""
    keys = HandedKeys()
    for passing in passings:
        keys.hand(ONCE)
        keys.settle(ONCE, passing)
    return keys.hold(ONCE)


@pytest.mark.parametrize("passing", [answered(202), answered(500), answered(408), IN_DOUBT])
def test_what_may_have_been_accepted_is_held(passing: Passing) -> None:
    assert held_after(passing)


@pytest.mark.parametrize("passing", [answered(400), answered(404), NotPassed(reason="x")])
def test_what_came_to_nothing_is_not(passing: Passing) -> None:
    assert not held_after(passing)


def test_a_refusal_does_not_undo_a_doubt() -> None:
    assert held_after(IN_DOUBT, answered(404))


def test_a_request_under_way_is_held() -> None:
    keys = HandedKeys()
    keys.hand(ONCE)
    keys.hand(ONCE)
    keys.settle(ONCE, answered(400))
    assert keys.hold(ONCE)


def test_a_request_without_a_key_is_not_held() -> None:
    keys = HandedKeys()
    keys.hand([])
    assert not keys.hold([])


def test_the_oldest_are_forgotten() -> None:
    keys = HandedKeys(most=2)
    for key in ("a", "b", "c"):
        keys.hand([("Idempotency-Key", key)])
    assert [keys.hold([("idempotency-key", key)]) for key in ("a", "b", "c")] == [False, True, True]
