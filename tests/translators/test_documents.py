"""The strict entry parser, by the J rows of the catalogue of bad input."""

from __future__ import annotations

import json
import math
import time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translators.diagnostics import JsonValue, Severity
from translators.documents import LIMITS, parse_document

MAX: Final = LIMITS.max_integer


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        pytest.param(b"", "REQ101", id="J1-empty"),
        pytest.param(b" \r\n\t", "REQ101", id="J1-only-space"),
        pytest.param(b"null", "REQ105", id="J2-null"),
        pytest.param(b'{"template":', "REQ103", id="J3-truncated-in-object"),
        pytest.param(b'{"a":"b', "REQ103", id="J3-truncated-in-string"),
        pytest.param(b"{} x", "REQ104", id="J4-trailing-garbage"),
        pytest.param(b"{}\n{}", "REQ104", id="J4-two-documents"),
        pytest.param(b'{"a":1,}', "REQ103", id="J5-trailing-comma-in-object"),
        pytest.param(b"[1,]", "REQ103", id="J5-trailing-comma-in-array"),
        pytest.param(b"{/**/}", "REQ103", id="J5-comment"),
        pytest.param(b"{'a':1}", "REQ103", id="J5-single-quotes"),
        pytest.param(b'{"a":NaN}', "REQ106", id="J6-nan"),
        pytest.param(b'{"a":Infinity}', "REQ106", id="J6-infinity"),
        pytest.param(b'{"a":-Infinity}', "REQ106", id="J6-negative-infinity"),
        pytest.param(b"NaN", "REQ106", id="J6-nan-alone"),
        pytest.param(b'{"a":1e999}', "REQ107", id="J7-overflow"),
        pytest.param(b'{"a":-1e999}', "REQ107", id="J7-negative-overflow"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", "REQ108", id="J8-5000-digits"),
        pytest.param(b'{"a":' + b"9" * 4000 + b"}", "REQ108", id="J9-4000-digits"),
        pytest.param(b'{"a":9223372036854775808}', "REQ108", id="J10-2^63"),
        pytest.param(b'{"a":18446744073709551616}', "REQ108", id="J10-2^64"),
        pytest.param(b'{"a":-9223372036854775809}', "REQ108", id="J10--2^63-1"),
        pytest.param(b'{"a":-9223372036854775808}', "REQ108", id="J10--2^63"),
        pytest.param(b"[" * 100_000, "REQ110", id="J15-100000-arrays-open"),
        pytest.param(nested(100_000), "REQ110", id="J15-100000-arrays"),
        pytest.param(b'{"a":' * 100_000, "REQ110", id="J15-100000-objects"),
        pytest.param(nested(33), "REQ110", id="J16-33-levels"),
        pytest.param(b'{"template":1,"template":1}', "REQ109", id="J17-template"),
        pytest.param(b'{"a":[{"to":1,"to":2}]}', "REQ109", id="J17-to"),
        pytest.param(b'{"a":1,"\\u0061":1}', "REQ109", id="J17-escaped"),
        pytest.param(b'"\\ud800"', "REQ111", id="J18-high-surrogate"),
        pytest.param(b'"\\udc00"', "REQ111", id="J18-low-surrogate"),
        pytest.param(b'{"\\ud800":1}', "REQ111", id="J18-in-a-name"),
        pytest.param(b'["\\ud83d","\\ude00"]', "REQ111", id="J19-split-pair"),
        pytest.param(b'"\xff"', "REQ102", id="J20-invalid-utf-8"),
        pytest.param(b'"\xed\xa0\x80"', "REQ102", id="J20-surrogate-in-utf-8"),
        pytest.param(b'"\xc0\xaf"', "REQ102", id="J21-overlong"),
        pytest.param('{"a":1}'.encode("utf-16"), "REQ102", id="J23-utf-16"),
        pytest.param('{"a":1}'.encode("utf-16-le"), "REQ102", id="J23-utf-16-no-mark"),
        pytest.param('{"a":1}'.encode("utf-32-be"), "REQ102", id="J23-utf-32-no-mark"),
        pytest.param(b'"a\nb"', "REQ103", id="J24-line-feed"),
        pytest.param(b'"a\x00b"', "REQ103", id="J24-nul"),
        pytest.param(b'"\\u0000"', "REQ112", id="J25-escaped-nul"),
        pytest.param(b'{"\\u0000":1}', "REQ112", id="J25-escaped-nul-in-a-name"),
        pytest.param(b"+1", "REQ103", id="J14-plus"),
        pytest.param(b"[01]", "REQ103", id="J14-leading-zero"),
        pytest.param(b"{a:1}", "REQ103", id="J5-bare-name"),
    ],
)
def test_what_is_not_sound_json_is_refused_by_one_rule(raw: bytes, code: str) -> None:
    parsed = parse_document(raw)
    assert (parsed.value, parsed.codes) == (None, (code,))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param(b"[]", [], id="J2-array"),
        pytest.param(b'"x"', "x", id="J2-string"),
        pytest.param(b"1", 1, id="J2-number"),
        pytest.param(b"true", True, id="J2-true"),
        pytest.param(b"9223372036854775807", MAX, id="J10-2^63-1"),
        pytest.param(b"-9223372036854775807", -MAX, id="J10-1-2^63"),
        pytest.param(b"9876543210987654", 9876543210987654, id="J10-2^53+1-an-unquoted-id"),
        pytest.param(b"600.0", 600.0, id="J11-whole-fraction"),
        pytest.param(b"6e2", 600.0, id="J11-exponent"),
        pytest.param(b'"600"', "600", id="J12-digits-in-quotes"),
        pytest.param(b"-0", 0, id="J14-minus-zero"),
        pytest.param(nested(32), json.loads(nested(32)), id="J16-32-levels"),
        pytest.param(b'[["[[[["]' + b",[]" * 40 + b"]", [["[[[["]] + [[]] * 40, id="J16-wide"),
        pytest.param(b'"\\ud83d\\ude00"', "\U0001f600", id="J18-whole-pair"),
        pytest.param('"٤"'.encode(), "٤", id="J20-valid-utf-8"),
        pytest.param(b'"\\t"', "\t", id="J24-escaped-control"),
        pytest.param(b'{"__proto__":1}', {"__proto__": 1}, id="J28-proto"),
        pytest.param(b'{"To":1,"to":2}', {"To": 1, "to": 2}, id="J29-case"),
        pytest.param('{"é":1,"e\u0301":2}'.encode(), {"é": 1, "e\u0301": 2}, id="J29-composition"),
        pytest.param(b"\r\n\t {} \n", {}, id="space-around"),
    ],
)
def test_sound_json_is_taken_as_it_is(raw: bytes, value: JsonValue) -> None:
    parsed = parse_document(raw)
    assert (parsed.value, parsed.diagnostics) == (value, ())


