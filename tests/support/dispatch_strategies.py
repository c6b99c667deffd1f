"""Dispatch requests to generate: everything v0.1 documents, and what its clients really send.

Written from docs/wire.md sections 1.3, 1.4, 2 and 4.2, not from the tables of the translator. A
request is *plain* when nothing in it needs a word, and otherwise has blemishes here and there, all
of them tolerated.
"""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

CARRIED: Final = {
    "sms": ("text",),
    "mms": ("image", "vcard", "text", "audio", "video", "file"),
    "viber_service_msg": ("text", "image"),
    "messenger": ("text", "image", "audio", "video", "file", "custom"),
    "whatsapp": ("text", "image", "audio", "video", "file", "template", "custom"),
}
"""What each channel carries, some of it only when asked to. Source: docs/wire.md section 4.2."""
PAIRS: Final = [(channel, kind) for channel, kinds in CARRIED.items() for kind in kinds]
DISPUTED: Final = [("mms", kind) for kind in ("text", "audio", "video", "file")] + [
    ("messenger", "custom")
]
"""Pairs that are never carried without a word."""
PLAIN_PAIRS: Final = [pair for pair in PAIRS if pair not in DISPUTED]
EXACT_PAIRS: Final = [pair for pair in PLAIN_PAIRS if pair[1] != "custom"]
"""Plain pairs whose content is not free JSON."""

_CAPTIONED: Final = {("mms", "image"), ("whatsapp", "image"), ("whatsapp", "file")}
_OPTION_OBJECTS: Final = ("viber_service_msg", "messenger", "whatsapp")
_STRANGE_NAMES: Final = ("footer", "a/b~c", "Ünbekannt", "")

_ODDLY: Final = st.booleans()
_CHARACTERS: Final = st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n\t")
_WORDS: Final = st.text(_CHARACTERS, max_size=40)
_TEXTS: Final = st.text(_CHARACTERS, min_size=1, max_size=12)
_PHONES: Final = st.integers(0, 999).map("447700900{:03}".format) | st.sampled_from(
    ["4477009", "447700900000000"]
)
_IDS: Final = st.integers(1, 10**17).map(str) | st.text(
    st.characters(categories=("L", "N", "P")), min_size=1, max_size=50
)
_ROOMS: Final = st.sampled_from(["{}", "\t{}", " {}\r\n", "{} "])
_ODD_PHONES: Final = _PHONES.map(int) | st.builds(
    lambda room, prefix, phone: str(room.format(prefix + phone)),
    _ROOMS,
    st.sampled_from(["", "+", "00"]),
    _PHONES,
)
_ODD_NAMES: Final = st.sampled_from(["+", "00", "+00447700900000", "+44 7700 900000"])
_ODD_IDS: Final = st.integers(0, 10**17) | st.builds(str.format, _ROOMS, st.just("page-42"))
_USER_IDS: Final = st.sampled_from(
    [
        "US.13491208655302741918",
        "GB.ENT.11815799212886844830",
        "ZZ." + "aB9" * 42,
        "user.937",
        "9" * 20,
    ]
)
_CATEGORIES: Final = ("response", "update", "message_tag")
_TAGS: Final = st.sampled_from(["HUMAN_AGENT", "human_agent"])
_ODD_TAGS: Final = _TEXTS | st.sampled_from(["ticket_update", "ACCOUNT_UPDATE", "GAME_EVENT"])
_NAMES: Final = st.sampled_from(["Example Ltd", "12345", "A+", "x" * 50])
_ODD_REFERENCES: Final = st.sampled_from(["", "order-42", "é" * 41, "r" * 100, None])
_URLS: Final = st.sampled_from(["https://example.com/", "http://example.com/?q=é"])
_NUMBERS: Final = st.integers(-(10**9), 10**9) | st.integers(-9999, 9999).map(lambda n: n / 100)
_ANY_JSON: Final[st.SearchStrategy[Any]] = st.sampled_from(
    [None, True, -0.5, 2**63 - 1, "", [], {"a": [{"b": None}]}, {}]
)


