"""Final reports and their totals, beyond what the golden cases show."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.translators.webhook_strategies import MESSAGE_UUID, TEXT
from translators.report import ReportMessage, render_report, total_usage
from translators.usage import Usage

PRICES = st.decimals(min_value=0, max_value=10**14, allow_nan=False, places=12).map(
    lambda price: format(price, "f")
)


def euros(price: str) -> Usage:
    return Usage(currency="EUR", price=price)


def test_no_charge_is_zero_euros() -> None:
    assert total_usage([None, None]) == euros("0")


def test_a_total_has_the_currency_of_the_first_charge() -> None:
    dollars = Usage(currency="USD", price="2")
    assert total_usage([None, dollars, euros("1")]) == dollars


def test_a_fee_alone_is_charged_in_euros() -> None:
    assert total_usage([], Decimal("0.0020")) == euros("0.002")


def test_a_whole_total_has_no_exponent() -> None:
    assert total_usage([euros("60"), euros("40")]) == euros("100")


def test_a_negative_price_made_elsewhere_is_left_out() -> None:
    assert total_usage([euros("-1"), euros("0.5")]) == euros("0.5")


@given(st.lists(PRICES, max_size=40))
def test_totals_are_exact(prices: list[str]) -> None:
    total = total_usage([euros(price) for price in prices])
    assert Fraction(total.price) == sum(map(Fraction, prices))


@given(st.lists(PRICES, max_size=5))
def test_totals_do_not_depend_on_order(prices: list[str]) -> None:
    charges = [euros(price) for price in prices]
    assert total_usage(charges) == total_usage(charges[::-1])


@given(st.lists(st.builds(Usage, currency=TEXT, price=TEXT | PRICES), max_size=5))
def test_no_charge_makes_a_report_raise(charges: list[Usage]) -> None:
    messages = [
        ReportMessage(message_uuid=MESSAGE_UUID, channel="sms", status=None, usage=charge)
        for charge in charges
    ]
    translation = render_report(
        dispatch_uuid=MESSAGE_UUID,
        template="failover",
        status="error",
        timestamp="2025-02-03T12:14:25.061Z",
        messages=messages,
    )
    assert translation.value is not None
