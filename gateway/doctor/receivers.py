"""Whether the URLs that callbacks go to answer, without posting anything there.

A receiver takes whatever it gets for a callback, so it is asked with OPTIONS and HEAD, which carry
no body and, by the meaning of HTTP, change nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from gateway.clients.connection import Exchange
from gateway.doctor.findings import UNREACHED, Finding, Verdict
from gateway.doctor.visit import Visitor
from gateway.settings import Settings
from gateway.settings.mode_rules import PAIRED, SPLIT

_LEGACY: Final = "https://api.nexmo.com"
_FORWARDED: Final = frozenset({"observe", SPLIT, PAIRED})
_NOT_FOUND: Final = frozenset({404, 410})
_PROXY_FAILS: Final = frozenset({502, 503, 504})


async def examine_receivers(settings: Settings, visitor: Visitor) -> list[Finding]:
    """Return how the URLs of the applications answer, and Dispatch where it is needed."""
    asked = [*_urls(settings)]
    return [*await asyncio.gather(*(_ask(visitor, *each) for each in asked))]


def _urls(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """Yield check, setting, whose it is, and the URL; one that stands for two settings, once."""
    for application in settings.applications:
        whose = f" of application {application.name}"
        yield "status-url", "GATEWAY_STATUS_URL", whose, application.status_url
        if application.final_report_url != application.status_url:
            report = application.final_report_url
            yield "final-report-url", "GATEWAY_FINAL_REPORT_URL", whose, report
        if application.inbound_url is not None:
            yield "inbound-url", "GATEWAY_INBOUND_URL", whose, application.inbound_url
    if any(each.mode in _FORWARDED for each in settings.applications):
        legacy = settings.legacy or _LEGACY
        yield "legacy", "GATEWAY_LEGACY", "", f"{legacy}/v0.1/dispatch"


async def _ask(visitor: Visitor, check: str, setting: str, whose: str, url: str) -> Finding:
    if not url:
        verdict, said, remedy = Verdict.UNKNOWN, "not set", f"set {setting}"
    else:
        seen = await visitor.ask("OPTIONS", url)
        if seen.http_status in _NOT_FOUND:
            # Many frameworks know a path for its own methods only; HEAD is one more chance.
            seen = await visitor.ask("HEAD", url)
        verdict, said, remedy = _judge(setting, url, seen)
    return Finding(
        check=check, about=f"{setting}{whose}", verdict=verdict, said=said, remedy=remedy
    )


def _judge(setting: str, url: str, seen: Exchange) -> tuple[Verdict, str, str]:
    host = urlsplit(url).netloc
    if seen.fault is not None:
        said = f"{host} cannot be reached: {UNREACHED[seen.fault]}"
        return Verdict.WRONG, said, f"start what should listen there, or mend {setting}"
    if seen.http_status in _PROXY_FAILS:
        said = f"{host} answers {seen.http_status}, so what is behind it does not"
        return Verdict.WRONG, said, "start what should listen there"
    if seen.http_status in _NOT_FOUND:
        said = f"{host} answers {seen.http_status} to OPTIONS and HEAD"
        return Verdict.UNKNOWN, said, "make sure that the path takes POSTs"
    return Verdict.OK, f"{host} answers", ""
