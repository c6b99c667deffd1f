"""The report as text, as JSON and as test cases says the same as the page."""

from __future__ import annotations

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from gateway.compare.report_model import Report
from gateway.compare.report_tables import render_json, render_junit
from gateway.compare.report_text import text_rows
from gateway.compare.timelines import align, draw_both
from gateway.offline.inputs import Trouble
from gateway.simulation.screen import write
from gateway.traces.codec import from_line
from gateway.traces.model import Kind, Path, Trace
from tests.gateway.compare.reporting import CUT, EARLY, GO, MISSING, NO, NOT_YET, entry, trace


def text(report: Report, *, top: int = 10, width: int = 100) -> list[str]:
    return write(text_rows(report, top=top, width=width), has_colour=False, has_unicode=True)


@pytest.mark.parametrize(
    ("report", "beginning"),
    [
        (GO, "Go: 9,312 workflows of 2 shapes, and none differs in meaning; at 95 %"),
        (NOT_YET, "Not yet: 120 workflows of 2 shapes, and none differs in meaning, but"),
        (NO, "No: 14 of 9,312 workflows differ in meaning."),
    ],
)
def test_the_first_line_is_the_answer(report: Report, beginning: str) -> None:
    assert text(report)[0].startswith(beginning)


def test_wrong_recipients_are_named_in_the_answer() -> None:
    evidence = replace(NO.evidence, critical=2)
    first = " ".join(text(replace(NO, evidence=evidence))[:2])
    assert "2 of them with the wrong recipient or content." in first


def test_outcomes_add_up_in_the_text() -> None:
    lines = text(NO)
    first = lines.index("Workflows by outcome") + 1
    *counts, total = (int(line.split()[1].replace(",", "")) for line in lines[first : first + 8])
    assert sum(counts) == total == 9320


def test_what_weighs_is_drawn_and_what_does_not_is_not() -> None:
    drawings = [line for line in text(NO) if "this gateway, replayed" in line and ":" not in line]
    assert len(drawings) == 1


def test_drawings_stand_below_each_other_on_a_narrow_screen() -> None:
    drawn = write(
        draw_both(EARLY.reference, EARLY.candidate, width=50), has_colour=False, has_unicode=True
    )
    assert [line.strip() for line in drawn if "Dispatch" in line or "gateway" in line] == [
        "Dispatch",
        "this gateway, replayed",
    ]


def test_what_came_a_little_later_stands_at_its_own_instant_and_is_no_difference() -> None:
    late = trace(Path.NONE, entry(3.9, Kind.STATUS, 0, "submitted"), origin="replay")
    _, (mark,) = align(MISSING.reference, late)
    assert (mark.at_ms, mark.is_alone) == (3900, False)


def test_what_came_much_later_is_a_difference() -> None:
    late = trace(Path.NONE, entry(9.9, Kind.STATUS, 0, "submitted"), origin="replay")
    _, (mark,) = align(MISSING.reference, late)
    assert (mark.at_ms, mark.is_alone) == (9900, True)


def test_a_refused_request_is_drawn() -> None:
    refused = trace(Path.NONE, entry(0, Kind.ANSWER, None, "400"), origin="replay")
    drawn = write(
        draw_both(EARLY.reference, refused, width=100), has_colour=False, has_unicode=True
    )
    assert any("✕   request refused 400" in line for line in drawn)


def test_a_record_that_was_cut_does_not_claim_silence() -> None:
    cut = replace(MISSING.reference, is_complete=False)
    drawn = write(draw_both(cut, MISSING.candidate, width=100), has_colour=False, has_unicode=True)
    assert not any("nothing more is heard" in line for line in drawn)


def test_a_record_that_was_cut_says_so() -> None:
    cut = replace(MISSING.reference, is_complete=False)
    drawn = write(draw_both(cut, MISSING.candidate, width=100), has_colour=False, has_unicode=True)
    assert drawn[-1] == "Dispatch: the record was cut here"


@pytest.mark.parametrize(
    ("workflows", "figure"),
    [(4, "75 %"), (6, "1 in 2"), (9312, "1 in 3,104")],
)
def test_certainty_is_never_one_in_one(workflows: int, figure: str) -> None:
    report = replace(GO, evidence=replace(GO.evidence, upper_bound=3 / workflows))
    assert f"< {figure}" in "\n".join(text(report))


