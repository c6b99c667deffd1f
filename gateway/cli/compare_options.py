"""What the subcommands of `compare` have in common: options, and where results go."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from gateway.cli.compare_config import read_config
from gateway.cli.main import stop
from gateway.cli.parameters import Command, named, template_names
from gateway.folding import columns_of

if TYPE_CHECKING:
    from gateway.compare.pairing import Rules
    from gateway.simulation.timeline import Row
    from translators.choices import RequestOptions

_UNREAD: Final = 2
_PIPED_WIDTH: Final = 100

TOLERANCES: Final = {
    "failover-late": "failover_late_ms",
    "failover-early": "failover_early_ms",
    "report": "report_ms",
}
"""The names of tolerances, and the members they set."""


class ToleranceValue(click.ParamType[tuple[str, int]]):
    """A tolerance by its name, and what it shall be."""

    name = "tolerance"

    def convert(
        self,
        value: str | tuple[str, int],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, int]:
        """Return the member and its milliseconds."""
        if isinstance(value, tuple):
            return value
        name, found, seconds = value.partition("=")
        if name not in TOLERANCES:
            self.fail(f"{name!r} is none of {', '.join(TOLERANCES)}", param, ctx)
        try:
            ms = round(1000 * float(seconds)) if found else -1
        except (ValueError, OverflowError):
            ms = -1
        if not 0 <= ms <= 86_400_000:
            self.fail(f"write {name}=SECONDS, from 0 to 86400, such as {name}=5", param, ctx)
        return TOLERANCES[name], ms


def tolerance_option(command: Command) -> Command:
    """Add `--tolerance`."""
    return click.option(
        "--tolerance",
        "tolerances",
        multiple=True,
        type=ToleranceValue(),
        metavar="NAME=SECONDS",
        help=f"How far instants may differ: {', '.join(TOLERANCES)}.",
    )(command)


def progress_option(command: Command) -> Command:
    """Add `--no-progress`."""
    return click.option(
        "--progress/--no-progress",
        default=True,
        help="A progress bar on a terminal, if there is enough to read.",
    )(command)


def read_rules(
    tolerances: Iterable[tuple[str, int]] = (),
    accept: Iterable[str] = (),
    refuse: Iterable[str] = (),
    default_locale: str | None = None,
    config: Path | None = None,
) -> Rules:
    """Return what the options ask for; of a tolerance given twice the last counts.

    Args:
        config: the settings of a gateway; other options add to it, and win over it.
    """
    from gateway.compare.comparison import Tolerances  # noqa: PLC0415
    from gateway.compare.pairing import Rules  # noqa: PLC0415

    requests = read_requests(accept, refuse, default_locale, config)
    rules = Rules(requests=requests, tolerances=Tolerances(**dict(tolerances)))
    if config is None:
        return rules
    from gateway.settings.choices import callback_options  # noqa: PLC0415 - only with a file
    from gateway.settings.terms import terms_of  # noqa: PLC0415

    settings = read_config(config)
    return replace(rules, callbacks=callback_options(settings), terms=partial(terms_of, settings))


def read_requests(
    accept: Iterable[str] = (),
    refuse: Iterable[str] = (),
    default_locale: str | None = None,
    config: Path | None = None,
    authentication_templates: str | None = None,
) -> RequestOptions:
    """Return how requests are to be read; arguments as for `read_rules`."""
    from translators.choices import RequestOptions  # noqa: PLC0415
    from translators.rules import Switches  # noqa: PLC0415

    base = RequestOptions()
    if config is not None:
        from gateway.settings.choices import request_options  # noqa: PLC0415 - only with a file

        base = request_options(read_config(config))
    accepted, refused = frozenset(named(accept)), frozenset(named(refuse))
    given = template_names(authentication_templates)
    return replace(
        base,
        switches=Switches(
            accepted=base.switches.accepted - refused | accepted,
            refused=base.switches.refused - accepted | refused,
        ),
        default_locale=default_locale or base.default_locale,
        authentication_templates=given or base.authentication_templates,
    )


def write_output(output: Path | None, pieces: Iterable[bytes]) -> None:
    """Write a result, to standard output or to a file that is either whole or not there.

    Raises:
        OSError: it cannot be written; the program as a whole says so.
    """
    from gateway.offline.output import open_output  # noqa: PLC0415

    with open_output(output) as file:
        for piece in pieces:
            file.write(piece)


def write_lines(output: Path | None, lines: Iterator[bytes]) -> None:
    """Write a result line by line; if it has none, end the command and leave what was there.

    Raises:
        OSError: it cannot be written; the program as a whole says so.
    """
    first = next(lines, None)
    if first is None:
        stop_without_result(output)
    write_output(output, chain((first,), lines))


def stop_without_result(output: Path | None) -> NoReturn:
    """End the command because there is no trace to make a result of."""
    kept = "" if output is None else f", and {output} was not written"
    stop([f"no trace was found{kept}"], _UNREAD)


def form_of(output: Path | None, forms: Sequence[str], *, xml: str = "") -> str:
    """Return the format that the name of the output asks for, or else text."""
    suffix = output.suffix[1:].lower() if output else ""
    form = xml if suffix == "xml" else suffix
    return form if form in forms else "text"


def finish(*, has_findings: bool, losses: int) -> None:
    """End the command with the exit code for what it found; what was not read weighs more."""
    code = _UNREAD if losses else int(has_findings)
    click.get_current_context().exit(code)


def screen_text(rows: Iterable[Row], output: Path | None) -> bytes:
    """Write rows as a screen, a pipe or a file takes them."""
    from gateway.simulation.screen import write  # noqa: PLC0415

    is_watched = output is None and sys.stdout.isatty()
    has_unicode = output is not None or _has_unicode()
    has_colour = is_watched and not os.environ.get("NO_COLOR")
    lines = write(rows, has_colour=has_colour, has_unicode=has_unicode)
    return ("\n".join(lines) + "\n").encode()


def screen_width(output: Path | None) -> int:
    """Return how wide drawings may be."""
    columns = columns_of(sys.stdout) if output is None else None
    return _PIPED_WIDTH if columns is None else columns


def _has_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
