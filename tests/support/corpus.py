"""A corpus of made-up payloads the way they lie about: in JSON Lines, in logs, in files.

Deterministic: the same seed gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random  # noqa: TID251 - seeded, so nothing is left to chance
from typing import Any, Final

from translators.channels import CHANNELS, Custom, Media, Template, Text

PAIRS: Final = [(channel, name) for channel, row in CHANNELS.items() for name in row.contents]
"""Every channel with every type of content it may be asked to carry."""

# Those that real applications use, so that shapes repeat.
_USUAL: Final = (
    ("whatsapp", "text"),
    ("whatsapp", "template"),
    ("viber_service_msg", "text"),
    ("messenger", "text"),
    ("mms", "image"),
    ("sms", "text"),
)
_EXPIRIES: Final = (15, 60, 300, 600, 600, 3600)
_FAULTS: Final[tuple[Callable[[dict[str, Any]], object], ...]] = (
    lambda payload: payload["workflow"][0]["to"].clear(),
    lambda payload: payload["workflow"][0].pop("message"),
    lambda payload: payload["workflow"][0]["to"].update(type="pigeon"),
    lambda payload: payload["workflow"][0]["from"].update(type="mms"),
    lambda payload: payload["workflow"].insert(0, None),
    lambda payload: payload["workflow"][0]["message"]["content"].update(type="song"),
    lambda payload: payload.update(template="fanout"),
    lambda payload: payload["workflow"].clear(),
)


def make_step(channel: str, name: str, value: str = "Hello") -> dict[str, Any]:
    """Return a sound step of a channel and type of content."""
    row = CHANNELS[channel]
    number = "447700900001"
    return {
        "from": {"type": channel, row.sender.key: "447700900002"},
        "to": {"type": channel, row.recipient.key: number},
        "message": {"content": {"type": name, name: _content(channel, name, value)}}
        | ({"whatsapp": {"locale": "en_GB"}} if (channel, name) == _USUAL[1] else {}),
    }


def make_payloads(seed: int, count: int, *, faulty: int = 0) -> list[dict[str, Any]]:
    """Return payloads, `faulty` of them refused, the first ones each of another pair."""
    chance = Random(seed)
    payloads = [_payload(chance, PAIRS[i] if i < len(PAIRS) else None) for i in range(count)]
    for index in chance.sample(range(len(PAIRS), count), faulty):
        chance.choice(_FAULTS)(payloads[index])
    return payloads


def write_corpus(folder: Path, *, seed: int = 1, count: int = 10_000) -> dict[str, int]:
    """Write a corpus of `count` payloads below `folder`; return what is in it."""
    payloads = make_payloads(seed, count, faulty=count // 250)
    half, most = count // 2, count - count // 100
    (folder / "orders.jsonl").write_text(
        "".join(f"{json.dumps(payload)}\n" for payload in payloads[:half])
    )
    (folder / "app.log").write_text("".join(_log_lines(Random(seed), payloads[half:most])))
    templates = folder / "templates"
    templates.mkdir()
    for index, payload in enumerate(payloads[most:]):
        (templates / f"t{index:03}.json").write_text(json.dumps(payload, indent=2))
    cut = max(1, count // 1000)
    with (folder / "app.log").open("a") as log:
        log.writelines(f"WARN failed {json.dumps(payload)[:200]}\n" for payload in payloads[:cut])
    logged = most - half
    return {
        "payloads": count,
        "documents": count - most,
        "unreadable": cut,
        "without": logged // 4,
        "lines": half + logged + logged // 4 + cut,
    }


def _log_lines(chance: Random, payloads: list[dict[str, Any]]) -> Iterator[str]:
    for index, payload in enumerate(payloads):
        text = json.dumps(payload)
        time = f"2025-02-03T12:{index // 60 % 60:02}:{index % 60:02}Z"
        wrapped = (
            f"{time} INFO c.e.Sender - POST /v0.1/dispatch {text} (12 ms)",
            json.dumps({"time": time, "level": "info", "request": {"body": payload, "try": 1}}),
            json.dumps({"time": time, "level": "info", "body": text}),
            f"time={time} level=info msg={json.dumps(text)}",
        )
        yield f"{chance.choice(wrapped)}\n"
        if index % 4 == 3:
            yield f"{time} INFO c.e.Sender - 202 from dispatch for 447700900003\n"


def _payload(chance: Random, pair: tuple[str, str] | None) -> dict[str, Any]:
    pairs = [pair or chance.choice(_USUAL)]
    if chance.random() < 0.8:
        pairs.append(("sms", "text"))
    if chance.random() < 0.1:
        pairs.insert(0, chance.choice(_USUAL))
    steps = [make_step(channel, name, "x" * chance.randint(1, 160)) for channel, name in pairs]
    for (channel, _), step in zip(pairs[:-1], steps, strict=False):
        can_read = CHANNELS[channel].reports_read
        read = can_read and chance.random() < 0.3
        step["failover"] = {
            "expiry_time": chance.choice(_EXPIRIES),
            "condition_status": "read" if read else "delivered",
        }
    if chance.random() < 0.02:
        steps[0]["priority"] = "high"
    return {"template": "failover", "workflow": steps}


def _content(channel: str, name: str, value: str) -> object:
    shape = CHANNELS[channel].contents[name].shape
    match shape:
        case Text():
            return value
        case Media():
            return {"url": f"https://example.com/{len(value)}.bin"}
        case Template():
            return {"name": "shop:order", "parameters": [value]}
        case Custom():
            return {"location": {"name": value}}
