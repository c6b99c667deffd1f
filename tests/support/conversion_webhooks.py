"""The tables of `docs/conversion.md` about webhooks: v1 to v0.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.support.conversion_samples import moves
from tests.support.conversion_tables import NONE, code, rule_link, rule_links, section, table
from translators.diagnostics import JsonObject, JsonValue, field_path
from translators.envelope import V01_CHANNELS
from translators.examples_case import DISPATCH_UUID, MESSAGE_UUID, MOMENT, RECIPIENT, SENDER
from translators.inbound import translate_inbound
from translators.status import dispatch_links, render_status, translate_status

_UNSUPPORTED: Final = "unsupported"
_INBOUND_TYPES: Final = (
    *("text", "image", "audio", "video", "file", "vcard", "content", "location", "contact"),
    *("sticker", "reply", "button", "order", _UNSUPPORTED),
)


def webhook_tables() -> Iterator[str]:
    """Yield the lines of these sections."""
    yield from _status()
    yield from _inbound()


def _status() -> Iterator[str]:
    webhook: JsonObject = {
        "message_uuid": MESSAGE_UUID,
        "to": RECIPIENT,
        "from": SENDER,
        "timestamp": "2025-02-03T12:14:25.000Z",
        "status": "rejected",
        "channel": "sms",
        "error": {"title": "1240", "detail": "Illegal Number - opted out", "instance": "abc"},
        "usage": {"currency": "EUR", "price": "0.0333"},
        "client_ref": "order-42",
        "workflow": {"id": "w-1"},
        "destination": {"network_code": "23410"},
        "sms": {"count_total": "2"},
    }
    translation = translate_status(webhook)
    assert translation.value is not None
    links = dispatch_links(DISPATCH_UUID)
    body = render_status(translation.value, to=None, sender=None, client_ref=None, links=links)
    yield from section(
        "Statuses",
        "A v1 status webhook becomes a v0.1 status callback, with `_links` to the dispatch. In a"
        " dispatch `to`, `from` and `client_ref` are the caller's own.",
    )
    yield from table(
        ("v1", "v0.1", "rules"),
        (
            (
                code(field_path(origin)),
                code(field_path(target)) if target else NONE,
                rule_links(
                    found.rule
                    for found in translation.diagnostics
                    if f"{origin}/".startswith(f"{found.pointer}/")
                ),
            )
            for origin, target in moves(webhook, body)
        ),
    )


def _inbound() -> Iterator[str]:
    channels = dict.fromkeys(V01_CHANNELS.values())
    # The first v1 name of each; others are spellings of it.
    v1_names = {v01: v1 for v1, v01 in reversed([*V01_CHANNELS.items()])}
    yield from section(
        "Inbound messages",
        "A v1 inbound webhook becomes a v0.1 inbound callback with this type of content, by v1's"
        f" `message_type` and the v0.1 channel. A dash stands for `{_UNSUPPORTED}`: the receiver"
        f" learns that somebody wrote, and not what ({rule_link('STS252')}). With"
        " `GATEWAY_REPLY_AS_TEXT` the title of a WhatsApp reply or button stands as text"
        f" ({rule_link('STS258')}).",
    )
    yield from table(
        ("message_type", *map(code, channels)),
        (
            (code(kind), *(_inbound_cell(v1_names[name], kind) for name in channels))
            for kind in _INBOUND_TYPES
        ),
    )


def _inbound_cell(channel: str, kind: str) -> str:
    at = f"https://example.com/{kind}"
    bodies: dict[str, JsonValue] = {
        "text": "Hello",
        "content": [{"type": "image", "url": at}, {"type": "vcard", "url": at}],
        "location": {"long": 1.5, "lat": 2.5},
        "reply": {"id": "1", "title": "Yes"},
        "button": {"payload": "1", "text": "Yes"},
    }
    webhook: JsonObject = {
        "message_uuid": MESSAGE_UUID,
        "to": SENDER,
        "from": RECIPIENT,
        "timestamp": MOMENT,
        "channel": channel,
        "message_type": kind,
        kind: bodies.get(kind, {"url": at}),
        "usage": {"currency": "EUR", "price": "0.0333"},
        "sms": {"num_messages": "1"},
    }
    translation = translate_inbound(webhook)
    callback = translation.value or {}
    message = callback["message"]
    assert isinstance(message, dict)
    content = message["content"]
    assert isinstance(content, dict)
    told = {found.rule for found in translation.diagnostics}
    if told & {"STS252"}:
        return NONE
    # The rules about content; others find fault with the rest of the sample.
    rules = rule_links(sorted(told & {"STS254", "STS255"}))
    return " ".join((code(str(content["type"])), rules)).strip()
