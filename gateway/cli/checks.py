"""Reading the settings for a command, with the checks that need more than the settings know."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.settings import Fault, Reading, Settings, read_settings


def read_checked(config: Path | None, overrides: Mapping[str, str | None]) -> Reading:
    """Read the settings of this process, checked against everything that is known.

    Args:
        config: the file that `--config` names, if any.
        overrides: variables that options of the command line set; None leaves one as it is.
    """
    options = {name: value for name, value in overrides.items() if value is not None}
    return read_settings(
        {**os.environ, **options}, config, checks=(check_addresses, check_switches)
    )


def check_addresses(settings: Settings) -> list[Fault]:
    """Return a fault for each URL that the gateway would refuse to call."""
    from gateway.app import address_policy  # noqa: PLC0415 - half a second, and only needed here
    from gateway.clients.guard import check_url  # noqa: PLC0415

    policy = address_policy(settings)
    urls = {"GATEWAY_UPSTREAM": settings.upstream}
    for application in settings.applications:
        whose = f" of application {application.name}"
        urls[f"GATEWAY_STATUS_URL{whose}"] = application.status_url
        if application.final_report_url != application.status_url:
            urls[f"GATEWAY_FINAL_REPORT_URL{whose}"] = application.final_report_url
        urls[f"GATEWAY_INBOUND_URL{whose}"] = application.inbound_url or ""
    faults = []
    for name, url in urls.items():
        why = check_url(url, policy) if url else None
        if why is not None:
            problem, _, remedy = why.rstrip(".").partition("; ")
            faults.append(
                Fault(
                    name=name,
                    problem=f"is refused: {problem[:1].lower()}{problem[1:]}",
                    remedy=remedy or "use another URL",
                )
            )
        elif url and settings.public_url and url.startswith(f"{settings.public_url}/webhooks/"):
            faults.append(
                Fault(
                    name=name,
                    problem="is a webhook of this gateway: it would call itself",
                    remedy="use the URL of the legacy integration",
                )
            )
    return faults


def check_switches(settings: Settings) -> list[Fault]:
    """Return a fault for each name in GATEWAY_ACCEPT and GATEWAY_REFUSE that switches nothing."""
    from translators.rules_request import REQUEST_RULES  # noqa: PLC0415 - as above

    known = {rule.name for rule in REQUEST_RULES if rule.tolerance is not None}
    faults = [
        Fault(
            name=f"GATEWAY_{switch}",
            problem="names a rule without a switch",
            remedy=_suggest(name, sorted(known)),
        )
        for switch, names in (("ACCEPT", settings.accept), ("REFUSE", settings.refuse))
        for name in sorted(names - known)
    ]
    if both := sorted(settings.accept & settings.refuse):
        faults.append(
            Fault(
                name="GATEWAY_ACCEPT",
                problem="and GATEWAY_REFUSE name the same rules",
                remedy=f"keep each of these in one of them: {', '.join(both)}",
            )
        )
    return faults


def _suggest(name: str, known: Sequence[str]) -> str:
    similar = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {similar[0]}?" if similar else f"write some of {', '.join(known)}"
