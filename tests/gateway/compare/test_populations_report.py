"""The two sides of a split are told in a sentence, drawn, and judged for whoever asks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any, Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command
from gateway.compare.populations import Figure, Populations, populations
from gateway.compare.populations_page import populations_html
from gateway.compare.populations_report import distance, headline, populations_rows, shown
from gateway.compare.replay import replay
from gateway.simulation.screen import write
from gateway.traces.codec import to_line
from gateway.traces.model import Kind, Path, Trace
from tests.gateway.compare.legacy_traces import legacy_trace
from tests.gateway.modes.splitting import a_split, request

WORKFLOWS: Final = 300
SAME: Final = "The gateway's side does not differ beyond noise in any of 7 figures."
FIGURE: Final = Figure(
    name="delivered",
    unit="share",
    legacy=0.9,
    gateway=0.8,
    halves=(0.88, 0.92),
    allowance=0.05,
)


def split_traffic(folder: FilePath) -> Iterator[Trace]:
    """Yield traces of a split at 30 %; messages have the same fates on both paths."""
    split = a_split(folder, "30")
    for number in range(WORKFLOWS):
        recipient = f"4477009{number:05}"
        path, dispatch = split.accept(recipient, recipient)
        legacy = replace(
            legacy_trace(request(recipient, recipient)), dispatch=dispatch, origin="split"
        )
        yield legacy if path is Path.LEGACY else replace(replay(legacy), path=path, origin="split")
    split.close()


def without_report(trace: Trace) -> Trace:
    """Take the reports out of a trace of the gateway's."""
    is_kept = trace.path is Path.LEGACY
    entries = [entry for entry in trace.entries if is_kept or entry.kind is not Kind.REPORT]
    return replace(trace, entries=tuple(entries))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, FilePath]:
    """Files of traces: the sides alike, without the reports of the gateway, or too few to tell."""
    folder = tmp_path_factory.mktemp("split")
    alike = list(split_traffic(folder))
    found = {"alike": alike, "silent": list(map(without_report, alike)), "few": alike[:20]}
    for name, traces in found.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(map(to_line, traces)))
    return {name: folder / f"{name}.jsonl" for name in found}


def compare(*arguments: str | FilePath) -> Result:
    return CliRunner().invoke(command, ["compare", "populations", *map(str, arguments)])


def told(done: Result) -> Any:
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("alike", SAME),
        (
            "silent",
            "The gateway's side differs beyond noise in 2 of 7 figures: reported and"
            " ended-in-error.",
        ),
        ("few", "Too few to tell: 15 workflows through Dispatch, 5 through the gateway."),
    ],
)
def test_the_first_line_says_whether_the_gateways_side_differs(
    files: Mapping[str, FilePath], name: str, line: str
) -> None:
    assert compare(files[name]).stdout.splitlines()[0] == line


@pytest.mark.parametrize(
    ("name", "limit", "code"),
    [
        ("alike", "differing", 0),
        ("alike", "not-alike", 0),
        ("silent", "differing", 1),
        ("silent", "not-alike", 1),
        ("few", "differing", 0),
        ("few", "not-alike", 1),
    ],
)
def test_what_fails_is_for_the_caller_to_say(
    files: Mapping[str, FilePath], name: str, limit: str, code: int
) -> None:
    assert compare(files[name], "--fail-on", limit).exit_code == code


@pytest.mark.parametrize(
    ("name", "answer"), [("alike", "alike"), ("silent", "differing"), ("few", "too-few")]
)
def test_the_answer_is_a_word_in_json(
    files: Mapping[str, FilePath], name: str, answer: str
) -> None:
    assert told(compare(files[name], "--format", "json"))["answer"] == answer


def test_the_figures_in_json_name_what_differs(files: Mapping[str, FilePath]) -> None:
    figures = told(compare(files["silent"], "--format", "json"))["figures"]
    (reported,) = [each for each in figures if each["name"] == "reported"]
    assert reported["halves"] == [1.0, 1.0]
    assert (reported["legacy"], reported["gateway"], reported["differs"]) == (1.0, 0.0, True)


