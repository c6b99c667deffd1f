"""Whether the public URL leads to this gateway, with a certificate that the vendor will trust."""

from __future__ import annotations

import contextlib
from typing import Final
from urllib.parse import urlsplit

from gateway.clients.faults import Fault
from gateway.clock import Clock
from gateway.doctor.findings import UNREACHED, Finding, Verdict
from gateway.doctor.own import Own, own_certificate, proof_in, visiting_here
from gateway.doctor.readiness import examine_readiness
from gateway.doctor.stand_in import standing_in
from gateway.doctor.visit import Certificate, Visitor
from gateway.listening.binding import CannotListen, listening
from gateway.presence import PATH, Presence
from gateway.settings import Settings

FEW_DAYS: Final = 7
"""A certificate that ends sooner is about to take every webhook with it."""

_FROM_OUTSIDE: Final = (
    "mend GATEWAY_PUBLIC_URL, the name, the proxy or the firewall; if only this machine cannot"
    " reach it, ask from outside"
)


_UNREACHED: Final = {
    **UNREACHED,
    # More authorities here would not make the vendor trust it.
    Fault.CERTIFICATE_UNKNOWN_ISSUER: "its certificate is of nobody who is trusted here, or its"
    " chain is not whole",
}


async def examine_front_door(
    settings: Settings, visitor: Visitor, vendor: Visitor, clock: Clock
) -> list[Finding]:
    """Return who answers at the public URL, how it is secured, and how the gateway says it is.

    A gateway that runs is asked for its proof at its own address. Where none runs, something
    listens in its place meanwhile.

    Args:
        settings: of the gateway.
        visitor: trusts whom the gateway trusts.
        vendor: trusts nobody but the system's authorities, as the vendor does.
        clock: says when a certificate ends.
    """
    nonce = clock.draw_token(24).hex()
    async with contextlib.AsyncExitStack() as stack:
        own = Own(settings, await stack.enter_async_context(visiting_here()))
        expected: str | None = None
        running: list[Finding] = []
        try:
            listeners = stack.enter_context(listening(settings.places))
        except CannotListen as error:
            # One that runs is found in any case: this user may not be allowed what its own is.
            expected = await own.proof(nonce)
            if expected is None and not error.is_taken:
                return [_unbound(error), await _of_certificate(settings, visitor, vendor, clock)]
            about = f"what listens on {_place(settings)}"
            running = [
                _stranger(about)
                if expected is None
                else await examine_readiness(own, about, nonce=nonce, proof=expected)
            ]
        else:
            presence = Presence(clock)
            await stack.enter_async_context(
                standing_in(listeners, presence, own_certificate(settings))
            )
            expected = presence.proof(nonce)
        found = await _of_public_url(settings, visitor, nonce, expected, is_running=bool(running))
        return [*running, found, await _of_certificate(settings, visitor, vendor, clock)]


def _place(settings: Settings) -> str:
    return ", ".join(map(str, settings.places))


def _unbound(error: CannotListen) -> Finding:
    return Finding(
        check="address",
        about="GATEWAY_HOST and GATEWAY_PORT",
        verdict=Verdict.WRONG,
        said=f"{error.place} cannot be listened on: {error.why}",
        remedy="choose another address",
    )


def _stranger(about: str) -> Finding:
    return Finding(
        check="readiness",
        about=about,
        verdict=Verdict.WRONG,
        said="it is no gateway of this version",
        remedy="stop it, or choose another address with GATEWAY_HOST and GATEWAY_PORT",
    )


async def _of_public_url(
    settings: Settings, visitor: Visitor, nonce: str, expected: str | None, *, is_running: bool
) -> Finding:
    verdict, said, remedy = Verdict.UNKNOWN, "", ""
    if settings.public_url is None:
        said, remedy = "not set", "set it to how the upstream reaches this gateway"
    elif settings.port == 0:
        said = "GATEWAY_PORT is 0, so nobody knows where it should lead"
        remedy = "set GATEWAY_PORT, or ask it from outside while the gateway runs"
    else:
        seen = await visitor.ask("GET", f"{settings.public_url}{PATH}{nonce}")
        proof = proof_in(seen)
        host = urlsplit(settings.public_url).netloc
        if seen.fault is Fault.ADDRESS_REFUSED:
            said = f"{host} has no public address as seen from here"
            remedy = "ask it from outside"
        elif seen.fault is not None:
            verdict, remedy = Verdict.WRONG, _FROM_OUTSIDE
            said = f"{host} cannot be reached: {_UNREACHED[seen.fault]}"
        elif proof is None:
            verdict, said = (
                Verdict.WRONG,
                f"{host} is not this gateway: it answers {seen.http_status}",
            )
            remedy = "let it lead here, with the paths under /webhooks as they are"
        elif expected is None:
            said, remedy = f"{host} is a gateway, but which one", f"free {_place(settings)} first"
        elif proof != expected:
            verdict, said = Verdict.WRONG, f"{host} is another gateway"
            remedy = f"let it lead to {_place(settings)} of this machine"
        else:
            verdict, said = Verdict.OK, f"{host} leads to {_place(settings)}, where doctor listened"
            if is_running:
                said = f"{host} leads to the gateway that listens on {_place(settings)}"
    return Finding(
        check="public-url",
        about="GATEWAY_PUBLIC_URL",
        verdict=verdict,
        said=said,
        remedy=remedy,
    )


async def _of_certificate(
    settings: Settings, visitor: Visitor, vendor: Visitor, clock: Clock
) -> Finding:
    verdict, said, remedy = Verdict.UNKNOWN, "", ""
    url = settings.public_url
    if url is None:
        said, remedy = "GATEWAY_PUBLIC_URL is not set", "set it"
    elif urlsplit(url).scheme == "http":
        if settings.allow_private_callbacks:
            verdict, said = Verdict.OK, "none, because it is plain http"
        else:
            verdict, said = Verdict.WRONG, "none: phone numbers would travel in plain http"
            remedy = "terminate TLS in front of the gateway, and write https"
    else:
        shown = await vendor.certificate(url, clock.wall_s())
        if shown is Fault.CERTIFICATE_UNKNOWN_ISSUER and isinstance(
            await visitor.certificate(url, clock.wall_s()), Certificate
        ):
            # A proxy on our way out may have shown its own, a closed network may have its own.
            is_told = settings.egress_proxy is None and not settings.allow_private_callbacks
            verdict = Verdict.WRONG if is_told else Verdict.UNKNOWN
            said = "trusted here by GATEWAY_CA_FILE alone, which the vendor does not read"
            remedy = "show one of a public authority, or see that the upstream trusts this one"
        elif isinstance(shown, Fault) and shown.value.startswith("certificate-"):
            verdict, said = Verdict.WRONG, _UNREACHED[shown]
            remedy = "renew it, for this name and with its whole chain"
        elif isinstance(shown, Fault):
            said = f"it was not seen: {_UNREACHED[shown]}"
            remedy = "mend GATEWAY_PUBLIC_URL first"
        elif shown.days_left < FEW_DAYS:
            verdict, said = Verdict.WRONG, f"it ends in {shown.days_left} days"
            remedy = "renew it"
        else:
            verdict, said = Verdict.OK, f"good for {shown.days_left} more days"
    return Finding(
        check="certificate",
        about="certificate of GATEWAY_PUBLIC_URL",
        verdict=verdict,
        said=said,
        remedy=remedy,
    )
