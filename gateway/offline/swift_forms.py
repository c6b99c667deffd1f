"""What to hold a sound step against, for each content type of each channel.

Made from the channel table. A content type about which there is always something to say has no
form, and is left to the full translation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeAlias

from msgspec import UNSET

from gateway.offline.swift_shapes import (
    CONTENTS,
    OPTIONS,
    RECIPIENTS,
    SENDERS,
    Address,
    Content,
    Options,
    Request,
    request_class,
)
from translators.channels import CHANNELS, AddressForm, Captions, Channel, ContentForm, Media, Text
from translators.messenger_tags import LEFT
from translators.user_ids import is_out_of_place

_LONGEST_ADDRESS: Final = 50
_is_phone: Final = re.compile("[1-9][0-9]{6,14}").fullmatch
# What may be a number behind an international prefix is not sent as it stands.
_PREFIXES: Final = ("+", "00")

Check: TypeAlias = Callable[[str], object]
"""Returns something true for what is sent as it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One content type on one channel."""

    request: type[Request]
    channel: str
    """In v1."""
    message_type: str
    is_recipient: Check
    sender: type[Address]
    is_sender: Check
    longest_text: int
    """In code points; 0 for content that is no text."""
    takes_caption: bool
    options_at: int | None
    """Where the options of this channel stand in `OPTIONS`, if they mean anything here."""
    needs_options: bool
    are_sent: Callable[[Options], bool]
    """Tells of options whether they are sent as they stand."""
    reports_read: bool


def _is_id(text: str) -> bool:
    # Of white space only the blank is printable.
    return (
        0 < len(text) <= _LONGEST_ADDRESS
        and text.isprintable()
        and text[0] != " "
        and text[-1] != " "
        and not is_out_of_place(text, is_phone=False)
    )


def _is_number_or_name(text: str) -> object:
    return _is_phone(text) or (_is_id(text) and not text.startswith(_PREFIXES))


def _check_of(form: AddressForm) -> Check:
    if form.key == "id":
        return _is_id
    return _is_phone if form.is_phone else _is_number_or_name


def _remembering(check: Check) -> Check:
    """Return `check` with a memory: an application sends from a few addresses."""
    return lru_cache(maxsize=256)(check)


def _are_sent_with(channel: Channel) -> Callable[[Options], bool]:
    """Return what tells of the options of `channel` whether they are sent as they stand."""
    if "locale" in channel.options:
        return _have_locale
    if "tag" in channel.options:
        return _have_tag
    return _are_some


def _are_some(options: Options) -> bool:
    # Of an empty object nothing is sent.
    return options != type(options)()


def _have_tag(options: Any) -> bool:
    if options.tag is UNSET:
        return _are_some(options) and options.category != "message_tag"
    return bool(options.tag.strip().upper() == LEFT)


def _have_locale(options: Any) -> bool:
    return options.locale is not UNSET and "-" not in options.locale


def _form(channel: Channel, message_type: str, content: ContentForm) -> Form:
    shape = content.shape
    reads_options = bool(channel.options) and channel.options_need in (None, message_type)
    return Form(
        request=request_class(channel, message_type),
        channel=channel.v1_name,
        message_type=message_type,
        is_recipient=_check_of(channel.recipient),
        sender=SENDERS[channel.name],
        is_sender=_remembering(_check_of(channel.sender)),
        longest_text=shape.limit if isinstance(shape, Text) else 0,
        takes_caption=isinstance(shape, Media) and shape.captions is Captions.CARRIED,
        options_at=list(OPTIONS).index(channel.name) if reads_options else None,
        needs_options=message_type == channel.options_need,
        are_sent=_are_sent_with(channel),
        reports_read=channel.reports_read,
    )


FORMS: Final[Mapping[type[Address], Mapping[type[Content], Form]]] = {
    RECIPIENTS[name]: {
        CONTENTS[message_type]: _form(channel, message_type, content)
        for message_type, content in channel.contents.items()
        if content.doubt is None and message_type in CONTENTS
    }
    for name, channel in CHANNELS.items()
}
"""By the classes of recipient and content."""
