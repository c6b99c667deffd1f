"""What requests and callbacks have in common when they are pseudonymised.

A field is a function from its value to what stands for it. A value of a type that does not belong
there stays one of that type: a request that is refused for it is refused again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Final, TypeAlias

from gateway.traces.fakes import Fakes
from translators.channels import CHANNEL_ALIASES, CHANNELS
from translators.diagnostics import JsonObject, JsonValue

Field: TypeAlias = Callable[[JsonValue], JsonValue]

CHANNEL_NAMES: Final = frozenset((*CHANNELS, *CHANNEL_ALIASES))
OTHER: Final = "other"
"""Stands for whatever is none of a closed list of words, and is itself in none."""


class Fields:
    """The fields that need to know nothing but their value.

    Args:
        keeps_strangers: whether members that an object is not known to have stay in it, without
            their names and values, or are left out.
    """

    def __init__(self, fakes: Fakes, *, keeps_strangers: bool) -> None:
        self.fakes = fakes
        self._keeps_strangers = keeps_strangers

    def text(self, value: JsonValue) -> JsonValue:
        """A text that people wrote."""
        return self.fakes.blank(value)

    def address_value(self, value: JsonValue) -> JsonValue:
        """A `number` or an `id` of an address."""
        return self.fakes.address(value) if isinstance(value, str) else self.fakes.blank(value)

    def url(self, value: JsonValue) -> JsonValue:
        """Where media lie."""
        return self.fakes.url(value) if isinstance(value, str) else self.fakes.blank(value)

    def identifier(self, value: JsonValue) -> JsonValue:
        """The id of a message or a workflow."""
        return self.fakes.uuid(value) if isinstance(value, str) else self.fakes.blank(value)

    def word(self, words: Set[str]) -> Field:
        """Make the field that holds one of `words`, which are no secret."""

        def read(value: JsonValue) -> JsonValue:
            if isinstance(value, str):
                return value if not value or value in words else OTHER
            return self.fakes.blank(value)

        return read

    def object_of(self, fields: Mapping[str, Field]) -> Field:
        """Make the field that holds an object of `fields`."""

        def read(value: JsonValue) -> JsonValue:
            if isinstance(value, dict):
                return self.members(fields, value)
            return self.fakes.blank(value)

        return read

    def members(self, fields: Mapping[str, Field], held: JsonObject) -> JsonObject:
        """Return an object of `fields` with fakes in it, its members in the order they had."""
        fake: JsonObject = {}
        for name, value in held.items():
            if name in fields:
                fake[name] = fields[name](value)
            elif self._keeps_strangers:
                fake[self.fakes.name(name)] = self.fakes.blank(value)
        return fake

    def content_of(self, fields: Mapping[str, Field]) -> Field:
        """Make the field that holds an object of a message's content.

        That it holds more than Dispatch reads is a finding of its own, so there is more in the
        fake as well, without the names and values.
        """

        def read(value: JsonValue) -> JsonValue:
            if not isinstance(value, dict):
                return self.fakes.blank(value)
            return {
                name if name in fields else self.fakes.name(name): (
                    fields[name](held) if name in fields else self._as_full(held)
                )
                for name, held in value.items()
            }

        return read

    def _as_full(self, value: JsonValue) -> JsonValue:
        """Return a value with nothing in it that could be recognised, and that is not empty."""
        fake = self.fakes.blank(value)
        return 0 if value and not fake else fake

    def list_of(self, field: Field) -> Field:
        """Make the field that holds any number of what `field` reads."""

        def read(value: JsonValue) -> JsonValue:
            if not isinstance(value, list):
                return self.fakes.blank(value)
            return [field(element) for element in value]

        return read
