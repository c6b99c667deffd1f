"""Two sides of a split as populations: what chance explains, and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from gateway.compare.populations import Figure, Populations, populations
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from tests.support.clock import ManualClock
from tests.support.world import WHATSAPP_THEN_SMS

ACCEPTED_AT = "2025-02-03T12:14:25.061Z"


def trace(number: int, path: Path, *entries: TraceEntry) -> Trace:
    return Trace(
        dispatch=f"{path}-{number}",
        path=path,
        origin="split",
        accepted_at=ACCEPTED_AT,
        request=WHATSAPP_THEN_SMS,
        entries=entries,
        is_complete=True,
    )


def status(word: str, at_ms: int, *, price: str | None = None, step: int = 0) -> TraceEntry:
    return TraceEntry(
        at_ms=at_ms,
        event_ms=at_ms - 100,
        kind=Kind.STATUS,
        step=step,
        status=word,
        message=f"message-{step}",
        price=price,
        currency=None if price is None else "EUR",
    )


def report(word: str = "completed", price: str | None = "0.05") -> TraceEntry:
    currency = None if price is None else "EUR"
    return TraceEntry(at_ms=9_000, kind=Kind.REPORT, status=word, price=price, currency=currency)


def lives(
    path: Path, count: int, *, fails: float = 0.1, read_ms: int = 5_000, price: str = "0.05"
) -> Iterator[Trace]:
    """Yield workflows of which a share fails, and the others are read about then."""
    dice = ManualClock(seed=len(path))
    for number in range(count):
        if _draw(dice) < fails:
            yield trace(number, path, status("rejected", 50), report("error", price))
        else:
            at_ms = round(read_ms * (0.5 + _draw(dice)))
            yield trace(number, path, status("read", at_ms), report(price=price))


def _draw(dice: ManualClock) -> float:
    return int.from_bytes(dice.draw_token(4), "big") / 2**32


def compared(count: int = 500, **gateway: float | str) -> Populations:
    legacy = lives(Path.LEGACY, count)
    return populations([*legacy, *lives(Path.GATEWAY, count, **gateway)])  # type: ignore[arg-type]


def figure(found: Populations, name: str) -> Figure:
    (only,) = [each for each in found.figures if each.name == name]
    return only


class TestNoise:
    def test_two_sides_that_are_alike_differ_in_nothing(self) -> None:
        assert compared().differing == ()

    @pytest.mark.parametrize(
        ("planted", "names"),
        [
            ({"fails": 0.3}, {"delivered", "ended-in-error"}),
            ({"read_ms": 20_000}, {"time-to-condition"}),
            ({"price": "0.06"}, {"cost"}),
        ],
    )
    def test_what_is_planted_on_one_side_is_found(
        self, planted: dict[str, float | str], names: set[str]
    ) -> None:
        assert {each.name for each in compared(500, **planted).differing} == names

    def test_few_workflows_say_nothing(self) -> None:
        assert compared(count=40, fails=1.0).differing == ()

    def test_halves_that_differ_much_allow_as_much(self) -> None:
        halved = compared().figures[0]
        assert replace(halved, allowance=1.0, gateway=0.0).differs is False


class TestFigures:
    def test_sides_are_counted(self) -> None:
        found = compared(count=50)
        assert (found.legacy, found.gateway) == (50, 50)

    @pytest.mark.parametrize(
        "left_out",
        [
            {"is_complete": False},
            {"accepted_at": None},
            {"path": Path.NONE},
        ],
    )
    def test_what_would_pass_for_something_missing_is_left_out(
        self, left_out: dict[str, bool | str | None]
    ) -> None:
        cut = replace(trace(1, Path.GATEWAY), **left_out)  # type: ignore[arg-type]
        found = populations([cut])
        assert (found.gateway, found.left_out) == (0, 1)

    def test_nothing_to_compare_is_no_difference(self) -> None:
        assert populations([]).differing == ()

    def test_a_delivery_does_not_meet_a_step_that_awaits_read(self) -> None:
        found = populations([trace(1, Path.GATEWAY, status("delivered", 10), status("read", 500))])
        assert figure(found, "time-to-condition").gateway == pytest.approx(500, rel=0.02)

    def test_a_delivery_meets_the_last_step(self) -> None:
        found = populations([trace(1, Path.GATEWAY, status("delivered", 500, step=1))])
        assert figure(found, "time-to-condition").gateway == pytest.approx(500, rel=0.02)

    def test_latency_is_from_the_event_to_the_callback(self) -> None:
        found = populations([trace(1, Path.GATEWAY, status("delivered", 500))])
        assert figure(found, "callback-latency").gateway == pytest.approx(100, rel=0.02)

    def test_the_report_says_what_a_workflow_cost(self) -> None:
        told = (status("submitted", 10, price="0.04"), report(price="0.05"))
        assert figure(populations([trace(1, Path.GATEWAY, *told)]), "cost").gateway == 0.05

    def test_without_a_price_in_the_report_each_message_counts_once(self) -> None:
        told = (
            status("submitted", 10, price="0.04"),
            status("delivered", 20, price="0.04"),
            status("delivered", 30, price="0.01", step=1),
            report(price=None),
        )
        assert figure(populations([trace(1, Path.GATEWAY, *told)]), "cost").gateway == 0.05

    def test_a_price_that_is_none_is_passed_over(self) -> None:
        told = status("submitted", 10, price="free")
        assert [f.name for f in populations([trace(1, Path.GATEWAY, told)]).figures].count(
            "cost"
        ) == 0

    def test_a_charge_that_nobody_told_is_nothing(self) -> None:
        told = [trace(1, Path.GATEWAY, report(price="0.04")), trace(2, Path.GATEWAY)]
        assert figure(populations(told), "cost").gateway == 0.02

    def test_a_status_of_a_later_step_proves_a_failover(self) -> None:
        found = populations([trace(1, Path.LEGACY, status("submitted", 20, step=1))])
        assert figure(found, "failed-over").legacy == 1

    def test_the_legacy_side_is_halved(self) -> None:
        found = compared(count=50)
        assert sum(found.halves) == found.legacy

    def test_a_failover_is_counted(self) -> None:
        failover = TraceEntry(at_ms=1, kind=Kind.FAILOVER, step=0, why="expired")
        assert figure(populations([trace(1, Path.GATEWAY, failover)]), "failed-over").gateway == 1
