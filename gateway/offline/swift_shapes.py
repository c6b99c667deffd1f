"""The shapes of sound payloads, and of the v1 requests they become.

Made from the channel table, so that a channel, a content type or an option is a row there and
nothing here. What Dispatch does not document has no shape, and is left to the full translation.

Source: docs/wire.md sections 1.3, 2 and 4.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias, assert_never, cast

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct

from translators.channels import (
    CHANNELS,
    AddressForm,
    Channel,
    Choice,
    Custom,
    Media,
    Option,
    Seconds,
    Shape,
    Tag,
    Template,
    Text,
    Word,
)

Filled: TypeAlias = Annotated[str, Meta(min_length=1)]
# Bounds that the translators keep to themselves: tests hold each against the full translation.
Url: TypeAlias = Annotated[str, Meta(max_length=2000)]
Caption: TypeAlias = Annotated[str, Meta(min_length=1, max_length=3000)]
Expiry: TypeAlias = Annotated[int, Meta(ge=15, le=86400)]
ClientRef: TypeAlias = Annotated[str, Meta(max_length=40)]


class Sound(Struct, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """A part of a sound payload: a member that does not belong makes all of it doubtful."""


class Address(Sound):
    """One side of a step. Each channel has a class for either side."""

    wire: str
    """What v1 is sent; in v0.1 `number` or `id`."""


class MediaBody(Sound):
    """A URL to fetch."""

    url: Url
    caption: Caption | UnsetType = UNSET


class Parameter(Sound):
    """A template parameter in the older of its two forms. Source: docs/wire.md section 2.4."""

    default: str


class TemplateBody(Sound):
    """A template that the provider holds."""

    name: Filled
    parameters: list[str | Parameter] | UnsetType = UNSET


Body: TypeAlias = str | MediaBody | TemplateBody


class Content(Sound):
    """What a step says. Each content type has a class."""

    body: Body
    """In v0.1 and v1 a member named like the type."""


class Options(Sound):
    """What only one channel reads. Each channel that has options has a class."""


class Message(Sound):
    """The content, and members named like channels, which hold options."""

    content: Content


class Terms(Sound):
    """When a step gives way to the next; v0.1 and the answer write them alike."""

    expiry_time: Expiry
    condition_status: Literal["delivered", "read"]


class Request(Struct, gc=False):
    """The body of a v1 call. Each content type of each channel has a class."""

    to: str
    sender: str
    channel: str
    message_type: str
    body: Body
    options: Options | UnsetType
    client_ref: str | UnsetType


class Answer(Struct, gc=False):
    """What a payload becomes."""

    messages: list[Request]
    failover: list[Terms | UnsetType | None]


def _address(side: str, channel: Channel, form: AddressForm) -> type[Address]:
    made = defstruct(
        f"{side}_{channel.name}",
        [("wire", str)],
        bases=(Address,),
        rename={"wire": form.key},
        tag=channel.name,
        tag_field="type",
    )
    return cast("type[Address]", made)


def _body_of(shape: Shape) -> object:
    match shape:
        case Text():
            return Filled
        case Media():
            return MediaBody
        case Template():
            return TemplateBody
        case Custom():
            return None
        case _:
            assert_never(shape)


def _content(name: str, body: object) -> type[Content]:
    made = defstruct(
        f"Content_{name}",
        [("body", body)],
        bases=(Content,),
        rename={"body": name},
        tag=name,
        tag_field="type",
    )
    return cast("type[Content]", made)


def _value_of(option: Option) -> object:
    match option:
        case Choice(values=values):
            return Literal[values]
        case Seconds(minimum=minimum, maximum=maximum):
            return Annotated[int, Meta(ge=minimum, le=maximum)]
        case Word() | Tag():
            return Filled
        case _:
            assert_never(option)


def _options(channel: Channel) -> type[Options]:
    # In the order of the table, which is the order in which they are sent.
    values = [_value_of(option) for option in channel.options.values()]
    fields = [
        (name, _one_of((value, UnsetType)), UNSET)
        for name, value in zip(channel.options, values, strict=True)
    ]
    return cast("type[Options]", defstruct(f"Options_{channel.name}", fields, bases=(Options,)))


def request_class(channel: Channel, message_type: str) -> type[Request]:
    """Make the class of a v1 request, whose fields stand in the order in which they are sent."""
    made = defstruct(
        f"Request_{channel.v1_name}_{message_type}",
        # Named once more, because a class renames only the fields that it defines.
        list(Request.__annotations__.items()),
        bases=(Request,),
        rename={"sender": "from", "body": message_type, "options": channel.v1_name},
    )
    return cast("type[Request]", made)


def _one_of(types: Iterable[object]) -> object:
    return reduce(operator.or_, types)


RECIPIENTS: Final[Mapping[str, type[Address]]] = {
    name: _address("To", channel, channel.recipient) for name, channel in CHANNELS.items()
}
"""By v0.1 channel."""
SENDERS: Final[Mapping[str, type[Address]]] = {
    name: _address("From", channel, channel.sender) for name, channel in CHANNELS.items()
}
"""By v0.1 channel."""
CONTENTS: Final[Mapping[str, type[Content]]] = {
    name: _content(name, body)
    for channel in CHANNELS.values()
    for name, form in channel.contents.items()
    if (body := _body_of(form.shape)) is not None
}
"""By content type. Custom content is any JSON, of which no shape can tell that it is exact."""
OPTIONS: Final[Mapping[str, type[Options]]] = {
    name: _options(channel) for name, channel in CHANNELS.items() if channel.options
}
"""By v0.1 channel, those that have any."""

if TYPE_CHECKING:
    AnyRecipient = Address
    AnySender = Address
    AnyMessage = Message
else:
    AnyRecipient = _one_of(RECIPIENTS.values())
    AnySender = _one_of(SENDERS.values())
    AnyMessage = defstruct(
        "AnyMessage",
        [
            ("content", _one_of(CONTENTS.values())),
            *((name, _one_of((options, UnsetType)), UNSET) for name, options in OPTIONS.items()),
        ],
        bases=(Message,),
    )


class Step(Sound, rename={"sender": "from"}):
    """An entry of the workflow."""

    to: AnyRecipient
    sender: AnySender
    message: AnyMessage
    failover: Terms | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


class Dispatch(Sound):
    """A whole payload."""

    template: Literal["failover"]
    workflow: Annotated[list[Step], Meta(min_length=1)]
