"""The whole examination, in the order in which things would fail."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.app import address_policy
from gateway.applications import Applications
from gateway.clients.egress import Egress, egress_of
from gateway.clients.upstream_date import UpstreamDate
from gateway.clock import Clock
from gateway.doctor.egress import examine_egress
from gateway.doctor.findings import Finding, Verdict
from gateway.doctor.front_door import examine_front_door
from gateway.doctor.readiness import examine_hosts
from gateway.doctor.receivers import examine_receivers
from gateway.doctor.upstream import examine_clock, examine_upstream
from gateway.doctor.visit import visiting
from gateway.settings import Application, Settings
from gateway.settings.rules import SHORT_SECRET

_SQLITE: Final = "sqlite:///"
_OBSERVE: Final = "observe"


async def examine(
    settings: Settings, clock: Clock, *, egress: Egress | None = None
) -> list[Finding]:
    """Look at everything that a gateway with these settings depends on. Nobody is messaged.

    Args:
        settings: read without a fault.
        clock: compared with the upstream's.
        egress: whom to trust, and the way out; as the settings say by default.
    """
    known = Applications(settings.applications)
    findings = [await asyncio.to_thread(_of_store, settings)]
    findings += [
        _of_signature(each, known) for each in settings.applications if each.mode != _OBSERVE
    ]
    # The front door is asked at the public URL: whoever examines is the one that may call it.
    policy = replace(address_policy(settings), own_places=frozenset())
    egress = egress or egress_of(settings)
    upstream = UpstreamDate(base_url=settings.upstream, policy=policy, egress=egress)
    # Authorities of our own say nothing of whom the vendor trusts.
    system = egress if settings.ca_file is None else replace(egress, ca_file=None)
    async with visiting(policy, egress) as visitor, visiting(policy, system) as vendor:
        groups: Sequence[list[Finding]] = await asyncio.gather(
            examine_upstream(settings, visitor, clock),
            _listed(examine_clock(upstream, clock)),
            examine_front_door(settings, visitor, vendor, clock),
            examine_receivers(settings, visitor),
        )
    asked = [found for group in groups for found in group]
    return [*findings, *examine_egress(settings, clock, asked), *asked, examine_hosts(settings)]


async def _listed(finding: Awaitable[Finding]) -> list[Finding]:
    return [await finding]


def _of_store(settings: Settings) -> Finding:
    """Write beside the store's file, durably, and take it away again."""
    folder = Path(settings.store.removeprefix(_SQLITE)).parent
    verdict, said, remedy = Verdict.OK, "its directory takes durable writes", ""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        verdict = Verdict.WRONG
        said = f"its directory takes no writes: {(error.strerror or 'unknown reason').lower()}"
        remedy = "make room, and let this user write there"
    return Finding(check="store", about="GATEWAY_STORE", verdict=verdict, said=said, remedy=remedy)


def _of_signature(application: Application, known: Applications) -> Finding:
    verdict, said, remedy = Verdict.OK, "set, and long enough", ""
    secrets = known.secrets_of(application.api_key or "")
    if not secrets:
        verdict = Verdict.WRONG
        said = "not set: webhooks are not verified and callbacks not signed"
        remedy = "set it to the signature secret of the account"
    elif not application.signature_secrets:
        verdict = Verdict.UNKNOWN
        said = "set for another application of the account only, so callbacks are not signed"
        remedy = "set it here, too, if the receiver verifies them"
    elif len(secrets[0].encode()) < SHORT_SECRET:
        verdict = Verdict.WRONG
        said = f"shorter than the {SHORT_SECRET} bytes that HS256 asks for"
        remedy = "choose a longer one in the vendor's dashboard"
    return Finding(
        check="signature-secret",
        about=f"VONAGE_SIGNATURE_SECRET of application {application.name}",
        verdict=verdict,
        said=said,
        remedy=remedy,
    )
