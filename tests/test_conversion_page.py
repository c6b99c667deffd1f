"""The conversion matrix tells of everything that is carried with a doubt."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.conversion_page import page
from tests.support.conversion_requests import content_row
from tests.support.conversion_tables import rule_link
from translators.channels import CHANNELS, Captions, Channel, ContentForm, Media
from translators.rules_content import CAPTION_DROPPED, CAPTION_UNDOCUMENTED

LINES = page().splitlines()
PAIRS: list[Any] = [
    pytest.param(channel, name, form, id=f"{channel.name}-{name}")
    for channel in CHANNELS.values()
    for name, form in channel.contents.items()
]
CAPTION_RULES = {
    Captions.CARRIED: [],
    Captions.UNDOCUMENTED: [CAPTION_UNDOCUMENTED],
    Captions.DROPPED: [CAPTION_DROPPED],
}


def rules_of(form: ContentForm) -> set[str]:
    """Return the codes of the rules that the channel table announces."""
    doubts = [form.doubt] if form.doubt is not None else []
    captions = CAPTION_RULES[form.shape.captions] if isinstance(form.shape, Media) else []
    return {rule.code for rule in (*doubts, *captions)}


@pytest.mark.parametrize(("channel", "name", "form"), PAIRS)
def test_a_doubtful_content_links_its_rules(channel: Channel, name: str, form: ContentForm) -> None:
    row = content_row(channel, name, form)
    assert [code for code in rules_of(form) if rule_link(code) not in row[-1]] == []


@pytest.mark.parametrize(("channel", "name", "form"), PAIRS)
def test_every_content_is_in_the_page(channel: Channel, name: str, form: ContentForm) -> None:
    assert f"| {' | '.join(content_row(channel, name, form))} |" in LINES


def test_a_content_without_a_doubt_loses_nothing() -> None:
    *_, lost, rules = content_row(CHANNELS["sms"], "text", CHANNELS["sms"].contents["text"])
    assert (lost, rules) == ("", "")


def test_what_is_lost_is_named() -> None:
    form = CHANNELS["whatsapp"].contents["audio"]
    *_, lost, rules = content_row(CHANNELS["whatsapp"], "audio", form)
    assert (lost, rules) == ("`audio.caption`", rule_link("REQ169"))
