"""`dispatch-gateway simulate`: what would happen to one workflow, in virtual time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.main import stop
from gateway.cli.parameters import (
    SOURCE,
    ScenarioName,
    named,
    switch_options,
    template_names,
    templates_option,
)
from gateway.cli.telling import findings_screen, tell
from gateway.folding import columns_of

if TYPE_CHECKING:
    from gateway.core.state import Terms
    from gateway.offline.documents import Document
    from gateway.simulation.casting import Part
    from gateway.simulation.language import ScriptedEvent
    from translators.diagnostics import Diagnostic, Translation
    from translators.dispatch import DispatchPlan

_EPILOG: Final = """\b
Examples:
  dispatch-gateway simulate order.json --scenario never-delivered
  dispatch-gateway simulate order.json --event '1 submitted @1s' --event '1 delivered @20m'
  dispatch-gateway simulate order.json --scenario 1=rejected --scenario 2=read
  dispatch-gateway simulate order.json --events monday.txt --callbacks
  jq .payload log.json | dispatch-gateway simulate - --scenario undeliverable \\
    --assume undeliverable-fails-over
  dispatch-gateway simulate order.json --format json | jq .native.doubles

\b
Events, one in each --event or line of a file, times from the sending of that message:
  1 submitted @0.2s        v1 tells a status: submitted, delivered, read
  1 rejected 1300 @5s      the same with an error code; also undeliverable
  2 delivered @1h30m       units: ms, s, m, h, d; steps count from 1
  1 refused 1170           v1 refuses the POST
  1 lost                   the POST is not answered: sent or not, nobody knows
  1 answered @3s           the POST is answered late
  # the same line twice is a webhook that comes twice

Scenarios are those of the sandbox: `dispatch-gateway sandbox --help` lists them.