def test_a_byte_order_mark_is_skipped_and_noted() -> None:  # J22
    parsed = parse_document(b"\xef\xbb\xbf{}")
    assert (parsed.value, [d.severity for d in parsed.diagnostics]) == ({}, [Severity.NOTE])


def test_a_fault_behind_a_byte_order_mark_is_found() -> None:  # J22
    assert parse_document(b"\xef\xbb\xbf{").codes == ("REQ113", "REQ103")


def test_megabytes_in_one_string_are_only_a_string() -> None:  # J27, the parser's part
    parsed = parse_document(b'"' + b"x" * 10_000_000 + b'"')
    assert isinstance(parsed.value, str)


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        pytest.param(b'{\n  "a" 1\n}', "line 2, column 7", id="syntax"),
        pytest.param('{\n "é" 1}'.encode(), "line 2, column 6", id="columns-are-characters"),
        pytest.param(b'{\n"ab\xff"}', "line 2, column 4", id="encoding"),
        pytest.param(b"{}\n\n  {}", "line 3, column 3", id="second-document"),
    ],
)
def test_a_fault_of_syntax_has_a_line_and_a_column(raw: bytes, place: str) -> None:
    assert place in parse_document(raw).diagnostics[0].detail


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        pytest.param(b'{"a":[1,{"b/c":NaN}]}', "/a/1/b~1c", id="number"),
        pytest.param(b'{"a":{"b":1,"b":1}}', "/a/b", id="duplicate"),
        pytest.param(b'{"a":["x","\\ud800"]}', "/a/1", id="surrogate"),
        pytest.param(b'{"a":{"\\ud800":1}}', "/a", id="a-name-that-cannot-be-written"),
        pytest.param(b'{"a":{"' + b"n" * 65 + b'":1e999}}', "/a", id="a-name-too-long-to-log"),
        pytest.param(b'{"a":' * 33 + b"1" + b"}" * 33, "/a" * 32, id="depth"),
    ],
)
def test_a_fault_of_value_has_a_pointer(raw: bytes, pointer: str) -> None:
    assert parse_document(raw).diagnostics[0].pointer == pointer


