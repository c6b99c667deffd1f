"""Nothing of whom a payload goes to or what it says gets into a report, in any format."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from gateway.assess.judging import Standing
from gateway.assess.masks import mask, mask_path, mask_pointer
from gateway.assess.report import make_report
from tests.gateway.assess.assessing import rendered, tallied, waiting
from tests.support.corpus import PAIRS

WORD: Final = "canary"
NUMBER: Final = 447700900999
CANARIES: Final = (WORD, str(NUMBER))
# What makes a payload one of its shape: everything else is free.
FIXED: Final = frozenset({"type", "template", "condition_status"})


def planted(value: Any, name: str = "") -> Any:
    """Return a payload with a canary in every free field, and in a field nobody knows."""
    match value:
        case dict():
            members = {key: planted(member, key) for key, member in value.items()}
            return members | {f"{WORD}{NUMBER}": f"{WORD}{NUMBER}"}
        case list():
            return [planted(element, name) for element in value]
        case str() if name == "url":
            return f"https://{WORD}.example/{NUMBER}"
        case str() if name not in FIXED:
            return f"{WORD} {NUMBER}" if name not in ("number", "id") else str(NUMBER)
        case _:
            return value


def loudest(channel: str, name: str) -> dict[str, Any]:
    payload = waiting(channel, name)
    first = payload["workflow"][0]
    first["client_ref"] = "x"
    first["message"].setdefault("whatsapp", {}).update(locale="x")
    first["message"]["messenger"] = {"category": "message_tag", "tag": "x"}
    first["message"]["viber_service_msg"] = {"type": "x"}
    content = first["message"]["content"]
    if isinstance(content[name], dict):
        content[name]["caption"] = "x"
    return planted(payload)  # type: ignore[no-any-return]


def broken(payload: dict[str, Any]) -> Iterator[Any]:
    """Yield the payload with a canary where only certain words or numbers belong, one by one."""
    for path in (
        ("template",),
        ("workflow", 0, "to", "type"),
        ("workflow", 0, "from", "type"),
        ("workflow", 0, "message", "content", "type"),
        ("workflow", 0, "failover", "condition_status"),
        ("workflow", 0, "failover", "expiry_time"),
        ("workflow", 0, "message", "messenger", "category"),
        ("workflow", 0, "message", "whatsapp", "policy"),
        ("workflow", 0, "message", "viber_service_msg", "ttl"),
        ("workflow", 0, "message"),
        ("workflow", 0),
    ):
        for canary in (WORD, NUMBER, [WORD], {WORD: NUMBER}):
            changed = copy.deepcopy(payload)
            holder: Any = changed
            for key in path[:-1]:
                holder = holder[key]
            holder[path[-1]] = canary
            yield changed


def test_no_format_shows_anything_personal() -> None:
    loud = [loudest(channel, name) for channel, name in PAIRS]
    lines: list[Any] = []
    for payload in [*loud, *broken(loud[0])]:
        text = json.dumps(payload)
        lines += [
            payload,
            f"{WORD} {NUMBER} {text} {WORD}",
            json.dumps({WORD: str(NUMBER), "body": text}),
            text[:-20],
            text.replace("{", f'{{"{WORD}": 1, "{WORD}": 2, ', 1),
        ]
    tally = tallied(lines)
    report = make_report(tally)
    assert report.payloads > 4 * len(PAIRS)
    assert report.standings[Standing.REFUSED] and report.leaving and report.losses
    for name, text in rendered(report).items():
        assert [canary for canary in CANARIES if canary in text.lower()] == [], name


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("orders.jsonl", "orders.jsonl"),
        ("447700900999.json", "<digits>.json"),
        ("+44-7700-900-000.json", "<digits>.json"),
        ("order 07700 (900) 000.json", "order <digits>.json"),
        ("44.7700.900000", "<digits>"),
        ("app-12345.json", "app-12345.json"),
        ("logs/2025-02-03.log", "…/2025-02-03.log"),
        ("app.log.2025-02-03.1", "app.log.2025-02-03.1"),
        ("2025-02-99.log", "<digits>.log"),
        ("447700-2025-02-03.log", "<digits>.log"),
        ("logs/jo@example.com.log", "…/<mail>"),
        ("/home/jo/corpus/app.log", "…/app.log"),
        ("Jane Doe/447700900999/app.log", "…/app.log"),
        ("C:\\Jane Doe\\app.log", "…/app.log"),
        ("a\x1b[31mb.log", "a·[31mb.log"),
    ],
)
def test_the_name_of_a_file_is_masked(path: str, shown: str) -> None:
    assert mask_path(path) == shown


@pytest.mark.parametrize(
    ("pointer", "shown"),
    [
        ("", ""),
        ("/workflow/12/to/number", "/workflow/*/to/number"),
        ("/workflow/0/canary/447700900999", "/workflow/*/<field>/<field>"),
    ],
)
def test_a_place_is_shown_by_fields_that_are_known(pointer: str, shown: str) -> None:
    assert mask_pointer(pointer) == shown


def test_the_form_of_a_payload_is_kept() -> None:
    assert mask({"text": "Hello", "ttl": 600, "x": 1, "to": {"number": "44", "id": "a"}}) == {
        "text": "<text of 5 characters>",
        "ttl": 600,
        "to": {"number": "<number>", "id": "<id>"},
        "<other fields>": 1,
    }
