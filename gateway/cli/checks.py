"""Reading the settings for a command, with the checks that need more than the settings know."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.clients.addresses import AddressPolicy
from gateway.clock import SystemClock
from gateway.settings import Fault, Reading, Settings, read_settings
from gateway.settings.mode_rules import paired_end_faults

_SQLITE: Final = "sqlite:///"
_PRIVATE: Final = "GATEWAY_ALLOW_PRIVATE_CALLBACKS=true"
_OWN_REMEDIES: Final = {
    "GATEWAY_UPSTREAM": "use the URL of Messages v1, or take it away for the vendor's",
    "GATEWAY_LEGACY": "use the URL of the legacy service, or take it away for the vendor's",
}
_OWN_REMEDY: Final = (
    "use the URL of the legacy integration; where a proxy shares one host between the two, give the"
    " gateway a path of its own in GATEWAY_PUBLIC_URL"
)
# What may be a rule is named in a fault; anything else may be something private by mistake.
_LIKE_A_RULE: Final = re.compile(r"[a-z]+(?:-[a-z0-9]+)*|[A-Z]{3}[0-9]{3}")


def read_checked(
    config: Path | None, overrides: Mapping[str, str | None], *, is_running: bool = False
) -> Reading:
    """Read the settings of this process, checked against everything that is known.

    Args:
        config: the file that `--config` names, if any.
        overrides: variables that options of the command line set; None leaves one as it is.
        is_running: whether a gateway runs on them. Its certificate is renewed by itself, and a pair
            that is half written must not keep secrets from being renewed.
    """
    checks: list[Callable[[Settings], list[Fault]]] = [
        *(check_store, check_trace, check_addresses, check_egress),
        *(check_switches, check_pairing),
    ]
    if not is_running:
        checks.append(check_certificate)
    options = {name: value for name, value in overrides.items() if value is not None}
    reading = read_settings(
        {**os.environ, **options},
        config,
        checks=checks,
    )
    settings = reading.settings
    return replace(
        reading,
        settings=replace(
            settings,
            accept=rule_names(settings.accept),
            refuse=rule_names(settings.refuse),
            warnings=(*settings.warnings, *_egress_warnings(settings)),
        ),
    )


def check_certificate(settings: Settings) -> list[Fault]:
    """Return a fault if the gateway's own certificate could not be shown."""
    if settings.tls_cert is None or settings.tls_key is None:
        return []
    from gateway.listening.certificates import Unfit, load_pair  # noqa: PLC0415 - as below

    try:
        load_pair(Path(settings.tls_cert), Path(settings.tls_key))
    except Unfit as unfit:
        return [Fault(name=unfit.setting, problem=unfit.problem, remedy=unfit.remedy)]
    return []


def check_store(settings: Settings) -> list[Fault]:
    """Return a fault if the store's file could not be written where it is."""
    return _check_file("GATEWAY_STORE", Path(settings.store.removeprefix(_SQLITE)))


def check_trace(settings: Settings) -> list[Fault]:
    """Return a fault if the trace file could not be written where it is."""
    return [] if settings.trace is None else _check_file("GATEWAY_TRACE", Path(settings.trace))


def _check_file(name: str, path: Path) -> list[Fault]:
    if not path.parent.is_dir():
        problem = "names a file in a directory that does not exist"
        remedy = "create the directory (a relative one begins where the gateway is started)"
    elif path.is_dir():
        problem, remedy = "names a directory", "name a file in it"
    elif not all(os.access(each, os.W_OK) for each in (path.parent, path) if each.exists()):
        problem = "names a file that cannot be written by this user"
        remedy = "let this user write the file and its directory"
    else:
        return []
    return [Fault(name=name, problem=problem, remedy=remedy)]


def check_addresses(settings: Settings) -> list[Fault]:
    """Return a fault for each URL that the gateway would refuse to call."""
    from gateway.app import address_policy  # noqa: PLC0415 - half a second, and only needed here

    policy = address_policy(settings)
    # The legacy service is judged in every mode: its callbacks are relayed in every mode.
    urls = {"GATEWAY_UPSTREAM": settings.upstream, "GATEWAY_LEGACY": settings.legacy}
    for application in settings.applications:
        whose = f" of application {application.name}"
        urls[f"GATEWAY_STATUS_URL{whose}"] = application.status_url
        if application.final_report_url != application.status_url:
            urls[f"GATEWAY_FINAL_REPORT_URL{whose}"] = application.final_report_url
        urls[f"GATEWAY_INBOUND_URL{whose}"] = application.inbound_url or ""
    faults = []
    for name, url in urls.items():
        if not url:
            continue
        if _leads_here(url, policy):
            faults.append(
                Fault(
                    name=name,
                    problem="is this gateway itself: it would call itself",
                    remedy=_OWN_REMEDIES.get(name, _OWN_REMEDY),
                )
            )
        elif (refusal := _refusal(url, policy)) is not None:
            problem, remedy = refusal
            faults.append(Fault(name=name, problem=f"is refused: {problem}", remedy=remedy))
    return faults


