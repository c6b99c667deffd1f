"""`compare --config`: offline, a gateway is what its settings make it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from gateway.compare.replay import replay
from gateway.traces.codec import to_line
from gateway.traces.model import Kind, Trace
from gateway.traces.model import Path as TracePath
from tests.gateway.cli.test_compare import KEY, compare
from tests.gateway.compare.reporting import entry, trace
from tests.support.world import failing_over, step, workflow
from translators.diagnostics import JsonObject

LAST_STEP_WITH_TERMS: Final = workflow(step("sms", **failing_over()))
TO_A_USER_ID: Final[JsonObject] = {
    "from": {"type": "whatsapp", "number": "447700900001"},
    "to": {"type": "whatsapp", "number": "US.1234567890abcdef"},
    "message": {
        "content": {
            "type": "template",
            "template": {"name": "shop:code", "parameters": [{"default": "1"}]},
        },
        "whatsapp": {"policy": "deterministic", "locale": "en_US"},
    },
}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_TRACE_KEY", KEY)


def config(folder: Path, text: str) -> Path:
    """Write a file of settings that no gateway could start with: it lacks all about callers."""
    path = folder / "gateway.toml"
    path.write_text(text)
    return path


def accepted_there(folder: Path, request: JsonObject = LAST_STEP_WITH_TERMS) -> Path:
    """Write the trace of a workflow that Dispatch took and delivered."""
    taken = replace(
        trace(
            TracePath.LEGACY,
            entry(0, Kind.ANSWER, None, "202"),
            entry(0.4, Kind.STATUS, 0, "submitted"),
            entry(2, Kind.STATUS, 0, "delivered"),
            entry(2.1, Kind.REPORT, None, "completed"),
        ),
        request=request,
    )
    return written(folder, taken)


def written(folder: Path, recorded: Trace) -> Path:
    """Write a trace to a file of its own."""
    path = folder / "traces.jsonl"
    path.write_bytes(to_line(recorded))
    return path


def outcome(*arguments: str | Path) -> str:
    """Return how the one trace compares."""
    return str(json.loads(compare("replay", *arguments).stdout)["outcome"])


def test_a_switch_of_the_gateway_counts_offline(tmp_path: Path) -> None:
    traces = accepted_there(tmp_path)
    settings = config(tmp_path, 'accept = "failover-on-last-step"')
    assert [outcome(traces), outcome(traces, "--config", settings)] == ["semantic", "equivalent"]


def test_a_switch_counts_by_its_code_as_well(tmp_path: Path) -> None:
    settings = config(tmp_path, 'accept = "REQ134"')
    assert outcome(accepted_there(tmp_path), "--config", settings) == "equivalent"


def test_an_option_wins_over_the_file(tmp_path: Path) -> None:
    ended = workflow(step("sms"))
    ended["workflow"] = [step("sms"), None]
    traces = accepted_there(tmp_path, ended)
    settings = config(tmp_path, 'refuse = "trailing-null"')
    options = ("--config", settings, "--accept", "failover-on-last-step")
    assert [outcome(traces), outcome(traces, *options)] == ["equivalent", "semantic"]


def test_a_horizon_of_the_gateway_counts_offline(tmp_path: Path) -> None:
    silent = trace(
        TracePath.LEGACY,
        entry(0, Kind.ANSWER, None, "202"),
        entry(0.4, Kind.STATUS, 0, "submitted"),
        entry(7200.4, Kind.REPORT, None, "error"),
    )
    traces = written(tmp_path, replace(silent, request=workflow(step())))
    settings = config(tmp_path, "horizon_sms = 7200")
    assert [outcome(traces), outcome(traces, "--config", settings)] == ["explained", "identical"]


def test_the_report_goes_by_the_same_settings(tmp_path: Path) -> None:
    traces = accepted_there(tmp_path)
    settings = config(tmp_path, 'accept = "failover-on-last-step"')
    done = compare("report", traces, "--config", settings, "--format", "json")
    assert json.loads(done.stdout)["outcomes"]["semantic"] == 0


def test_a_fault_in_what_is_used_is_told(tmp_path: Path) -> None:
    settings = config(tmp_path, 'accept = "failover-on-lst-step"\nhorizon = 1')
    done = compare("replay", accepted_there(tmp_path), "--config", settings)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "GATEWAY_ACCEPT" in done.stderr
    assert "horizon" in done.stderr


def test_a_name_that_is_no_setting_is_told(tmp_path: Path) -> None:
    settings = config(tmp_path, 'acept = "failover-on-last-step"')
    done = compare("replay", accepted_there(tmp_path), "--config", settings)
    assert (done.exit_code, "acept is not a setting" in done.stderr) == (2, True)


def test_a_template_that_no_user_id_receives_is_known_by_the_rules_of_the_trace(
    tmp_path: Path,
) -> None:
    log = tmp_path / "app.log"
    dispatch = "0d5c0000-0000-4000-8000-00000000000a"
    lines = [{"at": "2026-01-01T10:00:00Z", "request": workflow(TO_A_USER_ID)}]
    lines[0]["response"] = {"dispatch_uuid": dispatch}
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    settings = config(tmp_path, 'authentication_templates = "code"')
    plain, known = (
        json.loads(compare("import", log, *extra).stdout) for extra in ((), ("--config", settings))
    )
    assert ["REQ154" in each.get("rules", ()) for each in (plain, known)] == [False, True]


def test_a_replay_refuses_what_the_recorder_refused_for_a_template(tmp_path: Path) -> None:
    request = workflow(TO_A_USER_ID)
    there = replace(trace(TracePath.LEGACY, entry(0, Kind.ANSWER, None, "202")), request=request)
    answers = [
        replay(each).entries[0].status for each in (there, replace(there, rules=("REQ154",)))
    ]
    assert answers == ["202", "400"]
