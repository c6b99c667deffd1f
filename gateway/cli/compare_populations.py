"""`dispatch-gateway compare populations`: the two sides of a split, against each other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.compare_options import (
    finish,
    form_of,
    progress_option,
    screen_text,
    screen_width,
    stop_without_result,
    write_output,
)
from gateway.cli.parameters import output_option

if TYPE_CHECKING:
    from gateway.compare.populations import Populations

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare populations traces.jsonl
  dispatch-gateway compare populations traces.jsonl -o split.html
  dispatch-gateway compare populations monday.jsonl tuesday.jsonl --format json |
    jq '.figures[] | select(.differs)'
  dispatch-gateway compare populations traces.jsonl --fail-on not-alike

Under GATEWAY_MODE=split each workflow is on one path, so none can be compared
with another; how often and how soon things happen on the two sides can. Two
random halves of Dispatch's own side show how much is chance.

Exit codes: 0 done, and nothing that --fail-on names; 1 what it names; 2 wrong
usage, or a trace that could not be read (the rest was); 3 an internal error;
141 the reader of the output went away.
"""
_FORMATS: Final = ("text", "json", "html")


@click.command("populations", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="TRACES...")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="By default what the name of --output ends with, or else text.",
)
@output_option
@click.option(
    "--fail-on",
    type=click.Choice(["differing", "not-alike"]),
    default="differing",
    show_default=True,
    help="Exit with 1 if the sides differ beyond noise, or also if there are too few to tell.",
)
@progress_option
def command(
    *,
    paths: tuple[str, ...],
    form: str | None,
    output: Path | None,
    fail_on: str,
    progress: bool,
) -> None:
    """Compare the two sides of a split as populations.

    Shares of workflows that were delivered, failed over, reported and ended in error, the times to
    a met condition and from a status to its callback, and what a workflow cost. The first line says
    whether the gateway's side differs beyond noise. Traces that were cut, and copies, are left out.
    """
    # Imported here: `--help` stays fast.
    from gateway.compare.populations import populations  # noqa: PLC0415
    from gateway.compare.populations_report import Answer, answer_of  # noqa: PLC0415
    from gateway.compare.reading import Reading  # noqa: PLC0415
    from gateway.compare.sifting import Sieve  # noqa: PLC0415

    reading = Reading(paths=paths, progress_is_wanted=progress, written=[output])
    sieve = Sieve()
    found = populations(each.trace for each in sieve.sift(reading.traces()))
    if not reading.held:
        stop_without_result(output)
    found = replace(found, left_out=found.left_out + sieve.made + sieve.repeated)
    write_output(output, [_render(found, form or form_of(output, _FORMATS), output)])
    answer = answer_of(found)
    is_reached = answer is Answer.DIFFERING or (
        fail_on == "not-alike" and answer is not Answer.ALIKE
    )
    finish(has_findings=is_reached, losses=reading.troubles.losses)


def _render(found: Populations, form: str, output: Path | None) -> bytes:
    match form:
        case "html":
            from gateway.compare.populations_page import populations_html  # noqa: PLC0415

            return populations_html(found).encode()
        case "json":
            from gateway.compare.populations_report import populations_json  # noqa: PLC0415

            return populations_json(found).encode()
        case _:
            from gateway.compare.populations_report import populations_rows  # noqa: PLC0415

            return screen_text(populations_rows(found, screen_width(output)), output)
