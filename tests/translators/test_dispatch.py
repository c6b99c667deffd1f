"""Dispatch requests at their bounds and beyond, by the W rows of the catalogue of bad input.

What each rule looks like is shown by the golden cases.
"""

from __future__ import annotations

import copy
from typing import Any, Final

import pytest

from tests.translators.request_builders import (
    FAILOVER,
    RECIPIENT,
    SENDER,
    errors,
    flow,
    image,
    plan_of,
    saying,
    step,
    text,
    to,
    waiting,
)
from translators.diagnostics import JsonValue
from translators.dispatch import translate_dispatch

IMAGE_URL: Final = "/workflow/0/message/content/image/url"
EXPIRY: Final = "/workflow/0/failover/expiry_time"
CONDITION: Final = "/workflow/0/failover/condition_status"
NUMBER: Final = "/workflow/0/to/number"
TEXT: Final = "/workflow/0/message/content/text"


@pytest.mark.parametrize(
    ("document", "code", "pointer"),
    [
        pytest.param([], "REQ120", "", id="J2-array"),
        pytest.param("x", "REQ120", "", id="J2-string"),
        pytest.param(True, "REQ120", "", id="J2-true"),
        pytest.param(None, "REQ120", "", id="J2-null"),
        pytest.param(waiting(expiry_time=True), "REQ122", EXPIRY, id="J13-true-as-integer"),
        pytest.param(waiting(expiry_time=-0), "REQ135", EXPIRY, id="J14-minus-zero"),
        pytest.param({"template": "failover"}, "REQ121", "/workflow", id="W1-no-workflow"),
        pytest.param(flow(), "REQ128", "/workflow", id="W2-empty"),
        pytest.param(
            flow(step(failover=FAILOVER)), "REQ134", "/workflow/0/failover", id="W3-failover-at-end"
        ),
        pytest.param(
            flow(step(), step()), "REQ121", "/workflow/0/failover", id="W4-failover-missing"
        ),
        pytest.param(
            flow(step(failover=None), step()), "REQ122", "/workflow/0/failover", id="W4-null"
        ),
        pytest.param({**flow(step()), "template": "x"}, "REQ127", "/template", id="W6-other"),
        pytest.param({**flow(step()), "template": "FAILOVER"}, "REQ127", "/template", id="W6-case"),
        pytest.param({**flow(step()), "template": []}, "REQ122", "/template", id="W6-array"),
        pytest.param({**flow(step()), "template": ""}, "REQ123", "/template", id="W6-empty"),
        pytest.param(waiting(expiry_time=14), "REQ135", EXPIRY, id="W7-14"),
        pytest.param(waiting(expiry_time=0), "REQ135", EXPIRY, id="W7-0"),
        pytest.param(waiting(expiry_time=-1), "REQ135", EXPIRY, id="W7--1"),
        pytest.param(waiting(expiry_time=86401), "REQ135", EXPIRY, id="W7-86401"),
        pytest.param(waiting(expiry_time=2**31), "REQ135", EXPIRY, id="W7-2^31"),
        pytest.param(waiting(expiry_time=1e308), "REQ135", EXPIRY, id="W7-1e308"),
        pytest.param(waiting(expiry_time="14"), "REQ135", EXPIRY, id="W7-14-as-text"),
        pytest.param(waiting(expiry_time=" 600"), "REQ122", EXPIRY, id="J12-space-and-digits"),
        pytest.param(waiting(expiry_time="+600"), "REQ122", EXPIRY, id="J12-signed"),
        pytest.param(waiting(expiry_time="٦٠٠"), "REQ122", EXPIRY, id="J12-arabic-indic"),
        pytest.param(waiting(expiry_time="6" * 10), "REQ122", EXPIRY, id="J12-ten-digits"),
        pytest.param(waiting(expiry_time=600.5), "REQ122", EXPIRY, id="J11-fraction"),
        pytest.param(waiting(condition_status="seen"), "REQ137", CONDITION, id="W9-seen"),
        pytest.param(waiting(condition_status="Delivered"), "REQ137", CONDITION, id="W9-case"),
        pytest.param(waiting(condition_status=None), "REQ122", CONDITION, id="W9-null"),
        pytest.param(waiting(condition_status=["read"]), "REQ122", CONDITION, id="W9-list"),
        pytest.param(
            flow(step("sms", sender={"type": "mms", "number": SENDER})),
            "REQ141",
            "/workflow/0/from/type",
            id="W11-channels-differ",
        ),
        pytest.param(flow(to("4477oo900000")), "REQ148", NUMBER, id="W12-letters"),
        pytest.param(flow(to("")), "REQ145", NUMBER, id="W12-empty"),
        pytest.param(flow(to("4" * 16)), "REQ148", NUMBER, id="W12-16-digits"),
        pytest.param(flow(to("4" * 6)), "REQ148", NUMBER, id="W12-6-digits"),
        pytest.param(flow(to("٤٤٧٧٠٠٩٠٠٠٠٠")), "REQ148", NUMBER, id="W12-arabic-indic"),
        pytest.param(flow(to("4477\u200b00900000")), "REQ149", NUMBER, id="W12-zero-width"),
        pytest.param(flow(to("\u00a0" + RECIPIENT)), "REQ149", NUMBER, id="W12-no-break-space"),
        pytest.param(flow(to(f"{RECIPIENT};ext")), "REQ148", NUMBER, id="W12-extension"),
        pytest.param(flow(to("4477 00900000")), "REQ148", NUMBER, id="W12-space-inside"),
        pytest.param(flow(to("++" + RECIPIENT)), "REQ148", NUMBER, id="W12-two-plusses"),
        pytest.param(flow(to("0" + RECIPIENT)), "REQ148", NUMBER, id="W12-one-zero"),
        pytest.param(flow(to("4" * 51)), "REQ145", NUMBER, id="W12-51-digits"),
        pytest.param(flow(to(-447700900000)), "REQ122", NUMBER, id="W12-negative"),
        pytest.param(flow(to(10**50)), "REQ122", NUMBER, id="W12-51-digit-integer"),
        pytest.param(flow(to(447700900000.0)), "REQ122", NUMBER, id="W12-fraction"),
        pytest.param(flow(to(None)), "REQ122", NUMBER, id="W12-null"),
        pytest.param(text("sms", 0), "REQ123", TEXT, id="W13-sms-0"),
        pytest.param(text("sms", 1001), "REQ163", TEXT, id="W13-sms-1001"),
        pytest.param(text("viber_service_msg", 1001), "REQ163", TEXT, id="W13-viber-1001"),
        pytest.param(text("messenger", 641), "REQ163", TEXT, id="W13-messenger-641"),
        pytest.param(text("whatsapp", 4097), "REQ163", TEXT, id="W13-whatsapp-4097"),
        pytest.param(text("whatsapp", 1_000_000), "REQ163", TEXT, id="W13-1-MB"),
        pytest.param(image("javascript:alert(1)"), "REQ165", IMAGE_URL, id="W15-javascript"),
        pytest.param(image("file:///etc/hosts"), "REQ165", IMAGE_URL, id="W15-file"),
        pytest.param(image("data:text/plain,x"), "REQ165", IMAGE_URL, id="W15-data"),
        pytest.param(image("https://"), "REQ165", IMAGE_URL, id="W15-no-host"),
        pytest.param(image("https:example.com"), "REQ165", IMAGE_URL, id="W15-no-slashes"),
        pytest.param(image("https://a/" + "x" * 4990), "REQ164", IMAGE_URL, id="W15-5-kB"),
        pytest.param(image("https://a/\r\nb"), "REQ166", IMAGE_URL, id="W15-crlf"),
        pytest.param(image(""), "REQ123", IMAGE_URL, id="W15-empty"),
        pytest.param(
            saying("sms", {"type": "sonnet"}),
            "REQ160",
            "/workflow/0/message/content/type",
            id="W17-unknown-type",
        ),
        pytest.param(
            saying("whatsapp", {"type": "template", "template": "ns:x"}, whatsapp={"locale": "en"}),
            "REQ122",
            "/workflow/0/message/content/template",
            id="W17-template-not-an-object",
        ),
        pytest.param(
            flow(step(message={})), "REQ121", "/workflow/0/message/content", id="W17-no-content"
        ),
        pytest.param(
            flow(step(client_ref="r" * 101)), "REQ132", "/workflow/0/client_ref", id="W19-101"
        ),
        pytest.param(
            flow(step(client_ref=7)), "REQ122", "/workflow/0/client_ref", id="W19-a-number"
        ),
    ],
)
def test_a_faulty_request_is_refused_at_the_fault(
    document: JsonValue, code: str, pointer: str
) -> None:
    assert errors(document) == [(code, pointer)]


