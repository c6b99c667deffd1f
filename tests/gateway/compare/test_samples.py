"""The sample of a finding: one in which somebody was harmed, drawn as it happened."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command
from gateway.compare.harm import Harm, harm_of
from gateway.compare.replay import replay
from gateway.compare.report_html import render_html
from gateway.compare.timelines import Mark, align, draw_both
from gateway.simulation.screen import write
from gateway.traces.codec import to_line
from gateway.traces.model import Kind, Trace, TraceEntry
from tests.gateway.compare.by_hand import READ, SMS, judged, trace
from tests.gateway.compare.reporting import EARLY, NO

BELOW: Final = trace(
    READ, "1 submitted @0.4", "1 delivered @1", "report completed @1.2", "1 read @2"
)
"""Content with a delivery where `read` was asked for; it was read a second later: no harm."""
UNREAD: Final = trace(READ, "1 submitted @0.4", "1 delivered @1", "report completed @1.2")
"""The same, and it never was read: the next message was never sent."""


def marks(reference: Trace) -> tuple[list[Mark], list[Mark]]:
    return align(reference, replay(reference))


def drawn(reference: Trace, width: int = 100, candidate: Trace | None = None) -> list[str]:
    rows = draw_both(reference, candidate or replay(reference), width=width)
    return list(write(rows, has_colour=False, has_unicode=True))


def written(folder: Path, *traces: Trace) -> Path:
    path = folder / "traces.jsonl"
    numbered = (
        replace(each, dispatch=str(uuid.UUID(int=number, version=4)))
        for number, each in enumerate(traces, 1)
    )
    path.write_bytes(b"".join(map(to_line, numbered)))
    return path


def compare(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["compare", *map(str, arguments)])


def words(side: Sequence[Mark]) -> list[tuple[int, str, bool]]:
    return [
        (mark.at_ms, mark.entry.status or mark.entry.kind.value, mark.is_alone) for mark in side
    ]


def test_a_report_in_another_order_stands_in_rows_of_its_own() -> None:
    left, right = marks(BELOW)
    assert words(left) == [
        (400, "submitted", False),
        (1000, "delivered", False),
        (1200, "completed", True),
        (2000, "read", False),
    ]
    assert words(right)[-2:] == [(2000, "read", False), (2000, "completed", True)]


@pytest.mark.parametrize("width", [100, 60, 45])
def test_what_differs_is_marked_at_any_width(width: int) -> None:
    marked = [line for line in drawn(BELOW, width) if line.startswith("≠")]
    assert len([line for line in marked if "report: completed" in line]) == 2
    assert max(map(len, drawn(BELOW, width))) <= width


def test_the_side_to_which_nothing_happened_is_empty() -> None:
    (row,) = [line for line in drawn(BELOW) if line.startswith("≠ 1.2 s")]
    assert row.rstrip().endswith("│")
    assert row.count("completed") == 1


def test_no_side_says_completed_before_what_completed_it() -> None:
    lines = drawn(BELOW, 45)
    ours = lines[next(n for n, line in enumerate(lines) if "this gateway" in line) :]
    told = [line.split("◀── ")[1] for line in ours if "◀── " in line]
    assert told == ["1 submitted", "1 delivered", "1 read", "report: completed"]


@pytest.mark.parametrize(
    "reference",
    [
        BELOW,
        UNREAD,
        EARLY.reference,
        trace(
            SMS, "1 submitted @0.2", "2 submitted @17.9", "2 delivered @21", "report completed @21"
        ),
        trace(SMS, "1 submitted @0.2", "1 delivered @3"),
    ],
)
def test_every_instant_is_the_one_that_was_recorded_or_replayed(reference: Trace) -> None:
    candidate = replay(reference)
    for side, entries in zip(marks(reference), (reference, candidate), strict=True):
        assert all(mark.entry in entries.entries for mark in side)
        assert all(abs(mark.at_ms - mark.entry.at_ms) <= 500 for mark in side)


def given_up(at_s: float, *lines: str) -> Trace:
    """Return a trace in which the first step was given up then, as records of Dispatch name it."""
    told = trace(SMS, "1 submitted @0.2", f"2 submitted @{at_s}", *lines)
    entries = list(told.entries)
    at_ms = round(1000 * at_s)
    entries.insert(2, TraceEntry(at_ms=at_ms, kind=Kind.FAILOVER, step=0, why="expired"))
    return replace(told, entries=tuple(entries))


def test_a_failover_within_the_tolerance_is_at_its_own_instant_and_no_difference() -> None:
    left, right = marks(given_up(17.9, "2 delivered @21", "report completed @21"))
    assert not any(mark.is_alone for mark in (*left, *right))
    assert [mark.at_ms for mark in left if mark.entry.kind is Kind.FAILOVER] == [17_900]
    assert [mark.at_ms for mark in right if mark.entry.kind is Kind.FAILOVER] == [15_200]


def test_a_failover_that_no_record_names_is_no_difference() -> None:
    left, right = marks(
        trace(
            *(SMS, "1 submitted @0.2", "2 submitted @17.9", "2 delivered @21"),
            "report completed @21",
        )
    )
    assert not any(mark.is_alone for mark in (*left, *right))


def test_what_follows_a_failover_that_came_early_is_no_difference_of_its_own() -> None:
    left, right = align(EARLY.reference, EARLY.candidate)
    alone = [mark.entry.kind for mark in (*left, *right) if mark.is_alone]
    assert alone == [Kind.FAILOVER, Kind.FAILOVER]


@pytest.mark.parametrize("at_s", [12.5, 13.9])
def test_a_failover_that_is_a_finding_is_marked_however_near_it_is(at_s: float) -> None:
    early = given_up(at_s, "2 delivered @18", "report completed @18")
    assert judged(early).semantic
    for side in marks(early):
        assert [mark.entry.kind for mark in side if mark.is_alone] == [Kind.FAILOVER]


def test_a_charge_that_differs_is_drawn_with_both_amounts() -> None:
    dear = trace(
        SMS, "1 submitted @0.2 0.0333", "1 delivered @3", "report completed @3", fee="0.01"
    )
    (row,) = [line for line in drawn(dear) if "0.0433 EUR" in line]
    assert "0.0333 EUR" in row


def test_every_finding_marks_something() -> None:
    for reference in (BELOW, UNREAD, EARLY.reference):
        left, right = marks(reference)
        assert any(mark.is_alone for mark in (*left, *right))


def test_the_sample_is_one_that_harmed_somebody(tmp_path: Path) -> None:
    path = written(tmp_path, *[BELOW] * 5, UNREAD, BELOW)
    (finding,) = json.loads(compare("report", path, "--format", "json").stdout)["findings"]
    assert (finding["workflows"], finding["first"]) == (7, f"{path}:1")
    assert "read" not in [
        entry.get("status") for entry in finding["sample"]["reference"]["entries"]
    ]
    done = compare("report", path)
    said = " ".join(done.stdout.split())
    assert f"One of them, at {path}:6: Dispatch: message 2 is never sent." in said
    assert "This gateway, replayed: it is." in said
    for form in ("html",):
        assert "message 2 is never sent" in compare("report", path, "--format", form).stdout


def test_a_sample_in_which_nobody_was_harmed_claims_no_harm(tmp_path: Path) -> None:
    done = compare("report", written(tmp_path, BELOW))
    assert "One of them." in done.stdout
    assert "never sent" not in done.stdout


DOUBLE: Final = trace(
    SMS,
    *("1 submitted @0.2", "2 submitted @5", "1 delivered @8", "2 delivered @9"),
    "report completed @9",
)
OTHER_END: Final = trace(SMS, "1 submitted @0.2", "1 delivered @3", "report error @3")


@pytest.mark.parametrize(
    ("reference", "harm"),
    [
        (BELOW, Harm.TOLD),
        (UNREAD, Harm.LOST),
        (DOUBLE, Harm.DOUBLE),
        (OTHER_END, Harm.REPORT),
        (trace(SMS, "1 submitted @0.2", "1 delivered @3"), Harm.REPORT),
    ],
)
def test_harm_is_told_by_what_reached_people(reference: Trace, harm: Harm) -> None:
    difference = judged(reference).differences[0]
    assert harm_of(difference, reference, replay(reference)) is harm


def test_harm_comes_before_looks() -> None:
    assert sorted(Harm) == [Harm.WRONG, Harm.DOUBLE, Harm.LOST, Harm.REPORT, Harm.TOLD]


def test_a_record_that_was_cut_lost_nothing_as_far_as_is_known() -> None:
    cut = replace(UNREAD, is_complete=False)
    assert harm_of(judged(UNREAD).differences[0], cut, replay(cut)) is Harm.TOLD


def test_the_page_marks_the_rows_that_differ() -> None:
    page = render_html(NO, top=10)
    assert page.count('<tr class="differs"') == 3
    assert 'content: "≠ "' in page


def test_a_send_of_a_step_that_the_workflow_has_not_is_drawn() -> None:
    odd = replace(UNREAD, entries=(*UNREAD.entries, TraceEntry(at_ms=9000, kind=Kind.SEND, step=7)))
    assert any("8 a message" in line for line in drawn(odd, candidate=UNREAD))


def test_silence_folds_like_all_else() -> None:
    silent = trace(SMS, "1 submitted @0.2")
    assert max(map(len, drawn(silent, 56))) <= 56
