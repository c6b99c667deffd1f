"""What counts as evidence on the command line: recorded, whole, once, and with its other half."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command
from gateway.compare.replay import replay
from gateway.traces.codec import to_line
from gateway.traces.model import Path as TracePath
from tests.gateway.compare.reporting import EARLY, MISSING

SAME: Final = replace(
    replay(EARLY.candidate),
    dispatch="0d5c0000-0000-4000-8000-000000000003",
    path=TracePath.GATEWAY,
    origin="gateway",
)
PAIR: Final = "0d5c0000-0000-4000-8000-0000000000aa"
HALVES: Final = (
    replace(SAME, pair=PAIR, origin="paired"),
    replace(EARLY.reference, pair=PAIR, origin="paired"),
)
SILENT: Final = replace(MISSING.reference, dispatch="0d5c0000-0000-4000-8000-000000000002")


def compare(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["compare", *map(str, arguments)])


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    """A file of traces: one is given up too early, one lacks its report, one is sound."""
    path = tmp_path / "traces.jsonl"
    path.write_bytes(b"".join(map(to_line, (EARLY.reference, SILENT, SAME))))
    return path


def test_copies_and_replays_are_no_evidence(traces: Path, tmp_path: Path) -> None:
    replayed = tmp_path / "replayed.jsonl"
    compare("replay", traces, "-o", replayed)
    report = json.loads(compare("report", traces, traces, replayed, "--format", "json").stdout)
    assert (report["evidence"]["workflows"], report["input"]["left_out"]) == (
        2,
        {"made": 3, "repeated": 3, "mirrored": 0, "unchecked": 0},
    )
    assert "3 replayed or synthetic traces were left out." in report["reasons"]
    assert "3 copies of workflows that came before were left out." in report["reasons"]


def test_a_recording_compared_with_itself_is_no_evidence(traces: Path) -> None:
    done = compare("report", traces, "--with", traces, "--format", "json")
    report = json.loads(done.stdout)
    assert (report["evidence"]["workflows"], report["input"]["left_out"]["mirrored"]) == (0, 3)
    assert "3 traces that are the same on both sides were left out." in report["reasons"]


def test_records_that_were_cut_are_said_with_the_answer(traces: Path) -> None:
    cut = replace(SILENT, dispatch=PAIR, is_complete=False)
    traces.write_bytes(to_line(SILENT) + to_line(cut))
    assert "- 1 workflow was cut: recording ended before" in compare("report", traces).stdout


@pytest.fixture
def paired(tmp_path: Path) -> Path:
    """A file that holds both halves of a pair."""
    path = tmp_path / "paired.jsonl"
    path.write_bytes(b"".join(map(to_line, HALVES)))
    return path


def test_the_halves_of_a_pair_are_compared_with_each_other(paired: Path) -> None:
    report = json.loads(compare("report", paired, "--format", "json").stdout)
    assert (report["reference"], report["candidate"]) == ("Dispatch", "this gateway")
    assert (report["evidence"]["workflows"], report["evidence"]["semantic"]) == (1, 1)
    sample = report["findings"][0]["sample"]
    assert [sample[side]["path"] for side in ("reference", "candidate")] == ["legacy", "gateway"]


def test_half_a_pair_is_compared_with_its_replay_and_that_is_said(paired: Path) -> None:
    paired.write_bytes(to_line(HALVES[1]))
    done = compare("report", paired)
    assert done.stderr == (
        f"dispatch-gateway: {paired}:1: has no other half here, so it is compared with its replay;"
        " the first of 1\n"
    )


def test_a_file_of_pairs_can_be_drawn(paired: Path) -> None:
    done = compare("diff", paired)
    assert done.exit_code == 1
    assert done.stdout.startswith("1 workflow on both sides: 1 semantic.\n")


def test_a_file_without_pairs_needs_a_second_one(traces: Path) -> None:
    done = compare("diff", traces)
    assert done.exit_code == 2
    assert f"dispatch-gateway: {traces}: holds no two halves of one request; name B" in done.stderr


def test_the_halves_of_a_pair_are_found_in_two_files(traces: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    traces.write_bytes(to_line(HALVES[1]))
    other.write_bytes(to_line(HALVES[0]))
    assert compare("diff", traces, other).stderr == ""
    report = json.loads(compare("report", traces, "--with", other, "--format", "json").stdout)
    assert (report["reference"], report["candidate"]) == ("Dispatch", "this gateway")


def test_doubles_are_not_counted_of_copies(traces: Path, tmp_path: Path) -> None:
    cut = replace(SAME, dispatch=PAIR, is_complete=False)
    other = tmp_path / "other.jsonl"
    other.write_bytes(to_line(cut) + to_line(replay(SAME)))
    report = json.loads(compare("doubles", traces, traces, other, "--format", "json").stdout)
    assert [row["steps"] for row in report["rows"]] == [2]
    assert [row["steps"] for row in report["apart"]["rows"]] == [1]
    assert report["left_out"] == [
        "1 replayed or synthetic trace was left out",
        "3 copies of workflows that came before were left out",
        "1 cut record was left out",
    ]


def test_populations_are_not_made_of_copies(traces: Path) -> None:
    report = json.loads(compare("populations", traces, traces, "--format", "json").stdout)
    assert report["workflows"]["left_out"] >= 3