@pytest.mark.parametrize(
    ("document", "codes"),
    [
        pytest.param(waiting(expiry_time=15), (), id="W8-15"),
        pytest.param(waiting(expiry_time=86400), (), id="W8-86400"),
        pytest.param(waiting(expiry_time=600.0), ("REQ126",), id="J11-whole-fraction"),
        pytest.param(waiting(expiry_time="600"), ("REQ136",), id="J12-digits-in-quotes"),
        pytest.param(waiting(condition_status="read"), ("REQ138",), id="W10-read-on-sms"),
        pytest.param(flow(to("+" + RECIPIENT)), ("REQ147",), id="W12-plus"),
        pytest.param(flow(to("00" + RECIPIENT)), ("REQ147",), id="W12-00"),
        pytest.param(flow(to("4" * 7)), (), id="W12-7-digits"),
        pytest.param(flow(to("4" * 15)), (), id="W12-15-digits"),
        pytest.param(flow(to("\t" + RECIPIENT)), ("REQ146",), id="W12-tab"),
        pytest.param(flow(to(int(RECIPIENT))), ("REQ144",), id="W12-json-number"),
        pytest.param(text("sms", 1000), (), id="W13-sms-1000"),
        pytest.param(text("messenger", 640), (), id="W13-messenger-640"),
        pytest.param(text("whatsapp", 4096), (), id="W13-whatsapp-4096"),
        pytest.param(
            saying("sms", {"type": "text", "text": "\U0001f600" * 1000}), (), id="W13-code-points"
        ),
        pytest.param(saying("sms", {"type": "text", "text": "  "}), (), id="W14-spaces"),
        pytest.param(saying("sms", {"type": "text", "text": "\u202eabc"}), (), id="W14-override"),
        pytest.param(saying("sms", {"type": "text", "text": "a\u0301" * 500}), (), id="W14-marks"),
        pytest.param(image("HTTPS://example.com/a"), (), id="W15-upper-case"),
        pytest.param(image("http://127.0.0.1/a.jpg"), (), id="W16-private-host"),
        pytest.param(flow(step(client_ref="r" * 40)), (), id="W19-40"),
        pytest.param(flow(step(client_ref="r" * 41)), ("REQ131",), id="W19-41"),
        pytest.param(flow(step(client_ref="a\u0001b")), (), id="W19-control-character"),
        pytest.param(flow(step(client_ref="")), (), id="W19-empty"),
        pytest.param({**flow(step()), "colour": 1}, ("REQ124",), id="W20-unknown-field"),
        pytest.param({**flow(step()), "Template": 1}, ("REQ124",), id="J29-case"),
        pytest.param({**flow(step()), "__proto__": {}}, ("REQ124",), id="J28-proto"),
        pytest.param(flow(step(), None), ("REQ130",), id="trailing-null"),
    ],
)
def test_a_request_at_a_bound_or_within_a_tolerance_is_carried(
    document: JsonValue, codes: tuple[str, ...]
) -> None:
    translated = translate_dispatch(document)
    assert (translated.value is None, translated.codes) == (False, codes)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Message", "message"),
        ("clientRef", "client_ref"),
        ("client-ref", "client_ref"),
        ("mesage", "message"),
        ("messsage", "message"),
        ("messege", "message"),
        ("emssage", "message"),
        ("too", "to"),
    ],
)
def test_a_field_that_is_nearly_one_of_dispatch_is_answered_with_it(
    written: str, meant: str
) -> None:
    broken = {written if key == meant else key: value for key, value in step().items()}
    found = translate_dispatch(flow({**broken, written: "x"})).diagnostics
    (detail,) = (each.detail for each in found if each.rule == "REQ124")
    assert detail == f"is no field of Dispatch here; not sent on; did you mean `{meant}`?"


