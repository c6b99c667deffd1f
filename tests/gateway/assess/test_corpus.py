"""Payloads are found wherever a log has put them, and what only looks like one is said."""

from __future__ import annotations

import json
from typing import Final

import pytest

from gateway.assess.corpus import Contents, read_contents
from tests.gateway.assess.assessing import flow, waiting
from tests.support.corpus import PAIRS, make_step

PAYLOAD: Final = waiting("whatsapp")
TEXT: Final = json.dumps(PAYLOAD)
QUOTED: Final = json.dumps(TEXT)


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
    ],
)
def test_a_payload_is_found(record: str) -> None:
    contents = found(record)
    (payload,) = [each.value for each in contents.payloads]
    assert isinstance(payload, dict)
    assert (payload | PAYLOAD, contents.fault) == (payload, None)


@pytest.mark.parametrize(("channel", "name"), PAIRS)
def test_every_kind_of_content_is_found_escaped(channel: str, name: str) -> None:
    payload = flow(make_step(channel, name, 'say "hi" {now} \\ [ünïcode] 🙂'))
    contents = found(json.dumps({"body": json.dumps(payload)}))
    assert [each.value for each in contents.payloads] == [payload]


def test_all_payloads_of_a_record_are_found() -> None:
    assert len(found(f"{TEXT} then {TEXT}").payloads) == 2
    assert len(found(json.dumps([PAYLOAD, {"again": PAYLOAD}, PAYLOAD])).payloads) == 3


@pytest.mark.parametrize(
    "record",
    [
        "",
        "INFO workflow started",
        '{"event": "workflow", "id": 1}',
        '{"workflow": "build"}',
        '{"dispatch_uuid": "x", "template": "failover", "workflow": []}',
        'job="workflow": done',
    ],
)
def test_what_is_no_payload_is_neither_found_nor_a_fault(record: str) -> None:
    assert found(record) == Contents()


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
            f"INFO {PAYLOAD!r}",
            "looks like a payload but is not JSON; log payloads with a JSON library",
        ),
        ('  "workflow": [', "holds a part of a payload only; write each payload on one line"),
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
        '{"workflow": [' * 5_000,
        '"workflow": [{' * 5_000,
        "\\" * 200_000 + '"workflow": [',
        '{\\"workflow\\": [' * 5_000,
        '{"a":' * 50_000 + '"workflow": [',
    ],
    ids=["nested", "parts", "backslashes", "escaped", "deep"],
)
def test_a_hostile_record_is_given_up(record: str) -> None:
    contents = found(record)
    assert contents.payloads == ()
    assert contents.fault
