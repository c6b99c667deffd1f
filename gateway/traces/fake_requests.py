"""Requests with everybody's addresses and words replaced: those of v0.1, and those of v1.

What is left is what the translator looks at: channels, types, durations, conditions, lengths. So
a v0.1 request is as valid as it was, or refused by the same rules, and what a step sent is still
what its request is translated to.
"""

from __future__ import annotations

from typing import Final

from gateway.traces.fake_content import ContentFields
from gateway.traces.fake_fields import CHANNEL_NAMES, Field
from gateway.traces.fakes import Fakes
from translators.channels import CHANNELS, CONTENT_TYPE_ALIASES, CONTENT_TYPES, OPTION_OBJECTS
from translators.diagnostics import JsonObject, JsonValue
from translators.user_ids import is_user_id

_TYPES: Final = CONTENT_TYPES | CONTENT_TYPE_ALIASES.keys()


class RequestFields(ContentFields):
    """The fields of a v0.1 request.

    Members that Dispatch does not have are left out, because their very names may tell of somebody.
    """

    def __init__(self, fakes: Fakes) -> None:
        super().__init__(fakes, keeps_strangers=False)
        content = self.content_of({"type": self.word(_TYPES), **self.bodies})
        options = {name: self.options[name] for name in OPTION_OBJECTS}
        address = self.object_of(
            {
                "type": self.word(CHANNEL_NAMES),
                "number": self.address_value,
                "id": self.address_value,
            }
        )
        terms = {
            "expiry_time": self.seconds,
            "condition_status": self.word({"delivered", "read"}),
        }
        step = {
            "from": address,
            "to": self._recipient(address),
            "message": self.object_of({"content": content, **options}),
            "failover": self.object_of(terms),
            "client_ref": self.text,
        }
        workflow = self.list_of(self.object_of(step))
        self._request = {"template": self.word({"failover"}), "workflow": workflow}

    def request(self, document: JsonObject) -> JsonObject:
        """Return the request with fakes in it."""
        return self.members(self._request, document)

    def _recipient(self, address: Field) -> Field:
        """Make the field of a recipient: what is no user id on WhatsApp must not become one."""

        def read(value: JsonValue) -> JsonValue:
            fake = address(value)
            if isinstance(value, dict) and isinstance(fake, dict):
                for key in fake.keys() & {"number", "id"}:
                    fake[key] = _as_little_an_id(value[key], fake[key])
            return fake

        return read


class SentFields(ContentFields):
    """The fields of a v1 request. Source: docs/wire.md section 3.2.

    Members that a translation does not have stay, without their names and values: that they were
    sent is a fact to compare.
    """

    def __init__(self, fakes: Fakes) -> None:
        super().__init__(fakes, keeps_strangers=True)
        channels = CHANNELS.values()
        self._request = {
            "to": self.address_value,
            "from": self.address_value,
            "channel": self.word({channel.v1_name for channel in channels}),
            "message_type": self.word(CONTENT_TYPES),
            **self.bodies,
            **{channel.v1_name: self.options[channel.name] for channel in channels},
            "client_ref": self.text,
            "ttl": self.seconds,
            "webhook_url": self.url,
            "webhook_version": self.word({"v0.1", "v1"}),
        }

    def request(self, document: JsonObject) -> JsonObject:
        """Return the request with fakes in it."""
        return self.members(self._request, document)


def _as_little_an_id(value: JsonValue, fake: JsonValue) -> JsonValue:
    if not (isinstance(value, str) and isinstance(fake, str)):
        return fake
    if is_user_id(value.strip()) or not is_user_id(fake.strip()):
        return fake
    return fake.replace("-", " ")  # a blank or a bracket kept it from being one
