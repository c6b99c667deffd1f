"""`dispatch-gateway translate`: v0.1 payloads to v1 calls, and v1 webhooks back, offline."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypedDict, Unpack
from uuid import UUID

import click
from click.core import ParameterSource

from gateway.cli.main import INTERNAL_ERROR
from gateway.cli.parameters import (
    SOURCE,
    OutputFile,
    RuleName,
    RuleUse,
    output_option,
    switch_options,
    templates_option,
)
from gateway.cli.telling import tell

_EPILOG = """\b
Examples:
  dispatch-gateway translate order.json
  dispatch-gateway translate templates/ --check --strict
  dispatch-gateway translate orders.jsonl --jobs 2 -o orders.v1.jsonl
  dispatch-gateway translate order.json --to failover --ttl
  dispatch-gateway translate templates/ --check --write-baseline baseline.json
  dispatch-gateway translate templates/ --baseline baseline.json --format github
  dispatch-gateway translate statuses.jsonl --from status --workflow order.json
  jq -c .payload requests.log | dispatch-gateway translate | jq -c .messages[]

\b
Results, one object for each document:
  {"source": "orders.jsonl:17", "ok": true,
   "messages": [...],
   "failover": [{"expiry_time": 600,
                 "condition_status": "read"}, null],
   "diagnostics": [{"rule": "REQ144", "line": 17,
                    "severity": "warning", "column": 42,
                    "pointer": "/workflow/0/to/number",
                    ...}]}