def _leads_here(url: str, policy: AddressPolicy) -> bool:
    """Tell whether what is called at `url` arrives here again."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return policy.leads_here((parts.hostname or "").rstrip("."), port, parts.path)


def _refusal(url: str, policy: AddressPolicy) -> tuple[str, str] | None:
    """Return why the guard refuses `url`, and a remedy that names settings only if they help."""
    from gateway.clients.guard import check_url  # noqa: PLC0415 - as above

    if check_url(url, policy) is None:
        return None
    port = urlsplit(url).port
    ports = policy.allowed_ports if port is None else policy.allowed_ports | {port}
    why = check_url(url, replace(policy, allowed_ports=ports))
    if why is None:
        *others, last = map(str, sorted(policy.allowed_ports))
        return "its port is not allowed", (
            f"use {', '.join(others)} or {last}, add it to GATEWAY_CALLBACK_PORTS, or set"
            f" {_PRIVATE} for a closed network"
        )
    problem, _, remedy = why.rstrip(".").partition("; ")
    if check_url(url, replace(policy, allow_private=True)) is None:
        remedy = f"{remedy}, or set {_PRIVATE} if this gateway serves a closed network"
    return f"{problem[:1].lower()}{problem[1:]}", remedy


def check_egress(settings: Settings) -> list[Fault]:
    """Return what is wrong with the proxy's settings and the files of certificates."""
    from gateway.clients.egress_checks import egress_faults  # noqa: PLC0415 - as above

    return egress_faults(settings)


def _egress_warnings(settings: Settings) -> list[Fault]:
    from gateway.clients.egress_checks import egress_warnings  # noqa: PLC0415 - as above

    return egress_warnings(settings, os.environ, SystemClock().wall_s())


def check_pairing(settings: Settings) -> list[Fault]:
    """Return a fault if pairing would have no end, or has ended."""
    return paired_end_faults(settings, SystemClock().wall_s())


def check_switches(settings: Settings) -> list[Fault]:
    """Return a fault for each entry of GATEWAY_ACCEPT and GATEWAY_REFUSE that switches nothing."""
    codes = _switchable()
    known = set(codes.values())
    accept, refuse = rule_names(settings.accept), rule_names(settings.refuse)
    faults = [
        Fault(
            name=f"GATEWAY_{switch}",
            problem=f"{_entry(name)} no rule with a switch",
            remedy=_suggest(name, sorted(known)),
        )
        for switch, names in (("ACCEPT", accept), ("REFUSE", refuse))
        for name in sorted(names - known)
    ]
    if both := sorted(accept & refuse & known):
        faults.append(
            Fault(
                name="GATEWAY_ACCEPT",
                problem="and GATEWAY_REFUSE name the same rules",
                remedy=f"keep each of these in one of them: {', '.join(both)}",
            )
        )
    return faults


def _switchable() -> dict[str, str]:
    """Return the rules with a switch, name by code."""
    from translators.rules_request import REQUEST_RULES  # noqa: PLC0415 - as above
    from translators.rules_token import TOKEN_RULES  # noqa: PLC0415 - as above

    rules = (*REQUEST_RULES, *TOKEN_RULES)
    return {rule.code: rule.name for rule in rules if rule.tolerance is not None}


def rule_names(entries: AbstractSet[str]) -> frozenset[str]:
    """Return `entries` with codes of switchable rules replaced by the rules' names."""
    codes = _switchable() if entries else {}
    return frozenset(codes.get(entry, entry) for entry in entries)


def _entry(name: str) -> str:
    return f"names {name}, which is" if _LIKE_A_RULE.fullmatch(name) else "has an entry that is"


def _suggest(name: str, known: Sequence[str]) -> str:
    similar = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {similar[0]}?" if similar else "docs/rules.md lists those that have one"
