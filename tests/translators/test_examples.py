"""Every rule is shown by an example that does report it."""

from __future__ import annotations

import re
from typing import Final

import pytest

from translators.diagnostics import Severity
from translators.examples import CASES, Kind, show
from translators.rule_table import ALL_RULES, RULES_BY_CODE
from translators.rules import Rule, Switches, Tolerance

NUMBERS: Final = re.compile(rb"44[0-9]{10}")
# What has to break another rule a hundred times.
ACCOMPANIED: Final = {
    "REQ133": {"REQ122", "REQ133"},
    # It is about a recipient of whom something is said already.
    "REQ154": {"REQ150", "REQ154"},
}
ALONE: Final = [rule for rule in ALL_RULES if CASES[rule.code].kind is not Kind.NATIVE]
NATIVE: Final = [rule for rule in ALL_RULES if CASES[rule.code].kind is Kind.NATIVE]
SWITCHABLE: Final = [rule for rule in ALL_RULES if rule.tolerance is not None]
REFUSED: Final = [rule for rule in SWITCHABLE if rule.tolerance is Tolerance.REFUSE]


def by_code(rule: Rule) -> str:
    return rule.code


def test_every_rule_has_an_example() -> None:
    assert set(CASES) == set(RULES_BY_CODE)


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_an_example_reports_its_rule_as_it_is_by_default(rule: Rule) -> None:
    assert show(rule).found.severity is rule.severity


@pytest.mark.parametrize("rule", ALONE, ids=by_code)
def test_an_example_reports_nothing_else(rule: Rule) -> None:
    codes = {found.rule for found in show(rule).diagnostics}
    assert codes == ACCOMPANIED.get(rule.code, {rule.code})


@pytest.mark.parametrize("rule", NATIVE, ids=by_code)
def test_an_example_of_native_failover_reports_nothing_about_the_request(rule: Rule) -> None:
    assert {found.rule[:3] for found in show(rule).diagnostics} == {"NAT"}


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_something_comes_out_unless_there_is_an_error(rule: Rule) -> None:
    example = show(rule)
    severities = {found.severity for found in example.diagnostics}
    assert (example.value is None) == (Severity.ERROR in severities)


@pytest.mark.parametrize("rule", REFUSED, ids=by_code)
def test_something_comes_out_once_the_switch_accepts_it(rule: Rule) -> None:
    assert show(rule, Switches(accepted=frozenset({rule.name}))).value is not None


@pytest.mark.parametrize("rule", SWITCHABLE, ids=by_code)
def test_nothing_comes_out_once_the_switch_refuses_it(rule: Rule) -> None:
    assert show(rule, Switches(refused=frozenset({rule.name}))).value is None


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_an_example_is_small(rule: Rule) -> None:
    assert len(CASES[rule.code].raw) < 4000


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_an_example_calls_nobody_who_could_be_called(rule: Rule) -> None:
    numbers = NUMBERS.findall(CASES[rule.code].raw)
    assert {number[:9] for number in numbers} <= {b"447700900"}


def test_only_what_is_said_of_reports_points_into_what_comes_out() -> None:
    about_output = {rule.code[:3] for rule in ALL_RULES if show(rule).is_about_output}
    assert about_output == {"RPT"}
