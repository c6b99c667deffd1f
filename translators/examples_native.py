"""An example of each rule of native failover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from translators.diagnostics import JsonObject, JsonValue
from translators.examples_case import (
    DEFAULTS,
    Case,
    CaseSettings,
    Kind,
    flow,
    step,
    waiting,
    written,
)

_WITH_TTL: Final = CaseSettings(with_ttl=True)
_ASSUMING: Final = CaseSettings(undeliverable_fails_over=True)
_HOUR: Final = 3600


def _dispatches() -> Iterator[tuple[str, JsonObject, CaseSettings]]:
    yield "NAT501", waiting(expiry_time=_HOUR), DEFAULTS
    yield "NAT502", waiting(expiry_time=_HOUR), _WITH_TTL
    yield "NAT503", waiting(expiry_time=15), _WITH_TTL
    yield "NAT504", waiting("whatsapp"), DEFAULTS
    yield "NAT505", _viber_with_a_ttl(60), DEFAULTS
    yield "NAT506", waiting("viber_service_msg", condition_status="read"), DEFAULTS
    yield "NAT507", waiting(expiry_time=_HOUR), DEFAULTS
    yield "NAT508", waiting(expiry_time=_HOUR), _ASSUMING
    yield "NAT509", flow(step()), DEFAULTS
    yield "NAT510", flow(step()), DEFAULTS
    yield "NAT511", flow(step()), DEFAULTS
    yield "NAT512", waiting(expiry_time=_HOUR), DEFAULTS
    yield "NAT513", waiting(), _WITH_TTL


def _viber_with_a_ttl(ttl: int) -> JsonObject:
    content: JsonValue = {"type": "text", "text": "Hello"}
    message: JsonValue = {"content": content, "viber_service_msg": {"ttl": ttl}}
    failover: JsonValue = {"expiry_time": _HOUR, "condition_status": "delivered"}
    return flow(step("viber_service_msg", message=message, failover=failover), step())


NATIVE_CASES: Final[Mapping[str, Case]] = {
    code: written(Kind.NATIVE, document, settings) for code, document, settings in _dispatches()
}
"""The cases of NAT501 to NAT513, by code."""
