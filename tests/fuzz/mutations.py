"""What is done to a document before it is sent: to its parts, then to its bytes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final, TypeAlias

from tests.fuzz.documents import Node, Pairs, Raw, odd_name, odd_value

Holder: TypeAlias = "dict[str, Any] | list[Any]"
Place: TypeAlias = "tuple[Holder, Any]"


def places(node: Any) -> Iterator[Place]:
    """Yield every place of a document: what holds it, and under which name or number."""
    if isinstance(node, dict | list):
        for key in list(node) if isinstance(node, dict) else range(len(node)):
            yield node, key
            yield from places(node[key])


def mutate(document: Node, random: Random) -> Node:
    """Return the document with one thing changed."""
    found = list(places(document))
    if not found or random.random() < 0.02:
        return odd_value(random)
    holder, key = random.choice(found)
    random.choice(_MUTATIONS)(holder, key, random)
    return document


def _replace(holder: Any, key: Any, random: Random) -> None:
    holder[key] = odd_value(random)


def _drop(holder: Any, key: Any, random: Random) -> None:
    del holder[key]


def _rename(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, dict):
        name = random.choice((odd_name(random), str(key).upper(), f"{key} ", f"{key}s", ""))
        holder[name] = holder.pop(key)
    else:
        holder.insert(0, holder.pop(key))


def _double(holder: Any, key: Any, random: Random) -> None:
    value = holder[key]
    if isinstance(value, dict) and value:
        name = random.choice(list(value))
        members = [*value.items(), (name, random.choice((value[name], odd_value(random))))]
        holder[key] = Pairs(members)
    elif isinstance(holder, list):
        holder[key:key] = [copy.deepcopy(value)] * random.choice((1, 3, 120))
    else:
        holder[f"{key}_"] = copy.deepcopy(value)


def _add(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, dict):
        holder[odd_name(random)] = odd_value(random)
    else:
        holder.append(odd_value(random))


def _wrap(holder: Any, key: Any, random: Random) -> None:
    value = holder[key]
    for _ in range(random.choice((1, 1, 2, 40))):
        value = random.choice(([value], {"type": value}, {str(key): value}))
    holder[key] = value


def _other_type(holder: Any, key: Any, random: Random) -> None:
    match holder[key]:
        case bool() | None:
            holder[key] = "true"
        case str(text):
            holder[key] = Raw(text) if text.isdigit() else [text]
        case int() | float() as number:
            holder[key] = str(number)
        case dict(members):
            holder[key] = list(members.values())
        case list(elements):
            holder[key] = {str(index): each for index, each in enumerate(elements)}
        case _:
            holder[key] = None


def _shadow(holder: Any, key: Any, random: Random) -> None:
    """Put a copy of all that is here under an odd name, with something odd in it."""
    if isinstance(holder, dict):
        shadow = copy.deepcopy(holder)
        inner, name = random.choice(list(places(shadow)))
        inner[name] = random.choice((odd_value(random), [1, odd_value(random)]))
        holder[random.choice(("\x01", "n" * 99, odd_name(random)))] = shadow
    else:
        holder.reverse()


def _exchange(holder: Any, key: Any, random: Random) -> None:
    if isinstance(holder, dict):
        other = random.choice(list(holder))
        holder[key], holder[other] = holder[other], holder[key]
    else:
        random.shuffle(holder)


_MUTATIONS: Final[tuple[Callable[[Any, Any, Random], None], ...]] = (
    *(
        _replace,
        _replace,
        _replace,
        _drop,
        _rename,
        _double,
        _add,
        _wrap,
        _other_type,
        _exchange,
        _shadow,
    ),
)

_BYTES: Final = (
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xef\xbb\xbf", b"\n", b'"', b"{", b"]"),
    *(b"\\", b",", b"{}", b" " * 1000, b"\xf4\x90\x80\x80"),
)


def mutate_bytes(body: bytes, random: Random) -> bytes:
    """Return the bytes with one thing changed."""
    at = random.randrange(len(body) + 1)
    match random.randrange(8):
        case 0:
            return body[:at]
        case 1:
            return body[:at] + random.choice(_BYTES) + body[at:]
        case 2:
            return body[:at] + bytes([random.randrange(256)]) + body[at + 1 :]
        case 3:
            return body[:at] + body[at + random.choice((1, 2, 10)) :]
        case 4:
            return body + random.choice((b"x", b"{}", b"\x00", b"\n\n", body))
        case 5:
            return body.decode("utf-8", "replace").encode(random.choice(("utf-16", "utf-32")))
        case 6:
            return b"\xef\xbb\xbf" + body
        case _:
            return body[:at] + body[: random.randrange(50)] + body[at:]
