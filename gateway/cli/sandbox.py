"""`dispatch-gateway sandbox`: the simulated Messages API v1 alone, or the stand-in of Dispatch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.main import stop
from gateway.sandbox.legacy_quirks import (
    AS_CAPTURED,
    AS_DOCUMENTED,
    QUIRKS,
    quirks_table_text,
    with_quirks,
)
from gateway.sandbox.tables import scripts_table_text

if TYPE_CHECKING:
    from gateway.sandbox.legacy import LegacyConfig

_LOST: Final = "lost"
# Gone for good, throttling, down, or accepted without a word.
_ANSWERS: Final = ("404", "410", "429", "500", "503", _LOST)

_EPILOG = f"""\b
The last two digits of the recipient choose what happens to a message:
{scripts_table_text()}

\b
The quirks of --legacy:
{quirks_table_text()}

\b
Examples:
  dispatch-gateway sandbox --webhook-url http://127.0.0.1:9000/status
  dispatch-gateway sandbox --api-key a1b2c3d --signature-secret "$SECRET" --pace 0.1
  curl -u a1b2c3d:any http://127.0.0.1:8901/v1/messages -d '{{"channel": "sms",
    "message_type": "text", "to": "447700900001", "from": "Shop", "text": "Hello"}}'
  curl http://127.0.0.1:8901/sandbox/messages
  dispatch-gateway sandbox --legacy --port 8902 --webhook-url http://127.0.0.1:9000/status
  dispatch-gateway sandbox --legacy --port 8902 --as-captured --quirk late-step
  dispatch-gateway sandbox --legacy --port 8902 --answer 410
"""


@click.command("sandbox", epilog=_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option(
    "--port", default=8901, show_default=True, type=click.IntRange(0, 65535), help="0: a free one."
)
@click.option("--webhook-url", metavar="URL", help="Statuses of messages without a URL of theirs.")
@click.option(
    "--signature-secret",
    envvar="SANDBOX_SIGNATURE_SECRET",
    show_envvar=True,
    metavar="SECRET",
    help="Sign webhooks with it; needs --api-key.",
)
@click.option("--api-key", metavar="KEY", help="The only key that Basic credentials may name.")
@click.option(
    "--api-secret",
    envvar="SANDBOX_API_SECRET",
    show_envvar=True,
    metavar="SECRET",
    help="The only secret that Basic credentials may have; any by default.",
)
@click.option("--application-id", metavar="ID", help="What signed webhooks name.")
@click.option(
    "--pace",
    default=1.0,
    show_default=True,
    type=click.FloatRange(min=0, min_open=True),
    help="Factor on the delays of webhooks and retries.",
)
@click.option("--legacy", is_flag=True, help="Stand in for Dispatch: v0.1 in, callbacks out.")
@click.option(
    "--quirk",
    "quirks",
    multiple=True,
    type=click.Choice(list(QUIRKS)),
    metavar="NAME",
    help="With --legacy: plant a fault, listed below; repeatable.",
)
@click.option(
    "--as-captured",
    is_flag=True,
    help="With --legacy: links, fee and lag as seen in traffic, not as documented.",
)
@click.option(
    "--lag",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="With --legacy: give a step up that long after its expiry_time.",
)
@click.option(
    "--answer",
    type=click.Choice(_ANSWERS),
    help="With --legacy: every POST gets this; lost: accepted, but not answered.",
)
@click.option(
    "--answer-delay",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="With --legacy: hold every answer back.",
)
@click.option("--log/--quiet", default=True, show_default=True, help="A line for every event.")
def command(
    *,
    host: str,
    port: int,
    webhook_url: str | None,
    signature_secret: str | None,
    api_key: str | None,
    api_secret: str | None,
    application_id: str | None,
    pace: float,
    legacy: bool,
    quirks: tuple[str, ...],
    as_captured: bool,
    lag: float | None,
    answer: str | None,
    answer_delay: float | None,
    log: bool,
) -> None:
    """Run a simulated Messages API v1, or a stand-in of Dispatch.

    It takes POST /v1/messages, validates it, sends status webhooks as scripted, and shows at
    GET /sandbox/messages what it has seen. With --legacy it takes POST /v0.1/dispatch, plays the
    whole workflow, sends status callbacks and a final report to --webhook-url, and shows at
    GET /sandbox/dispatches what it has seen. Nothing leaves this machine but the webhooks.
    """
    for_legacy = {
        "--quirk": bool(quirks),
        "--as-captured": as_captured,
        "--lag": lag is not None,
        "--answer": answer is not None,
        "--answer-delay": answer_delay is not None,
    }
    stray = [name for name, is_given in for_legacy.items() if is_given]
    if stray and not legacy:
        raise click.UsageError(f"{stray[0]} says how Dispatch behaves: it needs --legacy beside it")
    # Imported here: `--help` and `--version` stay fast.
    import asyncio  # noqa: PLC0415

    import uvloop  # noqa: PLC0415

    from gateway.clock import SystemClock  # noqa: PLC0415
    from gateway.sandbox.config import SandboxConfig  # noqa: PLC0415
    from gateway.sandbox.server import base_url, listen, run_sandbox  # noqa: PLC0415

    try:
        config = SandboxConfig(
            webhook_url=webhook_url,
            signature_secret=signature_secret,
            api_key=api_key,
            api_secret=api_secret,
            application_id=application_id,
            pace=pace,
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    try:
        listener = listen(host, port)
    except OSError as error:
        fault = f"cannot listen on {host}:{port}: {_cause(error)}"
        stop([f"{fault}; choose another one with --host and --port."])
    path = "v0.1/dispatch" if legacy else "v1/messages"
    click.echo(f"sandbox  {base_url(listener)}/{path}", err=True)
    stand_in = _legacy_config(quirks, as_captured, lag, answer, answer_delay) if legacy else None
    say = _say if log else None
    with listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_sandbox(config, SystemClock(), listener, legacy=stand_in, say=say))


def _legacy_config(
    quirks: tuple[str, ...],
    as_captured: bool,
    lag_s: float | None,
    answer: str | None,
    answer_delay_s: float | None,
) -> LegacyConfig:
    from gateway.sandbox.legacy import LegacyConfig  # noqa: PLC0415

    habits = AS_CAPTURED if as_captured else AS_DOCUMENTED
    if lag_s is not None:
        habits = replace(habits, lag_ms=round(1000 * lag_s))
    return LegacyConfig(
        habits=with_quirks(habits, quirks),
        answer=int(answer) if answer is not None and answer != _LOST else None,
        loses_answers=answer == _LOST,
        answer_delay_s=answer_delay_s or 0,
    )


def _say(line: str) -> None:
    click.echo(line, err=True)


def _cause(error: OSError) -> str:
    # The error's own text repeats the address in brackets.
    return (error.strerror or str(error)).partition(" (while ")[0]
