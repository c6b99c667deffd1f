"""`dispatch-gateway compare doubles`: who was messaged twice."""

from __future__ import annotations

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
    from gateway.compare.doubles import Doubles

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare doubles traces.jsonl
  dispatch-gateway compare doubles traces.jsonl -o doubles.html
  dispatch-gateway compare doubles traces.jsonl --format json | jq .rows

A person is messaged twice when a step is given up, the next message goes out, and
the first one arrives after all. A longer expiry_time means fewer of them, and a
longer wait for those whose first message never comes.

Exit codes: 0 done; 2 wrong usage, or a trace that could not be read (the rest
was); 3 an internal error; 141 the reader of the output went away.
"""
_FORMATS: Final = ("text", "json", "html")


@click.command("doubles", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="TRACES...")
@click.option(
    "--format",
    "form",
    type=click.Choice(_FORMATS),
    help="By default what the name of --output ends with, or else text.",
)
@output_option
@progress_option
def command(
    *, paths: tuple[str, ...], form: str | None, output: Path | None, progress: bool
) -> None:
    """Count who was messaged twice, and draw it for other expiries.

    A table by channel, condition and expiry, and for each channel and condition a curve: what the
    same messages would have come to under expiries from 15 s to a day. Traces that were cut,
    replays and copies are left out; what this gateway sent itself stands apart from what Dispatch
    sent.
    """
    # Imported here: `--help` stays fast.
    from gateway.compare.doubles import Doubles  # noqa: PLC0415
    from gateway.compare.normal import read_course  # noqa: PLC0415
    from gateway.compare.reading import Reading  # noqa: PLC0415
    from gateway.compare.sifting import Sieve  # noqa: PLC0415
    from gateway.offline.words import counted  # noqa: PLC0415
    from gateway.traces.model import Path as Sender  # noqa: PLC0415

    reading = Reading(paths=paths, progress_is_wanted=progress, written=[output])
    sieve, cut = Sieve(), 0
    theirs, own = Doubles(), Doubles()
    for each in sieve.sift(reading.traces()):
        (theirs if each.trace.path is Sender.LEGACY else own).add(read_course(each.trace))
        cut += not each.trace.is_complete
    if not reading.held:
        stop_without_result(output)
    left_out = [*sieve.told()]
    if cut:
        left_out.append(f"{counted(cut, 'cut record')} {'was' if cut == 1 else 'were'} left out")
    if not theirs.workflows:
        theirs, own = own, Doubles()
        left_out.append("all of it was served by this gateway itself")
    beside = own if own.workflows else None
    shown = _render(theirs, left_out, beside, form or form_of(output, _FORMATS), output)
    write_output(output, [shown])
    finish(has_findings=False, losses=reading.troubles.losses)


def _render(
    doubles: Doubles, left_out: list[str], own: Doubles | None, form: str, output: Path | None
) -> bytes:
    from gateway.compare.doubles_report import (  # noqa: PLC0415
        doubles_html,
        doubles_json,
        doubles_rows,
    )

    match form:
        case "html":
            return doubles_html(doubles, left_out, own).encode()
        case "json":
            return doubles_json(doubles, left_out, own).encode()
        case _:
            rows = doubles_rows(doubles, left_out, own, width=screen_width(output))
            return screen_text(rows, output)
