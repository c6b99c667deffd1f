"""Payloads are found wherever a log has put them, and what only looks like one is said."""

from __future__ import annotations

import csv
import html
import io
import json
from typing import Final
from urllib.parse import quote, urlencode

import pytest

from gateway.assess.corpus import Contents, read_contents
from tests.gateway.assess.assessing import flow, waiting
from tests.support.corpus import PAIRS, make_step

PAYLOAD: Final = waiting("whatsapp")
TEXT: Final = json.dumps(PAYLOAD)
QUOTED: Final = json.dumps(TEXT)


SAFE_IN_URI: Final = "!#$&'()*+,/:;=?@-._~"
"""What JavaScript's encodeURI leaves as it is."""


def as_csv(*fields: str) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(fields)
    return line.getvalue()


def as_nginx(text: str) -> str:
    escaped = text.replace("\\", "\\x5C").replace('"', "\\x22")
    return "".join(f"\\x{byte:02X}" if byte > 126 else chr(byte) for byte in escaped.encode())


def found(text: str, *, is_json: bool = False) -> Contents:
    return read_contents(text.encode(), is_json=is_json)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(TEXT, id="alone"),
        pytest.param(f"\ufeff{TEXT}\r\n", id="after a byte order mark"),
        pytest.param(json.dumps(PAYLOAD, indent=2), id="over several lines"),
        pytest.param(f"12:00 INFO [x] {{id}} POST {TEXT} in 12 ms", id="between words"),
        pytest.param(json.dumps({"a": 1, "b": [{"body": PAYLOAD}]}), id="nested in JSON"),
        pytest.param(json.dumps({"level": "info", "body": TEXT}), id="as text in JSON"),
        pytest.param(json.dumps({"msg": f"sending {TEXT} now"}), id="between words in JSON"),
        pytest.param(json.dumps({"log": json.dumps({"body": TEXT})}), id="escaped three times"),
        pytest.param(f"level=info msg={QUOTED} took=3", id="in a field of logfmt"),
        pytest.param("sent " + QUOTED[1:-1], id="escaped without quotes"),
        pytest.param(f"'it\\'s {QUOTED[1:-1]}'", id="escaped in apostrophes"),
        pytest.param(json.dumps({"note": "{", "x": {"y": {}}, **PAYLOAD}), id="after others"),
        pytest.param(
            "x " + json.dumps({"h": [{"n": n} for n in range(70)], **PAYLOAD}),
            id="after many others, between words",
        ),
        pytest.param(as_csv("7", TEXT, 'a "b"'), id="in a field of CSV"),
        pytest.param(as_csv('"', json.dumps({"body": TEXT})), id="escaped in a field of CSV"),
        pytest.param(as_csv(as_csv("x", TEXT)), id="in a field of CSV in CSV"),
        pytest.param(json.dumps({"row": as_csv("x", TEXT)}), id="in a field of CSV in JSON"),
        pytest.param(f"POST /x?{urlencode({'body': TEXT, 'x': 1})} HTTP/1.1", id="in a form"),
        pytest.param(f"GET /x?body={quote(TEXT)}", id="in a URL"),
        pytest.param(f'GET "/x?body={quote(quote(TEXT))}"', id="in a URL in a URL"),
        pytest.param(f"GET /x?body={quote(TEXT, safe=SAFE_IN_URI)}", id="in a URL, by encodeURI"),
        pytest.param(json.dumps({"url": f"/x?body={quote(TEXT)}"}), id="in a URL in JSON"),
        pytest.param(QUOTED.replace('\\"', "\\u0022"), id="escaped by number"),
        pytest.param(f"'{QUOTED[1:-1]}'".replace('\\"', "\\u0022"), id="by number, in no quotes"),
        pytest.param(f'"POST /" 202 "{as_nginx(TEXT)}"', id="by nginx"),
        pytest.param(f"<td>{html.escape(TEXT)}</td>", id="in HTML"),
    ],
)
def test_a_payload_is_found(record: str) -> None:
    contents = found(record)
    (payload,) = [each.value for each in contents.payloads]
    assert isinstance(payload, dict)
    assert (payload | PAYLOAD, contents.fault) == (payload, None)


@pytest.mark.parametrize(("channel", "name"), PAIRS)
def test_every_kind_of_content_is_found_escaped(channel: str, name: str) -> None:
    payload = flow(make_step(channel, name, 'say "hi" {now} \\ [ünïcode] 🙂 a+b & 5 %'))
    text = json.dumps(payload, ensure_ascii=False)
    wrapped = (
        json.dumps({"body": text}),
        as_csv("x", text),
        urlencode({"body": text}),
        quote(text),
        as_nginx(text),
        html.escape(text),
    )
    values = [[each.value for each in found(record).payloads] for record in wrapped]
    assert values == [[payload]] * len(wrapped)