Exit codes: 0 simulated; 1 the workflow cannot be carried over, or with --strict
not without a warning; 2 wrong usage, events or input; 3 an internal error;
130 interrupted; 141 the reader of the output went away; 143 terminated.
"""
_PIPED_WIDTH: Final = 100


@click.command("simulate", epilog=_EPILOG)
@click.argument("workflow", type=SOURCE, metavar="WORKFLOW")
@click.option("--event", "told", multiple=True, metavar="EVENT", help="Something that happens.")
@click.option(
    "--events",
    "script",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file of events.",
)
@click.option(
    "--scenario",
    "scenarios",
    multiple=True,
    type=ScenarioName(),
    metavar="[STEP=]NAME",
    help="What the sandbox does under this name, to the first step or to STEP.",
)
@click.option(
    "--assume",
    type=click.Choice(["undeliverable-fails-over"]),
    help="What native v1 is taken to do beyond its documentation.",
)
@click.option(
    "--horizon",
    metavar="TIME",
    help="How long the last step may stay unresolved, as GATEWAY_HORIZON; 72h by default.",
)
@switch_options
@templates_option
@click.option("--strict", is_flag=True, help="Let warnings fail the command, too.")
@click.option("--callbacks", is_flag=True, help="Show what the caller is told, in full.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for machines.",
)
def command(
    *,
    workflow: str,
    told: tuple[str, ...],
    script: Path | None,
    scenarios: tuple[str, ...],
    assume: str | None,
    horizon: str | None,
    accept: tuple[str, ...],
    refuse: tuple[str, ...],
    default_locale: str | None,
    authentication_templates: str | None,
    strict: bool,
    callbacks: bool,
    form: str,
) -> None:
    """Show what would happen to one workflow, offline.

    WORKFLOW is a JSON file with one v0.1 request, or - for standard input. It is played in
    virtual time: under this gateway, by the code that serves, and beside it under native v1
    failover, without and with a ttl in place of each expiry. So one sees what the caller is told,
    what the recipient gets, and who would be messaged twice or not at all.

    What happens to each message is said by events or a scenario; a step about which nothing is
    said is delivered, and the result says that this was assumed. Prices are made up. Nothing is
    sent and nothing is stored.
    """
    if callbacks and form == "json":
        raise click.UsageError("--callbacks is for the text; --format json holds them anyway.")
    # Imported here: `--help` and `--version` stay fast.
    from gateway.offline.conversions import Terms as Reading  # noqa: PLC0415
    from gateway.offline.conversions import read_plan  # noqa: PLC0415
    from gateway.simulation.results import as_document  # noqa: PLC0415
    from gateway.simulation.simulation import simulate  # noqa: PLC0415
    from translators.rules import Switches  # noqa: PLC0415

    switches = Switches(accepted=frozenset(named(accept)), refused=frozenset(named(refuse)))
    terms = _terms(horizon)
    events = _read_events(told, script)
    document = _read_workflow(workflow)
    reading = Reading(
        switches=switches,
        default_locale=default_locale,
        authentication_templates=template_names(authentication_templates),
    )
    translated = read_plan(reading, document.raw, document.first_line)
    # A mistake in the call is told before what was found in the workflow.
    parts = _cast(translated.value, events, scenarios) if translated.value else []
    plan, diagnostics = _tell_findings(document, translated, is_strict=strict)
    simulation = simulate(
        plan,
        [part.fate for part in parts],
        switches=switches,
        terms=terms,
        undeliverable_fails_over=assume is not None,
    )
    if form == "json":
        result = as_document(simulation, parts, diagnostics)
        lines = [json.dumps(result, indent=2, ensure_ascii=not _has_unicode())]
    else:
        from gateway.simulation.page import make_page  # noqa: PLC0415
        from gateway.simulation.screen import write  # noqa: PLC0415

        page = make_page(simulation, parts, width=_width(), with_bodies=callbacks)
        has_colour = _is_watched() and not os.environ.get("NO_COLOR")
        lines = write(page, has_colour=has_colour, has_unicode=_has_unicode())
    # The text is coloured already, or not at all.
    click.echo("\n".join(lines), color=True)


def _terms(horizon: str | None) -> Terms:
    from gateway.core.state import Terms  # noqa: PLC0415
    from gateway.simulation.durations import read_duration  # noqa: PLC0415

    if horizon is None:
        return Terms()
    ms = read_duration(horizon)
    # The bounds of the setting.
    if ms is None or not 60 <= ms // 1000 <= 30 * 86400:
        raise click.UsageError("--horizon: write a time from 1m to 30d, such as 72h.")
    return Terms(horizon_s=ms // 1000)


def _read_events(told: Sequence[str], script: Path | None) -> list[ScriptedEvent]:
    """Read all events; say everything that is wrong with them at once."""
    from gateway.simulation.language import (  # noqa: PLC0415
        OPTION,
        Origin,
        ScriptedEvent,
        read_event,
        read_script,
    )

    lines = [
        read_event(text, Origin(source=OPTION, line=number)) for number, text in enumerate(told, 1)
    ]
    if script is not None:
        try:
            lines += read_script(script.read_text(encoding="utf-8-sig"), str(script))
        except OSError as error:
            stop([f"{script}: cannot be read: {(error.strerror or str(error)).lower()}"])
        except UnicodeDecodeError:
            stop([f"{script}: is not UTF-8; write events as plain text"])
    events = [line for line in lines if isinstance(line, ScriptedEvent)]
    if len(events) < len(lines):
        stop([line for line in lines if not isinstance(line, ScriptedEvent)])
    return events


def _read_workflow(path: str) -> Document:
    """Read the one document that `path` names."""
    from gateway.offline.documents import Document  # noqa: PLC0415
    from gateway.offline.inputs import Block, Input, Kind, lines_of, read_blocks  # noqa: PLC0415

    documents: list[Document] = []
    for block in read_blocks(Input(path=path, size=None)):
        if not isinstance(block, Block):
            stop([block])
        if block.kind is Kind.DOCUMENT:
            return Document(path=path, line=None, raw=block.raw)
        documents += [Document(path=path, line=number, raw=raw) for number, raw in lines_of(block)]
        if len(documents) > 1:
            one = f"sed -n {documents[0].line}p FILE | dispatch-gateway simulate -"
            stop([f"{path}: holds several documents; give one of them: {one}"])
    return documents[0]


def _tell_findings(
    document: Document, translated: Translation[DispatchPlan], *, is_strict: bool
) -> tuple[DispatchPlan, Sequence[Diagnostic]]:
    """Tell what was found in the workflow; end the command if it cannot be simulated."""
    from gateway.offline.documents import place  # noqa: PLC0415
    from gateway.offline.reports import full  # noqa: PLC0415
    from translators.diagnostics import Severity  # noqa: PLC0415

    screen = findings_screen()
    diagnostics, plan = translated.diagnostics, translated.value
    for finding in place(document, diagnostics):
        tell(f"{full(finding, screen)}\n")
    if plan is None:
        stop([f"{document.source}: cannot be carried over, so there is nothing to simulate"], 1)
    if is_strict and any(each.severity is Severity.WARNING for each in diagnostics):
        stop([f"{document.source}: is carried over with warnings, which --strict refuses"], 1)
    return plan, diagnostics


def _cast(
    plan: DispatchPlan, events: Sequence[ScriptedEvent], scenarios: Sequence[str]
) -> list[Part]:
    from gateway.simulation.casting import cast, read_scenarios  # noqa: PLC0415

    chosen, faults = read_scenarios(scenarios, steps=len(plan.steps))
    parts, contradictions = cast(plan, events, chosen)
    if faults or contradictions:
        stop([*faults, *contradictions])
    return parts


def _is_watched() -> bool:
    return sys.stdout.isatty()


def _width() -> int:
    return columns_of(sys.stdout) or _PIPED_WIDTH


def _has_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
