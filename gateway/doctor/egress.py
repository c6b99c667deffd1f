"""What the gateway shows and goes through on its way out, as far as the settings name it."""

from __future__ import annotations

from gateway.clients.egress_checks import FEW_DAYS, client_certificate_days
from gateway.clock import Clock
from gateway.doctor.findings import Finding, Verdict
from gateway.settings import Settings

_RESOLVES = "it is told names, and judges alone where they lead"
_ADDRESSES = "it is told addresses that were checked here"


def examine_egress(settings: Settings, clock: Clock) -> list[Finding]:
    """Return what stands between the gateway and others; nothing where nothing is set.

    That a proxy works is seen by what is asked through it.
    """
    findings = []
    if settings.egress_proxy is not None:
        said = _RESOLVES if settings.egress_proxy_resolves else _ADDRESSES
        findings.append(
            Finding(
                check="egress-proxy",
                about="GATEWAY_EGRESS_PROXY",
                verdict=Verdict.OK,
                said=f"everything below was asked through it; {said}",
            )
        )
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
