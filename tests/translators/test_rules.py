"""The rule tables of requests and of native failover."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from translators.diagnostics import Severity
from translators.rules import Rule, Switches, Tolerance, report
from translators.rules_native import NATIVE_RULES
from translators.rules_request import REQUEST_RULES
from translators.rules_webhook import WEBHOOK_RULES

# The tolerances of what published clients really send, and of what may be lost on the way.
ACCEPTED = {
    "null-as-absent",
    "trailing-null",
    "client-ref-long",
    "expiry-as-text",
    "read-never-met",
    "viber-service-message",
    "viber-recipient-id",
    "address-as-number",
    "address-whitespace",
    "number-prefix",
    "content-type-img",
    "caption-undocumented",
    "caption-dropped",
    "mms-text",
    "messenger-custom",
    "parameter-as-number",
    "parameter-keys-dropped",
    "options-without-template",
    "options-of-another-channel",
    "user-id-unusual",
    "number-in-id",
    "content-dropped",
    "ttl-as-text",
    "option-capitals",
    "tag-unknown",
    "tag-withdrawn-2020",
    "tag-withdrawn-2026",
}
REFUSED = {"failover-on-last-step", "mms-media", "locale-missing"}
REFUSED_NATIVE = {"ttl-unavailable", "read-inexpressible"}
RULES = (*REQUEST_RULES, *NATIVE_RULES)


def named(rule: Rule) -> str:
    return rule.name


@pytest.mark.parametrize("rule", REQUEST_RULES, ids=named)
def test_a_code_says_that_the_rule_is_about_requests(rule: Rule) -> None:
    assert re.fullmatch(r"REQ1\d\d", rule.code)


@pytest.mark.parametrize("rule", NATIVE_RULES, ids=named)
def test_a_code_says_that_the_rule_is_about_native_failover(rule: Rule) -> None:
    assert re.fullmatch(r"NAT5\d\d", rule.code)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_name_is_in_kebab_case(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.name)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_rule_says_why_and_what_to_do(rule: Rule) -> None:
    assert rule.why.endswith(".") and rule.remedy.endswith(".")


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_rule_names_its_source(rule: Rule) -> None:
    assert re.fullmatch(r"docs/wire\.md section [1-8]\.\d", rule.source)


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_an_example_is_a_pointer(rule: Rule) -> None:
    assert rule.example == "" or rule.example.startswith("/")


def test_codes_and_names_are_given_once() -> None:
    rules = (*RULES, *WEBHOOK_RULES)
    times = Counter([rule.code for rule in rules] + [rule.name for rule in rules])
    assert [word for word, count in times.items() if count > 1] == []


@pytest.mark.parametrize("table", [REQUEST_RULES, NATIVE_RULES])
def test_a_table_is_ordered_by_code(table: tuple[Rule, ...]) -> None:
    codes = [rule.code for rule in table]
    assert codes == sorted(codes)


def test_these_rules_are_accepted_unless_switched() -> None:
    rules = [rule for rule in REQUEST_RULES if rule.tolerance is Tolerance.ACCEPT]
    assert {rule.name for rule in rules} == ACCEPTED


def test_these_rules_are_refused_unless_switched() -> None:
    rules = [rule for rule in REQUEST_RULES if rule.tolerance is Tolerance.REFUSE]
    assert {rule.name for rule in rules} == REFUSED


def test_these_rules_of_native_failover_are_refused_unless_switched() -> None:
    rules = [rule for rule in NATIVE_RULES if rule.tolerance]
    assert {rule.name for rule in rules} == REFUSED_NATIVE


@pytest.mark.parametrize("rule", NATIVE_RULES, ids=named)
def test_what_native_failover_cannot_do_can_always_be_accepted(rule: Rule) -> None:
    assert (rule.severity is Severity.ERROR) == (rule.tolerance is Tolerance.REFUSE)


@pytest.mark.parametrize("rule", REQUEST_RULES, ids=named)
def test_what_is_refused_by_default_is_an_error_and_what_is_accepted_is_none(rule: Rule) -> None:
    by_default = {Tolerance.ACCEPT: {Severity.WARNING}, Tolerance.REFUSE: {Severity.ERROR}}
    allowed = by_default[rule.tolerance] if rule.tolerance else {Severity.NOTE, Severity.ERROR}
    assert rule.severity in allowed


@pytest.mark.parametrize("rule", RULES, ids=named)
def test_a_switch_moves_only_rules_that_have_one(rule: Rule) -> None:
    switches = Switches(accepted=frozenset({rule.name}), refused=frozenset({rule.name}))
    moved = report(rule, "", "is so", switches).severity is not rule.severity
    assert moved == (rule.tolerance is not None)
