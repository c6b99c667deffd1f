"""An example of each rule of a Dispatch request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from translators.diagnostics import JsonObject, JsonValue
from translators.examples_case import (
    DEFAULTS,
    RECIPIENT,
    USER_ID,
    Case,
    CaseSettings,
    Kind,
    flow,
    media,
    saying,
    step,
    waiting,
    written,
)

_DEEP: Final = 33
_SHORT: Final = CaseSettings(max_steps=1)
_CODES: Final = CaseSettings(authentication_templates=frozenset({"code"}))
_BRITISH: Final = CaseSettings(default_locale="en_GB")


def _bytes() -> Iterator[tuple[str, bytes]]:
    yield "REQ101", b""
    yield "REQ102", '{"template": "failover", "note": "Café"}'.encode("latin-1")
    yield "REQ103", b'{"template": "failover",}'
    yield "REQ104", b'{"template": "failover", "workflow": []} {}'
    yield "REQ105", b"null"
    yield "REQ106", b'{"expiry_time": NaN}'
    yield "REQ107", b'{"expiry_time": 1e400}'
    yield "REQ108", b'{"id": 12345678901234567890}'
    yield "REQ109", b'{"template": "failover", "workflow": [], "template": "failover"}'
    yield "REQ110", b"[" * _DEEP + b"]" * _DEEP
    yield "REQ111", b'{"text": "Hello \\ud83d"}'
    yield "REQ112", b'{"text": "Hello\\u0000"}'
    yield "REQ113", b"\xef\xbb\xbf" + written(Kind.STEPS, flow(step())).raw
    yield "REQ120", b'["failover"]'


def _dispatches() -> Iterator[tuple[str, JsonValue]]:
    sms = step()
    yield "REQ121", flow(step(sender={"type": "sms"}))
    yield "REQ122", flow(step(message="Hello"))
    yield "REQ123", saying("sms", {"type": "text", "text": ""})
    yield "REQ124", flow(step(priority=1))
    yield "REQ125", {"template": "failover", "workflow": [{**sms, "client_ref": None}]}
    yield "REQ126", waiting(expiry_time=600.0)
    yield "REQ127", {"template": "parallel", "workflow": [sms]}
    yield "REQ128", flow()
    yield "REQ130", flow(sms, None)
    yield "REQ131", flow(step(client_ref="order-" + "0" * 35))
    yield "REQ132", flow(step(client_ref="order-" + "0" * 95))
    yield "REQ133", flow(*[0] * 101)
    yield "REQ134", flow(step(failover={"expiry_time": 600, "condition_status": "delivered"}))
    yield "REQ135", waiting(expiry_time=10)
    yield "REQ136", waiting(expiry_time="600")
    yield "REQ137", waiting(condition_status="seen")
    yield "REQ138", waiting(condition_status="read")
    yield "REQ119", {"brand": "Shop", "workflow": [{"channel": "sms", "to": RECIPIENT}]}


def _addresses() -> Iterator[tuple[str, JsonValue]]:
    yield "REQ140", flow(step(to={"type": "telegram", "number": RECIPIENT}))
    yield "REQ141", flow(step(to={"type": "whatsapp", "number": RECIPIENT}))
    spelt_out: JsonValue = {"type": "viber_service_message", "number": RECIPIENT}
    yield "REQ142", flow(step("viber_service_msg", to=spelt_out))
    recipient_id: JsonValue = {"type": "viber_service_msg", "id": RECIPIENT}
    yield "REQ143", flow(step("viber_service_msg", to=recipient_id))
    yield "REQ144", flow(step(to={"type": "sms", "number": int(RECIPIENT)}))
    yield "REQ145", flow(step("messenger", to={"type": "messenger", "id": "1" * 51}))
    yield "REQ146", flow(step(to={"type": "sms", "number": f"\t{RECIPIENT}"}))
    yield "REQ147", flow(step(to={"type": "sms", "number": f"+{RECIPIENT}"}))
    yield "REQ148", flow(step(to={"type": "sms", "number": "07700900000"}))
    yield "REQ149", flow(step(to={"type": "sms", "number": f"{RECIPIENT}\u200b"}))
    yield "REQ150", _to_person(number=USER_ID)
    yield "REQ151", _to_person(number="user.13491208655302741918")
    yield "REQ152", flow(step(to={"type": "sms", "number": USER_ID}))
    yield "REQ153", _to_person(number=RECIPIENT, id=USER_ID)
    yield "REQ155", _to_person(id=RECIPIENT)


def _to_person(**address: JsonValue) -> JsonValue:
    return flow(step("whatsapp", to={"type": "whatsapp", **address}))


def _contents() -> Iterator[tuple[str, JsonValue]]:
    yield "REQ160", saying("sms", {"type": "sticker", "sticker": {"id": "1"}})
    yield "REQ161", media("sms", "image")
    yield "REQ162", saying("mms", {"type": "img", "image": {"url": "https://example.com/image"}})
    yield "REQ163", saying("sms", {"type": "text", "text": "Hello " * 167})
    yield "REQ164", media("mms", "image", "https://example.com/" + "x" * 1981)
    yield "REQ165", media("mms", "image", "ftp://example.com/image")
    yield "REQ166", media("mms", "image", "https://example.com/\u200bimage")
    yield "REQ167", media("whatsapp", "image", caption="Hello " * 501)
    yield "REQ168", media("whatsapp", "video", caption="Hello")
    yield "REQ169", media("whatsapp", "audio", caption="Hello")
    yield "REQ170", saying("mms", {"type": "text", "text": "Hello"})
    yield "REQ171", media("mms", "video")
    yield "REQ172", saying("messenger", {"type": "custom", "custom": {"attachment": {}}})
    yield "REQ173", saying("viber_service_msg", {"type": "custom", "custom": {"button": "Buy"}})
    yield "REQ174", _template(12.50)
    yield "REQ175", _template({"default": "12.50", "currency": "EUR"})
    header: JsonValue = {"name": "shop:hello", "components": [{"type": "header"}]}
    content: JsonValue = {"type": "template", "template": header}
    yield "REQ176", saying("whatsapp", content, whatsapp={"locale": "en_GB"})


def _options() -> Iterator[tuple[str, JsonValue]]:
    text: JsonValue = {"type": "text", "text": "Hello"}
    yield "REQ180", saying("viber_service_msg", text, viber_service_msg={"category": "advert"})
    yield "REQ181", saying("viber_service_msg", text, viber_service_msg={"ttl": 10})
    yield "REQ182", saying("messenger", text, messenger={"category": "message_tag"})
    yield "REQ183", _template("Shop", policy="fallback")
    yield "REQ184", _template("Shop", locale=None)
    yield "REQ186", _template("Shop", locale="en-GB")
    yield "REQ187", saying("whatsapp", text, whatsapp={"locale": "en_GB"})
    yield "REQ188", saying("sms", text, messenger={"category": "response"})
    yield "REQ189", saying("viber_service_msg", text, viber_service_msg={"ttl": "600"})
    yield "REQ190", saying("messenger", text, messenger={"category": "RESPONSE"})
    yield "REQ191", _tagged("TICKET")
    yield "REQ192", _tagged("ticket_update")
    yield "REQ193", _tagged("CONFIRMED_EVENT_UPDATE")


def _tagged(tag: str) -> JsonValue:
    text: JsonValue = {"type": "text", "text": "Hello"}
    return saying("messenger", text, messenger={"category": "message_tag", "tag": tag})


def _template(parameter: JsonValue, **options: JsonValue) -> JsonValue:
    content: JsonValue = {
        "type": "template",
        "template": {"name": "shop:hello", "parameters": [parameter]},
    }
    whole: dict[str, JsonValue] = {"locale": "en_GB", **options}
    if whole["locale"] is None:
        return saying("whatsapp", content)
    return saying("whatsapp", content, whatsapp=whole)


def _with_settings() -> Iterator[tuple[str, JsonValue, CaseSettings]]:
    yield "REQ129", waiting(), _SHORT
    to: JsonValue = {"type": "whatsapp", "number": USER_ID}
    code: JsonValue = {"type": "template", "template": {"name": "shop:code"}}
    message: JsonValue = {"content": code, "whatsapp": {"locale": "en_GB"}}
    yield "REQ154", flow(step("whatsapp", to=to, message=message)), _CODES
    yield "REQ185", _template("Shop", locale=None), _BRITISH


_CLAIMS: Final[JsonObject] = {
    "application_id": "cccccccc-dddd-4eee-8fff-0123456789ab",
    "iat": 1738584865,
    "exp": 1738585765,
    "jti": "dddddddd-eeee-4fff-8000-0123456789ab",
}


def _cases() -> Iterator[tuple[str, Case]]:
    for code, raw in _bytes():
        yield code, Case(kind=Kind.STEPS, raw=raw)
    for documents in (_dispatches(), _addresses(), _contents(), _options()):
        for code, document in documents:
            yield code, written(Kind.STEPS, document, DEFAULTS)
    for code, document, settings in _with_settings():
        yield code, written(Kind.STEPS, document, settings)
    yield "REQ194", written(Kind.TOKEN, {**_CLAIMS, "acl": {"paths": {"/*/users/**": {}}}})


REQUEST_CASES: Final[Mapping[str, Case]] = dict(_cases())
"""The cases of REQ101 to REQ194, by code."""