Exit codes: 0 carried over; 1 findings of severity error, under --strict of
severity warning; 2 wrong usage, or input that could not be read (the rest is
still done); 3 an internal error; 130 interrupted; 141 the reader of the
output went away; 143 terminated.
"""
_WORKER_LOST: Final = (
    "a process of --jobs was killed, perhaps because memory ran out; what was written is not all."
    " Fewer of them need less."
)
_REPORTS: Final = ("github", "junit")
_SOME: Final = RuleName(RuleUse.CHOOSE)


class Options(TypedDict):
    """The options, as click hands them over."""

    origin: str
    target: str | None
    form: str | None
    output: Path | None
    check: bool
    strict: bool
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    baseline: Path | None
    write_baseline: Path | None
    accept: tuple[str, ...]
    refuse: tuple[str, ...]
    default_locale: str | None
    authentication_templates: str | None
    max_steps: int
    ttl: bool
    assume: str | None
    workflow: Path | None
    dispatch_uuid: UUID | None
    pass_v1_codes: bool
    reply_as_text: bool
    user_id_form: str | None
    template_rejection: str | None
    jobs: int
    progress: bool


@click.command("translate", epilog=_EPILOG)
@click.argument("paths", nargs=-1, type=SOURCE, metavar="[PATH]...")
@click.option(
    "--from",
    "origin",
    type=click.Choice(["dispatch", "status", "inbound"]),
    default="dispatch",
    show_default=True,
    help="What the input is: v0.1 requests, or recorded v1 webhooks.",
)
@click.option(
    "--to",
    "target",
    type=click.Choice(["steps", "failover"]),
    help="The gateway's calls, one for each step (the default), or one native v1 request.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "jsonl", "text", "github", "junit"]),
    help="By default json for one document and jsonl for several; github and junit hold findings.",
)
@output_option
@click.option("--check", is_flag=True, help="Only tell findings; write no results.")
@click.option("--strict", is_flag=True, help="Let warnings fail the command, too.")
@click.option("--select", multiple=True, type=_SOME, metavar="RULE", help="Tell only these rules.")
@click.option(
    "--ignore", multiple=True, type=_SOME, metavar="RULE", help="Do not tell these rules."
)
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Accept the findings that this file holds.",
)
@click.option(
    "--write-baseline",
    type=OutputFile(takes_standard_output=False),
    metavar="FILE",
    help="Accept all findings of this run from now on; they do not fail it any more.",
)
@switch_options
@templates_option
@click.option(
    "--max-steps",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="As GATEWAY_MAX_STEPS does; 0 for any number.",
)
@click.option("--ttl", is_flag=True, help="With --to failover: a ttl in place of each expiry.")
@click.option(
    "--assume",
    type=click.Choice(["undeliverable-fails-over"]),
    help="With --to failover: what v1 is taken to do beyond its documentation.",
)
@click.option(
    "--workflow",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --from status: the request they belong to; adds links and the final report.",
)
@click.option("--dispatch-uuid", metavar="UUID", help="With --from status: what the links name.")
@click.option("--pass-v1-codes", is_flag=True, help="As GATEWAY_PASS_V1_CODES does.")
@click.option("--reply-as-text", is_flag=True, help="As GATEWAY_REPLY_AS_TEXT does.")
@click.option(
    "--user-id-form",
    type=click.Choice(["both", "id", "number"]),
    help="With --from status or inbound: as GATEWAY_USER_ID_FORM does.",
)
@click.option(
    "--template-rejection",
    type=click.Choice(["pass", "invalid-template"]),
    help="With --from status: as GATEWAY_TEMPLATE_REJECTION does.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="Processes; 0 for one on each core.",
)
@click.option("--progress/--no-progress", default=True, help="A bar on a terminal.")
def command(paths: tuple[str, ...], **options: Unpack[Options]) -> None:
    """Turn v0.1 payloads into v1 calls, offline.

    PATH is a JSON file, a JSON Lines file, a directory with such files, or - for standard input,
    which is also the default. The calls are exactly those the gateway would make, without the
    webhook fields that say where it lives. Nothing is sent and nothing is stored.

    With --from status or --from inbound, v1 webhooks become the callbacks that v0.1 would send.

    What happened to the meaning is told by rules, each with line and column: `explain RULE`.
    Results go to standard output, everything else to standard error.
    """
    check_usage(options)
    raise SystemExit(_translate(paths, options))


def check_usage(options: Options) -> None:
    """Refuse options that would be ignored: a user would believe that they did something.

    Raises:
        click.UsageError: an option was given without the one that it belongs to.
    """
    origin, target = options["origin"], options["target"]
    for is_met, condition, given in (
        (origin == "dispatch", "--from dispatch", {"--to": target}),
        (
            origin == "dispatch" or options["workflow"] is not None,
            "--from dispatch or --workflow",
            {
                "--accept": options["accept"],
                "--refuse": options["refuse"],
                "--default-locale": options["default_locale"],
                "--authentication-templates": options["authentication_templates"],
                "--max-steps": _is_given("max_steps"),
            },
        ),
        (
            target == "failover",
            "--to failover",
            {"--ttl": options["ttl"], "--assume": options["assume"]},
        ),
        (
            origin == "status",
            "--from status",
            {
                "--workflow": options["workflow"],
                "--dispatch-uuid": options["dispatch_uuid"],
                "--pass-v1-codes": options["pass_v1_codes"],
                "--template-rejection": options["template_rejection"],
            },
        ),
        (
            origin == "inbound",
            "--from inbound",
            {"--reply-as-text": options["reply_as_text"]},
        ),
        (
            origin in ("status", "inbound"),
            "--from status or inbound",
            {"--user-id-form": options["user_id_form"]},
        ),
        (options["jobs"] == 1, "--jobs 1", {"--workflow": options["workflow"]}),
    ):
        for option, value in given.items():
            if value and not is_met:
                raise click.UsageError(f"{option} needs {condition}.")
    if options["check"] and options["form"] in ("json", "jsonl"):
        form = options["form"]
        raise click.UsageError(f"--check writes no results, so none as {form}; leave one out.")
    if options["check"] and options["output"] and options["form"] not in _REPORTS:
        raise click.UsageError(
            "--check writes no results, so --output would stay empty; leave one of them out, or"
            " let --format github or junit write the findings there."
        )


def _is_given(parameter: str) -> bool:
    context = click.get_current_context()
    return context.get_parameter_source(parameter) is not ParameterSource.DEFAULT


def _translate(paths: Sequence[str], options: Options) -> int:
    # Imported here: `--help` and `--version` stay fast.
    from itertools import chain  # noqa: PLC0415

    from gateway.cli.translate_order import (  # noqa: PLC0415
        look_for,
        make_order,
        make_selection,
    )
    from gateway.offline.parallel import WorkerLost  # noqa: PLC0415
    from gateway.offline.progress import make_progress  # noqa: PLC0415
    from gateway.offline.translating import (  # noqa: PLC0415
        is_single,
        read_all,
        size_of,
        summarise,
        translate,
    )

    found = look_for(paths, options)
    selection, baseline = make_selection(options)
    blocks = read_all(found)
    first = next(blocks, None)
    order = make_order(options, selection, baseline, is_single=is_single(found, first))
    progress = make_progress(size_of(found), is_wanted=options["progress"])
    try:
        all_blocks = blocks if first is None else chain((first,), blocks)
        outcome = translate(order, all_blocks, progress)
    except WorkerLost:
        progress.say(f"dispatch-gateway: {_WORKER_LOST}")
        return INTERNAL_ERROR
    finally:
        progress.close()
    for line in summarise(order, outcome):
        tell(line)
    return outcome.exit_code