@pytest.mark.parametrize("written", ["colour", "do", "messages_", "sendings", "Message"])
def test_no_field_is_guessed_that_is_not_near_or_is_given(written: str) -> None:
    (found,) = translate_dispatch(flow({**step(), written: "x"})).diagnostics
    assert found.detail == "is no field of Dispatch here; not sent on"


def test_of_an_array_it_is_said_how_to_take_it_apart() -> None:
    (found,) = translate_dispatch([flow(step())]).diagnostics
    assert (found.rule, "`jq -c '.[]'`" in found.detail) == ("REQ120", True)


def test_ten_thousand_steps_are_refused_at_the_cap() -> None:  # W5
    translated = translate_dispatch(flow(*[step()] * 10_000), max_steps=100)
    assert [str(found.rule) for found in translated.diagnostics] == ["REQ129"]


def test_a_workflow_of_exactly_the_cap_is_carried() -> None:  # W5
    assert len(plan_of(flow(step(failover=FAILOVER), step()), max_steps=2).steps) == 2


def test_a_trailing_null_does_not_count_as_a_step() -> None:
    assert len(plan_of(flow(step(), None), max_steps=1).steps) == 1


def test_without_a_cap_a_long_workflow_is_carried() -> None:  # W5
    steps = [step(failover=FAILOVER)] * 999
    assert len(plan_of(flow(*steps, step())).steps) == 1000


