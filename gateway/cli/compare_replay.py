"""`dispatch-gateway compare replay`: recorded traces through this gateway's engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
from click.core import ParameterSource

from gateway.cli.compare_config import config_option
from gateway.cli.compare_options import (
    finish,
    progress_option,
    read_rules,
    tolerance_option,
    write_lines,
)
from gateway.cli.parameters import output_option, switch_options
from gateway.cli.telling import tell

if TYPE_CHECKING:
    from gateway.compare.pairing import Rules
    from gateway.compare.reading import Reading

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare replay traces.jsonl
  dispatch-gateway compare replay traces.jsonl | jq 'select(.outcome == "semantic")'
  dispatch-gateway compare replay traces.jsonl --tolerance failover-late=30
  dispatch-gateway compare replay traces.jsonl -o replayed.jsonl

A trace that this gateway wrote itself (`path` is `gateway`) replays without a
difference, unless the gateway or its settings have changed since. That says
nothing about Dispatch.

Exit codes: 0 done; 1 some workflow differs in meaning, and no known difference
explains it; 2 wrong usage, or a trace that could not be read (the rest was);
3 an internal error; 141 the reader of the output went away.
"""


@click.command("replay", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="TRACES...")
@output_option
@tolerance_option
@config_option
@switch_options
@progress_option
def command(
    *,
    paths: tuple[str, ...],
    output: Path | None,
    tolerances: tuple[tuple[str, int], ...],
    config: Path | None,
    accept: tuple[str, ...],
    refuse: tuple[str, ...],
    default_locale: str | None,
    progress: bool,
) -> None:
    """Run recorded traces through this gateway's engine, in virtual time.

    What became of each message is taken from the trace; every decision is made anew. One line of
    JSON per trace says how the two compare. With --output, also with -o -, the replayed traces
    are written instead, and nothing is compared; `compare diff` takes them.
    """
    from gateway.compare.reading import Reading  # noqa: PLC0415 - `--help` stays fast

    rules = read_rules(tolerances, accept, refuse, default_locale, config)
    reading = Reading(
        paths=paths, progress_is_wanted=progress, written=[output], consulted=[config]
    )
    outcomes: Counter[str] = Counter()
    # `-o -` asks for the traces as well: only where they go is the same as without it.
    source = click.get_current_context().get_parameter_source("output")
    make = _compared if source is ParameterSource.DEFAULT else _replayed
    write_lines(output, make(reading, rules, outcomes))
    told = ", ".join(f"{count:,} {word}" for word, count in outcomes.most_common())
    tell(f"dispatch-gateway: {told}")
    finish(has_findings=outcomes["semantic"] > 0, losses=reading.troubles.losses)


def _compared(reading: Reading, rules: Rules, outcomes: Counter[str]) -> Iterator[bytes]:
    from gateway.compare.lines import line_of  # noqa: PLC0415
    from gateway.compare.pairing import with_replay  # noqa: PLC0415

    for pair in with_replay(reading.traces(), rules):
        outcomes[pair.outcome] += 1
        yield line_of(pair)


def _replayed(reading: Reading, rules: Rules, outcomes: Counter[str]) -> Iterator[bytes]:
    from gateway.compare.pairing import replayed  # noqa: PLC0415
    from gateway.traces.codec import to_line  # noqa: PLC0415

    for each in reading.traces():
        outcomes["replayed"] += 1
        yield to_line(replayed(each.trace, rules))
