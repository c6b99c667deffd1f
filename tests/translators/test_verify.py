"""Requests of Verify v2 are told from those of Dispatch, in one word."""

from __future__ import annotations

from typing import Final

import pytest

from tests.translators.request_builders import flow, step
from translators.diagnostics import JsonValue
from translators.dispatch import translate_dispatch
from translators.verify import is_verify_request

SMS: Final[JsonValue] = {"channel": "sms", "to": "447700900000"}
VERIFY: Final[list[JsonValue]] = [
    {"brand": "Shop", "workflow": [SMS]},
    {"brand": "Shop", "code_length": 6, "workflow": [{"channel": "silent_auth"}, SMS]},
    {"brand": "Shop", "workflow": []},
    {"brand": "Shop"},
    {"workflow": [SMS, {"channel": "voice", "to": "447700900000"}]},
    {"workflow": [SMS, None]},
]
NOT_VERIFY: Final[list[JsonValue]] = [
    flow(step()),
    {"workflow": [step()]},
    {"brand": "Shop", "workflow": [step()]},
    {"template": "failover", "brand": "Shop", "workflow": [SMS]},
    {"workflow": []},
    {"workflow": [{"channel": "sms", "to": {"type": "sms", "number": "447700900000"}}]},
    {"workflow": [SMS, {"steps": 1}]},
    {},
    [],
    None,
    "brand",
]


@pytest.mark.parametrize("document", VERIFY)
def test_a_request_to_verify_is_one(document: JsonValue) -> None:
    assert is_verify_request(document)


@pytest.mark.parametrize("document", NOT_VERIFY)
def test_what_may_be_meant_for_dispatch_is_none(document: JsonValue) -> None:
    assert not is_verify_request(document)


@pytest.mark.parametrize("document", VERIFY)
def test_a_request_to_verify_is_refused_with_that_one_reason(document: JsonValue) -> None:
    (found,) = translate_dispatch(document).diagnostics
    assert (found.rule, found.pointer) == ("REQ119", "")


@pytest.mark.parametrize("member", ["request", "body", "payload"])
def test_the_line_of_a_log_that_holds_one_is_told_so_as_well(member: str) -> None:
    (found,) = translate_dispatch({"time": 1, member: VERIFY[0]}).diagnostics
    assert (found.rule, found.pointer) == ("REQ119", f"/{member}")


def test_a_dispatch_with_a_member_of_that_kind_is_read_as_a_dispatch() -> None:
    assert "REQ119" not in translate_dispatch({**flow(step()), "request": VERIFY[0]}).codes
