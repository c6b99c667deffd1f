"""What a CI asserts with: the ledger, over HTTP and at its bounds."""

from __future__ import annotations

import pytest

from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.ledger import Entry, Ledger, masked, repeat_key, token_suffix
from tests.gateway.sandbox.conftest import Upstream, running_upstream


def entry(ledger: Ledger, name: str, *, is_sent: bool = True) -> Entry:
    key = repeat_key(name, b"")
    return Entry(at_ms=0, answer="202", key=key, repeats=ledger.repeats(key), is_sent=is_sent)


def record(ledger: Ledger, *names: str) -> None:
    for name in names:
        ledger.record(entry(ledger, name))


def test_a_message_that_was_sent_twice_is_counted() -> None:
    ledger = Ledger(10)
    record(ledger, "a", "b", "a", "a")
    report = ledger.report(10)
    assert (report["posts"], report["sent"], report["sent_twice"]) == (4, 4, 1)


def test_a_refused_post_before_an_accepted_one_is_no_double() -> None:
    ledger = Ledger(10)
    ledger.record(entry(ledger, "a", is_sent=False))
    record(ledger, "a")
    assert ledger.report(10)["sent_twice"] == 0


def test_the_oldest_posts_are_forgotten() -> None:
    ledger = Ledger(2)
    record(ledger, "a", "a", "b", "b")
    report = ledger.report(10)
    assert (report["posts"], report["sent"]) == (2, 2)
    assert ledger.repeats(repeat_key("a", b"")).posts == 0


def test_the_newest_posts_are_listed_oldest_first() -> None:
    ledger = Ledger(10)
    for at_ms in range(5):
        listed = entry(ledger, str(at_ms))
        listed.at_ms = at_ms
        ledger.record(listed)
    messages = ledger.report(2)["messages"]
    assert isinstance(messages, list)
    assert [str(message["time"])[-4:] for message in messages if isinstance(message, dict)] == [
        "003Z",
        "004Z",
    ]


def test_a_recipient_is_hidden_but_for_two_characters() -> None:
    assert (masked("447700900042"), masked("4")) == ("**********42", "4")


def test_a_token_is_shown_by_its_end() -> None:
    assert token_suffix("https://example.com/webhooks/status/abcdefghij?x=/1") == "efghij"


def test_posts_without_a_url_belong_together_by_their_bytes() -> None:
    assert repeat_key(None, b"a") == repeat_key(None, b"a") != repeat_key(None, b"b")


async def test_an_entry_says_what_was_posted(upstream: Upstream) -> None:
    message = upstream.message("01", client_ref="order-42")
    answer = (await upstream.client.post("/v1/messages", json=message)).json()
    listed = await upstream.entry(message)
    assert str(listed.pop("time")).endswith("Z")
    assert listed == {
        "channel": "sms",
        "message_type": "text",
        "to": "**********01",
        "script": "read",
        "answer": "202",
        "message_uuid": answer["message_uuid"],
        "client_ref": "order-42",
        "webhook_token": str(message["webhook_url"])[-6:],
        "posts": 1,
        "sent": 1,
        "webhooks": {"pending": 0, "delivered": 2, "given_up": 0, "attempts": 2},
    }


async def test_posts_with_one_webhook_url_are_counted_together(upstream: Upstream) -> None:
    message = upstream.message("00")
    for text in ("one", "two"):
        await upstream.post(message | {"text": text})
    listed = await upstream.entry(message)
    assert (listed["posts"], listed["sent"]) == (2, 2)


async def test_refused_posts_are_listed_too(upstream: Upstream) -> None:
    await upstream.client.post("/v1/messages", content=b"{")
    ledger = (await upstream.client.get("/sandbox/messages?limit=1")).json()
    assert [listed["answer"] for listed in ledger["messages"]] == ["422"]


@pytest.mark.parametrize("limit", ["-1", "x", "1" * 9, ""])
async def test_a_limit_that_is_no_number_is_refused(limit: str, upstream: Upstream) -> None:
    answer = await upstream.client.get("/sandbox/messages", params={"limit": limit})
    assert answer.status_code == 400


async def test_a_reset_forgets_everything(config: SandboxConfig) -> None:
    async with running_upstream(config) as upstream:
        await upstream.post(upstream.message("02"))
        reset = await upstream.client.delete("/sandbox/messages")
        ledger = (await upstream.client.get("/sandbox/messages")).json()
    assert reset.status_code == 204
    assert (ledger["posts"], ledger["messages"]) == (0, [])


async def test_neither_lines_nor_ledger_show_a_recipient_or_a_text(config: SandboxConfig) -> None:
    lines: list[str] = []
    async with running_upstream(config, lines.append) as upstream:
        message = upstream.message("00", text="a secret text")
        await upstream.post(message)
        await upstream.entry(message)
        ledger = (await upstream.client.get("/sandbox/messages")).text
    shown = ledger + "\n".join(lines)
    assert len(lines) == 3
    assert "secret" not in shown
    assert str(message["to"]) not in shown
    assert str(message["webhook_url"]) not in shown
