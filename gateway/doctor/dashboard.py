"""What cannot be seen from here: the settings at the vendor that the product depends on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.settings import Settings

_OBSERVE = "observe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One thing to look at in the vendor's dashboard."""

    where: str
    wanted: str
    otherwise: str
    """What goes wrong if it is not so, as docs/operations.md explains."""

    def __str__(self) -> str:
        return f"{self.where}: {self.wanted} (otherwise {self.otherwise})"


def looks(settings: Settings) -> Iterator[Look]:
    """Yield what a gateway with these settings needs there."""
    base = settings.public_url or "https://<this gateway>"
    if any(each.mode != _OBSERVE for each in settings.applications):
        yield Look(
            where="API settings, signature secret",
            wanted="the one in VONAGE_SIGNATURE_SECRET",
            otherwise="no webhook can be verified",
        )
        yield Look(
            where="API settings, Messaging API type",
            wanted="Messages API",
            otherwise="SMS webhooks come in the form of the SMS API, or not here at all",
        )
        yield Look(
            where="application, capabilities",
            wanted="Messages, webhook version v1, signed webhooks on",
            otherwise="inbound messages come in the form of v0.1, or unsigned",
        )
        yield Look(
            where="application, status URL",
            wanted=f"{base}/webhooks/status",
            otherwise="statuses that name no URL of their own are lost",
        )
    if any(each.inbound_url is not None for each in settings.applications):
        yield Look(
            where="application, inbound URL",
            wanted=f"{base}/webhooks/inbound",
            otherwise="inbound messages do not reach the application",
        )
    if any(each.mode in ("observe", "split", "paired") for each in settings.applications):
        yield Look(
            where="status URL that Dispatch calls",
            wanted=f"{base}/legacy/status",
            otherwise="callbacks of Dispatch are not seen, and there is nothing to compare",
        )
