"""The pages that are made from tables in the code say what the code says."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.support.generated import PAGES, GeneratedPage, between_markers, table_under
from tests.support.rules_page import groups, page
from translators.rules import Rule

RULES = tuple(rule for group in groups() for rule in group.rules)


@pytest.mark.parametrize("generated", PAGES, ids=lambda generated: generated.label)
def test_a_generated_page_is_what_the_code_says(generated: GeneratedPage) -> None:
    assert generated.is_current(), f"{generated.label} is out of date; run: make docs"


def test_a_block_between_markers_is_made_anew() -> None:
    text = "A\n<!-- generated from x: begin -->\nold\n<!-- generated from x: end -->\nB"
    assert between_markers(text, "x", "new") == (
        "A\n<!-- generated from x: begin -->\n\nnew\n\n<!-- generated from x: end -->\nB"
    )


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="one pair of markers"):
        between_markers("no markers", "x", "new")


def test_a_table_under_its_comment_is_made_anew() -> None:
    text = "A\n<!-- made by table() -->\n\n| old |\n|---|\nB\n| kept |\n"
    assert table_under(text, "table", "| new |\n") == (
        "A\n<!-- made by table() -->\n\n| new |\nB\n| kept |\n"
    )


def test_a_page_without_the_comment_is_refused() -> None:
    with pytest.raises(ValueError, match="one comment"):
        table_under("| old |\n", "table", "| new |")


def test_a_code_belongs_to_one_rule() -> None:
    codes = Counter(rule.code for rule in RULES)
    assert [code for code, count in codes.items() if count > 1] == []


def test_a_name_belongs_to_one_rule() -> None:
    names = Counter(rule.name for rule in RULES)
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_is_told_completely(rule: Rule) -> None:
    told = page().partition(f"### {rule.code} {rule.name}\n")[2].partition("\n###")[0]
    missing = [text for text in (rule.why, rule.remedy, rule.since) if text not in told]
    assert missing == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_has_a_code_of_its_kind(rule: Rule) -> None:
    assert re.fullmatch(r"(?:REQ1|STS2|RPT3|NAT5|CMP4)[0-9]{2}", rule.code)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_name_of_a_rule_is_in_kebab_case(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+)+", rule.name)
