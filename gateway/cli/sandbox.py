"""`dispatch-gateway sandbox`: the simulated Messages API v1, alone."""

from __future__ import annotations

import click

from gateway.cli.main import stop
from gateway.sandbox.tables import scripts_table_text

_EPILOG = f"""\b
The last two digits of the recipient choose what happens to a message:
{scripts_table_text()}

\b
Examples:
  dispatch-gateway sandbox --webhook-url http://127.0.0.1:9000/status
  dispatch-gateway sandbox --api-key a1b2c3d --signature-secret "$SECRET" --pace 0.1
  curl -u a1b2c3d:any http://127.0.0.1:8901/v1/messages -d '{{"channel": "sms",
    "message_type": "text", "to": "447700900001", "from": "Shop", "text": "Hello"}}'
  curl http://127.0.0.1:8901/sandbox/messages
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
    log: bool,
) -> None:
    """Run a simulated Messages API v1.

    It takes POST /v1/messages, validates it, sends status webhooks as scripted, and shows at
    GET /sandbox/messages what it has seen. Nothing leaves this machine but the webhooks.
    """
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
    click.echo(f"sandbox  {base_url(listener)}/v1/messages", err=True)
    with listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run_sandbox(config, SystemClock(), listener, say=_say if log else None))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _cause(error: OSError) -> str:
    # The error's own text repeats the address in brackets.
    return (error.strerror or str(error)).partition(" (while ")[0]