def test_faults_of_value_are_found_together_and_in_order() -> None:
    raw = b'{"z":[NaN,1e999],"a":1,"a":99999999999999999999,"m":"\\u0000"}'
    found = [(d.rule, d.pointer) for d in parse_document(raw).diagnostics]
    assert found == [
        ("REQ106", "/z/0"),
        ("REQ107", "/z/1"),
        ("REQ109", "/a"),
        ("REQ108", "/a"),
        ("REQ112", "/m"),
    ]


def test_a_name_given_three_times_is_named_once() -> None:
    assert len(parse_document(b'{"a":1,"a":2,"a":3}').diagnostics) == 1


def test_faults_by_the_thousand_are_counted_instead_of_listed() -> None:  # J34
    members = b",".join(b'"k%d":1,"k%d":1' % (index, index) for index in range(1000))
    found = parse_document(b"{" + members + b"}").diagnostics
    assert (len(found), found[-1].rule) == (101, "REQ133")


def test_names_by_the_ten_thousand_are_taken() -> None:  # J26, J34
    members = {f"k{index}": index for index in range(20_000)}
    assert parse_document(json.dumps(members).encode()).value == members


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"[" * 100_000, id="J15-arrays"),
        pytest.param(b"9" * 250_000, id="J8-digits"),
        pytest.param(b'["' + b'\\"' * 100_000, id="W24-escaped-quotes"),
    ],
)
def test_a_hostile_body_costs_less_than_5_ms(raw: bytes) -> None:
    def cost() -> float:
        started = time.perf_counter()
        parse_document(raw)
        return time.perf_counter() - started

    assert min(cost() for _ in range(5)) < 0.005


@given(
    st.binary() | st.text().map(str.encode) | st.text('{}[]",:\\u0dD8 1e-.tfn\n').map(str.encode)
)
def test_no_bytes_raise_and_nothing_comes_without_an_error_only(raw: bytes) -> None:
    parsed = parse_document(raw)
    assert (parsed.value is None) == bool(parsed.errors)


JSON: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX, MAX)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc/~é"), inner),
    max_leaves=20,
)


@given(st.lists(JSON), st.booleans())
def test_every_sound_document_is_read_as_what_it_says(
    document: list[JsonValue], ascii_only: bool
) -> None:
    raw = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert parse_document(raw).value == document


@given(st.floats())
def test_a_number_is_read_as_written_or_refused(number: float) -> None:
    parsed = parse_document(json.dumps([number]).encode())
    assert parsed.value == ([number] if math.isfinite(number) else None)


BELOW_A_NAME_LEFT_OUT = {
    "an index beyond a sibling": b'{"x":["a"],"\\u0001":{"x":[0,1,"\\u0000"]}}',
    "a name where a sibling has elements": b'{"x":[0],"\\u0001":{"x":{"y":"\\u0000"}}}',
    "an element": b'{"x":0,"\\u0001":["\\u0000"]}',
    "a long name": b'{"x":[0],"' + b"n" * 99 + b'":{"x":{"y":NaN}}}',
    "a name twice": b'{"x":[0],"\\u0001":{"x":{"y":1,"y":2}}}',
}


@pytest.mark.parametrize("raw", BELOW_A_NAME_LEFT_OUT.values(), ids=BELOW_A_NAME_LEFT_OUT)
def test_what_is_below_a_name_that_is_left_out_is_said_of_what_holds_the_name(raw: bytes) -> None:
    found = parse_document(b'{"workflow":[' + raw + b"]}")
    assert [each.pointer for each in found.diagnostics] == ["/workflow/0"]
