"""Evidence is what Dispatch decided: this gateway held against itself proves nothing."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command
from gateway.compare.replay import replay
from gateway.traces.codec import to_line
from gateway.traces.model import Path as Sender
from gateway.traces.model import Trace
from tests.gateway.compare.by_hand import SMS, trace, with_body

DISPATCH_S: Final = (
    trace(SMS, "1 submitted @0.2", "1 delivered @3", "report completed @3"),
    trace(SMS, "1 submitted @0.2", "2 submitted @15.3", "2 delivered @18", "report completed @18"),
    trace(
        SMS,
        *("1 submitted @0.2", "2 submitted @15.3", "2 rejected 1300 @16", "report error @16"),
    ),
)
"""Each main branch of one shape, as this gateway would have it."""
FORGOTTEN: Final = trace(SMS, "1 submitted @0.2", "1 delivered @3")


def own(recorded: Trace, origin: str = "gateway") -> Trace:
    """Return what this gateway writes down of the same facts."""
    return replace(replay(recorded), path=Sender.GATEWAY, origin=origin)


OWN: Final = tuple(map(own, DISPATCH_S))
OWN_DIFFERENT: Final = replace(OWN[0], entries=OWN[0].entries[:-1])
"""As if an older version had told no report."""


def written(folder: Path, *counts: tuple[Iterable[Trace], int]) -> Path:
    """Write traces, each so many times as a workflow of its own."""
    path, number = folder / "traces.jsonl", 0
    with path.open("wb") as file:
        for recorded, times in counts:
            for each in recorded:
                for _ in range(times):
                    number += 1
                    identity = str(uuid.UUID(int=number, version=4))
                    file.write(to_line(replace(each, dispatch=identity)))
    return path


def compare(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, ["compare", *map(str, arguments)])


def test_what_the_traces_of_this_module_hold(tmp_path: Path) -> None:
    done = compare("report", written(tmp_path, (DISPATCH_S, 110)))
    assert done.stdout.startswith("Go: 330 workflows of 1 shape, and none differs in meaning;")


def test_this_gateway_compared_with_itself_is_no_answer(tmp_path: Path) -> None:
    path = written(tmp_path, (OWN, 140))
    done = compare("report", path)
    first, *reasons = done.stdout.splitlines()[:4]
    assert first == (
        "No answer: Dispatch decided none of 420 workflows; this gateway served them itself."
    )
    assert "GATEWAY_MODE=observe" in " ".join(reasons)
    assert "compare import" in " ".join(reasons)
    assert compare("report", path, "--fail-on", "not-go").exit_code == 1


@pytest.mark.parametrize("origin", ["gateway", "split", "explain", "paired"])
def test_no_mode_makes_it_an_answer(origin: str, tmp_path: Path) -> None:
    recorded = [own(each, origin) for each in DISPATCH_S]
    done = compare("report", written(tmp_path, (recorded, 110)), "--format", "json")
    report = json.loads(done.stdout)
    assert (report["answer"], report["evidence"]["workflows"]) == ("no-answer", 0)
    assert report["apart"]["workflows"] == 330


def test_our_own_side_of_a_split_makes_no_go(tmp_path: Path) -> None:
    path = written(tmp_path, (DISPATCH_S, 50), (OWN, 100))
    report = json.loads(compare("report", path, "--format", "json").stdout)
    assert (report["answer"], report["evidence"]["compared"]) == ("not-yet", 150)
    assert "300 workflows are needed to say that fewer than 1 in 100 differ." in report["reasons"]
    assert report["apart"]["outcomes"]["identical"] == 300


def test_our_own_side_dilutes_no_share(tmp_path: Path) -> None:
    path = written(tmp_path, (DISPATCH_S, 100), ((FORGOTTEN,), 4), (OWN, 100))
    report = json.loads(compare("report", path, "--format", "json").stdout)
    assert (report["answer"], report["evidence"]["semantic"]) == ("no", 4)


def test_a_branch_that_only_this_gateway_took_was_not_seen(tmp_path: Path) -> None:
    report = json.loads(
        compare(
            "report", written(tmp_path, (DISPATCH_S[:1], 300), (OWN, 10)), "--format", "json"
        ).stdout
    )
    assert report["answer"] == "not-yet"
    assert "step 1 expired" in report["shapes"][0]["unseen"]


def test_both_populations_are_named_and_one_is_judged(tmp_path: Path) -> None:
    path = written(tmp_path, (DISPATCH_S, 110), (OWN, 50), ((OWN_DIFFERENT,), 3))
    done = compare("report", path)
    said = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert said.startswith("Go: 330 workflows of 1 shape")
    assert (
        "Judged by the 330 workflows that Dispatch decided; the 153 that this gateway served itself"
        " are no evidence, and stand apart." in said
    )
    assert "Served by this gateway itself: 153 workflows" in said
    assert "semantic 3 CMP409 report-missing" in said


def test_the_page_shows_both(tmp_path: Path) -> None:
    path = written(tmp_path, (DISPATCH_S, 110), ((OWN_DIFFERENT,), 3))
    page = compare("report", path, "--format", "html").stdout
    assert "Served by this gateway itself" in page
    assert 'class="verdict go"' in page


def test_a_page_of_no_answer_says_so(tmp_path: Path) -> None:
    page = compare("report", written(tmp_path, (OWN, 1)), "--format", "html").stdout
    assert "<title>No answer: cutting over to the gateway</title>" in page


def test_what_differs_on_our_own_side_fails_no_build(tmp_path: Path) -> None:
    path = written(tmp_path, (DISPATCH_S, 110), ((OWN_DIFFERENT,), 3))
    root = ET.fromstring(compare("report", path, "--format", "junit").stdout)  # noqa: S314
    assert root.get("failures") == "0"
    names = [case.get("classname") for case in root.iter("testcase")]
    assert "own.CMP409" in names


def test_a_message_of_ours_to_somebody_else_is_a_no(tmp_path: Path) -> None:
    send = next(index for index, each in enumerate(OWN[0].entries) if each.kind == "send")
    wrong = with_body(OWN[0], send, **{**(OWN[0].entries[send].body or {}), "to": "447700900999"})
    path = written(tmp_path, (DISPATCH_S, 110), ((wrong,), 1))
    done = compare("report", path)
    assert done.stdout.startswith("No: this gateway sent 1 of 1 workflow of its own to a wrong")
    assert [compare("report", path, "--fail-on", each).exit_code for each in ("critical",)] == [1]


def test_two_records_of_dispatch_are_no_comparison(tmp_path: Path) -> None:
    there = written(tmp_path, (DISPATCH_S, 110))
    (tmp_path / "other").mkdir()
    again = written(tmp_path / "other", ([replace(e, origin="import") for e in DISPATCH_S], 110))
    report = json.loads(compare("report", there, "--with", again, "--format", "json").stdout)
    assert (report["answer"], report["evidence"]["workflows"]) == ("not-yet", 0)
    assert report["input"]["left_out"]["mirrored"] == 330


def test_what_dispatch_did_is_the_reference_wherever_it_stands(tmp_path: Path) -> None:
    ours = written(tmp_path, (OWN, 110))
    (tmp_path / "other").mkdir()
    theirs = written(tmp_path / "other", (DISPATCH_S, 110))
    report = json.loads(compare("report", ours, "--with", theirs, "--format", "json").stdout)
    assert (report["reference"], report["answer"]) == ("Dispatch", "go")


def test_a_replay_says_who_decided(tmp_path: Path) -> None:
    path = written(tmp_path, (DISPATCH_S[:1], 1), (OWN[:1], 1))
    lines = [json.loads(line) for line in compare("replay", path).stdout.splitlines()]
    assert [line["path"] for line in lines] == ["legacy", "gateway"]


def test_doubles_of_both_sides_are_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path, (DISPATCH_S, 2), (OWN, 1))
    found = json.loads(compare("doubles", path, "--format", "json").stdout)
    assert [found["rows"][0]["steps"], found["apart"]["rows"][0]["steps"]] == [6, 3]
    for form in ("text", "html"):
        assert "Served by this gateway itself" in compare("doubles", path, "--format", form).stdout


def test_doubles_of_ours_alone_are_told_as_ours(tmp_path: Path) -> None:
    found = json.loads(compare("doubles", written(tmp_path, (OWN, 1)), "--format", "json").stdout)
    assert (found["left_out"], found["apart"]) == (
        ["all of it was served by this gateway itself"],
        None,
    )
    assert found["rows"][0]["steps"] == 3


def test_a_report_says_which_days_it_is_of(tmp_path: Path) -> None:
    days = ("2025-02-03T12:14:25.061Z", "2025-02-09T08:00:00.000Z", "of nobody")
    recorded = [replace(each, accepted_at=day) for each, day in zip(DISPATCH_S, days, strict=True)]
    path = written(tmp_path, (recorded, 1))
    said = "accepted from 2025-02-03 12:14 to 2025-02-09 08:00 UTC"
    for form in ("text", "html"):
        assert said in compare("report", path, "--format", form).stdout
    evidence = json.loads(compare("report", path, "--format", "json").stdout)["evidence"]
    assert (evidence["accepted_from"], evidence["accepted_until"]) == days[:2]