def test_all_payloads_of_a_record_are_found() -> None:
    assert len(found(f"{TEXT} then {TEXT}").payloads) == 2
    assert len(found(json.dumps([PAYLOAD, {"again": PAYLOAD}, PAYLOAD])).payloads) == 3
    assert len(found(as_csv(TEXT, "x", TEXT) + TEXT).payloads) == 3
    assert len(found(f"{quote(TEXT)} {TEXT} {quote(TEXT)}").payloads) == 3
    assert len(found(f"{html.escape(TEXT)} {TEXT} {quote(TEXT)}").payloads) == 3


@pytest.mark.parametrize(
    "record",
    [
        "",
        "INFO workflow started",
        '{"event": "workflow", "id": 1}',
        '{"workflow": "build"}',
        '{"dispatch_uuid": "x", "template": "failover", "workflow": []}',
        'job="workflow": done',
        "GET /search?q=%22workflow%22",
        '1,"the ""workflow"": done"',
        '{"my_workflow": [1]}',
    ],
)
def test_what_is_no_payload_is_neither_found_nor_a_fault(record: str) -> None:
    contents = found(record)
    assert (contents.payloads, contents.fault) == ((), None)


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (f"INFO {TEXT[:-30]}", "looks like a payload that is cut off"),
        (json.dumps({"msg": f"sent {TEXT}"})[:-90], "looks like a payload that is cut off"),
        (
            TEXT.replace("[", "[,", 1),
            "looks like a payload but is not JSON at line 1, column 39: expecting value",
        ),
        (
            as_csv(TEXT.replace("[", "[,", 1)),
            "looks like a payload but is not JSON once unwrapped: expecting value",
        ),
        (
            f"INFO {PAYLOAD!r}",
            "looks like a payload but is not JSON; log payloads with a JSON library",
        ),
        ('  "workflow": [', "holds a part of a payload only; write each payload on one line"),
        (as_csv(TEXT)[:-30], "looks like a payload that is cut off"),
        (quote(TEXT).rpartition("%2C")[0], "looks like a payload that is cut off"),
    ],
)
def test_what_looks_like_a_payload_and_is_none_is_a_fault(record: str, fault: str) -> None:
    contents = found(record)
    assert (contents.payloads, contents.fault) == ((), fault)


def test_a_fault_beside_a_payload_is_not_lost() -> None:
    contents = found(f"{TEXT} {TEXT[:-30]}")
    assert len(contents.payloads) == 1
    assert contents.fault == "looks like a payload that is cut off"


def test_a_file_of_json_must_be_json() -> None:
    contents = read_contents(b'{"template": "fail', line=7, is_json=True)
    assert contents.fault == "is not JSON at line 7, column 14: unterminated string starting at"
    cut = read_contents(b'{"template": 1\r\n', line=7, is_json=True)
    assert cut.fault == "is not JSON at line 7, column 15: expecting ',' delimiter"
    assert found("[1, 2]", is_json=True) == Contents()


def test_a_payload_is_judged_as_it_was_written() -> None:
    doubled = TEXT.replace('"template"', '"template": "x", "template"')
    assert found(f"INFO {doubled}").payloads[0].codes == ("REQ109",)


def test_bytes_that_are_no_text_are_refused_where_they_are() -> None:
    latin = TEXT.replace("Hello", "H\\u00e9llo").encode().replace(b"\\u00e9", b"\xe9")
    assert read_contents(b"INFO " + latin).payloads[0].codes == ("REQ102",)
    assert read_contents(b"\xe9 INFO " + TEXT.encode()).payloads[0].value == PAYLOAD


def test_half_a_character_in_escaped_text_is_refused() -> None:
    escaped = json.dumps(TEXT).replace("Hello", "H\\ud83dllo")
    assert found(f"msg={escaped}").payloads[0].codes == ("REQ102",)


@pytest.mark.parametrize(
    "record",
    [
        '{"workflow": [' * 50_000,
        '"workflow": [{' * 5_000,
        "\\" * 200_000 + '"workflow": [',
        '{\\"workflow\\": [' * 5_000,
        '{"a":' * 50_000 + '"workflow": [',
        '""workflow"":[' * 20_000,
        '"""workflow"":[{' * 20_000,
        "%22workflow%22:[" * 20_000,
        "%7B%22workflow%22:[ " * 20_000,
        quote(quote(quote(quote(quote(quote('{"workflow": [')))))),
        "&quot;workflow&quot;:[" * 20_000,
        '"' * 500_000 + 'workflow": [',
    ],
    ids=[
        *("nested", "parts", "backslashes", "escaped", "deep", "doubled", "fields", "url", "urls"),
        *("wrapped often", "html", "quotes"),
    ],
)
def test_a_hostile_record_is_given_up(record: str) -> None:
    contents = found(record)
    assert contents.payloads == ()
    assert contents.fault
