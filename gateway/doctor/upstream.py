"""Credentials, by asking the upstream for what it must refuse, and the clock.

The body names nobody and holds no text, so there is nothing that could be sent. Who checks the
credentials first, as v1 does, answers 401 to wrong ones and 422 to right ones.
"""

from __future__ import annotations

from typing import Final

from gateway.clients.connection import Exchange
from gateway.clients.credentials import UpstreamCredentials
from gateway.clients.upstream_date import UpstreamDate
from gateway.clock import Clock
from gateway.doctor.findings import UNREACHED, Finding, Verdict
from gateway.doctor.visit import Visitor
from gateway.safeguards.clock_check import Reading, fault_of
from gateway.settings import Application, Settings

_IMPOSSIBLE: Final = b"{}"
_UPSTREAM: Final = "mend GATEWAY_UPSTREAM, the base URL of Messages v1"
_WAY_THERE: Final = f"{_UPSTREAM}, or the way there: the DNS, the network, the firewall"
_LATER: Final = "run doctor again later"


async def examine_upstream(settings: Settings, visitor: Visitor, clock: Clock) -> list[Finding]:
    """Return what the upstream says of each application's credentials."""
    credentials = UpstreamCredentials(clock)
    findings: list[Finding] = []
    for application in settings.applications:
        seen = await visitor.ask(
            "POST",
            f"{settings.upstream}/v1/messages",
            body=_IMPOSSIBLE,
            headers={
                "Accept": "application/json",
                "Authorization": credentials.authorization(application),
                "Content-Type": "application/json",
            },
        )
        findings.append(_of_credentials(application, seen))
    return findings


def _of_credentials(application: Application, seen: Exchange) -> Finding:
    verdict, said, remedy = _judge(application, seen)
    return Finding(
        check="credentials",
        about=f"credentials of application {application.name}",
        verdict=verdict,
        said=said,
        remedy=remedy,
    )


def _judge(application: Application, seen: Exchange) -> tuple[Verdict, str, str]:
    is_basic = application.private_key_pem is None
    if seen.fault is not None:
        return Verdict.WRONG, f"the upstream cannot be asked: {UNREACHED[seen.fault]}", _WAY_THERE
    code = seen.http_status or 0
    match code:
        case 400 | 422:
            kind = "key and secret" if is_basic else "a token of its private key"
            return Verdict.OK, f"the upstream takes them ({kind})", ""
        case 401:
            remedy = (
                "compare VONAGE_API_KEY and VONAGE_API_SECRET with the API settings in the"
                " vendor's dashboard"
                if is_basic
                else "compare VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY with the application in"
                " the vendor's dashboard; a wrong clock is refused, too"
            )
            return Verdict.WRONG, "the upstream refuses them (401)", remedy
        case 402:
            return Verdict.WRONG, "right, but the balance is too low (402)", "top the account up"
        case 403:
            remedy = "give the application the capability Messages in the vendor's dashboard"
            return Verdict.WRONG, "the upstream does not let them send (403)", remedy
        case 429:
            return Verdict.UNKNOWN, "the upstream asks to wait (429)", _LATER
        case _ if code >= 500:
            return Verdict.UNKNOWN, f"the upstream fails ({code})", _LATER
        case _:
            return Verdict.WRONG, f"what answers ({code}) is no Messages v1", _UPSTREAM


async def examine_clock(upstream: UpstreamDate, clock: Clock) -> Finding:
    """Return how our clock stands to the upstream's, judged as at the start of the gateway."""
    told_s = await upstream.read_s()
    ours_s = clock.wall_s()
    verdict, said, remedy = Verdict.OK, "", ""
    if told_s is None:
        verdict, said = Verdict.UNKNOWN, "the upstream did not tell the time"
        remedy = "compare this machine's clock with another one"
    elif fault_of(Reading(ours_s=ours_s, upstream_s=told_s, mark_s=None), is_patient=False):
        word = "ahead of" if ours_s > told_s else "behind"
        verdict, said = Verdict.WRONG, f"{abs(ours_s - told_s)} s {word} the upstream's"
        remedy = "set this machine's clock, and keep it right with NTP"
    else:
        said = f"within {abs(ours_s - told_s)} s of the upstream's"
    return Finding(check="clock", about="clock", verdict=verdict, said=said, remedy=remedy)
