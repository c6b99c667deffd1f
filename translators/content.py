"""The content of a step: one type of the channel's, carried to where v1 puts it.

Source: docs/wire.md sections 2.1, 2.2, 2.4 and 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, assert_never

from translators.channels import (
    CONTENT_TYPE_ALIASES,
    CONTENT_TYPES,
    Captions,
    Channel,
    Custom,
    Media,
    Template,
    Text,
)
from translators.diagnostics import JsonObject, JsonValue
from translators.documents import LIMITS
from translators.fields import (
    guess_at,
    is_given,
    name_unknown,
    read_array,
    read_object,
    read_string,
    refuse_type,
)
from translators.findings import Findings
from translators.rules_content import (
    CAPTION_DROPPED,
    CAPTION_LENGTH,
    CAPTION_UNDOCUMENTED,
    CONTENT_DROPPED,
    CONTENT_TYPE_IMG,
    CONTENT_TYPE_UNKNOWN,
    CONTENT_TYPE_UNSUPPORTED,
    PARAMETER_AS_NUMBER,
    PARAMETER_KEYS_DROPPED,
    TEXT_TOO_LONG,
    URL_CHARACTER,
    URL_LENGTH,
    URL_SCHEME,
)

_MAX_URL: Final = 2000
_MAX_CAPTION: Final = 3000
_MEDIA_FIELDS: Final = frozenset({"url", "caption"})
_TEMPLATE_FIELDS: Final = frozenset({"name", "parameters"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a step says."""

    message_type: str
    """In v1; also the name of the member that holds the body."""
    body: JsonValue


def read_content(found: Findings, message: JsonObject, at: str, channel: Channel) -> Content | None:
    """Read `message.content` as `channel` carries it; `None` if its type could not be read."""
    content = read_object(found, message, "content", at)
    if content is None:
        return None
    at = f"{at}/content"
    name = _read_type(found, content, at, channel)
    if name is None:
        return None
    name_unknown(found, content, at, {"type", name}, filled=CONTENT_DROPPED)
    form = channel.contents[name]
    if form.doubt is not None:
        found.add(form.doubt, f"{at}/type", form.caution)
    body: JsonValue
    match form.shape:
        case Text(limit=limit):
            body = _read_text(found, content, at, channel, limit)
        case Media(captions=captions):
            body = _read_media(found, content, name, at, captions)
        case Template():
            body = _read_template(found, content, at)
        case Custom():
            body = read_object(found, content, name, at)
        case _:
            assert_never(form.shape)
    return Content(message_type=name, body=body)


def template_name(content: Content) -> str | None:
    """Return the name of the template that is sent; `None` if none is.

    A template with buttons or media travels as custom content, in the provider's own form.
    Source: docs/wire.md section 2.1.
    """
    body = content.body
    if content.message_type == "custom" and isinstance(body, dict):
        body = body.get("template")
    elif content.message_type != "template":
        return None
    name = body.get("name") if isinstance(body, dict) else None
    return name if isinstance(name, str) else None


def _read_type(found: Findings, content: JsonObject, at: str, channel: Channel) -> str | None:
    name = read_string(found, content, "type", at)
    if name is None:
        return None
    if name in CONTENT_TYPE_ALIASES:
        written, name = name, CONTENT_TYPE_ALIASES[name]
        detail = f"is {written}, which Dispatch calls {name}; write {name}"
        found.add(CONTENT_TYPE_IMG, f"{at}/type", detail)
    if name in channel.contents:
        return name
    carried = [name for name, form in channel.contents.items() if form.doubt is None]
    detail = f"{channel.name} carries {', '.join(carried)}"
    if name in CONTENT_TYPES:
        found.add(CONTENT_TYPE_UNSUPPORTED, f"{at}/type", f"is {name}; {detail}")
    else:
        detail = f"is no type of content; {detail}{guess_at(name, carried)}"
        found.add(CONTENT_TYPE_UNKNOWN, f"{at}/type", detail)
    return None


