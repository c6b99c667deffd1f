"""`dispatch-gateway compare report`: whether to cut over, with the evidence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.compare_config import config_option
from gateway.cli.compare_options import (
    finish,
    form_of,
    progress_option,
    read_rules,
    screen_text,
    screen_width,
    stop_without_result,
    tolerance_option,
    write_output,
)
from gateway.cli.main import stop
from gateway.cli.parameters import OutputFile, output_option, switch_options
from gateway.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.compare.ignores import Ignores
    from gateway.compare.pairing import Rules
    from gateway.compare.reading import Reading
    from gateway.compare.report_model import Report
    from gateway.compare.report_run import Counted

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare report traces.jsonl
  dispatch-gateway compare report traces.jsonl -o report.html
  dispatch-gateway compare report monday/ tuesday/ --ignores ignores.toml
  dispatch-gateway compare report dispatch.jsonl --with gateway.jsonl
  dispatch-gateway compare report traces.jsonl --write-missing missing.jsonl
  dispatch-gateway compare report traces.jsonl --format junit --fail-on not-go

\b
Ignores are a TOML file of tables, each with all four members:
  [[ignore]]
  fingerprint = "a1b2c3d4e5f6"
  reason = "our receiver never read the total"
  owner = "billing"
  expires = 2026-12-31

Exit codes: 0 done, and nothing that --fail-on names; 1 what it names; 2 wrong
usage, or input that could not be read (the rest was); 3 an internal error;
141 the reader of the output went away.
"""
_FORMATS: Final = ("text", "json", "junit", "html")


@click.command("report", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="TRACES...")
@click.option(
    "--with",
    "others",
    multiple=True,
    metavar="OTHER",
    help="Compare with these traces, by pair or dispatch, instead of with a replay.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="By default what the name of --output ends with (xml: junit), or else text.",
)
@output_option
@click.option(
    "--ignores",
    "ignore_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Differences that somebody answers for until a day.",
)
@tolerance_option
@config_option
@switch_options
@click.option(
    "--write-missing",
    type=OutputFile(takes_standard_output=False),
    metavar="FILE",
    help="Write a synthetic trace for each branch that was never seen.",
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Findings and shapes to show in text and html; json holds all.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["semantic", "critical", "not-go"]),
    default="semantic",
    show_default=True,
    help="Exit with 1 for a difference in meaning, for a wrong recipient or content only, or"
    " unless the answer is go.",
)
@progress_option
def command(
    *,
    paths: tuple[str, ...],
    others: tuple[str, ...],
    form: str | None,
    output: Path | None,
    ignore_file: Path | None,
    tolerances: tuple[tuple[str, int], ...],
    config: Path | None,
    accept: tuple[str, ...],
    refuse: tuple[str, ...],
    default_locale: str | None,
    write_missing: Path | None,
    top: int,
    fail_on: str,
    progress: bool,
) -> None:
    """Say whether to cut over, with the evidence.

    Each trace is compared with its replay: the same facts, decided by this gateway's engine; the
    two traces of a paired request with each other. Copies, replays and synthetic traces are left
    out, and what was cut before it was over is counted apart, because it is no evidence. Evidence
    is what Dispatch decided; what this gateway served itself stands apart, and makes no go. The
    first line is the answer: go, not yet, no, or that there is none. Below stand what it rests on,
    what this traffic never showed, and what differs, each finding once with one sample of both
    sides.
    """
    from gateway.compare.reading import Reading  # noqa: PLC0415 - `--help` stays fast
    from gateway.offline.apart import refuse_one_file_for_two  # noqa: PLC0415

    refuse_one_file_for_two(output, [ignore_file, write_missing, config])
    refuse_one_file_for_two(write_missing, [ignore_file, config])
    rules = read_rules(tolerances, accept, refuse, default_locale, config)
    ignores = _read_ignores(ignore_file)
    written = [output] if write_missing is None else [output, write_missing]
    reading = Reading(
        paths=paths, progress_is_wanted=progress, written=written, consulted=[ignore_file, config]
    )
    counted = _count(reading, others, ignores, rules)
    if counted is None or not reading.held:
        stop_without_result(output)
    report = counted.report(files=reading.files, troubles=reading.troubles)
    chosen = form or form_of(output, _FORMATS, xml="junit")
    write_output(output, [_render(report, chosen, top, output)])
    if write_missing is not None:
        _write_missing(write_missing, counted, rules)
    finish(has_findings=_is_reached(report, fail_on), losses=report.losses)


