"""A thousand lines of payloads, some of them faulty in a way of their own at a known place.

A mark stands in each faulty payload where the finding is expected, and is taken out of the bytes
that the command reads: places are known by construction.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

from tests.support.golden import beside, golden_cases

MARK: Final = "▲"
_MARK: Final = MARK.encode()
_EVERY: Final = 27
"""Each line of this many is faulty."""
TOTAL: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A payload with one thing wrong, the mark before it."""

    rule: str
    marked: bytes

    @property
    def payload(self) -> bytes:
        """The bytes that are read."""
        return self.marked.replace(_MARK, b"")

    @property
    def column(self) -> int:
        """Where the finding is expected, in characters from 1."""
        return len(self.marked.partition(_MARK)[0].decode()) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the file."""

    payload: bytes
    fault: Fault | None = None
    becomes: Mapping[str, Any] | None = None
    """`messages` and `failover` of a payload that is carried over."""


def _replaced(old: str, new: str) -> bytes:
    """Return the usual payload, which has multi-byte characters first, with one part changed."""
    usual = (
        '{"note":"日本 é 👍🏽 ÿ","template":"failover","workflow":[{"from":{"type":"sms",'
        '"number":"447700900001"},"to":{"type":"sms","number":"447700900000"},"message":'
        '{"content":{"type":"text","text":"Hello"}},"failover":{"expiry_time":600,'
        '"condition_status":"delivered"}},{"from":{"type":"whatsapp","number":"447700900001"},'
        '"to":{"type":"whatsapp","number":"447700900000"},"message":{"content":'
        '{"type":"image","image":{"url":"https://example.com/a.jpg"}}}}]}'
    )
    assert usual.count(old) >= 1, old
    return usual.replace(old, new, 1).encode()


# Where a comma too many is found depends on the decoder of the language's own library.
_COMMA: Final = ("▲,", "") if sys.version_info >= (3, 13) else (",", "▲")
_TEXT: Final = '"text":"Hello"'
_EXPIRY: Final = '"expiry_time":600'
_LAST: Final = '"message":{"content":{"type":"image"'

FAULTS: Final = (
    # What is no JSON.
    Fault(rule="REQ103", marked='{"template":"failover","workflow":▲'.encode()),
    Fault(rule="REQ103", marked='{"é":1,"template":▲"failov'.encode()),
    Fault(rule="REQ103", marked=_replaced('sms",', f'sms"{_COMMA[0]}{_COMMA[1]}}}')),
    Fault(rule="REQ103", marked="{▲'template':'failover'}".encode()),
    Fault(rule="REQ103", marked='{"template"\t▲"failover"}'.encode()),
    Fault(rule="REQ103", marked='{"日":"👍" ▲"workflow":[]}'.encode()),
    Fault(rule="REQ103", marked='{"template":▲failover}'.encode()),
    Fault(rule="REQ103", marked=_replaced("Hello", "Hel▲\tlo")),
    Fault(rule="REQ103", marked=_replaced("Hello", "Hel▲\\xlo")),
    Fault(rule="REQ103", marked="▲Hello".encode()),
    Fault(rule="REQ104", marked='{"template":"failover"} \t▲{}'.encode()),
    Fault(rule="REQ105", marked=" ▲null".encode()),
    Fault(rule="REQ102", marked=_replaced("Hello", "caf▲").replace(_MARK, _MARK + b"\xe9")),
    Fault(rule="REQ102", marked=_replaced("Hello", "日▲").replace(_MARK, _MARK + b"\xe6\x97")),
    # What JSON can hold and nothing else can.
    Fault(rule="REQ106", marked=_replaced(_EXPIRY, '"expiry_time":▲NaN')),
    Fault(rule="REQ106", marked=_replaced(_EXPIRY, '"expiry_time" : ▲-Infinity')),
    Fault(rule="REQ107", marked=_replaced(_EXPIRY, '"expiry_time":▲1e400')),
    Fault(rule="REQ108", marked=_replaced(_EXPIRY, f'"expiry_time":▲1{"0" * 20}')),
    Fault(rule="REQ109", marked=_replaced('"type":"sms",', '"type":"sms",▲"type":"sms",')),
    Fault(rule="REQ110", marked=_replaced(_TEXT, f'"a/b~":{"[" * 27}▲{"[" * 13}{"]" * 40}')),
    Fault(rule="REQ111", marked=_replaced(_TEXT, '"text":▲"Hel\\ud83dlo"')),
    Fault(rule="REQ112", marked=_replaced(_TEXT, '"text":▲"Hel\\u0000lo"')),
    # What is no request.
    Fault(rule="REQ120", marked="▲[]".encode()),
    Fault(rule="REQ120", marked=' ▲"失败"'.encode()),
    Fault(rule="REQ121", marked=_replaced('{"note"', '▲{"note"').replace(b"template", b"templat")),
    Fault(rule="REQ121", marked=_replaced('{"from"', '▲{"from"').replace(b'"to"', b'"too"', 1)),
    Fault(rule="REQ122", marked=_replaced(_EXPIRY, '"expiry_time":▲{"s":600}')),
    Fault(rule="REQ122", marked=_replaced(_TEXT, '"text":▲["Hello"]')),
    Fault(rule="REQ123", marked=_replaced(_TEXT, '"text":▲""')),
    Fault(rule="REQ127", marked=_replaced('"template":"failover"', '"template": ▲"fanout"')),
    Fault(rule="REQ134", marked=_replaced(_LAST, f'▲"failover":{{{_EXPIRY}}},{_LAST}')),
    Fault(rule="REQ135", marked=_replaced(_EXPIRY, '"expiry_time":▲14')),
    Fault(rule="REQ137", marked=_replaced('"delivered"', '▲"Delivered"')),
    Fault(rule="REQ140", marked=_replaced('"to":{"type":"sms"', '"to":{"type":▲"fax"')),
    Fault(rule="REQ141", marked=_replaced('"type":"sms"', '"type":▲"mms"')),
    Fault(rule="REQ148", marked=_replaced('"447700900000"', '▲"0770 900000"')),
    Fault(rule="REQ165", marked=_replaced('"https://example.com/a.jpg"', '▲"a.jpg"')),
)


def a_thousand_lines() -> list[Line]:
    """Return the lines: 37 faulty ones spread over payloads of every channel and type."""
    sound = cycle(_sound_lines())
    lines = list(islice(sound, TOTAL))
    for number, fault in enumerate(FAULTS, 1):
        lines[number * _EVERY - 1] = Line(payload=fault.payload, fault=fault)
    return lines


def _sound_lines() -> list[Line]:
    # From the golden cases: what they become is written down, and was read by a person.
    paths = [case.values[0] for case in golden_cases("requests/carried", ".v01.json")]
    usual = [path for path in paths if not beside(path, ".settings.json").exists()]
    return list(map(_sound_line, usual))


def _sound_line(path: Path) -> Line:
    payload = json.loads(path.read_text(encoding="utf-8-sig"))
    becomes = json.loads(beside(path, ".v1.json").read_text(encoding="utf-8"))
    return Line(payload=json.dumps(payload, ensure_ascii=False).encode(), becomes=becomes)
