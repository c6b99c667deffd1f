"""Every script over HTTP: the answer, the webhooks, and that a person gets what it says."""

from __future__ import annotations

import pytest

from gateway.sandbox.scripts import SCRIPTS, Script, script_for
from tests.gateway.sandbox.conftest import Upstream
from translators.status import translate_status

ARRIVES = ["submitted", "delivered"]

# By digits: the answer (None: the connection closes), the statuses on a channel with receipts.
PLAYS: dict[str, tuple[int | None, list[str]]] = {
    "00": (202, ARRIVES),
    "01": (202, [*ARRIVES, "read"]),
    "02": (202, ["submitted"]),
    "03": (202, ["submitted", "rejected"]),
    "04": (202, ["undeliverable"]),
    "05": (202, ["submitted", "submitted", "delivered", "delivered"]),
    "06": (202, ["delivered", "submitted"]),
    "07": (202, ARRIVES),
    "08": (202, ARRIVES),
    "09": (None, ARRIVES),
    "10": (429, []),
    "11": (429, []),
    "12": (402, []),
    "13": (422, []),
    "14": (500, []),
    "15": (503, []),
    "16": (401, []),
    "17": (202, ARRIVES),
    "18": (202, ["submitted", "read"]),
    "19": (202, [*ARRIVES, "rejected"]),
    "20": (None, []),
    "21": (202, ARRIVES),
    "22": (202, ["accepted", *ARRIVES]),
    "23": (202, ["submitted", "rejected"]),
    "24": (500, ARRIVES),
    "25": (403, []),
    "26": (None, []),
}
SENT = {digits for digits, (_, statuses) in PLAYS.items() if statuses} | {"20"}


def test_the_table_of_this_file_names_every_script() -> None:
    assert [script.digits for script in SCRIPTS] == sorted(PLAYS)


@pytest.mark.parametrize("digits", PLAYS)
async def test_a_script_answers_and_sends_what_it_says(digits: str, upstream: Upstream) -> None:
    http_status, expected = PLAYS[digits]
    message = upstream.message(digits, "whatsapp")
    assert await upstream.post(message) == http_status
    statuses = await upstream.statuses(message, len(expected))
    assert [status["status"] for status in statuses] == expected


@pytest.mark.parametrize("digits", PLAYS)
async def test_a_script_leaves_a_truthful_entry(digits: str, upstream: Upstream) -> None:
    http_status, expected = PLAYS[digits]
    message = upstream.message(digits, "whatsapp")
    await upstream.post(message)
    entry = await upstream.entry(message)
    assert entry["script"] == script_for(digits).name
    assert entry["answer"] == str(http_status or "none")
    assert entry["sent"] == (digits in SENT)
    assert entry["webhooks"] == {
        "pending": 0,
        "delivered": len(expected),
        "given_up": 0,
        "attempts": len(expected),
    }


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.digits)
async def test_our_own_translator_reads_every_status(script: Script, upstream: Upstream) -> None:
    message = upstream.message(script.digits, client_ref="order-42")
    await upstream.post(message)
    await upstream.entry(message)
    for webhook in upstream.receiver.at(str(message["webhook_url"])):
        translated = translate_status(webhook.document)
        assert translated.value is not None
        assert translated.value.client_ref == "order-42"


async def test_unlisted_digits_play_the_default(upstream: Upstream) -> None:
    message = upstream.message("99")
    await upstream.post(message)
    assert (await upstream.entry(message))["script"] == "delivered"


async def test_a_messenger_id_chooses_a_script_too(upstream: Upstream) -> None:
    message = upstream.message("00", "messenger", to="1234567890123412")
    assert await upstream.post(message) == 402


async def test_a_throttled_message_is_accepted_when_it_comes_again(upstream: Upstream) -> None:
    message = upstream.message("10")
    assert [await upstream.post(message) for _ in range(2)] == [429, 202]
    assert [status["status"] for status in await upstream.statuses(message, 2)] == ARRIVES


async def test_an_overtaking_webhook_is_there_before_the_answer(upstream: Upstream) -> None:
    message = upstream.message("17")
    await upstream.post(message)
    assert upstream.receiver.at(str(message["webhook_url"]))


async def test_duplicates_have_the_same_body(upstream: Upstream) -> None:
    message = upstream.message("05")
    await upstream.post(message)
    await upstream.statuses(message, 4)
    first, second, *_ = upstream.receiver.at(str(message["webhook_url"]))
    assert first.body == second.body


async def test_every_channel_answers_with_the_uuid_its_statuses_carry(upstream: Upstream) -> None:
    message = upstream.message("00", "viber_service")
    answer = (await upstream.client.post("/v1/messages", json=message)).json()
    (first, *_) = await upstream.statuses(message, 1)
    assert answer == {"message_uuid": first["message_uuid"]}


async def test_an_accepted_message_may_have_no_uuid(upstream: Upstream) -> None:
    answer = await upstream.client.post("/v1/messages", json=upstream.message("21"))
    assert (answer.status_code, answer.json()) == (202, {})


async def test_native_failover_goes_on_after_a_rejection(upstream: Upstream) -> None:
    second = upstream.message("00")
    message = upstream.message("03", "viber_service", failover=[second])
    answer = (await upstream.client.post("/v1/messages", json=message)).json()
    assert len(answer["workflow_id"]) == 55
    places = [
        (status["status"], status["channel"], status["workflow"])
        for status in await upstream.statuses(message, 2) + await upstream.statuses(second, 2)
    ]
    first_place, second_place = (
        {"workflow_id": answer["workflow_id"], "items_number": number, "items_total": "2"}
        for number in ("1", "2")
    )
    assert places == [
        ("submitted", "viber_service", first_place),
        ("rejected", "viber_service", first_place),
        ("submitted", "sms", second_place),
        ("delivered", "sms", second_place),
    ]


async def test_native_failover_stops_at_a_message_that_was_not_rejected(
    upstream: Upstream,
) -> None:
    second = upstream.message("00")
    message = upstream.message("04", failover=[second])
    await upstream.post(message)
    await upstream.entry(message)
    assert upstream.receiver.at(str(second["webhook_url"])) == []
