"""`dispatch-gateway compare diff`: two files of traces, workflow by workflow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.compare_options import (
    finish,
    progress_option,
    read_rules,
    screen_text,
    screen_width,
    stop_without_result,
    tolerance_option,
    write_output,
)
from gateway.cli.main import stop
from gateway.cli.parameters import output_option
from gateway.cli.telling import tell

if TYPE_CHECKING:
    from collections.abc import Iterable

    from gateway.compare.diff_rows import Gathered
    from gateway.compare.pairing import Pair

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare diff dispatch.jsonl gateway.jsonl
  dispatch-gateway compare diff traces.jsonl replayed.jsonl --top 3
  dispatch-gateway compare diff before.jsonl after.jsonl --format jsonl | jq .outcome
  dispatch-gateway compare diff paired.jsonl

Workflows are paired by what the two traces of a paired request share, or else by
their dispatch_uuid. Traces that were written under different keys have different
ones, and nothing in common. Without B, the two halves of each pair are in A.

Exit codes: 0 nothing differs in meaning; 1 a workflow does, or is on one side
only; 2 wrong usage, or a trace that could not be read (the rest was);
3 an internal error; 141 the reader of the output went away.
"""


@click.command("diff", epilog=_EPILOG)
@click.argument("reference", metavar="A")
@click.argument("candidate", metavar="[B]", required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "jsonl"]),
    default="text",
    show_default=True,
    help="What differs, drawn; or every comparison, one per line.",
)
@output_option
@tolerance_option
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    help="How many workflows to draw.",
)
@progress_option
def command(
    *,
    reference: str,
    candidate: str | None,
    form: str,
    output: Path | None,
    tolerances: tuple[tuple[str, int], ...],
    top: int,
    progress: bool,
) -> None:
    """Compare two files of traces, workflow by workflow.

    A is what really happened, B the other side: `failover-early` means that A was earlier. Of a
    paired request, what Dispatch did comes first, wherever it stands. A may be - for standard
    input.
    """
    # Imported here: `--help` stays fast.
    from gateway.compare.diff_rows import Gathered, diff_rows  # noqa: PLC0415
    from gateway.compare.pairing import with_halves, with_others  # noqa: PLC0415
    from gateway.compare.reading import Index, Reading  # noqa: PLC0415

    rules = read_rules(tolerances)
    reading = Reading(paths=[reference], progress_is_wanted=progress, written=[output])
    only_in_a: list[str] = []
    others = None if candidate is None else Index([candidate], reading.troubles, written=[output])
    if others is not None and others.is_empty:
        stop_without_result(output)
    if others is None:
        pairs = with_halves(reading.traces(), only_in_a, rules)
    else:
        pairs = with_others(reading.traces(), others, only_in_a, rules)
    first = next(pairs, None)
    if not reading.held:
        stop_without_result(output)
    if first is None and others is None:
        told = "holds no two halves of one request; name B, the file with the other side"
        stop([f"{reference}: {told}"])
    if first is not None:
        pairs = chain((first,), pairs)
    gathered = Gathered(top=top)
    if form == "jsonl":
        write_output(output, _lines(pairs, gathered))
    else:
        for pair in pairs:
            gathered.add(pair)
    only_in_b = [] if others is None else others.rest()
    alone = [("A", len(only_in_a)), ("B", len(only_in_b))]
    if form == "text":
        rows = diff_rows(gathered, alone, width=screen_width(output))
        write_output(output, [screen_text(rows, output)])
    for side, places in (("A", only_in_a), ("B", only_in_b)):
        if places:
            told = f"{places[0]}: is only in {side}"
            more = f", the first of {len(places):,}" if len(places) > 1 else ""
            tell(f"dispatch-gateway: {told}{more}")
    finish(
        has_findings=bool(gathered.is_different or only_in_a or only_in_b),
        losses=reading.troubles.losses,
    )


def _lines(pairs: Iterable[Pair], gathered: Gathered) -> Iterator[bytes]:
    from gateway.compare.lines import line_of  # noqa: PLC0415

    for pair in pairs:
        gathered.add(pair)
        yield line_of(pair)
