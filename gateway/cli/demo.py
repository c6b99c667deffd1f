"""`dispatch-gateway demo`: one real workflow, shown as it happens."""

from __future__ import annotations

from typing import Final

import click

_WIDEST: Final = 100


_EPILOG: Final = """\b
Examples:
  dispatch-gateway demo
  dispatch-gateway demo --compare
  dispatch-gateway demo --plain > demo.txt

Exit codes: 0 everything went as it should; 1 it did not; 3 an internal error.
"""


@click.command("demo", epilog=_EPILOG)
@click.option("--plain", is_flag=True, help="Plain lines, even on a terminal.")
@click.option("--compare", "compares", is_flag=True, help="Show the comparison with Dispatch.")
def command(plain: bool, compares: bool) -> None:
    """Run one real workflow and show its life.

    A gateway, a simulated Messages API v1 and a sample legacy application talk over HTTP on
    loopback. A WhatsApp message is never read, so after its 15 seconds the SMS is sent. Nothing
    leaves this machine; nothing stays on it. Takes about 20 seconds. Exit code 0 only if the
    application received every callback it should have.

    With --compare, two stand-ins of Dispatch serve some hundred workflows each while gateways watch
    them in mode `observe`; one of the two has a quirk. What the gateways saw is then compared with
    what they would have done, and the reports are printed. Takes about half a minute.
    """
    # Imported here: `--help` and `--version` stay fast.
    import asyncio  # noqa: PLC0415

    import uvloop  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415

    from gateway.clock import SystemClock  # noqa: PLC0415
    from gateway.demo.comparison import draw, tell_comparison  # noqa: PLC0415
    from gateway.demo.story import tell_story  # noqa: PLC0415
    from gateway.demo.teller import PlainTeller, make_teller  # noqa: PLC0415
    from gateway.logs import configure_logging  # noqa: PLC0415
    from gateway.simulation.screen import write  # noqa: PLC0415

    configure_logging("critical", "json")
    console = Console()
    teller = PlainTeller(console) if plain else make_teller(console)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            if compares:
                code, reports = runner.run(tell_comparison(teller, SystemClock()))
            else:
                code, reports = runner.run(tell_story(teller, SystemClock())), []
    finally:
        teller.close()
    for line in write(
        draw(reports, width=min(console.width, _WIDEST)),
        has_colour=console.is_terminal and not console.no_color,
        has_unicode=True,
    ):
        click.echo(line)
    raise SystemExit(code)
