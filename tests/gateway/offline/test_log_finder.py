"""What stands in a record of a log: found, framed, timed and told apart, whatever it is."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.offline.log_bodies import Body, body_of
from gateway.offline.log_finder import find_bodies, find_payloads
from gateway.offline.log_frames import frame_of, frame_of_export
from gateway.offline.log_times import time_in
from gateway.traces.log_lines import read_record
from tests.gateway.offline.log_forms import ANSWER, REPORT, REQUEST, STATUS
from translators.diagnostics import JsonValue

PIECES = st.sampled_from(
    [
        *(json.dumps(each) for each in (REQUEST, ANSWER, STATUS, REPORT)),
        *("{", "}", "[", '"', "\\", "'", "workflow", '"workflow": [', "%22workflow%22", "=> Array"),
        *('"dispatch_uuid": ', "workflow: [", "\n", "HTTP/1.1 422", "request_id=", " 202 "),
        *("2025-02-03T12:13:56Z stdout F ", "__CURSOR=x\n", "MESSAGE\n", '{"log": "', "\x00"),
    ]
)
RECORDS = st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=12).map("".join)


@given(RECORDS)
@example('{"MESSAGE": [256], "__REALTIME_TIMESTAMP": 1}')
@example("[99-Feb-2025 99:99:99 Nowhere/Else] x")
@example("__CURSOR=x\nMESSAGE\n\xff\xff\xff\xff\xff\xff\xff\xffx")
def test_nothing_in_a_record_ends_a_command(text: str) -> None:
    raw = text.encode(errors="surrogatepass")
    frame = frame_of(raw)
    frame_of_export(raw)
    find_payloads(text)
    find_bodies(text)
    time_in(text)
    read_record(frame.text if frame else raw, frame)


@given(RECORDS)
def test_what_is_found_is_a_part_of_the_record(text: str) -> None:
    for piece in find_bodies(text).pieces:
        assert json.loads(piece.text, strict=False) == piece.value


@pytest.mark.parametrize(
    "record",
    [
        '{"workflow": [' * 20_000,
        '"workflow": [{' * 5_000,
        "\\" * 200_000 + '"workflow": [',
        '{\\"workflow\\": [' * 5_000,
        '{"a":' * 50_000 + '"workflow": [',
        '{"detail": 1} {"detail": ' * 5_000,
        quote(quote(quote(quote(quote(quote('{"workflow": [')))))),
        '"' * 500_000 + 'workflow": [',
    ],
    ids=["nested", "parts", "backslashes", "escaped", "deep", "many", "wrapped often", "quotes"],
)
def test_a_hostile_record_is_given_up(record: str) -> None:
    assert find_bodies(record).fault or "detail" in record


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("[03-Feb-2025 12:13:59 UTC] x", "2025-02-03T12:13:59+00:00"),
        ("[03-Feb-2025 12:13:59 Europe/Berlin] x", "2025-02-03T12:13:59+01:00"),
        ("[2025-02-03 12:13:59] production.INFO: x", "2025-02-03T12:13:59+00:00"),
        ("2025-02-03T12:13:59.123456789+05:30 x", "2025-02-03T12:13:59.123456+05:30"),
        ("2025-02-03 12:13:59,900 INFO x", "2025-02-03T12:13:59.900000+00:00"),
        ("2025/02/03 12:13:59 [error] x", "2025-02-03T12:13:59+00:00"),
        ("10.0.0.1 - - [03/Feb/2025:12:13:59 -0500] x", "2025-02-03T12:13:59-05:00"),
        ("[Mon Feb 03 12:13:59.900123 2025] x", "2025-02-03T12:13:59.900123+00:00"),
        ("Mon, 03 Feb 2025 12:13:59 GMT", "2025-02-03T12:13:59+00:00"),
        ("Feb 03 12:13:59 web1 shop[812]: x", None),
        ("2025-13-03T12:13:59Z x", None),
        ("[03-Feb-2025 12:13:59 Nowhere/Else] x", None),
        ('x {"timestamp": "2025-02-03T12:13:59Z"}', None),
        ("", None),
    ],
)
def test_a_line_says_when_it_was_written(line: str, at: str | None) -> None:
    assert time_in(line) == at


@pytest.mark.parametrize(
    ("line", "text", "source"),
    [
        ('{"log":"a\\n","stream":"stderr","time":"2025-02-03T12:13:59Z"}', b"a\n", "stderr"),
        ("2025-02-03T12:13:59.1Z stdout F a b", b"a b", "stdout"),
        ('<134>1 2025-02-03T12:13:59Z web1 shop 812 ID [x@1 a="b"] a', b"a", "web1 shop 812"),
        ("Feb  3 12:13:59 web1 shop[812]: a", b"a", "web1 shop[812]"),
        ("2025-02-03T12:13:59+00:00 app[web.1]: a", b"a", "app[web.1]"),
        ("web-1  | a", b"a", "web-1"),
    ],
)
def test_a_frame_is_taken_off(line: str, text: bytes, source: str) -> None:
    frame = frame_of(line.encode())
    assert frame is not None
    assert (frame.text, frame.source, frame.is_part) == (text, source, False)


@pytest.mark.parametrize(
    "line",
    [
        "INFO started",
        '{"log": 1, "stream": "stdout"}',
        '{"MESSAGE": null, "__REALTIME_TIMESTAMP": "1"}',
        '{"workflow": []}',
        "[2025-02-03 12:13:59] production.INFO: x",
    ],
)
def test_a_line_without_a_frame_stays_as_it_is(line: str) -> None:
    assert frame_of(line.encode()) is None


@pytest.mark.parametrize(
    "meant",
    [
        REQUEST,
        {"workflow": REQUEST["workflow"]},
        {"workflow": []},
        {"template": "failover", "workflow": "x"},
        {"template": "failover", "workflow": [1]},
        {"template": "x", "workflow": [{"message": {}}]},
        {"template": "failover", "workflow": {"to": {"type": "sms"}}},
    ],
)
def test_what_is_meant_for_dispatch_is_a_payload_however_wrong(meant: JsonValue) -> None:
    assert body_of(meant) is Body.PAYLOAD
