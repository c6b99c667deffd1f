"""The wire shapes of a Messages v1 request: RCS.

Source of the bounds: docs/wire.md section 3.2 and 3.3. Suggestions are read as far as the kinds
have members in common.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from translators.v1_models import Custom, Media, Message, Phone, Shape, Url, fault

AGENT_PATTERN = r"^[a-zA-Z0-9_&-]+$"


class Suggestion(Shape):
    """A reply or an action that is offered with the message."""

    type: Literal[
        "reply",
        "dial",
        "view_location",
        "share_location",
        "open_url",
        "open_url_in_webview",
        "create_calendar_event",
    ]
    text: Annotated[str, Field(min_length=1, max_length=25)]
    postback_data: str


Suggestions = Annotated[list[Suggestion], Field(min_length=1, max_length=11)]


class RcsOptions(Shape):
    """The `rcs` object."""

    category: (
        Literal["acknowledgement", "authentication", "promotion", "service-request", "transaction"]
        | None
    ) = None


class CardOptions(RcsOptions):
    """The `rcs` object of cards."""

    card_orientation: Literal["VERTICAL", "HORIZONTAL"] | None = None
    image_alignment: Literal["LEFT", "RIGHT"] | None = None

    @model_validator(mode="after")
    def _horizontal_cards_are_aligned(self) -> Self:
        if self.card_orientation == "HORIZONTAL" and self.image_alignment is None:
            raise fault("image_alignment", "is required when card_orientation is HORIZONTAL")
        return self


class CarouselOptions(RcsOptions):
    """The `rcs` object of carousels."""

    card_width: Literal["SMALL", "MEDIUM"]


class Rcs(Message):
    """What every message by RCS has."""

    channel: Literal["rcs"]
    to: Phone
    sender: Annotated[str, Field(pattern=AGENT_PATTERN)] = Field(alias="from")
    ttl: Annotated[int, Field(ge=20, le=2_592_000)] | None = None
    trusted_recipient: bool | None = None


class RcsText(Rcs):
    """A text by RCS."""

    message_type: Literal["text"]
    text: Annotated[str, Field(min_length=1, max_length=3072)]
    suggestions: Suggestions | None = None
    rcs: RcsOptions | None = None


class RcsImage(Rcs):
    """An image by RCS."""

    message_type: Literal["image"]
    image: Media
    rcs: RcsOptions | None = None


class RcsVideo(Rcs):
    """A video by RCS."""

    message_type: Literal["video"]
    video: Media
    rcs: RcsOptions | None = None


class RcsFile(Rcs):
    """A file by RCS."""

    message_type: Literal["file"]
    file: Media
    rcs: RcsOptions | None = None


class Card(Shape):
    """A card: media, a title, a text."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=2000)]
    media_url: Url
    media_description: str | None = None
    media_height: Literal["SHORT", "MEDIUM", "TALL"] | None = None
    thumbnail_url: Url | None = None
    media_force_refresh: bool | None = None
    suggestions: Annotated[list[Suggestion], Field(min_length=1, max_length=4)] | None = None


class RcsCard(Rcs):
    """A card by RCS."""

    message_type: Literal["card"]
    card: Card
    rcs: CardOptions | None = None

    @model_validator(mode="after")
    def _vertical_cards_have_a_height(self) -> Self:
        is_vertical = self.rcs is not None and self.rcs.card_orientation == "VERTICAL"
        if is_vertical and self.card.media_height is None:
            raise fault("card.media_height", "is required when card_orientation is VERTICAL")
        return self


class Carousel(Shape):
    """Cards side by side."""

    cards: Annotated[list[Card], Field(min_length=2, max_length=10)]


class RcsCarousel(Rcs):
    """A carousel by RCS."""

    message_type: Literal["carousel"]
    carousel: Carousel
    suggestions: Suggestions | None = None
    rcs: CarouselOptions


class RcsCustom(Rcs):
    """An object in RCS's own form."""

    message_type: Literal["custom"]
    custom: Custom
    rcs: RcsOptions | None = None