def _read_ignores(path: Path | None) -> Ignores:
    from gateway.compare.ignores import NO_IGNORES, Ignores  # noqa: PLC0415

    if path is None:
        return NO_IGNORES
    from gateway.clock import SystemClock  # noqa: PLC0415 - only where the day matters

    today = datetime.fromtimestamp(SystemClock().wall_s(), UTC).date()
    ignores = Ignores.load(path, today)
    if ignores.faults:
        stop(ignores.faults)
    return ignores


def _count(
    reading: Reading, others: Sequence[str], ignores: Ignores, rules: Rules
) -> Counted | None:
    """Count every pair; `None` if there is nothing to pair with."""
    from gateway.compare.pairing import with_others, with_replay  # noqa: PLC0415
    from gateway.compare.reading import Index  # noqa: PLC0415
    from gateway.compare.report_run import count  # noqa: PLC0415
    from gateway.compare.sifting import Sieve  # noqa: PLC0415

    sieve = Sieve()
    recorded = sieve.sift(reading.traces())
    alone: list[str] = []
    if not others:
        counted = count(with_replay(recorded, rules, alone), ignores, sieve)
        if alone:
            told = f"{alone[0]}: has no other half here, so it is compared with its replay"
            reading.troubles.say(f"{told}; the first of {len(alone):,}")
        return counted
    index = Index(others, reading.troubles, written=reading.written)
    if index.is_empty:
        return None
    counted = count(with_others(recorded, index, alone, rules), ignores, sieve)
    for places, side in ((alone, "on the first side"), (index.rest(), "in --with")):
        if places:
            told = f"{places[0]}: is only {side}, so it is not compared"
            reading.troubles.say(f"{told}; the first of {len(places):,}")
    return counted


def _write_missing(path: Path, counted: Counted, rules: Rules) -> None:
    from gateway.offline.words import counted as written  # noqa: PLC0415
    from gateway.traces.codec import to_line  # noqa: PLC0415

    traces = [to_line(trace) for trace in counted.missing_traces(rules)]
    write_output(path, traces)
    tell(f"dispatch-gateway: {path}: {written(len(traces), 'synthetic trace')}")


def _render(report: Report, form: str, top: int, output: Path | None) -> bytes:
    match form:
        case "html":
            from gateway.compare.report_html import render_html  # noqa: PLC0415

            return render_html(report, top=top).encode()
        case "json":
            from gateway.compare.report_tables import render_json  # noqa: PLC0415

            return render_json(report).encode()
        case "junit":
            from gateway.compare.report_tables import render_junit  # noqa: PLC0415

            return render_junit(report).encode()
        case _:
            from gateway.compare.report_text import text_rows  # noqa: PLC0415

            return screen_text(text_rows(report, top=top, width=screen_width(output)), output)


def _is_reached(report: Report, fail_on: str) -> bool:
    match fail_on:
        case "critical":
            return report.evidence.critical > 0 or _own_critical(report)
        case "not-go":
            return report.answer != "go"
        case _:
            found = report.evidence
            return found.semantic > 0 or found.critical > 0 or _own_critical(report)


def _own_critical(report: Report) -> bool:
    """Tell whether this gateway itself sent something to a wrong recipient, or a wrong content."""
    return report.apart is not None and report.apart.critical > 0
