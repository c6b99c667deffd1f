"""The report over traffic of the stand-in of Dispatch: each planted quirk by its name, no more."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Any, Final, TypeAlias

import pytest
from click.testing import CliRunner

from gateway.cli.main import command
from gateway.sandbox.legacy_quirks import AS_CAPTURED, AS_DOCUMENTED, QUIRKS, Habits
from gateway.traces.codec import to_line
from tests.gateway.compare.legacy_traces import legacy_trace, workflows
from translators.diagnostics import JsonObject

WORKFLOWS: Final = 200
EXPECTED: Final = {
    "fails-over-early": "failover-early",
    "delivered-counts-as-read": "completed-below-condition",
    "forgets-report": "report-missing",
    "doubles-report": "report-extra",
    "other-totals": "cost",
    "ignores-undeliverable": "other-trigger",
    "late-step": "failover-late",
    "drops-status": "status-missing",
}
# Of the script that answers after 3 s: with the lag of the captures, the step that is sent then
# shows later than any tolerance allows.
SLOW: Final = "447700900008"
Report: TypeAlias = Any
Reported: TypeAlias = Callable[..., Report]


@cache
def traffic() -> list[JsonObject]:
    """Return workflows of every length, channel, condition and script, a fair choice of them."""
    everything = [request for request in workflows() if SLOW not in str(request)]
    return [everything[index * len(everything) // WORKFLOWS] for index in range(WORKFLOWS)]


@pytest.fixture(scope="module")
def reported(tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """Returns `compare report` over the traffic of a stand-in, as JSON."""

    @cache
    def report(*quirks: str, habits: Habits = AS_DOCUMENTED) -> Report:
        path = tmp_path_factory.mktemp("quirks") / "traces.jsonl"
        path.write_bytes(b"".join(_lines(quirks, habits)))
        done = CliRunner().invoke(command, ["compare", "report", str(path), "--format", "json"])
        return json.loads(done.stdout)

    return report


def _lines(quirks: Iterable[str], habits: Habits) -> Iterable[bytes]:
    for number, request in enumerate(traffic()):
        trace = legacy_trace(request, habits=habits, quirks=quirks)
        yield to_line(replace(trace, dispatch=str(uuid.UUID(int=number, version=4))))


def weighing(report: Report) -> set[str]:
    """Return the names of the findings that nothing explains."""
    return {
        finding["name"]
        for finding in report["findings"]
        if finding["gravity"] in ("critical", "semantic", "cosmetic")
    }


def test_every_quirk_is_expected_to_show() -> None:
    assert set(EXPECTED) == set(QUIRKS)


def test_without_quirks_nothing_differs(reported: Reported) -> None:
    report = reported()
    assert (report["evidence"]["compared"], report["findings"]) == (WORKFLOWS, [])


def test_every_shape_is_in_the_traffic(reported: Reported) -> None:
    titles = [shape["title"] for shape in reported()["shapes"]]
    assert {title.count("→") for title in titles} == {0, 1, 2}


@pytest.mark.parametrize("quirk", EXPECTED)
def test_a_quirk_is_found_by_its_name_and_nothing_else_weighs(
    reported: Reported, quirk: str
) -> None:
    assert weighing(reported(quirk)) == {EXPECTED[quirk]}


@pytest.mark.parametrize("quirk", EXPECTED)
def test_a_quirk_is_reason_enough_to_say_no(reported: Reported, quirk: str) -> None:
    assert reported(quirk)["answer"] == "no"


def test_a_service_as_it_was_captured_is_explained_by_numbers(reported: Reported) -> None:
    report = reported(habits=AS_CAPTURED)
    assert (report["outcomes"]["explained"], weighing(report)) == (WORKFLOWS, set())
