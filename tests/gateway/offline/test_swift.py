"""The short way says what the full translation says, or nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.offline.swift import translate_sound
from tests.support.dispatch_strategies import EXACT_PAIRS, dispatches, written
from tests.support.golden import beside, golden_cases
from tests.translators.request_builders import (
    flow,
    image,
    saying,
    step,
    template,
    text,
    to,
    waiting,
)
from tests.translators.test_dispatch_properties import near_misses
from translators.channels import CHANNELS, Seconds, Text
from translators.diagnostics import JsonValue
from translators.dispatch import translate_dispatch
from translators.documents import parse_document

CASES: Final = golden_cases("requests/carried", ".v01.json") + golden_cases(
    "requests/refused", ".v01.json"
)
FREE_JSON: Final = {"whatsapp-custom-location.v01.json"}
"""Custom content is any JSON, of which the short way cannot tell that it is read exactly."""
TEXTS: Final = [
    (name, form.shape.limit)
    for name, channel in CHANNELS.items()
    for form in channel.contents.values()
    if isinstance(form.shape, Text) and form.doubt is None
]
DURATIONS: Final = [
    (name, option, bounds)
    for name, channel in CHANNELS.items()
    for option, bounds in channel.options.items()
    if isinstance(bounds, Seconds)
]


WORD: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[^"]')
PIECES: Final = rb"""
    "type":"sms", "text":"", "client_ref":"", "number":1, "failover":null, "id": "caption":""
    null 600.0 -0 true {} [] , : x "img" "viber_service_message" "custom" "message_tag" "en-GB"