def test_a_long_list_of_faults_ends_the_reading() -> None:  # W5
    found = translate_dispatch(flow(*[0] * 100_000)).diagnostics
    assert (len(found), "/workflow/1001" in {d.pointer for d in found}) == (102, True)


@pytest.mark.parametrize(
    "channel_and_path",
    [
        ("sms", "template"),
        ("sms", "workflow/0/from/type"),
        ("sms", "workflow/0/from/number"),
        ("sms", "workflow/0/to/type"),
        ("sms", "workflow/0/to/number"),
        ("sms", "workflow/0/failover/expiry_time"),
        ("sms", "workflow/0/failover/condition_status"),
        ("sms", "workflow/0/message/content/type"),
        ("sms", "workflow/0/message/content/text"),
        ("sms", "workflow/0/client_ref"),
        ("messenger", "workflow/0/to/id"),
        ("messenger", "workflow/0/message/messenger/category"),
    ],
    ids="-".join,
)
def test_a_hostile_string_is_refused_wherever_it_stands(
    channel_and_path: tuple[str, str],
) -> None:  # W24
    channel, path = channel_and_path
    document: Any = flow(step(channel, failover=FAILOVER), step())
    document["workflow"][0]["message"]["messenger"] = {"category": "update"}
    document = copy.deepcopy(document)
    *parents, name = path.split("/")
    holder = document
    for parent in parents:
        holder = holder[int(parent) if parent.isdigit() else parent]
    holder[name] = "a" * 50_000 + "!"
    assert errors(document)[0][1] == f"/{path}"
