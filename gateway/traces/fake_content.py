"""What a message says and how it is delivered, with everybody's words replaced.

A v0.1 request and the v1 request of a step say it in the same forms at other places. What stands
for it is the same in both, so that the one is still the translation of the other.
"""

from __future__ import annotations

import re
from collections.abc import Set
from typing import Final, assert_never

from gateway.traces.fake_fields import Field, Fields
from gateway.traces.fakes import Fakes
from translators.channels import (
    CHANNELS,
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
from translators.diagnostics import JsonObject, JsonValue
from translators.documents import LIMITS
from translators.fields import is_digits
from translators.messenger_tags import TAGS

_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4}){0,2}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,19}(?:\.[0-9]{1,19})?")
# Longer than any duration of either API; what is longer stays too long and may be a number.
_LONGEST_S: Final = 10**6
_MOST_DIGITS: Final = 9  # of a duration in quotes; see translators/fields.py


class ContentFields(Fields):
    """The fields of content and of delivery options."""

    def __init__(self, fakes: Fakes, *, keeps_strangers: bool) -> None:
        super().__init__(fakes, keeps_strangers=keeps_strangers)
        media = self.content_of({"url": self.url, "caption": self.text})
        template = self.content_of({"name": self.text, "parameters": self.list_of(self._parameter)})
        # A content type has one shape on every channel; an option has values of its own on each.
        self.bodies: dict[str, Field] = {
            name: self._body(form.shape, media, template)
            for channel in CHANNELS.values()
            for name, form in channel.contents.items()
        }
        """By content type."""
        self.options: dict[str, Field] = {
            channel.name: self.object_of(
                {name: self._option(name, option) for name, option in channel.options.items()}
            )
            for channel in CHANNELS.values()
        }
        """By the v0.1 name of the channel."""

    def seconds(self, value: JsonValue) -> JsonValue:
        """Return a duration as it is; whatever cannot be one may be about a person."""
        match value:
            case str():
                return self._quoted_seconds(value)
            case bool():
                return value
            case int():
                return max(-1, min(value, _LONGEST_S + 1))
            case float():
                is_whole = value.is_integer()
                return max(-1.0, min(value, _LONGEST_S + 1.0)) if is_whole else 0.5
            case _:
                return self.fakes.blank(value)

    def _quoted_seconds(self, text: str) -> str:
        if not is_digits(text):
            return self.fakes.text(text)
        if len(text) > _MOST_DIGITS:
            return "9" * (_MOST_DIGITS + 1)
        return text if int(text) <= _LONGEST_S else str(_LONGEST_S + 1)

    def _body(self, shape: Shape, media: Field, template: Field) -> Field:
        match shape:
            case Text():
                return self.text
            case Media():
                return media
            case Template():
                return template
            case Custom():
                return self._custom
            case _:
                assert_never(shape)

    def _option(self, name: str, option: Option) -> Field:
        match option:
            case Choice(values=values, withdrawn=withdrawn):
                return self._word_in_any_case({*values, *withdrawn})
            case Tag():
                return self._tag
            case Seconds():
                return self.seconds
            case Word():
                return self._locale if name == "locale" else self.text
            case _:
                assert_never(option)

    def _word_in_any_case(self, words: Set[str]) -> Field:
        plain = self.word(words)

        def read(value: JsonValue) -> JsonValue:
            is_known = isinstance(value, str) and value.lower() in words
            return value if is_known else plain(value)

        return read

    def _tag(self, value: JsonValue) -> JsonValue:
        is_known = isinstance(value, str) and value.strip().upper() in TAGS
        return value if is_known else self.text(value)

    def _parameter(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, dict) or "default" not in value:
            return self._plain_parameter(value)
        fake: JsonObject = {"default": self._plain_parameter(value["default"])}
        # That there were others is a finding of its own.
        return fake if len(value) == 1 else {**fake, "other": None}

    def _plain_parameter(self, value: JsonValue) -> JsonValue:
        """Return a parameter; a number is the same with quotes and without, as v1 has it."""
        number = _number(value) if isinstance(value, str) else None
        return self.fakes.blank(value) if number is None else str(self.fakes.blank(number))

    def _custom(self, value: JsonValue, depth: int = LIMITS.max_depth) -> JsonValue:
        """Return the provider's own form, in which the name of any member may be anything."""
        if depth == 0:
            return None
        match value:
            case dict():
                return {
                    self.fakes.name(name): self._custom(held, depth - 1)
                    for name, held in value.items()
                }
            case list():
                return [self._custom(element, depth - 1) for element in value]
            case _:
                return self.fakes.blank(value)

    def _locale(self, value: JsonValue) -> JsonValue:
        if isinstance(value, str):
            if _LANGUAGE.fullmatch(value):
                return value
            # The translator writes hyphens as underscores, and names it.
            separator = "-" if "-" in value else "_" if "_" in value else ""
            return separator + self.fakes.text(value.replace("-", "_"))[len(separator) :]
        return self.fakes.blank(value)


def _number(text: str) -> int | float | None:
    """Return the number that is written as `text`; `None` if none is."""
    if _NUMBER.fullmatch(text) is None:
        return None
    number = float(text) if "." in text else int(text)
    return number if str(number) == text and abs(number) <= LIMITS.max_integer else None
