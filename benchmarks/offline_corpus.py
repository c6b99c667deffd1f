"""Payloads as an application's log holds them: six kinds of workflow, one in fifty with findings.

Nothing is drawn: the same number gives the same payload, so that every run has the same work.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_FAULT_EVERY: Final = 50

_TEXTS: Final = (
    "Your order has left our warehouse and arrives today between 14:00 and 16:00. Reply to this"
    " message to change the time.",
    "Votre colis est arrivé à votre point relais. Présentez ce code pour le retirer : 48 20.",
    'Reminder: "Yearly check-up" on Monday at 09:30, Example Street 1.\nCall us to move it.',
    "Ihre Bestellung wurde versandt 📦 und trifft übermorgen zwischen 9 und 12 Uhr bei Ihnen ein.",
)


def payload(number: int) -> Any:
    """Return the payload of line `number`, counted from 0."""
    text = {"type": "text", "text": _TEXTS[number % len(_TEXTS)]}
    picture = {"url": f"https://media.example.com/orders/{number}/parcel.jpg"}
    template = {
        "name": "example_ns:order_sent",
        "parameters": [{"default": "Example Ltd"}, {"default": f"{number}"}, "14:00"],
    }
    first: list[Any]
    options: dict[str, Any]
    match number % 10:
        case 0:
            content = {"type": "template", "template": template}
            options = {"policy": "deterministic", "locale": "en_GB"}
            first = [_step(number, "whatsapp", content, whatsapp=options)]
        case 1:
            options = {"category": "transaction", "ttl": 600}
            content = {"type": "image", "image": picture}
            first = [_step(number, "viber_service_msg", content, viber_service_msg=options)]
        case 2:
            first = [_step(number, "messenger", text), _step(number, "whatsapp", text)]
        case 3:
            content = {"type": "image", "image": {**picture, "caption": "Is this your parcel?"}}
            first = [_step(number, "mms", content)]
        case 4:
            first = [_step(number, "sms", text)]
        case _:
            first = [_step(number, "whatsapp", text)]
    for step in first:
        reads = step["to"]["type"] not in ("sms", "mms")
        step["failover"] = {
            "expiry_time": 600,
            "condition_status": "read" if reads else "delivered",
        }
    return {"template": "failover", "workflow": [*first, _step(number, "sms", text)]}


def has_fault(number: int) -> bool:
    """Tell whether there is something to say about line `number`."""
    return number % _FAULT_EVERY == _FAULT_EVERY - 1


def line(number: int) -> bytes:
    """Return line `number` of the corpus: every other one with escapes, as some serializers do."""
    document = payload(number)
    if has_fault(number):
        _FAULTS[number // _FAULT_EVERY % len(_FAULTS)](document["workflow"])
    escaped = number % 2 == 1
    return json.dumps(document, ensure_ascii=escaped, separators=(",", ":")).encode() + b"\n"


def write_corpus(path: Path, lines: int) -> None:
    """Write a corpus of JSON Lines."""
    with path.open("wb") as file:
        file.writelines(map(line, range(lines)))


def _step(number: int, channel: str, content: Any, **options: Any) -> dict[str, Any]:
    by_id = channel == "messenger"
    sender_by_id = by_id or channel == "viber_service_msg"
    return {
        "from": {"type": channel, "id" if sender_by_id else "number": "447700900001"},
        "to": {"type": channel, "id" if by_id else "number": f"447700900{number % 1000:03}"},
        "message": {"content": content, **options},
        "client_ref": f"order-{number:08}",
    }


def _write_as_text(steps: list[Any]) -> None:
    steps[0]["failover"]["expiry_time"] = "600"


def _write_null(steps: list[Any]) -> None:
    steps[0]["client_ref"] = None


def _write_prefix(steps: list[Any]) -> None:
    steps[-1]["to"]["number"] = "+447700900000"


def _write_unknown(steps: list[Any]) -> None:
    steps[0]["priority"] = 5


def _write_number(steps: list[Any]) -> None:
    steps[-1]["from"]["number"] = 447700900001


def _write_too_short(steps: list[Any]) -> None:
    steps[0]["failover"]["expiry_time"] = 5


def _leave_out(steps: list[Any]) -> None:
    del steps[0]["message"]["content"]


_FAULTS: Final[tuple[Callable[[list[Any]], None], ...]] = (
    _write_as_text,
    _write_null,
    _write_prefix,
    _write_unknown,
    _write_number,
    _write_too_short,
    _leave_out,
)
