"""JSON as it may come: any value, and what no JSON library would write."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any, Final, TypeAlias

CANARY: Final = "kanarienvogel447700987654"
"""In no answer and no line of a log, whatever came with it."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Text that stands in the document as it is."""

    text: str


@dataclass(slots=True)
class Pairs:
    """An object whose names may repeat."""

    members: list[tuple[str, Node]]


Node: TypeAlias = "Raw | Pairs | dict[str, Any] | list[Any] | str | int | float | bool | None"

_RAW: Final = (
    *("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-0", "-0.0", "0600", "+1"),
    *("9" * 400, "-" + "9" * 5000, str(2**53 + 1), str(2**63), str(-(2**63) - 1), "600.0", "6e2"),
    *('"\\ud800"', '"\\udc00x"', '"\\u0000"', "'x'", "undefined", "/**/1", "", "tru", '"\\x"'),
    *(
        '"\t"',
        "1.",
        "[" * 33 + "]" * 33,
        "[" * 5000,
        '{"a":' * 200 + "1" + "}" * 200,
        "[,]",
        "{}{}",
    ),
)
_WORDS: Final = (
    *("", " ", "__proto__", "constructor", "${jndi:x}", "{{x}}", "' OR 1=1 --", "%00", "\x7f"),
    *("failover", "sms", "whatsapp", "text", "delivered", "read", "id", "number", "1", "true"),
    *("\u202eabc", "\ufeff", "\ufffe", "e\u0301", "\r\nX: y", "../../etc/passwd", CANARY),
)
_TEXTS: Final = (
    *(*_WORDS, "e\u0301" * 50, "👩‍👩‍👧‍👦", "a" * 70_000, "null", f"{CANARY}\x00"),
    *("447700900000", "+447700900000", "00447700900000", "447700900000;ext", "44 7700", "٤٤٧٧٠٠٩٠"),
    *("http://169.254.169.254/", "javascript:alert(1)", "https://a\\@b/"),
    *("https://example.com/" + "a" * 3000, "a" * 30 + "!", "a" * 5000 + "!", f"{CANARY} " * 200),
    *("2025-02-03T12:14:25Z", "0001-01-01", "2025-02-30T25:61:61Z", "+292278994-01-01T00:00:00Z"),
    *("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "AAAAAAAA-BBBB-4CCC-8DDD-0123456789AB"),
)
_NUMBERS: Final = (0, 1, -1, 14, 15, 86_400, 86_401, 2**31, 2**53, -(2**53), 0.1, 1e308, -1e-308)


def odd_value(random: Random) -> Node:
    """Return something that hardly anybody sends."""
    match random.randrange(8):
        case 0:
            return Raw(random.choice(_RAW))
        case 1 | 2 | 3:
            return random.choice(_TEXTS)
        case 4:
            return random.choice(_NUMBERS)
        case 5:
            return random.choice((None, True, False, [], {}))
        case 6:
            return [odd_value(random) for _ in range(random.choice((1, 2, 5)))]
        case _:
            return {odd_name(random): odd_value(random)}


def odd_name(random: Random) -> str:
    """Return the name of a field that hardly anybody has."""
    return random.choice((*_WORDS, "templatE", "work_flow", "to", "from", "type", "x"))


def write(node: Node, *, ascii_only: bool) -> str:
    """Write a document; `ascii_only` escapes everything else."""
    match node:
        case Raw(text):
            return text
        case Pairs(members):
            return _object(members, ascii_only)
        case dict():
            return _object(list(node.items()), ascii_only)
        case list():
            return f"[{','.join(write(each, ascii_only=ascii_only) for each in node)}]"
        case _:
            return json.dumps(node, ensure_ascii=ascii_only)


def _object(members: list[tuple[str, Node]], ascii_only: bool) -> str:
    written = (
        f"{json.dumps(name, ensure_ascii=ascii_only)}:{write(value, ascii_only=ascii_only)}"
        for name, value in members
    )
    return f"{{{','.join(written)}}}"