@st.composite
def dispatches(
    draw: st.DrawFn,
    pairs: list[tuple[str, str]] = PAIRS,
    *,
    including: tuple[str, str] | None = None,
    plain: bool = False,
) -> dict[str, Any]:
    """Draw a request.

    Args:
        pairs: the channels and content types of its steps.
        including: the pair that one of the steps surely is.
        plain: whether there is nothing to say about it, unless about a pair.
    """
    drawn = draw(st.lists(st.sampled_from(pairs), min_size=not including, max_size=2))
    if including:
        drawn.insert(draw(st.integers(0, len(drawn))), including)
    steps: list[Any] = [
        _step(draw, *pair, plain, is_last=number == len(drawn))
        for number, pair in enumerate(drawn, 1)
    ]
    if not plain and draw(_ODDLY):
        steps.append(None)
    return _stirred(draw, {"template": "failover", "workflow": steps}, plain)


@st.composite
def written(draw: st.DrawFn, document: dict[str, Any], *, plain: bool = False) -> bytes:
    """Draw one of the ways in which serializers write `document`."""
    separators = draw(st.sampled_from([(",", ":"), (", ", ": ")]))
    indent = draw(st.sampled_from([None, 2]))
    escaped = draw(st.booleans())
    text = json.dumps(document, ensure_ascii=escaped, separators=separators, indent=indent)
    return text.encode("utf-8" if plain or not draw(_ODDLY) else "utf-8-sig")


def _step(draw: st.DrawFn, channel: str, kind: str, plain: bool, *, is_last: bool) -> Any:
    step = {
        "from": _side(draw, channel, plain, is_sender=True),
        "to": _side(draw, channel, plain, is_sender=False),
        "message": _message(draw, channel, kind, plain),
    }
    if draw(st.booleans()):
        step["client_ref"] = draw(_WORDS if plain else _ODD_REFERENCES)
    if not is_last or (not plain and draw(_ODDLY)):
        step["failover"] = _terms(draw, channel, plain)
    return _stirred(draw, step, plain)


def _side(draw: st.DrawFn, channel: str, plain: bool, *, is_sender: bool) -> Any:
    by_id = channel == "messenger" or (channel == "viber_service_msg" and is_sender)
    name, key = channel, "id" if by_id else "number"
    addresses: st.SearchStrategy[str | int] = _IDS if by_id else _PHONES
    if is_sender and channel in ("sms", "mms"):
        addresses |= _NAMES if plain else _NAMES | _ODD_NAMES
    if not plain:
        addresses |= _ODD_IDS if by_id else _ODD_PHONES
        if channel == "viber_service_msg":
            name = draw(st.sampled_from([channel, "viber_service_message"]))
            key = draw(st.sampled_from([key, "id"]))
        if channel == "whatsapp" and not is_sender:
            return _person(draw, addresses | _USER_IDS)
    return _stirred(draw, {"type": name, key: draw(addresses)}, plain)


def _person(draw: st.DrawFn, addresses: st.SearchStrategy[str | int]) -> Any:
    """Draw somebody on WhatsApp: a number or a user id, in the one member, the other or both."""
    keys = draw(st.sampled_from([("number",), ("number",), ("id",), ("number", "id")]))
    address = draw(addresses)
    side: dict[str, Any] = {"type": "whatsapp", **dict.fromkeys(keys, address)}
    if len(keys) == 2 and draw(_ODDLY):
        side[draw(st.sampled_from(keys))] = draw(st.sampled_from([None, ""]))
    return _stirred(draw, side, False)


