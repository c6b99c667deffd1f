"""Files become records: lines, or the document that fills a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.offline import log_records as records
from gateway.offline.inputs import Input, Trouble
from gateway.offline.log_records import Record, read_records


def read(path: Path, raw: bytes) -> list[Record | Trouble]:
    path.write_bytes(raw)
    return list(read_records(Input(path=str(path), size=len(raw))))


def lines(found: list[Record | Trouble]) -> list[tuple[int | None, bytes]]:
    return [(each.line, each.raw) for each in found if isinstance(each, Record)]


@pytest.mark.parametrize("name", ["app.log", "app.jsonl", "app", "app.json"])
def test_lines_are_numbered_and_blank_ones_kept(tmp_path: Path, name: str) -> None:
    found = read(tmp_path / name, b'{"a": 1}\r\n\n{"a": 2}')
    assert lines(found) == [(1, b'{"a": 1}\r\n'), (2, b"\n"), (3, b'{"a": 2}')]


@pytest.mark.parametrize("name", ["order.json", "order.txt"])
def test_a_document_over_several_lines_is_one_record(tmp_path: Path, name: str) -> None:
    raw = b'\n{\n  "a": 1\n}\n'
    assert lines(read(tmp_path / name, raw)) == [(None, raw)]


def test_a_log_that_begins_with_a_bracket_is_lines(tmp_path: Path) -> None:
    assert len(read(tmp_path / "app.log", b"[12:00] one\n[12:01] two\n")) == 2


def test_a_line_longer_than_a_block_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK", 16)
    found = read(tmp_path / "app.log", b"short\n" + b"x" * 50 + b"\nlast\n")
    assert lines(found) == [(1, b"short\n"), (2, b"x" * 50 + b"\n"), (3, b"last\n")]


def test_a_line_that_is_too_long_is_told_and_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "BLOCK", 16)
    monkeypatch.setattr(records, "MAX_DOCUMENT", 32)
    found = read(tmp_path / "app.log", b"short\n" + b"x" * 200 + b"\nlast\n")
    assert lines(found) == [(1, b"short\n"), (3, b"last\n")]
    assert [each.path for each in found if isinstance(each, Trouble)] == [f"{tmp_path}/app.log:2"]


@pytest.mark.parametrize(
    ("head", "problem"),
    [
        (b"\x1f\x8b\x08", "is compressed with gzip; unpack it first"),
        (b"PK\x03\x04", "is a zip archive; unpack it first"),
        ("x".encode("utf-16"), "is UTF-16; encode it as UTF-8 first"),
    ],
)
def test_what_would_look_empty_is_told(tmp_path: Path, head: bytes, problem: str) -> None:
    path = tmp_path / "app.log.1"
    assert read(path, head + b"...") == [Trouble(path=str(path), problem=problem)]


def test_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    source = Input(path=str(tmp_path / "gone.log"), size=None)
    assert [str(each) for each in read_records(source)] == [
        f"{tmp_path}/gone.log: cannot be read: no such file or directory"
    ]
