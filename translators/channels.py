"""The channel table: what Dispatch v0.1 and Messages v1 call a channel, and what it carries.

A new channel, content type or limit is a row here.
Source: docs/wire.md sections 1.3, 2, 3.2 and 4.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias

from translators.rules import Rule
from translators.rules_content import (
    MESSENGER_CUSTOM,
    MMS_MEDIA,
    MMS_TEXT,
    VIBER_CONTENT_WITHOUT_V1,
)
from translators.rules_options import POLICY_FALLBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressForm:
    """How one side of a message is addressed."""

    key: str
    """`number` or `id`."""
    alias: str | None = None
    """The key that a published sample uses in its place."""
    is_phone: bool
    """Whether it must be a phone number. A sender by SMS or MMS may be a name."""
    takes_user_ids: bool = False
    """Whether a WhatsApp user id may stand in place of the number, in `number` or in `id`."""


class Captions(StrEnum):
    """What becomes of a caption beside a media URL."""

    CARRIED = "carried"
    UNDOCUMENTED = "undocumented"
    """v0.1 documents none; v1 takes one."""
    DROPPED = "dropped"
    """Neither has one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Content that is a string."""

    limit: int
    """In Unicode code points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Content that is a URL to fetch, with or without a caption."""

    captions: Captions


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Content that the provider holds; the message brings its name and parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """Content in the provider's own form, carried untouched."""


Shape: TypeAlias = Text | Media | Template | Custom


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentForm:
    """One type of content on one channel. v0.1 and v1 give it the same name."""

    shape: Shape
    doubt: Rule | None = None
    """The rule that is reported whenever it is used."""
    caution: str = ""
    """What that rule says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option with a closed list of values."""

    values: tuple[str, ...]
    withdrawn: Mapping[str, Rule] = field(default_factory=dict)
    """Values that were documented once, with the rule that refuses each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """An option that is a duration."""

    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """An option that is any string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """An option that is a message tag of Messenger: any string, though few are still taken."""