def test_every_workflow_is_counted_or_left_out(
    files: Mapping[str, FilePath], tmp_path: FilePath
) -> None:
    cut = replace(legacy_trace(request("447700900000")), is_complete=False)
    more = tmp_path / "cut.jsonl"
    more.write_bytes(to_line(cut))
    sizes = told(compare(files["alike"], more, "--format", "json"))["workflows"]
    assert sizes["legacy"] + sizes["gateway"] == WORKFLOWS
    assert (sum(sizes["halves"]), sizes["left_out"]) == (sizes["legacy"], 1)


def test_what_was_left_out_is_said(files: Mapping[str, FilePath]) -> None:
    assert re.search(
        r"left out +0  cut, copied, not accepted, or on neither path",
        compare(files["alike"]).stdout,
    )


def test_each_side_of_a_figure_has_a_bar(files: Mapping[str, FilePath]) -> None:
    lines = compare(files["silent"]).stdout.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("reported "))
    assert lines[at + 1 : at + 3] == [
        f"  Dispatch           100 %  {30 * '█'}",
        "  gateway              0 %",
    ]


@pytest.mark.parametrize(("name", "beginning"), [("p.html", "<!doctype"), ("p.json", "{")])
def test_the_name_of_the_output_chooses_the_format(
    files: Mapping[str, FilePath], tmp_path: FilePath, name: str, beginning: str
) -> None:
    done = compare(files["alike"], "-o", tmp_path / name)
    assert (done.exit_code, done.stdout) == (0, "")
    assert (tmp_path / name).read_text().startswith(beginning)


def test_a_trace_that_cannot_be_read_is_told_and_the_rest_compared(
    files: Mapping[str, FilePath], tmp_path: FilePath
) -> None:
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(files["alike"].read_bytes() + b'{"schema":1')
    done = compare(broken)
    assert done.exit_code == 2
    assert done.stdout.splitlines()[0] == SAME
    assert f"dispatch-gateway: {broken}:{WORKFLOWS + 1}: " in done.stderr


def test_the_page_says_what_its_bars_draw(files: Mapping[str, FilePath]) -> None:
    page = told_page(files["silent"])
    assert "✕ Differing The gateway's side differs beyond noise in 2 of 7 figures" in page
    assert "reported differs workflows whose final report was told Dispatch 100 % gateway 0 %" in (
        page
    )


def told_page(path: FilePath) -> str:
    done = compare(path, "--format", "html").stdout.partition("<body>")[2]
    words = re.sub("<[^>]*>", " ", done).replace("&nbsp;", " ").replace("&#x27;", "'")
    return " ".join(words.split())


def test_nothing_to_compare_has_no_figures() -> None:
    nothing = populations([])
    lines = write(populations_rows(nothing), has_colour=False, has_unicode=True)
    assert not any(line.startswith("delivered") for line in lines)
    assert "<article" not in populations_html(nothing)


def test_a_figure_that_could_not_be_judged_is_counted_in_the_first_line() -> None:
    found = Populations(
        legacy=90,
        gateway=40,
        halves=(44, 46),
        left_out=0,
        figures=(FIGURE, replace(FIGURE, name="cost", unit="EUR", allowance=None)),
    )
    assert headline(found) == (
        "The gateway's side differs beyond noise in 1 of 1 figure: delivered."
        " 1 more could not be judged."
    )


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({}, "10.0 points less than through Dispatch; chance explains up to 5.0 points."),
        ({"gateway": 0.9}, "No difference; chance explains up to 5.0 points."),
        ({"allowance": None}, "30 values are needed on the gateway's side and in each half."),
    ],
)
def test_a_distance_is_told_beside_what_chance_explains(
    changed: Mapping[str, Any], text: str
) -> None:
    assert distance(replace(FIGURE, **changed)).startswith(text)


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("share", None, "nothing"),
        ("share", 0.0, "0 %"),
        ("share", 0.0004, "< 0.1 %"),
        ("share", 0.9996, "> 99.9 %"),
        ("share", 1.0, "100 %"),
        ("ms", 1.2, "0.001 s"),
        ("ms", 5_049.6, "5.05 s"),
        ("ms", 61_700.0, "1 min 2 s"),
        ("ms", 4_000_000.0, "1 h 7 min"),
        ("EUR", 0.03331, "0.0333 EUR"),
    ],
)
def test_a_value_is_as_fine_as_it_can_be_known(unit: str, value: float | None, text: str) -> None:
    assert shown(replace(FIGURE, unit=unit), value) == text
