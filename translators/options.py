"""The options of a step: the object beside `content` that only its channel reads.

Source: docs/wire.md sections 2.3, 3.3 and 4.2.
"""

from __future__ import annotations

from typing import Final, assert_never

from translators.channels import OPTION_OBJECTS, Channel, Choice, Option, Seconds, Tag, Word
from translators.diagnostics import JsonObject
from translators.fields import (
    guess_at,
    is_given,
    name_unknown,
    read_integer,
    read_object,
    read_string,
)
from translators.findings import Findings
from translators.messenger_tags import check_tag
from translators.rules_options import (
    LOCALE_DEFAULTED,
    LOCALE_MISSING,
    LOCALE_REWRITTEN,
    MESSAGE_TAG_WITHOUT_TAG,
    OPTION_CAPITALS,
    OPTION_UNKNOWN,
    OPTIONS_OF_ANOTHER_CHANNEL,
    OPTIONS_WITHOUT_TEMPLATE,
    TTL_AS_TEXT,
    TTL_OUT_OF_RANGE,
)

MESSAGE_FIELDS: Final = OPTION_OBJECTS | {"content"}


def read_options(
    found: Findings,
    message: JsonObject,
    at: str,
    channel: Channel,
    message_type: str | None,
    default_locale: str | None,
) -> JsonObject:
    """Read the options of `channel`; empty if there are none to send.

    Args:
        message_type: `None` if the content's type could not be read.
        default_locale: the language of templates whose request names none.
    """
    if not message.keys().isdisjoint(OPTION_OBJECTS):
        _name_others(found, message, at, channel)
    if not channel.options:
        return {}
    given = is_given(found, message, channel.name, at)
    if channel.options_need and message_type and message_type != channel.options_need:
        if given:
            detail = f"means something to a {channel.options_need} only; leave it out"
            found.add(OPTIONS_WITHOUT_TEMPLATE, f"{at}/{channel.name}", detail)
        return {}
    holder = read_object(found, message, channel.name, at) if given else {}
    if holder is None:
        return {}
    at = f"{at}/{channel.name}"
    name_unknown(found, holder, at, channel.options.keys())
    options: JsonObject = {
        name: _read_option(found, holder, name, at, option)
        for name, option in channel.options.items()
        if is_given(found, holder, name, at)
    }
    if options.get("category") == "message_tag" and "tag" not in options:
        detail = "is required with the category message_tag"
        found.add(MESSAGE_TAG_WITHOUT_TAG, f"{at}/tag", detail)
    if channel.name == "whatsapp" and message_type == "template":
        _settle_locale(found, options, at, default_locale)
    return options


def _name_others(found: Findings, message: JsonObject, at: str, channel: Channel) -> None:
    for name in message:
        if name in OPTION_OBJECTS and name != channel.name and is_given(found, message, name, at):
            detail = f"holds options of another channel than {channel.name}; leave it out"
            found.add(OPTIONS_OF_ANOTHER_CHANNEL, f"{at}/{name}", detail)


def _read_option(
    found: Findings, holder: JsonObject, name: str, at: str, option: Option
) -> str | int | None:
    pointer = f"{at}/{name}"
    match option:
        case Choice(values=values, withdrawn=withdrawn):
            written = read_string(found, holder, name, at)
            word = written and written.lower()
            if word is not None and word not in values:
                known = f"is {word}; " if word in withdrawn else ""
                detail = f"{known}must be {' or '.join(values)}{guess_at(word, values)}"
                found.add(withdrawn.get(word, OPTION_UNKNOWN), pointer, detail)
            elif word != written:
                found.add(OPTION_CAPITALS, pointer, f"is sent as {word}; write it so")
            return word
        case Seconds(minimum=minimum, maximum=maximum):
            seconds = read_integer(found, holder, name, at, as_text=TTL_AS_TEXT)
            if seconds is not None and not minimum <= seconds <= maximum:
                found.add(TTL_OUT_OF_RANGE, pointer, f"must be {minimum} to {maximum} seconds")
            return seconds
        case Word():
            return read_string(found, holder, name, at)
        case Tag():
            tag = read_string(found, holder, name, at)
            if tag is not None:
                check_tag(found, pointer, tag)
            return tag
        case _:
            assert_never(option)


def _settle_locale(
    found: Findings, options: JsonObject, at: str, default_locale: str | None
) -> None:
    """Write the locale as v1 does, and see that there is one."""
    locale = options.get("locale")
    if isinstance(locale, str):
        options["locale"] = locale.replace("-", "_")
        if options["locale"] != locale:
            detail = "is sent with underscores, as v1 writes it: en_GB for en-GB"
            found.add(LOCALE_REWRITTEN, f"{at}/locale", detail)
    elif "locale" in options:
        return  # given, and already refused
    elif default_locale is None:
        found.add(
            LOCALE_MISSING,
            f"{at}/locale",
            "is missing; a template needs its language, such as en_GB",
        )
    else:
        options["locale"] = default_locale.replace("-", "_")
        found.add(LOCALE_DEFAULTED, f"{at}/locale", "is not given; the configured default is sent")