def _read_text(
    found: Findings, content: JsonObject, at: str, channel: Channel, limit: int
) -> str | None:
    text = read_string(found, content, "text", at)
    if text is not None and len(text) > limit:
        detail = f"is {len(text)} characters long; {channel.name} takes at most {limit}"
        found.add(TEXT_TOO_LONG, f"{at}/text", detail)
        return None
    return text


def _read_media(
    found: Findings, content: JsonObject, name: str, at: str, captions: Captions
) -> JsonObject | None:
    media = read_object(found, content, name, at)
    if media is None:
        return None
    at = f"{at}/{name}"
    name_unknown(found, media, at, _MEDIA_FIELDS, filled=CONTENT_DROPPED)
    url = _read_url(found, media, at)
    body: JsonObject = {"url": url}
    if is_given(found, media, "caption", at):
        caption = _read_caption(found, media, at)
        if captions is Captions.DROPPED:
            detail = "has no place here in v0.1 or v1; send its words as a text"
            found.add(CAPTION_DROPPED, f"{at}/caption", detail)
        else:
            body["caption"] = caption
        if captions is Captions.UNDOCUMENTED:
            detail = "is documented here by v1 only; see whether phones show it"
            found.add(CAPTION_UNDOCUMENTED, f"{at}/caption", detail)
    return body


def _read_url(found: Findings, media: JsonObject, at: str) -> str | None:
    url = read_string(found, media, "url", at)
    if url is None:
        return None
    at = f"{at}/url"
    if len(url) > _MAX_URL:
        found.add(URL_LENGTH, at, f"is {len(url)} characters long; at most {_MAX_URL} are taken")
    if not url.isprintable():
        found.add(URL_CHARACTER, at, "contains a control or invisible character; remove it")
    scheme, separator, rest = url.partition("://")
    if scheme.lower() not in ("http", "https") or not separator or not rest:
        found.add(URL_SCHEME, at, "must be a whole URL that starts with https:// or http://")
    return url


def _read_caption(found: Findings, media: JsonObject, at: str) -> str | None:
    caption = read_string(found, media, "caption", at)
    if caption is not None and len(caption) > _MAX_CAPTION:
        detail = f"is {len(caption)} characters long; at most {_MAX_CAPTION} are taken"
        found.add(CAPTION_LENGTH, f"{at}/caption", detail)
    return caption


def _read_template(found: Findings, content: JsonObject, at: str) -> JsonObject | None:
    template = read_object(found, content, "template", at)
    if template is None:
        return None
    at = f"{at}/template"
    name_unknown(found, template, at, _TEMPLATE_FIELDS, filled=CONTENT_DROPPED)
    body: JsonObject = {"name": read_string(found, template, "name", at)}
    if is_given(found, template, "parameters", at):
        parameters = read_array(found, template, "parameters", at) or []
        at = f"{at}/parameters"
        body["parameters"] = [
            _read_parameter(found, parameter, f"{at}/{index}")
            for index, parameter in enumerate(parameters)
        ]
    return body


def _read_parameter(found: Findings, parameter: JsonValue, at: str) -> str | None:
    """Read one template parameter in either of v0.1's shapes: `"x"` and `{"default": "x"}`."""
    value, wanted = parameter, 'a string or {"default": a string}'
    if isinstance(parameter, dict) and "default" in parameter:
        value, wanted = parameter["default"], "a string"
        if len(parameter) > 1:
            detail = "has keys beside default, which v1 has no place for; leave them out"
            found.add(PARAMETER_KEYS_DROPPED, at, detail)
        at = f"{at}/default"
    if isinstance(value, str):
        return value
    if _is_plain_number(value):
        found.add(PARAMETER_AS_NUMBER, at, "is a number; write it as a string")
        return str(value)
    refuse_type(found, at, wanted, value)
    return None


def _is_plain_number(value: JsonValue) -> bool:
    """Tell whether Python writes a number the way a person does: no exponent, not infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) <= LIMITS.max_integer and "e" not in str(value)
