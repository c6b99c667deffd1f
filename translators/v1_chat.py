"""The wire shapes of a Messages v1 request: Messenger and Viber.

Source of the bounds: docs/wire.md section 3.2 and 3.3.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from translators.v1_models import (
    CaptionedMedia,
    Custom,
    Media,
    Message,
    Name,
    Phone,
    Shape,
    Sound,
    Url,
    fault,
)

DURATION_PATTERN = r"^([1-9]|[1-9][0-9]|[1-5][0-9]{2}|600)$"
FILE_SIZE_PATTERN = r"^([1-9]|[1-9][0-9]|1[0-9]{2}|200)$"


def _digits_of(value: object) -> object:
    # Two of the vendor's own libraries send these as integers, the others as text.
    return str(value) if type(value) is int else value


class MessengerOptions(Shape):
    """The `messenger` object."""

    category: Literal["response", "update", "message_tag"] | None = None
    tag: str | None = Field(default=None, validate_default=True)

    @field_validator("tag")
    @classmethod
    def _is_there_if_announced(cls, tag: str | None, info: ValidationInfo) -> str | None:
        if info.data.get("category") == "message_tag" and not tag:
            raise fault("", "is required when category is message_tag")
        return tag


class Messenger(Message):
    """What every message by Messenger has."""

    channel: Literal["messenger"]
    to: Name
    sender: Name = Field(alias="from")
    messenger: MessengerOptions | None = None


class MessengerText(Messenger):
    """A text by Messenger."""

    message_type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=640)]


class MessengerImage(Messenger):
    """An image by Messenger."""

    message_type: Literal["image"]
    image: Media


class MessengerAudio(Messenger):
    """A sound by Messenger."""

    message_type: Literal["audio"]
    audio: Sound


class MessengerVideo(Messenger):
    """A video by Messenger."""

    message_type: Literal["video"]
    video: Media


class MessengerFile(Messenger):
    """A file by Messenger."""

    message_type: Literal["file"]
    file: Media


class MessengerCustom(Messenger):
    """An object in Messenger's own form. Shown in the guides, listed in no specification."""

    message_type: Literal["custom"]
    custom: Custom


class ViberAction(Shape):
    """A button."""

    url: Url
    text: Annotated[str, Field(min_length=1, max_length=30)]


class ViberOptions(Shape):
    """The `viber_service` object."""

    category: Literal["transaction", "promotion"] | None = None
    ttl: Annotated[int, Field(ge=30, le=259_200)] | None = None
    type: Literal["string", "template"] | None = None


class ViberActionOptions(ViberOptions):
    """The `viber_service` object of texts and images."""

    action: ViberAction | None = None


class ViberVideoOptions(ViberOptions):
    """The `viber_service` object of videos."""

    duration: Annotated[str, Field(pattern=DURATION_PATTERN), BeforeValidator(_digits_of)]
    file_size: Annotated[str, Field(pattern=FILE_SIZE_PATTERN), BeforeValidator(_digits_of)]


class Viber(Message):
    """What every message by Viber has."""

    channel: Literal["viber_service"]
    to: Phone
    sender: Name = Field(alias="from")


class ViberText(Viber):
    """A text by Viber."""

    message_type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=1000)]
    viber_service: ViberActionOptions | None = None


class ViberImage(Viber):
    """An image by Viber."""

    message_type: Literal["image"]
    image: CaptionedMedia
    viber_service: ViberActionOptions | None = None

    @model_validator(mode="after")
    def _button_has_a_caption(self) -> Self:
        has_button = self.viber_service is not None and self.viber_service.action is not None
        if has_button and self.image.caption is None:
            raise fault("image.caption", "is required when there is an action")
        return self


class ViberClip(Media):
    """A video with its preview."""

    thumb_url: Annotated[Url, Field(max_length=1000)]
    caption: Annotated[str, Field(max_length=1000)] | None = None


class ViberVideo(Viber):
    """A video by Viber."""

    message_type: Literal["video"]
    video: ViberClip
    viber_service: ViberVideoOptions


class ViberDocument(Media):
    """A file with its name."""

    name: Annotated[str, Field(max_length=25)] | None = None


class ViberFile(Viber):
    """A file by Viber."""

    message_type: Literal["file"]
    file: ViberDocument
    viber_service: ViberOptions | None = None
