"""The wire shapes of a Messages v1 request: what all share, and SMS and MMS.

One model per channel and message type; the other channels have modules of their own.
The bounds are those of docs/wire.md section 3.2 and 3.3; where its sources disagree the model takes
the latest. Members that no source lists are let through unread, as v1 does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

PHONE_PATTERN = r"^[1-9][0-9]{6,14}$"
URL_PATTERN = r"^(?i:https?)://[^/\x00-\x20][^\x00-\x20]*$"


def fault(name: str, reason: str) -> PydanticCustomError:
    """Make the error of a rule between fields; `name` says which field is to blame."""
    return PydanticCustomError("rule", "rule", {"name": name, "reason": reason})


Phone = Annotated[str, Field(pattern=PHONE_PATTERN)]
Name = Annotated[str, Field(min_length=1, max_length=50)]
Url = Annotated[str, Field(pattern=URL_PATTERN)]
Caption = Annotated[str, Field(min_length=1, max_length=3000)]
Custom = Annotated[dict[str, object], Field(min_length=1)]


class Shape(BaseModel):
    """The base of every object: types are taken as they come, nothing is converted."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True, hide_input_in_errors=True)


class Message(Shape):
    """What every message has, besides its addresses and content."""

    client_ref: Annotated[str, Field(max_length=100)] | None = None
    webhook_url: Url | None = None
    webhook_version: Literal["v0.1", "v1"] | None = None


class Media(Shape):
    """A file by its URL."""

    url: Url


class CaptionedMedia(Media):
    """A file with a line of text."""

    caption: Caption | None = None


class Sound(Shape):
    """A sound for WhatsApp or Messenger, whose URL has bounds."""

    url: Annotated[Url, Field(min_length=10, max_length=2000)]


class SmsOptions(Shape):
    """The `sms` object."""

    encoding_type: Literal["text", "unicode", "auto"] | None = None
    content_id: str | None = None
    entity_id: str | None = None
    pool_id: str | None = None


class SmsText(Message):
    """A text by SMS."""

    channel: Literal["sms"]
    message_type: Literal["text"]
    to: Phone
    sender: Name = Field(alias="from")
    text: Annotated[str, Field(min_length=1, max_length=3200)]
    ttl: Annotated[int, Field(ge=20, le=604_800)] | None = None
    trusted_recipient: bool | None = None
    sms: SmsOptions | None = None


class Mms(Message):
    """What every MMS has."""

    channel: Literal["mms"]
    to: Phone
    sender: Name = Field(alias="from")
    ttl: Annotated[int, Field(ge=300, le=259_200)] | None = None
    trusted_recipient: bool | None = None


class MmsText(Mms):
    """A text by MMS."""

    message_type: Literal["text"]
    text: Annotated[str, Field(min_length=1)]


class MmsImage(Mms):
    """An image by MMS."""

    message_type: Literal["image"]
    image: CaptionedMedia


class MmsAudio(Mms):
    """A sound by MMS."""

    message_type: Literal["audio"]
    audio: CaptionedMedia


class MmsVideo(Mms):
    """A video by MMS."""

    message_type: Literal["video"]
    video: CaptionedMedia


class MmsFile(Mms):
    """A file by MMS."""

    message_type: Literal["file"]
    file: CaptionedMedia


class MmsVcard(Mms):
    """A contact by MMS."""

    message_type: Literal["vcard"]
    vcard: CaptionedMedia


class MmsPart(CaptionedMedia):
    """One of several files of an MMS."""

    type: Literal["image", "audio", "video", "file", "vcard"]


class MmsContent(Mms):
    """Several files in one MMS."""

    message_type: Literal["content"]
    content: Annotated[list[MmsPart], Field(min_length=1)]