def _message(draw: st.DrawFn, channel: str, kind: str, plain: bool) -> Any:
    content = {"type": kind, kind: _body(draw, channel, kind, plain)}
    if not plain and kind == "image" and draw(_ODDLY):
        content["type"] = "img"
    message: dict[str, Any] = {"content": _stirred(draw, content, plain)}
    for name in _OPTION_OBJECTS:
        is_due = name == channel and (name != "whatsapp" or kind == "template")
        if is_due and (kind == "template" or draw(st.booleans())):
            message[name] = _stirred(draw, _options(draw, channel, plain), plain)
        elif not is_due and not plain and draw(_ODDLY):
            message[name] = draw(st.none() | _ANY_JSON.map(lambda value: {"any": value}))
    return _stirred(draw, message, plain)


def _body(draw: st.DrawFn, channel: str, kind: str, plain: bool) -> Any:
    if kind == "text":
        return draw(_TEXTS)
    if kind == "custom":
        return draw(st.dictionaries(_TEXTS, _ANY_JSON, max_size=2))
    if kind == "template":
        body: dict[str, Any] = {"name": draw(_TEXTS)}
        parameters: st.SearchStrategy[Any] = _WORDS | st.fixed_dictionaries({"default": _WORDS})
        if not plain:
            value: st.SearchStrategy[Any] = _NUMBERS | _WORDS
            optional: dict[str, st.SearchStrategy[Any]] = {"type": _TEXTS}
            parameters |= _NUMBERS | st.fixed_dictionaries({"default": value}, optional=optional)
        given: st.SearchStrategy[Any] = (
            st.lists(parameters, max_size=3) if plain else st.none() | st.lists(parameters)
        )
        if draw(_ODDLY):
            body["parameters"] = draw(given)
        return _stirred(draw, body, plain)
    body = {"url": draw(_URLS)}
    if ((channel, kind) in _CAPTIONED or not plain) and draw(st.booleans()):
        body["caption"] = draw(_TEXTS if plain else st.none() | _TEXTS)
    return _stirred(draw, body, plain)


def _options(draw: st.DrawFn, channel: str, plain: bool) -> Any:
    values: dict[str, st.SearchStrategy[Any]]
    needed: dict[str, st.SearchStrategy[Any]] = {}
    match channel:
        case "viber_service_msg":
            values = {
                "category": st.sampled_from(["transaction", "promotion"]),
                "ttl": st.sampled_from([30, 600, 259200] + [600.0, "600"] * (not plain)),
                "type": _TEXTS,
            }
        case "messenger":
            values = {
                "category": st.sampled_from(
                    ["response", "update", "message_tag"]
                    + ["RESPONSE", "Message_Tag"] * (not plain)
                ),
                "tag": _TAGS if plain else _TAGS | _ODD_TAGS,
            }
        case _:
            values = {"policy": st.just("deterministic")}
            locales = st.sampled_from(["en_GB"] if plain else ["en-GB", "en_GB"])
            (needed if plain else values)["locale"] = locales
    if not plain:
        values = {name: st.none() | value for name, value in values.items()}
    options: dict[str, Any] = draw(st.fixed_dictionaries(needed, optional=values))
    if str(options.get("category")).lower() == "message_tag":
        options["tag"] = draw(_TAGS if plain else _TAGS | _ODD_TAGS)
    return options


def _terms(draw: st.DrawFn, channel: str, plain: bool) -> Any:
    expiry_s: int | float | str = draw(st.integers(15, 86400))
    conditions = ["delivered"]
    if not plain or channel not in ("sms", "mms"):
        conditions.append("read")
    if not plain:
        expiry_s = draw(st.sampled_from([expiry_s, float(expiry_s), str(expiry_s)]))
    terms = {"expiry_time": expiry_s, "condition_status": draw(st.sampled_from(conditions))}
    return _stirred(draw, terms, plain)


def _stirred(draw: st.DrawFn, members: dict[str, Any], plain: bool) -> dict[str, Any]:
    """Draw the order of the members, and perhaps one more that Dispatch does not have."""
    if not plain and draw(_ODDLY):
        members[draw(st.sampled_from(_STRANGE_NAMES))] = draw(_ANY_JSON)
    items = list(members.items())
    return dict(reversed(items) if draw(st.booleans()) else items)
