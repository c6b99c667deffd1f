"""Known differences: each matcher knows its own, and no more than that."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from gateway.compare.comparison import Tolerances
from gateway.compare.differ import compare
from gateway.compare.known import MATCHERS
from gateway.compare.known_words import KNOWN
from gateway.compare.replay import replay
from gateway.traces.model import Path, Trace
from tests.gateway.compare.by_hand import READ, SMS, found, links, trace, with_body
from tests.support.pages import ROOT
from translators.diagnostics import JsonObject, JsonValue

DELIVERED = ("1 submitted @0.2", "1 delivered @3", "report completed @3.04")
PAGE = (ROOT / "docs" / "differences.md").read_text(encoding="utf-8")
CLAIMS = dict(
    re.findall(
        r"^## (DIFF-\d+)$(?:(?!^## ).)*?^\*\*Matcher:\*\* `gateway/compare/known\.py::(\w+)`$",
        PAGE,
        re.MULTILINE | re.DOTALL,
    )
)


def test_the_page_and_the_matchers_name_the_same_numbers() -> None:
    assert {number: matcher.__name__ for number, matcher in MATCHERS.items()} == CLAIMS


@pytest.mark.parametrize("number", MATCHERS)
def test_a_report_says_of_a_known_difference_what_its_page_says(number: str) -> None:
    known = KNOWN[number]
    row = f"| [{number}](#{number.lower()}) | {known.sentence} | "
    assert row + (f"`{known.switch}`" if known.switch else "none") in PAGE


@pytest.mark.parametrize("number", MATCHERS)
def test_a_matcher_says_its_number(number: str) -> None:
    assert (MATCHERS[number].__doc__ or "").startswith(f"{number}: ")


def test_a_fee_of_exactly_0_002_is_known() -> None:
    assert found(trace(SMS, *DELIVERED, fee="0.002")) == ["cost DIFF-08"]


def test_another_fee_is_not_known() -> None:
    assert found(trace(SMS, *DELIVERED, fee="0.003")) == ["cost"]


def test_a_path_before_the_ids_is_known() -> None:
    assert found(trace(SMS, *DELIVERED, href="v0.1/messages/")) == ["href-different DIFF-18"]


def test_another_form_of_href_is_not_known() -> None:
    assert found(trace(SMS, *DELIVERED, href="/messages/")) == ["href-different"]


def with_links(members: JsonObject) -> Trace:
    once = with_body(trace(SMS, *DELIVERED), 1, _links=members)
    return with_body(once, 2, _links=members)


@pytest.mark.parametrize("name", ["workflow", "dispatch"])
def test_one_form_of_the_links_is_known(name: str) -> None:
    assert found(with_links({name: links()[name]})) == ["links-different DIFF-07"]


def test_no_links_at_all_are_not_known() -> None:
    assert found(with_links({})) == ["links-different"]


def test_a_last_step_that_never_resolved_and_was_never_reported_is_known() -> None:
    assert found(trace(("sms",), "1 submitted @0.2")) == ["report-missing DIFF-03"]


def test_a_last_step_that_was_given_up_earlier_is_known() -> None:
    early = trace(("sms",), "1 submitted @0.2", "report error @86400")
    assert found(early) == ["report-different DIFF-03"]


def test_a_delivery_just_after_the_expiry_is_known() -> None:
    tied = trace(SMS, "1 submitted @0.2", "1 delivered @17", "report completed @17")
    assert found(tied) == ["other-trigger 1 DIFF-11"]


def test_a_delivery_just_before_a_failover_is_known() -> None:
    tied = trace(
        SMS,
        "1 submitted @0.2",
        "1 delivered @15.1",
        "2 submitted @15.3",
        "2 delivered @17",
        "report completed @17",
    )
    assert found(tied) == ["other-trigger 1 DIFF-11"]


def test_a_delivery_long_after_the_expiry_is_not_known() -> None:
    late = trace(SMS, "1 submitted @0.2", "1 delivered @40", "report completed @40")
    assert found(late) == ["failover-late 1"]


def test_an_expiry_that_is_counted_from_the_request_is_known() -> None:
    early = trace(
        SMS, "1 submitted @6", "2 submitted @15.2", "2 delivered @17", "report completed @17"
    )
    assert found(early) == ["failover-early 1 DIFF-01"]


def test_a_timer_that_is_a_little_late_is_known_if_the_tolerance_is_less() -> None:
    late = trace(
        SMS, "1 submitted @0.2", "2 submitted @18", "2 delivered @19", "report completed @19"
    )
    assert found(late, Tolerances(failover_late_ms=100)) == ["failover-late 1 DIFF-09"]


def test_the_last_status_in_place_of_the_highest_is_known() -> None:
    lowered = trace(
        READ,
        "1 delivered @1",
        "1 submitted @2",
        "2 submitted @600.2",
        "2 delivered @603",
        "report completed @603",
        shown={0: "submitted"},
    )
    assert found(lowered) == ["report-different 1 DIFF-25"]


def test_a_status_that_was_never_told_last_is_not_known() -> None:
    lowered = trace(
        READ,
        "1 submitted @1",
        "1 delivered @2",
        "2 submitted @601.2",
        "2 delivered @603",
        "report completed @603",
        shown={0: "submitted"},
    )
    assert found(lowered) == ["report-different 1"]


def test_another_wording_of_a_reason_is_known() -> None:
    rejected = trace(("sms",), "1 submitted @0.2", "1 rejected 1300 @1", "report error @1")
    wordy = with_body(rejected, 2, error={"code": 1300, "reason": "A whole sentence."})
    assert found(wordy) == ["reason-different 1 DIFF-26"]


def test_a_channel_that_a_schema_misspells_is_known() -> None:
    steps = ("viber_service_msg delivered 60", "sms")
    spelt = trace(steps, *DELIVERED)
    body = spelt.entries[-1].body or {}
    listed = _listed(body)
    misspelt = with_body(spelt, 3, _links={"messages": [{**listed, "channel": "viber_sevice_msg"}]})
    assert found(misspelt) == ["channel-spelling 1 DIFF-27"]


def test_a_code_that_came_with_v1_is_known() -> None:
    rejected = trace(("sms",), "1 submitted @0.2", "1 rejected 1430 @1", "report error @1")
    assert found(rejected) == ["status-different 1 DIFF-12"]


def test_a_charge_with_another_status_is_known() -> None:
    early = trace(SMS, "1 submitted @0.2 0.0333", "1 delivered @3", "report completed @3.04")
    late = trace(SMS, "1 submitted @0.2", "1 delivered @3 0.0333", "report completed @3.04")
    differences = compare(late, replace(replay(early), path=Path.NONE)).differences
    assert {(each.kind.name, each.known) for each in differences} == {
        ("status-different", "DIFF-06")
    }


def _listed(body: JsonObject) -> JsonObject:
    members: JsonValue = body["_links"]
    assert isinstance(members, dict)
    messages = members["messages"]
    assert isinstance(messages, list)
    (first,) = messages
    assert isinstance(first, dict)
    return first
