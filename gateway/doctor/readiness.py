"""How a gateway that runs says it is: in full on its admin bind, in one word on the public one."""

from __future__ import annotations

from gateway.alarms import AlarmKind
from gateway.clients.connection import Exchange
from gateway.doctor.findings import Finding, Verdict
from gateway.doctor.own import Own
from gateway.settings import Settings


async def examine_readiness(own: Own, about: str, *, nonce: str, proof: str) -> Finding:
    """Return how the gateway says it is that answers `nonce` with `proof`."""
    # Another one's readiness would say nothing about this one.
    if await own.proof_of_admin(nonce) == proof:
        return _in_full(about, await own.ask_admin("/readyz"))
    seen = await own.ask_public("/readyz")
    is_ready = seen.http_status == 200
    return Finding(
        check="readiness",
        about=about,
        verdict=Verdict.UNKNOWN if is_ready else Verdict.WRONG,
        said=f"a gateway, and it says: {'ready' if is_ready else 'not ready'}",
        remedy="its alarms are on its admin bind, which was not found: check GATEWAY_ADMIN_HOST and"
        " GATEWAY_ADMIN_PORT",
    )


def _in_full(about: str, seen: Exchange) -> Finding:
    lines = bytes(seen.body).decode("utf-8", "replace").splitlines() or ["it does not answer"]
    # A gap ends by itself, and many a restart makes one: there is nothing to mend.
    needs_nobody = all(line.startswith(f"{AlarmKind.GAP.value}:") for line in lines[1:])
    is_up = seen.http_status == 200 and lines[0].startswith(("ready", "degraded"))
    is_well = is_up and needs_nobody
    return Finding(
        check="readiness",
        about=about,
        verdict=Verdict.OK if is_well else Verdict.WRONG,
        said=f"a gateway, and it says: {'; '.join(line.rstrip('.') for line in lines)}",
        remedy="" if is_well else "do what it says; docs/operations.md has more",
    )


def examine_hosts(settings: Settings) -> Finding:
    """Return whether the gateway answers under any name."""
    names = ", ".join(sorted(settings.hosts))
    return Finding(
        check="hosts",
        about="GATEWAY_HOSTS",
        verdict=Verdict.OK if names else Verdict.UNKNOWN,
        said=names or "not set: requests for any name are answered",
        remedy=""
        if names
        else "set it to the names that callers use, so that others are answered 421",
    )
