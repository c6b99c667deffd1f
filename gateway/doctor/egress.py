"""What the gateway shows and goes through on its way out, as far as the settings name it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from gateway.clients.egress_checks import FEW_DAYS, client_certificate_days
from gateway.clients.faults import Fault
from gateway.clock import Clock
from gateway.doctor.findings import UNREACHED, Finding, Verdict
from gateway.settings import Settings

_RESOLVES = "it is told names, and judges alone where they lead"
_ADDRESSES = "it is told addresses that were checked here"


_OF_THE_PROXY: Final = {
    Fault.PROXY_UNREACHABLE: (
        "no connection to it can be made",
        "start it, or mend its host and port",
    ),
    Fault.PROXY_LOGIN_REFUSED: ("it refuses its user or password", "mend them in its URL"),
}
"""What is wrong with the proxy itself, and not with what it was asked for."""


def examine_egress(
    settings: Settings, clock: Clock, asked: Iterable[Finding] = ()
) -> list[Finding]:
    """Return what stands between the gateway and others; nothing where nothing is set.

    Args:
        asked: what was found by going out; that a proxy works is seen by it.
    """
    findings = []
    if settings.egress_proxy is not None:
        findings.append(_of_proxy(settings, [each.said for each in asked]))
    if settings.client_cert is not None:
        days_left = client_certificate_days(settings.client_cert, clock.wall_s())
        is_well = days_left >= FEW_DAYS
        ends = "has expired" if days_left < 0 else f"ends in {days_left} days"
        findings.append(
            Finding(
                check="client-certificate",
                about="GATEWAY_CLIENT_CERT",
                verdict=Verdict.OK if is_well else Verdict.WRONG,
                said=f"good for {days_left} more days" if is_well else f"it {ends}",
                remedy="" if is_well else "renew it, and start the gateway anew",
            )
        )
    return findings


def _of_proxy(settings: Settings, sayings: Sequence[str]) -> Finding:
    verdict, remedy = Verdict.OK, ""
    told = _RESOLVES if settings.egress_proxy_resolves else _ADDRESSES
    said = f"everything below was asked through it; {told}"
    for fault, (problem, what_to_do) in _OF_THE_PROXY.items():
        if any(UNREACHED[fault] in each for each in sayings):
            verdict, said, remedy = Verdict.WRONG, problem, what_to_do
    return Finding(
        check="egress-proxy",
        about="GATEWAY_EGRESS_PROXY",
        verdict=verdict,
        said=said,
        remedy=remedy,
    )
