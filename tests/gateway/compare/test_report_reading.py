"""Files of traces are read to their end, whatever is in them, and paired without being held."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.compare.reading import Index, Reading, Troubles
from gateway.traces.codec import to_line
from gateway.traces.model import Trace
from tests.gateway.compare.reporting import EARLY, MISSING

FIRST = EARLY.reference
SECOND = replace(MISSING.reference, dispatch="0d5c0000-0000-4000-8000-000000000002")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two traces."""
    path = tmp_path / "traces.jsonl"
    path.write_bytes(to_line(FIRST) + b"\n" + to_line(SECOND))
    return path


def read(path: Path) -> tuple[list[tuple[str, Trace]], Reading]:
    reading = Reading(paths=[str(path)], progress_is_wanted=False)
    return [(each.place, each.trace) for each in reading.traces()], reading


def test_a_trace_comes_with_its_place(path: Path) -> None:
    traces, reading = read(path)
    assert traces == [(f"{path}:1", FIRST), (f"{path}:3", SECOND)]
    assert (reading.files, reading.troubles.losses) == (1, 0)


def test_a_single_trace_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.write_bytes(to_line(FIRST))
    traces, _ = read(path)
    assert [trace for _, trace in traces] == [FIRST]


def test_a_line_that_is_cut_off_is_told_and_the_rest_read(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(to_line(FIRST)[:50] + b"\n" + to_line(SECOND))
    traces, reading = read(path)
    assert [trace for _, trace in traces] == [SECOND]
    assert reading.troubles.losses == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"dispatch-gateway: {path}:1: ")


def test_a_newer_schema_is_told(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path.write_bytes(to_line(FIRST).replace(b'"schema":1', b'"schema":99'))
    traces, _ = read(path)
    assert traces == []
    assert "99" in capsys.readouterr().err


def test_many_troubles_do_not_flood_the_terminal(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_bytes(b"{}\n" * 150)
    _, reading = read(path)
    lines = capsys.readouterr().err.splitlines()
    assert (len(lines), reading.troubles.losses, len(reading.troubles.told)) == (101, 150, 100)


def test_an_index_finds_a_trace_by_its_dispatch(path: Path) -> None:
    found = Index([str(path)], Troubles()).take(SECOND)
    assert found is not None
    assert (found.place, found.trace) == (f"{path}:3", SECOND)


def test_an_index_gives_a_trace_once(path: Path) -> None:
    index = Index([str(path)], Troubles())
    index.take(SECOND)
    assert index.take(SECOND) is None
    assert index.rest() == [f"{path}:1"]


def test_of_two_traces_of_one_dispatch_the_later_counts(path: Path) -> None:
    later = replace(FIRST, is_complete=False)
    with path.open("ab") as file:
        file.write(to_line(later))
    troubles = Troubles()
    found = Index([str(path)], troubles).take(FIRST)
    assert found is not None
    assert found.trace == later
    assert [str(each) for each in troubles.told] == [
        f"{path}:4: is of a dispatch that came before; this one counts"
    ]


def test_a_file_that_goes_away_is_a_trouble(path: Path) -> None:
    troubles = Troubles()
    index = Index([str(path)], troubles)
    path.unlink()
    assert index.take(SECOND) is None
    assert [str(each) for each in troubles.told] == [
        f"{path}:3: cannot be read: no such file or directory"
    ]


def test_standard_input_cannot_be_an_index() -> None:
    troubles = Troubles()
    assert Index(["-"], troubles).rest() == []
    assert troubles.losses == 1
