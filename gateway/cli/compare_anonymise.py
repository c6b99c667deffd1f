"""`dispatch-gateway compare anonymise`: traces under other pseudonyms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.compare_keys import key_option, read_key
from gateway.cli.compare_options import finish, progress_option, write_lines
from gateway.cli.parameters import output_option

if TYPE_CHECKING:
    from gateway.compare.reading import Reading

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare anonymise traces.jsonl -o to-share.jsonl
  dispatch-gateway compare anonymise monday.jsonl tuesday.jsonl \\
    --key-file other.key > week.jsonl

Traces never hold a person, but who has the key they were written under can test
whether a number is among them. Under another key, or one that nobody kept, that
is over. Traces of one run stay comparable among themselves.

Exit codes: 0 done; 2 wrong usage, or a trace that could not be read (the rest
was); 3 an internal error; 141 the reader of the output went away.
"""


@click.command("anonymise", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="TRACES...")
@output_option
@key_option
@progress_option
def command(
    *, paths: tuple[str, ...], output: Path | None, key_file: Path | None, progress: bool
) -> None:
    """Put traces under other pseudonyms: those of another key.

    The same person stays the same within one run. Logs are not traces: `compare import` makes
    traces of them, under pseudonyms from the start.
    """
    from gateway.compare.reading import Reading  # noqa: PLC0415 - `--help` stays fast
    from gateway.offline.apart import refuse_one_file_for_two  # noqa: PLC0415

    refuse_one_file_for_two(output, [key_file])
    key = read_key(key_file)
    reading = Reading(
        paths=paths, progress_is_wanted=progress, written=[output], consulted=[key_file]
    )
    write_lines(output, _renamed(reading, key))
    finish(has_findings=False, losses=reading.troubles.losses)


def _renamed(reading: Reading, key: bytes) -> Iterator[bytes]:
    from gateway.traces.codec import to_line  # noqa: PLC0415
    from gateway.traces.pseudonyms import Pseudonyms  # noqa: PLC0415

    pseudonyms = Pseudonyms(key)
    for each in reading.traces():
        yield to_line(pseudonyms.trace(each.trace))
