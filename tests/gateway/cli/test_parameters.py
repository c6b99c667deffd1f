"""Rules as values of options and arguments."""

from __future__ import annotations

import click
import pytest
from click.shell_completion import CompletionItem

from gateway.cli.parameters import RuleName, RuleUse

OPTION = click.Option(["--rule"])


def convert(use: RuleUse, word: str) -> str:
    return RuleName(use).convert(word, None, None)


def offered(use: RuleUse, incomplete: str) -> list[CompletionItem[str]]:
    context = click.Context(click.Command("any"))
    return RuleName(use).shell_complete(context, OPTION, incomplete)


@pytest.mark.parametrize(
    ("word", "chosen"),
    [
        ("REQ163", "REQ163"),
        ("req163", "REQ163"),
        ("text-too-long", "REQ163"),
        ("Text-Too-Long", "REQ163"),
        ("REQ", "REQ"),
        ("req1", "REQ1"),
        ("NAT50*", "NAT50"),
        ("REQ163,caption-dropped, nat", "REQ163,REQ169,NAT"),
    ],
)
def test_a_rule_is_chosen_by_code_by_name_or_by_the_beginning_of_codes(
    word: str, chosen: str
) -> None:
    assert convert(RuleUse.CHOOSE, word) == chosen


@pytest.mark.parametrize("word", ["REQ171", "mms-media"])
def test_what_is_refused_by_default_can_be_accepted(word: str) -> None:
    assert convert(RuleUse.ACCEPT, word) == "mms-media"


def test_what_is_accepted_by_default_can_be_refused() -> None:
    assert convert(RuleUse.REFUSE, "REQ144") == "address-as-number"


@pytest.mark.parametrize(
    ("use", "word", "complaint"),
    [
        (RuleUse.CHOOSE, "REQ139", "did you mean REQ138 read-never-met or REQ140 channel-unknown"),
        (RuleUse.CHOOSE, "text-to-long", "did you mean REQ163 text-too-long"),
        (RuleUse.CHOOSE, "pigeon", "'dispatch-gateway explain' lists them"),
        (RuleUse.CHOOSE, "\x1b[31mred", r"'\x1b[31mred'"),
        (RuleUse.CHOOSE, " , ", "no rule is named"),
        (RuleUse.REFUSE, "REQ14", "takes one rule, by its code or its name; those of REQ14 with"),
        (RuleUse.ACCEPT, "RPT", "those of RPT with a switch: none"),
        (RuleUse.ACCEPT, "REQ", "REQ125 null-as-absent, REQ130 trailing-null, "),
        (RuleUse.ACCEPT, "REQ", "REQ136 expiry-as-text and 2"),
        (RuleUse.ACCEPT, "NATO", "no rule is called 'NATO'"),
        (RuleUse.ACCEPT, "REQ163", "REQ163 text-too-long has no switch"),
    ],
)
def test_what_cannot_be_meant_is_answered_with_what_to_do(
    use: RuleUse, word: str, complaint: str
) -> None:
    with pytest.raises(click.UsageError) as refused:
        convert(use, word)
    assert complaint in refused.value.format_message()


@pytest.mark.parametrize(
    ("use", "word"), [(RuleUse.ACCEPT, "address-as-number"), (RuleUse.REFUSE, "mms-media")]
)
def test_a_switch_may_be_set_to_its_default(use: RuleUse, word: str) -> None:
    assert convert(use, word) == word


def test_nothing_is_both_accepted_and_refused() -> None:
    context = click.Context(click.Command("any"))
    context.params["accept"] = ("caption-dropped,mms-media",)
    with pytest.raises(click.UsageError, match="REQ171 mms-media is accepted and refused; do one"):
        RuleName(RuleUse.REFUSE).convert("REQ171", None, context)


def test_codes_are_offered_before_anything_is_typed() -> None:
    values = [item.value for item in offered(RuleUse.CHOOSE, "")]
    assert values[:2] == ["REQ101", "REQ102"]
    assert "text-too-long" not in values


def test_names_are_offered_once_one_is_begun() -> None:
    values = [item.value for item in offered(RuleUse.CHOOSE, "caption-")]
    assert values == ["caption-length", "caption-undocumented", "caption-dropped"]


def test_only_what_a_switch_turns_is_offered_to_it() -> None:
    values = [item.value for item in offered(RuleUse.ACCEPT, "")]
    assert "mms-media" in values
    assert "address-as-number" not in values


def test_a_switch_is_offered_by_its_code_as_well() -> None:
    assert [item.value for item in offered(RuleUse.ACCEPT, "req17")] == ["REQ171"]


def test_an_offer_says_what_it_is() -> None:
    (item,) = offered(RuleUse.CHOOSE, "req163")
    assert item.help == "text-too-long (error)"