def test_one_kind_in_many_shapes_is_told_once_in_the_text() -> None:
    other = replace(NO.findings[0], shape="viber text", fingerprint="b1b2c3d4e5f6", workflows=3)
    lines = text(replace(NO, findings=(NO.findings[0], other)))
    assert sum("CMP405" in line for line in lines) == 1
    assert any("viber text, step 1: 3 workflows," in line for line in lines)


def test_known_differences_are_listed_by_number() -> None:
    lines = text(NO)
    assert any(line.startswith("  DIFF-08        9,000  no fee is added") for line in lines)
    assert not any("CMP413" in line for line in lines)


def test_the_second_message_of_a_person_is_in_the_legend() -> None:
    assert any("!!! the person has a message already" in line for line in text(NO))


def test_records_that_were_cut_are_told_apart_in_the_text() -> None:
    (figure,) = (line for line in text(CUT) if line.startswith("  workflows  "))
    assert figure.split(maxsplit=2)[2] == "compared; 8 could not be, 42 were cut"
    (row,) = (line for line in text(CUT) if line.startswith("  cut  "))
    assert row.split(maxsplit=2)[1:] == [
        "42",
        "the recording ended before the workflow was over; no evidence",
    ]


def test_records_that_were_cut_are_told_apart_in_the_json() -> None:
    report = json.loads(render_json(CUT))
    assert (report["evidence"]["cut"], report["outcomes"]["cut"]) == (42, 42)


def test_nothing_compared_as_a_whole_is_not_nothing_at_all() -> None:
    evidence = replace(CUT.evidence, workflows=42, compared=0)
    first = text(replace(CUT, evidence=evidence))[0]
    assert first == "Not yet: every workflow was cut before it was over, or could not be compared."


@pytest.mark.parametrize(
    ("count", "title"), [(1, "1, of which 1 weighs"), (2, "2, of which 2 weigh")]
)
def test_findings_that_weigh_are_counted(count: int, title: str) -> None:
    assert f"Findings: {title}" in text(replace(NO, findings=count * NO.findings[:1]))


def test_ignores_that_do_nothing_are_listed() -> None:
    assert "  ffffeeeedddd met by nothing (ops: old quirk)" in text(NO)


def test_more_findings_than_are_shown_are_counted() -> None:
    assert "  and 1 more; --top shows them" in text(NO, top=1)


def test_the_json_holds_everything() -> None:
    report = json.loads(render_json(NO))
    assert report["answer"] == "no"
    assert [finding["fingerprint"] for finding in report["findings"]] == [
        "a1b2c3d4e5f6",
        "0f1e2d3c4b5a",
        "99aa99aa99aa",
    ]
    assert report["known_differences"] == {"DIFF-08": 9000}
    assert report["shapes"][0]["unseen"][0] == "step 1 undeliverable"


def test_a_sample_in_the_json_is_a_trace_again() -> None:
    sample = json.loads(render_json(NO))["findings"][0]["sample"]
    read = from_line(json.dumps(sample["reference"]).encode())
    assert isinstance(read, Trace)
    assert read == EARLY.reference


def test_what_weighs_fails_a_build() -> None:
    suite = ElementTree.fromstring(render_junit(NO))  # noqa: S314 - written a line before
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "1", "1")
    (failure,) = suite.iter("failure")
    assert failure.get("type") == "CMP405"


def test_what_xml_cannot_say_is_replaced() -> None:
    finding = replace(NO.findings[0], detail="\x00\ud800<&")
    suite = ElementTree.fromstring(  # noqa: S314
        render_junit(replace(NO, findings=(finding,)))
    )
    (failure,) = suite.iter("failure")
    assert (failure.get("message") or "").startswith("\ufffd\ufffd<&")


def test_a_test_report_keeps_what_an_input_is_called() -> None:
    trouble = Trouble(path="a\n\r\ufffe\uffff.jsonl", problem="is cut off")
    suite = ElementTree.fromstring(  # noqa: S314
        render_junit(replace(NO, troubles=(trouble,)))
    )
    (error,) = suite.iterfind(".//testcase[@classname='input']")
    assert error.get("name") == "a\n\r\ufffd\ufffd.jsonl"
