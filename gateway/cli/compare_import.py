"""`dispatch-gateway compare import`: an application's own logs to traces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.compare_config import config_option
from gateway.cli.compare_keys import key_option, read_key
from gateway.cli.compare_options import (
    finish,
    progress_option,
    read_requests,
    write_lines,
)
from gateway.cli.parameters import output_option, switch_options, templates_option
from gateway.cli.telling import tell

if TYPE_CHECKING:
    from gateway.compare.reading import Reading
    from translators.choices import RequestOptions

_EPILOG: Final = """\b
Examples:
  dispatch-gateway compare import app.log -o traces.jsonl
  dispatch-gateway compare import requests.jsonl callbacks.jsonl -o traces.jsonl
  zcat app.log.*.gz | dispatch-gateway compare import - --key-file trace.key |
    dispatch-gateway compare report -

A log may be in any form that `assess` reads: JSON Lines, JSON between words,
escaped or over several lines, in the frames of Docker, Kubernetes, the journal,
syslog or Heroku. docs/traces.md says how requests, answers and callbacks are told
apart, and what ties a request to its answer.

Exit codes: 0 done; 2 wrong usage, a line that could not be read, an answer that
could be tied to no request for want of an id, or no trace at all (the rest was
imported); 3 an internal error; 141 the reader of the output went away. What lies
beyond the edge of a log, such as the answer to its last request, is told, with 0.
"""


@click.command("import", epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="LOGS...")
@output_option
@key_option
@config_option
@switch_options
@templates_option
@progress_option
def command(
    *,
    paths: tuple[str, ...],
    output: Path | None,
    key_file: Path | None,
    config: Path | None,
    accept: tuple[str, ...],
    refuse: tuple[str, ...],
    default_locale: str | None,
    authentication_templates: str | None,
    progress: bool,
) -> None:
    """Make traces of a legacy application's own logs.

    LOGS are what the application asked of Dispatch and the callbacks it received: files,
    directories of them, or - for standard input. The traces hold pseudonyms from the start.
    """
    from gateway.compare.reading import Reading  # noqa: PLC0415 - `--help` stays fast
    from gateway.offline.apart import refuse_one_file_for_two  # noqa: PLC0415
    from gateway.offline.words import counted  # noqa: PLC0415
    from gateway.traces.legacy_logs import LOG_SUFFIXES  # noqa: PLC0415

    refuse_one_file_for_two(output, [key_file, config])
    requests = read_requests(accept, refuse, default_locale, config, authentication_templates)
    key = read_key(key_file)
    reading = Reading(
        paths=paths,
        progress_is_wanted=progress,
        suffixes=LOG_SUFFIXES,
        written=[output],
        consulted=[key_file, config],
    )
    counts: Counter[str] = Counter()
    write_lines(output, _imported(reading, key, requests, counts))
    cut = f", {counts['cut']:,} of them without an end" if counts["cut"] else ""
    tell(f"dispatch-gateway: {counted(counts['all'], 'trace')}{cut}")
    finish(has_findings=False, losses=reading.troubles.losses)


def _imported(
    reading: Reading, key: bytes, requests: RequestOptions, counts: Counter[str]
) -> Iterator[bytes]:
    from gateway.offline.inputs import Trouble  # noqa: PLC0415
    from gateway.traces.codec import to_line  # noqa: PLC0415
    from gateway.traces.legacy_logs import import_logs  # noqa: PLC0415
    from gateway.traces.pseudonyms import Pseudonyms  # noqa: PLC0415

    for each in import_logs(reading.records(), Pseudonyms(key), requests):
        if isinstance(each, Trouble):
            reading.troubles.add(each)
        else:
            counts["all"] += 1
            counts["cut"] += not each.is_complete
            yield to_line(each)
