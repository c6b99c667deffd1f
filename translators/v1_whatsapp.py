"""The wire shapes of a Messages v1 request: WhatsApp.

Source of the bounds: docs/wire.md section 3.2 and 3.3.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from translators.user_ids import LONGEST
from translators.v1_models import (
    CaptionedMedia,
    Custom,
    Media,
    Message,
    Phone,
    Shape,
    Sound,
    Url,
    fault,
)

# A number, or an id: in one piece, of any form, and not of what numbers are written with alone.
PERSON_PATTERN = r"^([1-9][0-9]{6,14}|[0-9]{16,}|[^\s{}<>]*[^\s{}<>0-9+().\-/][^\s{}<>]*)$"


class WhatsappContext(Shape):
    """The message that this one quotes."""

    message_uuid: Annotated[str, Field(min_length=1)]


class Whatsapp(Message):
    """What every message by WhatsApp has."""

    channel: Literal["whatsapp"]
    # A number, or the id by which a business knows a person. Nobody sends from such an id.
    to: Annotated[str, Field(pattern=PERSON_PATTERN, max_length=LONGEST)]
    sender: Phone = Field(alias="from")
    context: WhatsappContext | None = None


class WhatsappText(Whatsapp):
    """A text by WhatsApp."""

    message_type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=4096)]


class WhatsappImage(Whatsapp):
    """An image by WhatsApp."""

    message_type: Literal["image"]
    image: CaptionedMedia


class WhatsappAudio(Whatsapp):
    """A sound by WhatsApp."""

    message_type: Literal["audio"]
    audio: Sound


class WhatsappClip(Media):
    """A video; its caption has no documented bound."""

    caption: str | None = None


class WhatsappVideo(Whatsapp):
    """A video by WhatsApp."""

    message_type: Literal["video"]
    video: WhatsappClip


class WhatsappDocument(WhatsappClip):
    """A file with its name."""

    name: str | None = None


class WhatsappFile(Whatsapp):
    """A file by WhatsApp."""

    message_type: Literal["file"]
    file: WhatsappDocument


class Template(Shape):
    """A template by its name, and its values: text only, objects are the v0.1 form."""

    name: Annotated[str, Field(min_length=1)]
    parameters: list[str] | None = None


class TemplateOptions(Shape):
    """The `whatsapp` object."""

    policy: Literal["deterministic"] | None = None
    locale: Annotated[str, Field(min_length=1)] | None = None


class WhatsappTemplate(Whatsapp):
    """A template by WhatsApp."""

    message_type: Literal["template"]
    template: Template
    whatsapp: TemplateOptions | None = None


class Sticker(Shape):
    """A sticker, by its URL or its id."""

    url: Url | None = None
    id: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        if (self.url is None) == (self.id is None):
            raise fault("", "must have either url or id")
        return self


class WhatsappSticker(Whatsapp):
    """A sticker by WhatsApp."""

    message_type: Literal["sticker"]
    sticker: Sticker


class Location(Shape):
    """A point on the map."""

    lat: Annotated[float, Field(ge=-90, le=90)]
    long: Annotated[float, Field(ge=-180, le=180)]
    name: str | None = None
    address: str | None = None


class WhatsappLocation(Whatsapp):
    """A location by WhatsApp."""

    message_type: Literal["location"]
    location: Location


class WhatsappCustom(Whatsapp):
    """An object in WhatsApp's own form."""

    message_type: Literal["custom"]
    custom: Custom
