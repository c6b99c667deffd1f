"""`dispatch-gateway assess`: a corpus of payloads to a migration report, offline."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.main import stop
from gateway.cli.parameters import (
    SOURCE,
    named,
    output_option,
    switch_options,
    template_names,
    templates_option,
)
from gateway.folding import columns_of

if TYPE_CHECKING:
    from gateway.assess.judging import Standing
    from gateway.assess.report import Report

_EPILOG: Final = """\b
Examples:
  dispatch-gateway assess templates/
  dispatch-gateway assess app.log orders.jsonl templates/ -o report.html
  dispatch-gateway assess templates/ --assume undeliverable-fails-over
  dispatch-gateway assess templates/ --format csv -o shapes.csv
  dispatch-gateway assess templates/ --fail-on N3
  zcat app.log.*.gz | dispatch-gateway assess - --format json | jq .grades

Grades: N0 the same under native v1; N1 the same with a ttl; N2 different, for
you to accept; N3 stays on the gateway; or refused until mended.

Exit codes: 0 done; 1 under --fail-on, some workflow is graded so or worse;
2 wrong usage, no payload at all, or input that could not be read (the rest is
still reported); 3 an internal error; 130 interrupted; 141 the reader of the
output went away; 143 terminated.
"""
_FORMATS: Final = ("text", "json", "csv", "html")
_SUFFIXES: Final = {
    "": "text",
    ".txt": "text",
    ".json": "json",
    ".csv": "csv",
    ".html": "html",
    ".htm": "html",
}
_UNREAD: Final = 2
_COLOURS: Final = {
    "N0": "green",
    "N1": "green",
    "N2": "yellow",
    "N3": "red",
    "refused": "red",
    "error": "red",
    "warning": "yellow",
}


@click.command("assess", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, type=SOURCE, metavar="PATH...")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="By default what the name of --output ends with, or else text.",
)
@output_option
@click.option(
    "--assume",
    type=click.Choice(["undeliverable-fails-over"]),
    help="What v1 is taken to do beyond its documentation.",
)
@switch_options
@templates_option
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="Shapes to show in text and html; json and csv hold all.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["N1", "N2", "N3", "error"]),
    help="Exit with 1 if a workflow is graded so or worse; error: if one is refused.",
)
@click.option(
    "--no-paths", is_flag=True, help="Number the files in the report; their names may say too much."
)
@click.option("--progress/--no-progress", default=True, help="A bar on a terminal.")
def command(
    *,
    paths: tuple[str, ...],
    form: str | None,
    output: Path | None,
    assume: str | None,
    accept: tuple[str, ...],
    refuse: tuple[str, ...],
    default_locale: str | None,
    authentication_templates: str | None,
    top: int,
    fail_on: str | None,
    no_paths: bool,
    progress: bool,
) -> None:
    """Report on a corpus of payloads, offline.

    PATH is a file, a directory, or - for standard input: payloads in JSON or JSON Lines, or the
    logs of an application with a payload somewhere in a line. The report says which workflows
    could leave the gateway for native failover, what keeps the others, and what to do first.

    It can be passed on: numbers, texts and everything else that is personal in payloads are masked,
    and of paths only the names of files are shown. Nothing is sent and nothing is stored.
    """
    # Imported here: `--help` and `--version` stay fast.
    from gateway.assess.judging import Assumptions  # noqa: PLC0415
    from gateway.assess.report import make_report  # noqa: PLC0415
    from gateway.assess.run import assess  # noqa: PLC0415
    from gateway.offline.apart import Overwriting  # noqa: PLC0415
    from gateway.offline.words import counted  # noqa: PLC0415
    from translators.rules import Switches  # noqa: PLC0415

    form = form or _form_of(output)
    assumptions = Assumptions(
        switches=Switches(accepted=frozenset(named(accept)), refused=frozenset(named(refuse))),
        undeliverable_fails_over=assume is not None,
        default_locale=default_locale,
        authentication_templates=template_names(authentication_templates),
    )
    try:
        tally = assess(
            paths,
            assumptions,
            progress_is_wanted=progress,
            written=[output],
            shows_paths=not no_paths,
        )
    except Overwriting as error:
        stop([error])
    except KeyboardInterrupt as error:
        error.add_note(f"{output} was not written" if output else "no report was written")
        raise
    report = make_report(tally)
    _write(report, form, output, top)
    if tally.losses:
        raise SystemExit(_UNREAD)
    if not report.payloads:
        which = "it the right one" if report.files == 1 else "that the right place"
        told = f"no payload was found in {counted(report.files, 'file')}; is {which}?"
        stop([f"{told} A payload is what POST /v0.1/dispatch takes"])
    if fail_on and _is_reached(report, fail_on):
        raise SystemExit(1)


def _write(report: Report, form: str, output: Path | None, top: int) -> None:
    from gateway.offline.output import open_output  # noqa: PLC0415

    is_coloured = output is None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    columns = None if output else columns_of(sys.stdout)
    text = _render(report, form, top, is_coloured=is_coloured, columns=columns)
    with open_output(output) as file:
        file.write(text.encode())


def _render(report: Report, form: str, top: int, *, is_coloured: bool, columns: int | None) -> str:
    match form:
        case "html":
            from gateway.assess.html import render_html  # noqa: PLC0415

            return render_html(report, top=top)
        case "json":
            from gateway.assess.tables import render_json  # noqa: PLC0415

            return render_json(report)
        case "csv":
            from gateway.assess.tables import render_csv  # noqa: PLC0415

            return render_csv(report)
        case _:
            from gateway.assess.text import WIDEST, render_text, unpainted  # noqa: PLC0415

            paint = _paint if is_coloured else unpainted
            return render_text(report, top=top, paint=paint, width=columns or WIDEST)


def _form_of(output: Path | None) -> str:
    if output is None or (output.exists() and not output.is_file()):
        return "text"  # a device has no suffix
    form = _SUFFIXES.get(output.suffix.lower())
    if form is None:
        told = f"{output} ends with none of .txt, .json, .csv, .html"
        raise click.UsageError(f"--output: {told}; choose one of them, or --format.")
    return form


def _is_reached(report: Report, fail_on: str) -> bool:
    from gateway.assess.judging import Standing  # noqa: PLC0415

    ranks: list[Standing] = list(Standing)
    limit = Standing.REFUSED if fail_on == "error" else Standing(fail_on)
    return any(report.standings[standing] for standing in ranks[ranks.index(limit) :])


def _paint(role: str, text: str) -> str:
    if role == "heading":
        return click.style(text, bold=True)
    return click.style(text, fg=_COLOURS.get(role))
