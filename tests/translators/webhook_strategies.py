"""Arbitrary JSON, and webhooks that are almost right."""

from __future__ import annotations

from typing import Final

from hypothesis import strategies as st

from translators.diagnostics import JsonObject, JsonValue
from translators.error_codes import ERROR_CODES

# Surrogates, huge integers and non-finite numbers are all things a JSON parser lets through.
TEXT: Final = st.text(st.characters(exclude_categories=()), max_size=40)
NUMBERS: Final = st.integers() | st.integers(min_value=10**5000) | st.floats()
SCALARS: Final = st.none() | st.booleans() | NUMBERS | TEXT
ANY_JSON: Final[st.SearchStrategy[JsonValue]] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)

MESSAGE_UUID: Final = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
CHANNELS: Final = ("sms", "mms", "whatsapp", "messenger", "viber_service", "viber", "rcs")
TYPES: Final = ("text", "image", "file", "vcard", "content", "location", "reply", "unsupported")


def or_any(*values: JsonValue) -> st.SearchStrategy[JsonValue]:
    return st.sampled_from(values) | ANY_JSON


NEARLY_ERRORS: Final = st.fixed_dictionaries(
    {},
    optional={
        "title": or_any(*(str(code) for code in ERROR_CODES), *ERROR_CODES),
        "type": or_any("https://developer.vonage.com/api-errors/messages#1410", "#x", "#"),
        "detail": or_any("Provider error  -  <explanation>", " - "),
        "invalid_parameters": or_any([{"name": "messenger.tag"}], {"name": "ttl"}, [[]]),
    },
)
NEARLY_USAGE: Final = st.fixed_dictionaries(
    {}, optional={"price": or_any("0.0333", 0.1, "NaN", 1e308, "1e5"), "currency": or_any("EUR")}
)
NEARLY_WEBHOOKS: Final[st.SearchStrategy[JsonObject]] = st.fixed_dictionaries(
    {"message_uuid": or_any(MESSAGE_UUID)},
    optional={
        "channel": or_any(*CHANNELS),
        "to": or_any("447700900000"),
        "from": or_any("447700900001"),
        "timestamp": or_any("2025-02-03T12:14:25Z", "0001-01-01 00:00:00+23:59"),
        "status": or_any("delivered", "rejected"),
        "message_type": or_any(*TYPES),
        "error": NEARLY_ERRORS | ANY_JSON,
        "usage": NEARLY_USAGE | ANY_JSON,
        "client_ref": ANY_JSON,
        "sms": or_any({"num_messages": "2"}, {"total_count": 2}),
        "text": ANY_JSON,
        "image": or_any({"url": "https://example.com/i.jpg", "caption": 7}),
        "content": or_any([{"type": "image", "url": "https://example.com/i.jpg"}, 1]),
        "location": or_any({"long": 1.5, "lat": "2", "name": "Office"}),
        "reply": or_any({"title": "Yes"}),
        "profile": ANY_JSON,
    },
)
