"""The statuses a message gets: their form, their charges, their times."""

from __future__ import annotations

from typing import Annotated, Literal

import orjson
import pytest
from pydantic import BaseModel, ConfigDict, Field

from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.scripts import SCRIPTS, Script, script_for
from gateway.sandbox.statuses import SentMessage, plan_statuses, segments

NOW_MS = 1_738_584_865_000
"""2025-02-03T12:14:25Z."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")


class _Usage(_Strict):
    currency: Literal["EUR"]
    price: Annotated[str, Field(pattern=r"^[0-9]+\.[0-9]+$")]


class _Error(_Strict):
    type: Annotated[
        str, Field(pattern=r"^https://developer\.vonage\.com/api-errors/messages#1[0-9]{3}$")
    ]
    title: Annotated[str, Field(pattern=r"^1[0-9]{3}$")]
    detail: Annotated[str, Field(pattern=r"^.+ - .+$")]
    instance: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class _Network(_Strict):
    network_code: Annotated[str, Field(pattern=r"^[0-9]{5}$")]


class _Sms(_Strict):
    count_total: Annotated[str, Field(pattern=r"^[0-9]+$")]


class V1Status(_Strict):
    """A status as v1 writes it. Source: docs/wire.md section 5.5."""

    message_uuid: Annotated[
        str,
        Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"),
    ]
    to: str
    sender: str = Field(alias="from")
    timestamp: Annotated[str, Field(pattern=r"^20[0-9]{2}(-[0-9]{2}){2}T([0-9]{2}:){2}[0-9]{2}Z$")]
    status: Literal["submitted", "delivered", "read", "rejected", "undeliverable", "accepted"]
    channel: Literal["sms", "mms", "whatsapp", "messenger", "viber_service", "rcs"]
    client_ref: str | None = None
    usage: _Usage | None = None
    error: _Error | None = None
    destination: _Network | None = None
    sms: _Sms | None = None
    whatsapp: dict[str, dict[str, object]] | None = None
    workflow: dict[str, str] | None = None


@pytest.mark.parametrize("channel", ["sms", "mms", "whatsapp", "messenger", "viber_service", "rcs"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.digits)
def test_every_status_is_well_formed(script: Script, channel: str) -> None:
    planned = plan_statuses(sent(channel), script, SandboxConfig(), start_ms=NOW_MS)
    for status in planned:
        V1Status.model_validate_json(status.body)


def sent(channel: str, **members: object) -> SentMessage:
    known: dict[str, object] = {
        "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
        "to": "447700900000",
        "sender": "447700900001",
        "channel": channel,
        "message_type": "text",
        "client_ref": None,
        "segments": 1,
        "webhook_url": None,
    }
    return SentMessage(**(known | members))  # type: ignore[arg-type]


def usages(channel: str, digits: str, **members: object) -> list[tuple[str, str]]:
    """Return the statuses that carry a charge, with its price."""
    planned = plan_statuses(
        sent(channel, **members), script_for(digits), SandboxConfig(), start_ms=NOW_MS
    )
    read = [V1Status.model_validate_json(status.body) for status in planned]
    return [(status.status, status.usage.price) for status in read if status.usage]


def test_sms_is_charged_when_submitted_for_each_segment() -> None:
    assert usages("sms", "00", segments=2) == [("submitted", "0.0666")]


def test_mms_is_charged_when_submitted() -> None:
    assert usages("mms", "00") == [("submitted", "0.0512")]


@pytest.mark.parametrize("channel", ["whatsapp", "messenger", "viber_service", "rcs"])
def test_other_channels_are_charged_when_delivered(channel: str) -> None:
    assert [status for status, _ in usages(channel, "01")] == ["delivered"]


def test_a_message_read_without_delivery_is_charged_when_read() -> None:
    assert [status for status, _ in usages("whatsapp", "18")] == ["read"]


def test_a_rejected_message_is_not_charged() -> None:
    assert usages("viber_service", "03") == []


@pytest.mark.parametrize("channel", ["sms", "mms"])
def test_channels_without_receipts_are_never_read(channel: str) -> None:
    planned = plan_statuses(sent(channel), script_for("01"), SandboxConfig(), start_ms=NOW_MS)
    assert [status.status for status in planned] == ["submitted", "delivered"]


@pytest.mark.parametrize(
    ("text", "count"),
    [("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3), ("é" * 70, 1), ("é" * 71, 2)],
)
def test_a_long_text_takes_several_sms(text: str, count: int) -> None:
    assert segments(text) == count


def test_the_pace_leaves_alone_what_is_measured_against_another_timer() -> None:
    planned = plan_statuses(sent("sms"), script_for("07"), SandboxConfig(pace=0.5), start_ms=NOW_MS)
    assert [status.due_ms for status in planned] == [NOW_MS + 100, NOW_MS + 16_000]


def test_a_status_that_comes_late_says_when_it_came_about() -> None:
    planned = plan_statuses(sent("sms"), script_for("06"), SandboxConfig(pace=10), start_ms=NOW_MS)
    read = [V1Status.model_validate_json(status.body) for status in planned]
    assert [status.timestamp[-4:] for status in read] == [":29Z", ":26Z"]


@pytest.mark.parametrize(
    ("to", "recipient"),
    [("447700900000", None), ("US.13491208655302741918", {"user_id": "US.13491208655302741918"})],
)
def test_a_status_about_a_user_id_tells_it_as_v1_does(to: str, recipient: object) -> None:
    message = sent("whatsapp", to=to)
    planned = plan_statuses(message, script_for("00"), SandboxConfig(), start_ms=NOW_MS)
    told = [orjson.loads(status.body) for status in planned]
    assert {status["to"] for status in told} == {to}
    assert [status.get("whatsapp", {}).get("recipient") for status in told] == [
        recipient for _ in told
    ]