""".split()
CRUMBS: Final = [
    *rb' 0 + - . e " \ \n \u0022 \u00e9 \ud83d'.split(b" "),
    *b"\0 \t \xff \xef\xbb\xbf \xe2\x80\x8b".split(b" "),
]


def in_full(raw: bytes) -> bytes | None:
    """Return what the full translation gives, if it reports nothing at all."""
    parsed = parse_document(raw)
    translated = translate_dispatch(parsed.value)
    if parsed.diagnostics or translated.diagnostics or translated.value is None:
        return None
    steps = translated.value.steps
    terms = [
        step.expiry_s and {"expiry_time": step.expiry_s, "condition_status": step.condition}
        for step in steps
    ]
    return orjson.dumps({"messages": [step.request for step in steps], "failover": terms})[1:-1]


def is_quiet(path: Path) -> bool:
    """Tell whether a case is carried without a word, and by the default switches."""
    said = beside(path, ".diagnostics.txt").read_text(encoding="utf-8")
    return not said and not beside(path, ".settings.json").exists()


QUIET: Final = [case.values[0].read_bytes() for case in CASES if is_quiet(case.values[0])]


def caption(length: int) -> dict[str, Any]:
    media: JsonValue = {"url": "https://example.com/", "caption": "ü" * length}
    return saying("whatsapp", {"type": "file", "file": media})


def url(length: int) -> dict[str, Any]:
    return image(f"https://example.com/{'ü' * (length - 20)}")


def sender(name: str) -> dict[str, Any]:
    return flow(step(sender={"type": "sms", "number": name}))


def page(page_id: str) -> dict[str, Any]:
    return flow(step("messenger", sender={"type": "messenger", "id": page_id}))


def option(channel: str, **options: Any) -> dict[str, Any]:
    content: JsonValue = {"type": "text", "text": "Hello"}
    return saying(channel, content, **{channel: options})


AT_THE_BOUND: Final = [
    waiting(expiry_time=15),
    waiting(expiry_time=86400),
    *(saying(name, {"type": "text", "text": "😀" * limit}) for name, limit in TEXTS),
    *(option(name, **{key: bounds.minimum}) for name, key, bounds in DURATIONS),
    *(option(name, **{key: bounds.maximum}) for name, key, bounds in DURATIONS),
    *(text(name, 1) for name, _ in TEXTS),
    caption(1),
    caption(3000),
    url(21),
    url(2000),
    image("http://x"),
    flow(step(client_ref="")),
    flow(step(client_ref="😀" * 40)),
    flow(to("4477009")),
    flow(to("447700900000000")),
    sender("x"),
    sender("x" * 50),
    sender("a b"),
    page("ü"),
    page("ü" * 50),
    template(),
    template("", {"default": ""}),
]
BEYOND: Final = [
    waiting(expiry_time=14),
    waiting(expiry_time=86401),
    *(saying(name, {"type": "text", "text": "😀" * (limit + 1)}) for name, limit in TEXTS),
    *(option(name, **{key: bounds.minimum - 1}) for name, key, bounds in DURATIONS),
    *(option(name, **{key: bounds.maximum + 1}) for name, key, bounds in DURATIONS),
    *(text(name, 0) for name, _ in TEXTS),
    caption(0),
    caption(3001),
    url(2001),
    image("http://"),
    flow(step(client_ref="😀" * 41)),
    flow(to("447700")),
    flow(to("4477009000000000")),
    flow(to("٤٤٧٧٠٠٩٠٠٠٠٠")),
    flow(to("0447700900000")),
    sender(""),
    sender("x" * 51),
    sender("+447700900000"),
    sender(" x"),
    sender("x "),
    sender("x\u200by"),
    page("x\u00a0"),
    page(""),
    page("ü" * 51),
]

TWICE: Final = [
    b'"template":"failover",',
    b'"workflow":[],',
    b'"from":{"type":"sms","number":"447700900001"},',
    b'"to":{"type":"whatsapp","number":"447700900001"},',
    b'"type":"whatsapp",',
    b'"number":"447700900000",',
    b'"message":{"content":{"type":"text","text":"Hello"}},',
    b'"content":{"type":"text","text":"Hello"},',
    b'"type":"template",',
    b'"template":{"name":"ns:x"},',
    b'"name":"ns:x",',
    b'"parameters":[],',
    b'"default":"\\"",',
    b'"whatsapp":{"locale":"en_GB"},',
    b'"locale":"en_GB",',
    b'"failover":{"expiry_time":600,"condition_status":"read"},',
    b'"expiry_time":600,',
    b'"condition_status":"read",',
    b'"client_ref":"",',
]
"""Members to write before one of the same name in `SOUND`."""
SOUND: Final = orjson.dumps(
    flow(
        step(
            "whatsapp",
            message=template({"default": "1"}, "2")["workflow"][0]["message"],
            failover={"expiry_time": 600, "condition_status": "read"},
            client_ref="order-42",
        ),
        step(),
    )
)
REPLACEMENTS: Final = [
    (b"600", b"600.0"),
    (b"600", b"6e2"),
    (b"600", b"0600"),
    (b"600", b'"600"'),
    (b"600", b"true"),
    (b"600", b"null"),
    (b"600", b"NaN"),
    (b"600", b"99999999999999999999"),
    (b'"447700900000"', b"447700900000"),
    (b'"order-42"', b"null"),
    (b'"failover"', b'"Failover"'),
    (b'"ns:x"', b'"ns:x","extra":1'),
    (b'"2"', b"2"),
    (b'"2"', b"null"),
    (b'"2"', b'{"default":"2","type":"x"}'),
    (b"Hello", b"\\u0000"),
    (b"Hello", b"\0"),
    (b"Hello", b"\t"),
    (b"Hello", b"\xff"),
    (b"Hello", b"\xed\xa0\x80"),
    (b"Hello", b"\\ud83d"),
    (b"Hello", b"\\ude00\\ud83d"),
    (b"Hello", b"\\x"),
    (b"{", b"\xef\xbb\xbf{"),
    (b"{", b"[{"),
    (b"en_GB", b"en-GB"),
    (b'"locale":"en_GB"', b'"policy":"deterministic"'),
    (b'"read"', b'"opened"'),
]


def written_plainly(document: dict[str, Any]) -> st.SearchStrategy[bytes]:
    return written(document, plain=True)


PLAIN: Final = dispatches(EXACT_PAIRS, plain=True).flatmap(written_plainly)


@st.composite
def reworded(draw: st.DrawFn) -> bytes:
    """Draw a request in which a few words were dropped, doubled, moved or put in."""
    words = WORD.findall(draw(st.sampled_from(QUIET) | PLAIN))
    source, elsewhere = draw(st.integers(0, len(words))), draw(st.integers(0, len(words)))
    # A member is four words, comma included.
    taken = words[source : source + draw(st.sampled_from([4, 0, 1, 9, 20]))]
    start = draw(st.sampled_from([source, elsewhere]))
    put = draw(st.sampled_from([taken, *([piece] for piece in PIECES)]))
    words[start : start + draw(st.sampled_from([0, 1, 4, 9]))] = put
    return b"".join(words)


@st.composite
def misspelt(draw: st.DrawFn) -> bytes:
    """Draw a request in which a few characters were changed."""
    raw = draw(st.sampled_from(QUIET) | PLAIN)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(st.sampled_from(CRUMBS)) + raw[at + draw(st.integers(0, 1)) :]
    return raw


def ill_chosen() -> st.SearchStrategy[bytes]:
    """Draw a request in which a few values were replaced or added."""
    return near_misses().map(lambda document: json.dumps(document).encode())


def with_twice(member: bytes) -> bytes:
    """Write `member` once more, before the first of its name."""
    name = member[: member.index(b":") + 1]
    return SOUND.replace(name, member + name, 1)


@pytest.mark.parametrize("path", CASES)
def test_a_case_is_answered_like_the_full_translation_or_not_at_all(path: Path) -> None:
    raw = path.read_bytes()
    assert translate_sound(raw) in (None, in_full(raw))


@pytest.mark.parametrize("path", [case for case in CASES if is_quiet(case.values[0])])
def test_a_case_about_which_nothing_is_said_is_answered(path: Path) -> None:
    assert (translate_sound(path.read_bytes()) is None) == (path.name in FREE_JSON)


@pytest.mark.parametrize("document", AT_THE_BOUND, ids=lambda document: None)
def test_what_stands_at_a_limit_is_answered(document: Any) -> None:
    raw = orjson.dumps(document)
    assert translate_sound(raw) == in_full(raw) is not None


@pytest.mark.parametrize("document", BEYOND)
def test_what_goes_beyond_a_limit_is_left_to_the_full_translation(document: Any) -> None:
    raw = orjson.dumps(document)
    assert translate_sound(raw) is in_full(raw) is None


@pytest.mark.parametrize("member", TWICE)
def test_a_member_named_twice_is_left_to_the_full_translation(member: bytes) -> None:
    assert translate_sound(with_twice(member)) is None


@pytest.mark.parametrize(("old", "new"), REPLACEMENTS)
def test_what_needs_a_word_is_left_to_the_full_translation(old: bytes, new: bytes) -> None:
    raw = SOUND.replace(old, new, 1)
    assert translate_sound(raw) is in_full(raw) is None


def test_characters_written_as_escapes_are_answered() -> None:
    raw = SOUND.replace(b"Hello", rb"\u00e9 \ud83d\ude00 \"\\ \/\n\t\b\f \u2028")
    assert translate_sound(raw) == in_full(raw) is not None


def test_a_quote_written_as_a_number_does_not_hide_a_member_named_twice() -> None:
    raw = SOUND.replace(b'"Hello"', rb'"x","text":"\u0022\u0022\u0022\u0022"')
    assert translate_sound(raw) is None


def test_an_empty_object_of_options_is_answered_like_the_full_translation_or_not_at_all() -> None:
    raw = orjson.dumps(option("messenger"))
    assert translate_sound(raw) in (None, in_full(raw))


# Of an empty object of options nothing is sent; the short way leaves that to the full one.
@given(PLAIN.filter(lambda raw: b"{}" not in raw))
def test_a_plain_request_is_answered_like_the_full_translation(raw: bytes) -> None:
    assert translate_sound(raw) == in_full(raw) is not None


@pytest.mark.parametrize("fault", [reworded, misspelt, ill_chosen])
@given(data=st.data())
def test_a_faulty_request_is_answered_like_the_full_translation_or_not_at_all(
    fault: Callable[[], st.SearchStrategy[bytes]], data: st.DataObject
) -> None:
    raw = data.draw(fault())
    assert translate_sound(raw) in (None, in_full(raw))


def test_a_workflow_longer_than_is_taken_is_a_doubt() -> None:
    first, last = waiting()["workflow"]
    three = orjson.dumps(flow(first, first, last))
    assert translate_sound(three, 3) is not None
    assert translate_sound(three, 2) is None
