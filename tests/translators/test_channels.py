"""The channel table."""

from __future__ import annotations

import pytest

from translators.channels import (
    CHANNEL_ALIASES,
    CHANNELS,
    CONTENT_TYPE_ALIASES,
    CONTENT_TYPES,
    OPTION_OBJECTS,
    Channel,
    Text,
)


def test_the_channels_are_those_of_dispatch() -> None:
    assert set(CHANNELS) == {"sms", "mms", "whatsapp", "viber_service_msg", "messenger"}


def test_viber_alone_has_another_name_in_v1() -> None:
    renamed = {row.name: row.v1_name for row in CHANNELS.values() if row.name != row.v1_name}
    assert renamed == {"viber_service_msg": "viber_service"}


def test_recipients_are_addressed_as_documented() -> None:
    assert {row.name: row.recipient.key for row in CHANNELS.values()} == {
        "sms": "number",
        "mms": "number",
        "whatsapp": "number",
        "viber_service_msg": "number",
        "messenger": "id",
    }


def test_senders_are_addressed_as_documented() -> None:
    assert {row.name: row.sender.key for row in CHANNELS.values()} == {
        "sms": "number",
        "mms": "number",
        "whatsapp": "number",
        "viber_service_msg": "id",
        "messenger": "id",
    }


def test_texts_have_the_documented_limits() -> None:
    limits = {
        row.name: form.shape.limit
        for row in CHANNELS.values()
        for form in row.contents.values()
        if isinstance(form.shape, Text)
    }
    assert limits == {
        "sms": 1000,
        "mms": 4096,
        "whatsapp": 4096,
        "viber_service_msg": 1000,
        "messenger": 640,
    }


def test_sms_and_mms_report_no_read() -> None:
    assert {row.name for row in CHANNELS.values() if not row.reports_read} == {"sms", "mms"}


def test_the_options_are_those_of_dispatch() -> None:
    assert {row.name: tuple(row.options) for row in CHANNELS.values() if row.options} == {
        "whatsapp": ("policy", "locale"),
        "viber_service_msg": ("category", "ttl", "type"),
        "messenger": ("category", "tag"),
    }


def test_option_objects_belong_to_channels() -> None:
    assert set(CHANNELS) > OPTION_OBJECTS


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=str(CHANNELS.keys()).split())
def test_every_doubt_says_something(channel: Channel) -> None:
    assert all(form.caution for form in channel.contents.values() if form.doubt)


def test_aliases_lead_to_names_that_exist() -> None:
    assert set(CHANNEL_ALIASES.values()) <= set(CHANNELS)
    assert set(CONTENT_TYPE_ALIASES.values()) <= CONTENT_TYPES


def test_aliases_hide_no_name() -> None:
    assert not (CHANNEL_ALIASES.keys() & CHANNELS.keys())
    assert not (CONTENT_TYPE_ALIASES.keys() & CONTENT_TYPES)