Option: TypeAlias = Choice | Seconds | Word | Tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Ttl:
    """How many seconds v1 may be told to go on trying to deliver a message."""

    minimum: int
    maximum: int
    usual: int | None = None
    """What v1 takes when a message names none; `None` if no document says."""
    advised: int | None = None
    """The vendor advises against less."""
    among_options: bool = False
    """Whether it stands in the object of the channel's options rather than at the top."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """One channel. Its options, if any, stand in a member of the message named like it."""

    name: str
    """In v0.1."""
    v1_name: str
    recipient: AddressForm
    sender: AddressForm
    reports_read: bool
    """Whether a step can wait for `read`."""
    contents: Mapping[str, ContentForm]
    options: Mapping[str, Option] = field(default_factory=dict)
    options_need: str | None = None
    """The only content type the options mean anything to."""
    ttl: Ttl | None = None
    """What v1 takes, whatever v0.1 does; `None` if it takes none."""


_PHONE: Final = AddressForm(key="number", is_phone=True)
_PHONE_OR_NAME: Final = AddressForm(key="number", is_phone=False)
_PHONE_OR_USER: Final = AddressForm(key="number", is_phone=True, takes_user_ids=True)
_ID: Final = AddressForm(key="id", is_phone=False)

_CARRIED: Final = ContentForm(shape=Media(captions=Captions.CARRIED))
_UNDOCUMENTED: Final = ContentForm(shape=Media(captions=Captions.UNDOCUMENTED))
_DROPPED: Final = ContentForm(shape=Media(captions=Captions.DROPPED))
_MMS_MEDIA: Final = ContentForm(
    shape=Media(captions=Captions.UNDOCUMENTED),
    doubt=MMS_MEDIA,
    caution="is a type that Dispatch never sent by mms; send an image or a vcard",
)
_NO_VIBER: Final = "is content that v1 has no form for on Viber; send text or image"

_ROWS: Final = (
    Channel(
        name="sms",
        v1_name="sms",
        recipient=_PHONE,
        sender=_PHONE_OR_NAME,
        reports_read=False,
        contents={"text": ContentForm(shape=Text(limit=1000))},
        ttl=Ttl(minimum=20, maximum=604800, usual=259200, advised=1800),
    ),
    Channel(
        name="mms",
        v1_name="mms",
        recipient=_PHONE,
        sender=_PHONE_OR_NAME,
        reports_read=False,
        contents={
            "image": _CARRIED,
            "vcard": _UNDOCUMENTED,
            "text": ContentForm(
                # No source gives MMS a limit of its own; this is the schema's for any text.
                shape=Text(limit=4096),
                doubt=MMS_TEXT,
                caution="is disputed for mms in v0.1; send texts by sms",
            ),
            "audio": _MMS_MEDIA,
            "video": _MMS_MEDIA,
            "file": _MMS_MEDIA,
        },
        ttl=Ttl(minimum=300, maximum=259200, usual=600),
    ),
    Channel(
        name="whatsapp",
        v1_name="whatsapp",
        recipient=_PHONE_OR_USER,
        sender=_PHONE,
        reports_read=True,
        contents={
            "text": ContentForm(shape=Text(limit=4096)),
            "image": _CARRIED,
            "audio": _DROPPED,
            "video": _UNDOCUMENTED,
            "file": _CARRIED,
            "template": ContentForm(shape=Template()),
            "custom": ContentForm(shape=Custom()),
        },
        options={
            "policy": Choice(values=("deterministic",), withdrawn={"fallback": POLICY_FALLBACK}),
            "locale": Word(),
        },
        options_need="template",
    ),
    Channel(
        name="viber_service_msg",
        v1_name="viber_service",
        recipient=AddressForm(key="number", alias="id", is_phone=True),
        sender=_ID,
        reports_read=True,
        contents={
            "text": ContentForm(shape=Text(limit=1000)),
            "image": _UNDOCUMENTED,
            "template": ContentForm(
                shape=Template(), doubt=VIBER_CONTENT_WITHOUT_V1, caution=_NO_VIBER
            ),
            "custom": ContentForm(
                shape=Custom(), doubt=VIBER_CONTENT_WITHOUT_V1, caution=_NO_VIBER
            ),
        },
        options={
            "category": Choice(values=("transaction", "promotion")),
            # v0.1's two documents give 86400 and 259200; v1 takes the longer.
            "ttl": Seconds(minimum=30, maximum=259200),
            "type": Word(),
        },
        ttl=Ttl(minimum=30, maximum=259200, among_options=True),
    ),
    Channel(
        name="messenger",
        v1_name="messenger",
        recipient=_ID,
        sender=_ID,
        reports_read=True,
        contents={
            "text": ContentForm(shape=Text(limit=640)),
            "image": _DROPPED,
            "audio": _DROPPED,
            "video": _DROPPED,
            "file": _DROPPED,
            "custom": ContentForm(
                shape=Custom(),
                doubt=MESSENGER_CUSTOM,
                caution="is not in the v1 specification for messenger; try it before relying on it",
            ),
        },
        options={
            "category": Choice(values=("response", "update", "message_tag")),
            "tag": Tag(),
        },
    ),
)

CHANNELS: Final[Mapping[str, Channel]] = {channel.name: channel for channel in _ROWS}
"""Every channel of Dispatch, by its v0.1 name."""

CHANNEL_ALIASES: Final[Mapping[str, str]] = {"viber_service_message": "viber_service_msg"}
"""Spellings of published samples. Source: docs/wire.md section 1.4."""

CONTENT_TYPES: Final = frozenset(name for channel in _ROWS for name in channel.contents)

CONTENT_TYPE_ALIASES: Final[Mapping[str, str]] = {"img": "image"}
"""Spellings of published samples. Source: docs/wire.md section 1.4."""

OPTION_OBJECTS: Final = frozenset(channel.name for channel in _ROWS if channel.options)
"""Members of a message that hold the options of one channel."""
