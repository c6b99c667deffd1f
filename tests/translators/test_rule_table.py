"""The table of all rules."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import translators
from tests.support.rules_page import groups
from translators.rule_table import (
    ALL_RULES,
    RULE_GROUPS,
    RULES_BY_CODE,
    RULES_BY_NAME,
    family,
    find,
    near,
)
from translators.rules import Rule


def defined() -> set[str]:
    """Return the codes of all rules that any module of rules defines."""
    names = [module.name for module in pkgutil.iter_modules(translators.__path__)]
    modules = [importlib.import_module(f"translators.{name}") for name in names if "rules_" in name]
    values = [value for module in modules for value in vars(module).values()]
    return {value.code for value in values if isinstance(value, Rule)}


def test_every_rule_is_in_the_table() -> None:
    assert set(RULES_BY_CODE) == defined()


def test_no_rule_is_in_it_twice() -> None:
    assert len(ALL_RULES) == len(RULES_BY_CODE) == len(RULES_BY_NAME)


def test_rules_are_ordered_by_the_numbers_in_their_codes() -> None:
    numbers = [int(rule.code[3:]) for rule in ALL_RULES]
    assert numbers == sorted(numbers)


def test_the_groups_are_those_of_the_page() -> None:
    told = [(group.subject, group.rules) for group in groups()]
    assert [(group.subject, group.rules) for group in RULE_GROUPS] == told


@pytest.mark.parametrize("word", ["REQ163", "req163", "text-too-long", "TEXT-too-long"])
def test_a_rule_is_found_by_code_or_name_in_any_case(word: str) -> None:
    assert find(word) is RULES_BY_CODE["REQ163"]


@pytest.mark.parametrize("word", ["REQ1", "text-too", ""])
def test_part_of_a_name_finds_no_rule(word: str) -> None:
    assert find(word) is None


@pytest.mark.parametrize("word", ["RPT", "rpt3", "RPT30*", "rpt*"])
def test_a_family_is_found_by_the_beginning_of_its_codes(word: str) -> None:
    codes = [rule.code for rule in family(word)]
    assert codes == [f"RPT30{number}" for number in range(1, 6)]


@pytest.mark.parametrize("word", ["", "*", "RP", "RPT4"])
def test_too_short_or_unknown_a_beginning_finds_nothing(word: str) -> None:
    assert family(word) == ()


@pytest.mark.parametrize(
    ("word", "likeliest"),
    [
        ("REQ139", "REQ138"),
        ("STS999", "STS258"),
        ("REG104", "REQ104"),
        ("104", "REQ104"),
        ("text-to-long", "REQ163"),
        ("txt-too-long", "REQ163"),
        ("img", "REQ162"),
        ("Locale-Mising", "REQ184"),
        ("REQ1045", "REQ145"),
    ],
)
def test_what_was_probably_meant_comes_first(word: str, likeliest: str) -> None:
    assert near(word)[0].code == likeliest


def test_what_resembles_nothing_is_near_nothing() -> None:
    assert near("pigeon") == []
