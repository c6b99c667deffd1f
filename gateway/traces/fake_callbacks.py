"""A v0.1 callback with everybody's addresses, words and ids replaced.

Statuses, codes, charges and instants stay. Members that Dispatch is not known to send stay as
well, without their names and values: that they are there is a fact to compare.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.traces.callbacks import code_of, currency_of, price_of
from gateway.traces.fake_fields import CHANNEL_NAMES, Field, Fields
from gateway.traces.fakes import Fakes
from translators.diagnostics import JsonObject, JsonValue
from translators.error_codes import ERROR_CODES
from translators.timestamps import read_timestamp

_STATUSES: Final = frozenset(
    {"submitted", "delivered", "read", "rejected", "undeliverable", "completed", "error"}
)
# The reference's own misspelling. Source: docs/wire.md section 5.4.
_CHANNELS: Final = CHANNEL_NAMES | {"viber_sevice_msg"}
_REASONS: Final = frozenset(row.name for row in ERROR_CODES.values())
_HREF: Final = re.compile(
    r"((?:https?://(?:api|rest)[a-z-]*\.(?:nexmo|vonage)\.com)?/?"
    r"(?:v[0-9.]{1,4}/)?(?:(?:workflows|dispatch|messages)/)?)"
    r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
    re.IGNORECASE,
)


class CallbackFields(Fields):
    """The fields of status callbacks and final reports, which share most of them."""

    def __init__(self, fakes: Fakes) -> None:
        super().__init__(fakes, keeps_strangers=True)
        address = self.object_of(
            {
                "type": self.word(_CHANNELS),
                "number": self.address_value,
                "id": self.address_value,
            }
        )
        usage = self.object_of({"currency": self._currency, "price": self._price})
        link = self.object_of({"dispatch_uuid": self.identifier, "href": self._href})
        message = self.object_of(
            {
                "message_uuid": self.identifier,
                "href": self._href,
                "channel": self.word(_CHANNELS),
                "usage": usage,
                "status": self.status,
            }
        )
        links = {"workflow": link, "dispatch": link, "messages": self.list_of(message)}
        self._body: dict[str, Field] = {
            "message_uuid": self.identifier,
            "dispatch_uuid": self.identifier,
            "template": self.word({"failover"}),
            "to": address,
            "from": address,
            "timestamp": self._timestamp,
            "status": self.status,
            "error": self.object_of({"code": self._code, "reason": self._reason}),
            "usage": usage,
            "client_ref": self.text,
            "_links": self.object_of(links),
        }

    def body(self, document: JsonObject) -> JsonObject:
        """Return the callback with fakes in it."""
        return self.members(self._body, document)

    def status(self, value: JsonValue) -> JsonValue:
        """Return a word that Dispatch documents as it is."""
        is_known = isinstance(value, str) and value in _STATUSES
        return value if is_known else self.fakes.blank(value)

    def _code(self, value: JsonValue) -> JsonValue:
        return self.fakes.blank(value) if code_of(value) is None else value

    def _reason(self, value: JsonValue) -> JsonValue:
        is_known = isinstance(value, str) and value in _REASONS
        return value if is_known else self.fakes.blank(value)

    def _currency(self, value: JsonValue) -> JsonValue:
        return self.fakes.blank(value) if currency_of(value) is None else value

    def _price(self, value: JsonValue) -> JsonValue:
        return self.fakes.blank(value) if price_of(value) is None else value

    def _timestamp(self, value: JsonValue) -> JsonValue:
        is_instant = isinstance(value, str) and read_timestamp(value)
        return value if is_instant else self.fakes.blank(value)

    def _href(self, value: JsonValue) -> JsonValue:
        if not isinstance(value, str):
            return self.fakes.blank(value)
        form = _HREF.fullmatch(value)
        return f"{form[1]}{self.fakes.uuid(form[2])}" if form else self.fakes.url(value)
