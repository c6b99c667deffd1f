"""Channel options: durations in quotes, words in capitals, and tags that Messenger withdrew."""

from __future__ import annotations

import pytest

from tests.translators.request_builders import errors, first, saying
from translators.diagnostics import JsonObject, JsonValue, Severity
from translators.dispatch import translate_dispatch
from translators.messenger_tags import SUCCESSORS, WITHDRAWN_2026
from translators.rules import Switches

TEXT: JsonValue = {"type": "text", "text": "Hello"}


def viber(**options: JsonValue) -> JsonObject:
    return saying("viber_service_msg", TEXT, viber_service_msg=options)


def messenger(**options: JsonValue) -> JsonObject:
    return saying("messenger", TEXT, messenger=options)


@pytest.mark.parametrize("ttl", ["30", "600", "0600", "259200"])
def test_a_ttl_in_quotes_is_as_good_as_one_without(ttl: str) -> None:
    assert first(viber(ttl=ttl)).request["viber_service"] == {"ttl": int(ttl)}
    assert translate_dispatch(viber(ttl=ttl)).codes == ("REQ189",)


@pytest.mark.parametrize("ttl", ["29", "259201"])
def test_a_ttl_in_quotes_has_the_bounds_of_one_without(ttl: str) -> None:
    assert errors(viber(ttl=ttl)) == [("REQ181", "/workflow/0/message/viber_service_msg/ttl")]


@pytest.mark.parametrize("ttl", ["", " 600", "6e2", "600.0", "+600", "٦٠٠", "x", "0" * 10, []])
def test_a_ttl_that_is_no_number_is_refused(ttl: JsonValue) -> None:
    assert errors(viber(ttl=ttl)) == [("REQ122", "/workflow/0/message/viber_service_msg/ttl")]


def test_a_ttl_in_quotes_is_refused_on_demand() -> None:
    switches = Switches(refused=frozenset({"ttl-as-text"}))
    assert translate_dispatch(viber(ttl="600"), switches).value is None


@pytest.mark.parametrize(
    ("document", "sent"),
    [
        (messenger(category="RESPONSE"), {"category": "response"}),
        (messenger(category="Update"), {"category": "update"}),
        (viber(category="PROMOTION"), {"category": "promotion"}),
    ],
)
def test_a_category_in_capitals_is_sent_in_lower_case(document: JsonObject, sent: object) -> None:
    request = first(document).request
    assert request[str(request["channel"])] == sent
    assert translate_dispatch(document).codes == ("REQ190",)


def test_a_tag_is_required_whatever_the_case_of_its_category() -> None:
    assert errors(messenger(category="MESSAGE_TAG")) == [
        ("REQ182", "/workflow/0/message/messenger/tag")
    ]


def tagged(tag: str) -> JsonObject:
    return messenger(category="message_tag", tag=tag)


@pytest.mark.parametrize("write", [str.upper, str.lower, str.title])
@pytest.mark.parametrize("tag", sorted(SUCCESSORS))
def test_a_tag_withdrawn_in_2020_names_its_successor(tag: str, write: object) -> None:
    written = write(tag)  # type: ignore[operator]
    (found,) = translate_dispatch(tagged(written)).diagnostics
    assert (found.rule, found.severity) == ("REQ192", Severity.WARNING)
    assert (SUCCESSORS[tag] or "no successor") in found.detail
    assert "HUMAN_AGENT" in found.detail


@pytest.mark.parametrize("write", [str.upper, str.lower, str.title])
@pytest.mark.parametrize("tag", sorted(WITHDRAWN_2026))
def test_a_tag_withdrawn_in_2026_names_what_is_left(tag: str, write: object) -> None:
    written = write(tag)  # type: ignore[operator]
    (found,) = translate_dispatch(tagged(written)).diagnostics
    assert (found.rule, found.severity) == ("REQ193", Severity.WARNING)
    assert "HUMAN_AGENT" in found.detail
    assert "24 hours" in found.detail


@pytest.mark.parametrize("tag", ["TICKET", "HUMAN AGENT", "x"])
def test_a_tag_that_never_was_is_named(tag: str) -> None:
    assert translate_dispatch(tagged(tag)).codes == ("REQ191",)


@pytest.mark.parametrize("tag", ["HUMAN_AGENT", "human_agent", "Human_Agent"])
def test_the_tag_that_is_left_is_carried_without_a_word(tag: str) -> None:
    assert translate_dispatch(tagged(tag)).diagnostics == ()


@pytest.mark.parametrize("tag", ["HUMAN_AGENT", "ticket_update", "Account_Update", "x"])
def test_a_tag_is_never_rewritten(tag: str) -> None:
    assert first(tagged(tag)).request["messenger"] == {"category": "message_tag", "tag": tag}


@pytest.mark.parametrize(
    ("tag", "rule"),
    [
        ("x", "tag-unknown"),
        ("ticket_update", "tag-withdrawn-2020"),
        ("ACCOUNT_UPDATE", "tag-withdrawn-2026"),
    ],
)
def test_a_tag_that_is_gone_is_refused_on_demand(tag: str, rule: str) -> None:
    assert translate_dispatch(tagged(tag), Switches(refused=frozenset({rule}))).value is None
