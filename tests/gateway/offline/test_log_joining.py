"""Documents over several lines of a log or of JSON Lines are one record each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from gateway.assess.judging import Assumptions
from gateway.assess.run import assess
from gateway.assess.tally import Tally
from gateway.offline import log_joining as spread
from gateway.offline.log_joining import join_spread
from gateway.offline.log_records import Record
from tests.gateway.assess.assessing import waiting

PAYLOAD: Final = waiting("whatsapp")
ONE: Final = json.dumps(PAYLOAD)
SPREAD: Final = json.dumps(PAYLOAD, indent=2)
HEIGHT: Final = SPREAD.count("\n") + 1


def joined(text: str, *, is_json: bool = False) -> list[tuple[int | None, int]]:
    """Return first line and height of the records that lines are put together to."""
    lines = text.encode().splitlines(keepends=True)
    records = [
        Record(path="app.log", line=line, raw=raw, is_json=is_json)
        for line, raw in enumerate(lines, 1)
    ]
    found = list(join_spread(records))
    assert b"".join(each.raw for each in found if isinstance(each, Record)) == text.encode()
    return [(each.line, each.lines) for each in found if isinstance(each, Record)]


def assessed(path: Path, text: str) -> Tally:
    path.write_text(text)
    return assess([str(path)], Assumptions(), progress_is_wanted=False)


@pytest.mark.parametrize("indent", [1, 4, "\t"])
@pytest.mark.parametrize("is_json", [True, False])
def test_a_document_over_several_lines_is_one_record(indent: int | str, is_json: bool) -> None:
    text = json.dumps(PAYLOAD, indent=indent)
    found = joined(f"{ONE}\n{text}\n{ONE}\n", is_json=is_json)
    assert found == [(1, 1), (2, text.count("\n") + 1), (text.count("\n") + 3, 1)]


def test_a_document_may_begin_behind_words() -> None:
    assert joined(f"[12:00] INFO sending {SPREAD}\n[12:01] INFO sent\n") == [
        (1, HEIGHT),
        (HEIGHT + 1, 1),
    ]


def test_a_document_may_begin_with_a_member() -> None:
    text = ONE.replace(', "workflow"', ',\n "workflow"')
    assert joined(f"{text}\n{ONE}\n") == [(1, 2), (3, 1)]


def test_braces_within_text_open_nothing() -> None:
    assert joined('{"note": "{ \\" [",\n "workflow": []}\nx\n') == [(1, 2), (3, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "INFO started {\n  a: 1\n}\nINFO done\n",
        '{"a": [\n12:00 INFO\n12:01 INFO\n',
        f"{SPREAD[:200]}\n12:00 INFO\n",
        '  "workflow": [\n',
    ],
    ids=["no payload", "not closed", "cut off", "at the end"],
)
def test_what_is_no_whole_document_stays_lines_of_a_log(text: str) -> None:
    assert all(height == 1 for _, height in joined(text))


def test_a_whole_document_is_found_after_one_that_is_cut_off() -> None:
    cut = SPREAD[:200]
    height = cut.count("\n") + 1
    assert joined(f"{cut}\n{SPREAD}\n", is_json=True) == [(1, height), (height + 1, HEIGHT)]


def test_no_more_is_held_than_a_document_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spread, "_MOST_LINES", 3)
    assert len(joined(SPREAD)) == HEIGHT


def test_a_text_that_never_ends_is_read_once() -> None:
    line = ' "' + 'a\\"' * 300_000
    assert joined(f"{{\n{line}\n") == [(1, 1), (2, 1)]


def test_it_is_counted_as_one_document(tmp_path: Path) -> None:
    tally = assessed(tmp_path / "orders.jsonl", f"{ONE}\n{SPREAD}\n{ONE}\n")
    counts = (tally.lines, tally.documents, tally.with_payload, tally.payloads, tally.losses)
    assert counts == (2, 1, 3, 3, 0)


def test_one_that_is_not_whole_is_told_once(tmp_path: Path) -> None:
    tally = assessed(tmp_path / "orders.jsonl", f"{ONE}\n{SPREAD[:-1]}\n{ONE}\n")
    (trouble,) = tally.troubles
    assert trouble.path.endswith("orders.jsonl:2")
    assert trouble.problem == "looks like a payload that is cut off"
