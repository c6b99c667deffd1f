"""Files of traces, written and read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.offline.inputs import Trouble
from gateway.traces.codec import to_line
from gateway.traces.files import TraceWriter, read_traces
from tests.gateway.traces.tracing import BARE, TRACE


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "traces.jsonl"


def test_what_is_written_is_read_in_order(path: Path) -> None:
    with TraceWriter(path) as writer:
        writer.write(TRACE)
        writer.write(BARE)
    assert list(read_traces([str(path)])) == [TRACE, BARE]


def test_a_file_of_one_trace_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(to_line(TRACE))
    assert list(read_traces([str(path)])) == [TRACE]


def test_a_writer_adds_to_what_is_there(path: Path) -> None:
    path.write_bytes(to_line(BARE))
    with TraceWriter(path) as writer:
        writer.write(TRACE)
    assert list(read_traces([str(path)])) == [BARE, TRACE]


def test_a_trace_after_a_torn_line_stands_on_its_own(path: Path) -> None:
    path.write_bytes(to_line(BARE) + to_line(TRACE)[:40])
    with TraceWriter(path) as writer:
        writer.write(TRACE)
    whole, torn, after = read_traces([str(path)])
    assert (whole, after) == (BARE, TRACE)
    assert str(torn) == f"{path}:2: is cut off: the line ends before its JSON does"


def test_a_fault_is_told_with_its_line_and_never_ends_the_rest(path: Path) -> None:
    path.write_bytes(to_line(TRACE) + b'{"schema":9}\n' + to_line(BARE))
    first, newer, last = read_traces([str(path)])
    assert (first, last) == (TRACE, BARE)
    assert isinstance(newer, Trouble)
    assert (newer.path, newer.is_loss) == (f"{path}:2", True)


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    assert [str(each) for each in read_traces([str(path)])] == [
        f"{path}: cannot be read: no such file or directory"
    ]


def test_a_new_file_is_its_owners_alone(path: Path) -> None:
    TraceWriter(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_trace_is_there_as_soon_as_it_is_written(path: Path) -> None:
    with TraceWriter(path) as writer:
        writer.write(TRACE)
        assert path.read_bytes() == to_line(TRACE)


def test_two_writers_of_one_file_keep_their_lines_whole(path: Path) -> None:
    with TraceWriter(path) as one, TraceWriter(path) as other:
        one.write(TRACE)
        other.write(BARE)
        one.write(TRACE)
    assert list(read_traces([str(path)])) == [TRACE, BARE, TRACE]


def test_a_writer_closes_more_than_once(path: Path) -> None:
    writer = TraceWriter(path)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(TRACE)


def test_a_writer_writes_to_what_is_no_file() -> None:
    with TraceWriter(Path(os.devnull)) as writer:
        writer.write(TRACE)


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        TraceWriter(tmp_path)


def test_a_trace_of_any_size_is_one_line(path: Path) -> None:
    large = replace(TRACE, entries=TRACE.entries * 20_000)
    with TraceWriter(path) as writer:
        writer.write(large)
    assert list(read_traces([str(path)])) == [large]
