"""Pseudonyms: nobody can be recognised, and everything can still be compared."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.compare.comparison import Outcome
from gateway.compare.differ import compare
from gateway.compare.replay import replay
from gateway.traces.codec import from_line, to_line
from gateway.traces.model import Kind, Trace, TraceEntry
from gateway.traces.pseudonyms import KEY_SIZE, Pseudonyms
from tests.gateway.compare.legacy_traces import legacy_trace, request_of, step, workflows
from tests.gateway.traces.tracing import (
    PSEUDONYMS,
    TRACE,
    accepted,
    imported,
    only_trace,
    report,
    request,
    sms,
    status,
)
from tests.support.dispatch_strategies import dispatches
from translators.diagnostics import JsonObject, JsonValue
from translators.dispatch import DispatchPlan, translate_dispatch
from translators.rules_request import FIELD_UNKNOWN

OTHERS = Pseudonyms(b"x" * KEY_SIZE)
PHONES = st.from_regex(r"\A[1-9][0-9]{6,14}\Z")
JUNK = st.sampled_from(
    (
        *(None, True, -1, 600, 447700900000, 10**20, 0.5, 1e300, float("inf"), "", " ", "0044"),
        *("\t447700900000", "+447700900000", "00447700900000", "+49 30 1", "a\x00b", "١٢٣٤٥٦٧"),
        *("sms", "telegram", "text", "img", "read", "600", "9" * 30, "https://é", "http://", "x-y"),
        *([], {}, [None], {"default": 1, "b": 2}, "x" * 5000),
    )
)


def findings(document: JsonValue) -> list[tuple[str, str]]:
    """Return what a translation says, apart from fields that nobody knows."""
    said = translate_dispatch(document).diagnostics
    return [(each.rule, each.severity) for each in said if each.rule != FIELD_UNKNOWN.code]


def shape(plan: DispatchPlan | None) -> list[tuple[Any, ...]]:
    steps = plan.steps if plan else ()
    return [
        (step.channel, step.expiry_s, step.condition, step.request["message_type"])
        for step in steps
    ]


@st.composite
def spoilt(draw: st.DrawFn) -> JsonObject:
    """Draw a request with a value in it that may belong anywhere but there."""
    document: JsonObject = copy.deepcopy(draw(dispatches()))
    holder: Any = document
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        key = draw(st.sampled_from(keys))
        if isinstance(holder[key], dict | list) and holder[key] and draw(st.integers(0, 6)):
            holder = holder[key]
        else:
            holder[key] = copy.deepcopy(draw(JUNK))
            return document


@settings(max_examples=120, deadline=None)
@given(dispatches())
def test_a_request_keeps_its_findings_and_its_plan(document: JsonObject) -> None:
    fake = PSEUDONYMS.request(document)
    assert findings(fake) == findings(document)
    plans = translate_dispatch(document).value, translate_dispatch(fake).value
    assert shape(plans[0]) == shape(plans[1])


@settings(max_examples=150, deadline=None)
@given(dispatches())
@example(
    {
        "template": "failover",
        "workflow": [
            {
                "from": {"type": "messenger", "id": "1"},
                "to": {"type": "messenger", "id": "A{"},
                "message": {"content": {"type": "text", "text": "0"}},
            }
        ],
    }
)
def test_what_was_sent_is_still_what_the_request_is_translated_to(document: JsonObject) -> None:
    fake = PSEUDONYMS.request(document)
    plans = [translate_dispatch(each, default_locale="pt-BR").value for each in (document, fake)]
    sent = [[step.request for step in plan.steps] if plan else [] for plan in plans]
    assert [PSEUDONYMS.sent(each) for each in sent[0]] == sent[1]


@settings(max_examples=200, deadline=None)
@given(spoilt())
def test_a_request_that_is_refused_is_refused_by_the_same_rules(document: JsonObject) -> None:
    fake = PSEUDONYMS.request(document)
    assert findings(fake) == findings(document)
    assert orjson.loads(orjson.dumps(fake)) == fake


@settings(max_examples=50, deadline=None)
@given(dispatches([("sms", "text")]))
def test_a_key_always_gives_the_same_and_another_key_another(document: JsonObject) -> None:
    fake = PSEUDONYMS.request(document)
    assert PSEUDONYMS.request(document) == fake
    assert OTHERS.request(document) != fake


@settings(max_examples=50, deadline=None)
@given(st.from_regex(r"\A[1-9][0-9]\Z"), st.integers(5, 13), st.data())
def test_two_people_of_one_country_are_two_people(
    country: str, size: int, data: st.DataObject
) -> None:
    own = st.integers(0, 10**size - 1).map(lambda number: f"{country}{number:0{size}}")
    numbers = data.draw(st.sets(own, min_size=2, max_size=20))
    assert len({PSEUDONYMS.number(number) for number in numbers}) == len(numbers)


def test_five_thousand_neighbours_stay_apart() -> None:
    fakes = {PSEUDONYMS.number(f"440{number:04}") for number in range(5_000)}
    assert len(fakes) == 5_000


def test_the_short_codes_change_places_among_themselves() -> None:
    codes = {str(number) for number in range(100, 1_000)}
    assert {PSEUDONYMS.address(code) for code in codes} == codes


def test_the_codes_change_places_otherwise_under_another_key() -> None:
    codes = [str(number) for number in range(100, 1_000)]
    assert [*map(PSEUDONYMS.address, codes)] != [*map(OTHERS.address, codes)]


@given(PHONES)
def test_a_number_becomes_one_of_no_country(number: str) -> None:
    fake = PSEUDONYMS.number(number)
    assert len(fake) == len(number)
    assert re.fullmatch(r"(28|83|89)[0-9]+", fake)


@pytest.mark.parametrize("written", ["{}", "+{}", "00{}", "\t{}", " {}\r\n", " +{} ", "+00{}"])
def test_a_person_is_one_person_however_the_number_is_written(written: str) -> None:
    fake = PSEUDONYMS.number("447700900000")
    assert PSEUDONYMS.address(written.format("447700900000")) == written.format(fake)


@pytest.mark.parametrize(
    "form", ["+{} {} {}", "00{} {}\u00a0{}", "{}-({})/{}", "+ {}.{}\t{}", "00 {} {} {} "]
)
def test_a_person_is_one_person_whatever_stands_between_the_digits(form: str) -> None:
    fake = PSEUDONYMS.number("447700900000")
    written = form.format("44", "7700", "900000")
    assert PSEUDONYMS.address(written) == form.format(fake[:2], fake[2:6], fake[6:])


def test_a_number_without_quotes_is_the_same_person() -> None:
    assert PSEUDONYMS.integer(447700900000) == int(PSEUDONYMS.number("447700900000"))


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("Acme Ltd", r"[a-z]{4}-[a-z]{3}"),
        ("12345", r"[1-9][0-9]{4}"),
        ("+44 7700 900000", r"\+(28|83|89) [0-9]{4} [0-9]{6}"),
        ("12 34", r"[1-9][0-9] [0-9]{2}"),
        ("0044", r"00[1-9][0-9]"),
        ("Zoë\u200b", r"[a-z]{2}[а-я]\u200b"),
        ("9876543210987654", r"[1-9][0-9]{15}"),
        ("", ""),
        (" ", " "),
    ],
)
def test_an_address_keeps_its_form(address: str, form: str) -> None:
    assert re.fullmatch(form, PSEUDONYMS.address(address))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Hello, Anna!", r"[a-z]{12}"),
        ("5 € [now]", r"[a-z]{6}[\[\]{}]{3}"),
        ("Привет", r"[а-я]{6}"),
        ("Hi 👍", r"[a-z]{3}[😀-😿]"),
        ("", ""),
    ],
)
def test_a_text_is_reduced_to_its_length_and_classes(text: str, form: str) -> None:
    assert re.fullmatch(form, PSEUDONYMS.text(text))


def test_texts_of_one_length_stay_apart() -> None:
    assert len({PSEUDONYMS.text(f"code {number:04}") for number in range(5000)}) == 5000


def test_a_url_keeps_its_scheme_and_length_and_leads_nowhere() -> None:
    url = "https://cdn.example.com/anna/contract-447700900000.pdf?token=geheim"
    fake = PSEUDONYMS.url(url)
    assert len(fake) == len(url)
    assert re.fullmatch(r"https://[a-z]{39}/[a-z]+", fake)


def test_an_id_in_capitals_is_the_same_id() -> None:
    written = "BBBBBBBB-cccc-4ddd-8eee-0123456789ab"
    assert PSEUDONYMS.uuid(written) == PSEUDONYMS.uuid(written.lower())


@pytest.mark.parametrize("number", [0, 7, -7, 2**63 - 1, 2**63, -(2**64), 999_999_999_999_999_999])
def test_an_integer_can_be_written_as_json(number: int) -> None:
    fake = PSEUDONYMS.integer(number)
    assert orjson.loads(orjson.dumps(fake)) == fake
    assert (abs(fake) < 2**63) == (abs(number) < 2**63)


def test_a_key_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes"):
        Pseudonyms(b"short")


CANARY = "canary"
NUMBER = "447700912345"


def test_nothing_of_a_request_is_left_but_its_form() -> None:
    media: JsonObject = {"url": f"https://{CANARY}.example/{NUMBER}", "caption": CANARY}
    template: JsonObject = {
        "name": CANARY,
        "parameters": [CANARY, NUMBER, int(NUMBER), {"default": CANARY, CANARY: NUMBER}],
    }
    contents: list[JsonObject] = [
        {"type": "text", "text": f"{CANARY} {NUMBER}"},
        {"type": "image", "image": media},
        {"type": "template", "template": template},
        {"type": "custom", "custom": {CANARY: [{NUMBER: CANARY}], "to": NUMBER, "n": int(NUMBER)}},
        {"type": CANARY, CANARY: CANARY},
    ]
    steps: list[JsonValue] = [
        {
            "from": {"type": CANARY, "number": CANARY, "id": NUMBER, CANARY: NUMBER},
            "to": {"type": "whatsapp", "number": int(NUMBER), "id": f"+{NUMBER}"},
            "message": {
                "content": content,
                "whatsapp": {"policy": CANARY, "locale": CANARY, CANARY: CANARY},
                "viber_service_msg": {"type": CANARY, "ttl": int(NUMBER), "category": NUMBER},
                "messenger": {"tag": NUMBER},
                CANARY: NUMBER,
            },
            "failover": {"expiry_time": int(NUMBER), "condition_status": CANARY, CANARY: 1},
            "client_ref": f"{CANARY}-{NUMBER}",
            CANARY: {CANARY: NUMBER},
        }
        for content in contents
    ]
    written = str(PSEUDONYMS.request({"template": CANARY, "workflow": steps, CANARY: NUMBER}))
    assert [canary for canary in (CANARY, NUMBER) if canary in written] == []


@pytest.mark.parametrize("value", [CANARY, NUMBER, int(NUMBER), [CANARY], {CANARY: NUMBER}, None])
def test_nothing_of_what_was_sent_is_left_but_its_form(value: JsonValue) -> None:
    content: JsonObject = {
        "url": f"https://{CANARY}.example/{NUMBER}",
        "caption": value,
        "name": value,
        "parameters": [value, {"default": value}],
        CANARY: value,
    }
    options: JsonObject = {"locale": value, "type": value, "tag": value, CANARY: value}
    names = ("to", "from", "text", "client_ref", "webhook_url", "channel", "message_type", CANARY)
    body: JsonObject = {
        **dict.fromkeys(names, value),
        **dict.fromkeys(("image", "template", "custom"), content),
        **dict.fromkeys(("whatsapp", "viber_service", "messenger"), options),
    }
    written = str(PSEUDONYMS.sent(body))
    assert [canary for canary in (CANARY, NUMBER) if canary in written] == []


def test_what_was_sent_beside_the_translation_is_seen_without_its_name() -> None:
    assert sorted(map(len, PSEUDONYMS.sent({"to": "447700900000", "colour": "red"}))) == [2, 18]


@pytest.mark.parametrize("number", [7, -7, 0, 0.5, -12.75, 447700900000, 2**63 - 1])
def test_a_parameter_that_is_a_number_is_the_same_with_quotes(number: float) -> None:
    template: JsonObject = {"template": {"parameters": [number, str(number)]}}
    workflow: list[JsonValue] = [{"message": {"content": template}}]
    bare, quoted = _parameters(PSEUDONYMS.request({"workflow": workflow}))
    assert (str(bare), type(bare)) == (quoted, type(number))


def _parameters(document: Any) -> list[JsonValue]:
    held = document["workflow"][0]["message"]["content"]["template"]["parameters"]
    assert isinstance(held, list)
    return held


@pytest.mark.parametrize("locale", ["en-GB", "es_419", "es-419", "x", "-", "a-b_c"])
def test_a_locale_is_written_as_the_translator_writes_it(locale: str) -> None:
    message: JsonObject = {"whatsapp": {"locale": locale}}
    fake: Any = PSEUDONYMS.request({"workflow": [{"message": message}]})
    sent: Any = PSEUDONYMS.sent({"whatsapp": {"locale": locale.replace("-", "_")}})
    told = fake["workflow"][0]["message"]["whatsapp"]["locale"]
    assert sent["whatsapp"]["locale"] == told.replace("-", "_")


@pytest.mark.parametrize("value", [CANARY, NUMBER, int(NUMBER), [CANARY], {CANARY: NUMBER}, None])
def test_nothing_of_a_callback_is_left_but_its_form(value: JsonValue) -> None:
    link: JsonObject = {"dispatch_uuid": value, "href": value, CANARY: value}
    body: JsonObject = {
        "message_uuid": value,
        "dispatch_uuid": value,
        "template": value,
        "to": {"type": value, "number": value, "id": value, CANARY: value},
        "from": value,
        "timestamp": value,
        "status": value,
        "error": {"code": value, "reason": value, CANARY: value},
        "usage": {"price": value, "currency": value},
        "client_ref": value,
        "_links": {
            "workflow": link,
            "dispatch": value,
            "messages": [{"channel": value, "usage": value, "status": value}, value],
        },
        CANARY: value,
    }
    written = str(PSEUDONYMS.body(body))
    assert [canary for canary in (CANARY, NUMBER) if canary in written] == []


def test_a_callback_keeps_what_is_compared() -> None:
    body: JsonObject = {
        "timestamp": "2025-02-03T12:14:25.000Z",
        "status": "rejected",
        "error": {"code": 1300, "reason": "Not part of the provider network"},
        "usage": {"currency": "EUR", "price": "0.0333"},
    }
    assert PSEUDONYMS.body(body) == body


@pytest.mark.parametrize(
    "before",
    ["", "/workflows/", "v0.1/dispatch/", "v0.1/messages/", "https://api.nexmo.com/v0.1/messages/"],
)
def test_a_link_keeps_its_form(before: str) -> None:
    message = "11111111-bbbb-4ccc-8ddd-0123456789ab"
    body: JsonObject = {"_links": {"workflow": {"href": f"{before}{message}"}}}
    fake = {"_links": {"workflow": {"href": f"{before}{PSEUDONYMS.uuid(message)}"}}}
    assert PSEUDONYMS.body(body) == fake


def test_a_member_that_dispatch_is_not_known_to_send_is_seen_without_its_name() -> None:
    ((name, value),) = PSEUDONYMS.body({"colour": "red"}).items()
    assert re.fullmatch(r"unknown-[0-9a-f]{10}", name)
    assert value == PSEUDONYMS.text("red")


def test_a_callback_speaks_of_the_same_people_as_its_request() -> None:
    step = PSEUDONYMS.request({"workflow": [sms()]})["workflow"]
    body = PSEUDONYMS.body({"to": sms()["to"], "client_ref": sms()["client_ref"]})
    assert isinstance(step, list)
    assert isinstance(step[0], dict)
    assert body == {"to": step[0]["to"], "client_ref": step[0]["client_ref"]}


def test_a_trace_is_pseudonymised_again_under_another_key() -> None:
    trace = only_trace(imported(accepted(), status(1, "submitted"), report(2)))
    again = OTHERS.trace(trace)
    assert again.request == OTHERS.request(PSEUDONYMS.request(request()))
    assert {entry.message for entry in again.statuses}.isdisjoint(
        {entry.message for entry in trace.statuses}
    )


def test_what_two_traces_share_is_shared_under_another_key() -> None:
    assert OTHERS.trace(TRACE).pair == OTHERS.uuid(str(TRACE.pair))


def test_a_trace_under_another_key_has_the_same_people_throughout() -> None:
    trace = only_trace(imported(accepted(), status(1, "submitted"), report(2)))
    again: Trace = OTHERS.trace(trace)
    assert from_line(to_line(again)) == again
    (told,) = again.statuses
    assert told.body is not None
    assert told.body["message_uuid"] == told.message


def test_a_replay_under_another_key_is_still_identical() -> None:
    recorded = [replay(legacy_trace(request)) for request in list(workflows())[::20]]
    again = [OTHERS.trace(each) for each in recorded]
    assert {compare(each, replay(each)).outcome for each in again} == {Outcome.IDENTICAL}


def test_another_content_is_still_another_content_under_another_key() -> None:
    recorded = replay(legacy_trace(request_of(step("sms"))))
    entries = [
        replace(each, body={**(each.body or {}), "text": "Goodbye"})
        if each.kind is Kind.SEND
        else each
        for each in recorded.entries
    ]
    again = OTHERS.trace(replace(recorded, entries=tuple(entries)))
    names = [each.kind.name for each in compare(again, replay(again)).differences]
    assert names == ["wrong-content"]


def test_nothing_of_a_trace_is_left_that_no_trace_of_ours_holds() -> None:
    entry = TraceEntry(
        at_ms=0,
        kind=Kind.STATUS,
        message=CANARY,
        status=NUMBER,
        code=int(NUMBER),
        price=NUMBER,
        currency=CANARY,
        why=CANARY,
        body={"status": CANARY},
    )
    foreign = replace(
        TRACE,
        dispatch=CANARY,
        origin=CANARY,
        accepted_at=NUMBER,
        entries=tuple(replace(entry, kind=kind) for kind in Kind),
        rules=(CANARY, f"REQ{NUMBER}"),
        differences=(f"DIFF-{NUMBER}",),
        terms={"horizon_s": int(NUMBER), "grace_s": NUMBER, "expiry_start": CANARY, CANARY: 1},
        pair=CANARY,
    )
    written = to_line(PSEUDONYMS.trace(foreign)).decode()
    assert [canary for canary in (CANARY, NUMBER) if canary in written] == []


WHYS = (
    *("expired", "refused", "rejected", "undeliverable", "step-resolved", "told-before"),
    *("told before", "answered-503", "deadline-passed", "holder-lost", "read-timeout"),
)


@pytest.mark.parametrize("why", WHYS)
def test_a_reason_is_no_secret(why: str) -> None:
    told = replace(TRACE, entries=(TraceEntry(at_ms=0, kind=Kind.IGNORED, why=why),))
    assert PSEUDONYMS.trace(told).entries == told.entries


def test_what_is_compared_and_counted_is_kept_under_another_key() -> None:
    terms: JsonObject = {"horizon_s": 60, "grace_s": 5, "expiry_start": "intent"}
    answer = TraceEntry(at_ms=0, kind=Kind.ANSWER, status="202")
    told = TraceEntry(
        at_ms=1, kind=Kind.STATUS, status="rejected", code=1300, price="0.0333", currency="EUR"
    )
    kept = replace(TRACE, entries=(answer, told), terms=terms)
    again = OTHERS.trace(kept)
    assert (again.entries, again.terms, again.origin) == (kept.entries, terms, "observe")
    assert (again.rules, again.differences, again.accepted_at) == (
        *(kept.rules, kept.differences, kept.accepted_at),
    )


def test_a_status_that_nobody_documents_has_one_pseudonym() -> None:
    told = TraceEntry(at_ms=1, kind=Kind.STATUS, status="ceased", body={"status": "ceased"})
    (entry,) = OTHERS.trace(replace(TRACE, entries=(told,))).entries
    assert (entry.body or {})["status"] == entry.status != "ceased"
