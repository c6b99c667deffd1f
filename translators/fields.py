"""Reading the members of an object of a request, and saying what is wrong with them.

Every reader takes the object and its JSON Pointer (`at`), returns `None` when it has added an
error, and never raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final

from translators.diagnostics import JsonObject, JsonValue
from translators.findings import Findings, name_child
from translators.rules import Rule
from translators.rules_request import (
    FIELD_MISSING,
    FIELD_UNKNOWN,
    FIELD_WRONG_TYPE,
    INTEGER_AS_FRACTION,
    NULL_AS_ABSENT,
    VALUE_EMPTY,
)

_KINDS: Final = {
    dict: "an object",
    list: "an array",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "a boolean",
    type(None): "null",
}
_EMPTY: Final[tuple[JsonValue, ...]] = (None, "", [], {})
_NAMED_PER_OBJECT: Final = 20
_SHORTEST_SLIP: Final = 3  # two letters are like any other two
_MOST_PUNCTUATION: Final = 2
_MAX_DIGITS: Final = 9  # of an integer written as text; more than any bound of Dispatch has


def read_object(found: Findings, holder: JsonObject, key: str, at: str) -> JsonObject | None:
    """Read a required object."""
    value = holder.get(key)
    if isinstance(value, dict):
        return value
    _refuse(found, holder, key, at, "an object")
    return None


def read_array(found: Findings, holder: JsonObject, key: str, at: str) -> list[JsonValue] | None:
    """Read a required array."""
    value = holder.get(key)
    if isinstance(value, list):
        return value
    _refuse(found, holder, key, at, "an array")
    return None


def read_string(found: Findings, holder: JsonObject, key: str, at: str) -> str | None:
    """Read a required string of at least one character."""
    value = holder.get(key)
    if not isinstance(value, str):
        _refuse(found, holder, key, at, "a string")
        return None
    if not value:
        found.add(VALUE_EMPTY, f"{at}/{key}", "is empty; fill it in")
        return None
    return value


def read_integer(
    found: Findings, holder: JsonObject, key: str, at: str, *, as_text: Rule | None = None
) -> int | None:
    """Read a required integer.

    JSON draws no line between 600 and 600.0, so whole fractions are integers; `true` is none,
    whatever Python says.

    Args:
        as_text: the rule that tolerates decimal digits in a string, if there is one.
    """
    value = holder.get(key)
    if type(value) is int:
        return value
    if isinstance(value, float):
        if not value.is_integer():
            found.add(FIELD_WRONG_TYPE, f"{at}/{key}", "must be a whole number")
            return None
        found.add(INTEGER_AS_FRACTION, f"{at}/{key}", "is whole; write it without a fraction")
        return int(value)
    if as_text and isinstance(value, str) and is_digits(value) and len(value) <= _MAX_DIGITS:
        found.add(as_text, f"{at}/{key}", "is a number in quotes; write it without them")
        return int(value)
    _refuse(found, holder, key, at, "an integer")
    return None


def is_given(found: Findings, holder: JsonObject, key: str, at: str) -> bool:
    """Tell whether an optional member is there; a null that stands for absence is named."""
    if holder.get(key) is not None:
        return True
    if key in holder:
        found.add(NULL_AS_ABSENT, f"{at}/{key}", "is null; leave the field out instead")
    return False


def name_unknown(
    found: Findings,
    holder: JsonObject,
    at: str,
    known: Set[str],
    *,
    filled: Rule = FIELD_UNKNOWN,
) -> None:
    """Name the members that Dispatch does not have, each once. Nothing is dropped in silence.

    Args:
        filled: what is said of a member that holds anything, where it is a part of the message.
    """
    if holder.keys() <= known:
        return
    unknown = [key for key in holder if key not in known]
    free = sorted(known - holder.keys())
    for key in unknown[:_NAMED_PER_OBJECT]:
        guess = guess_at(key, free)
        rule = FIELD_UNKNOWN if holder[key] in _EMPTY else filled
        fate = "not sent on" if rule is FIELD_UNKNOWN else "the message goes out without it"
        detail = f"is no field of Dispatch here; {fate}{guess}"
        found.add(rule, name_child(at, key), detail)
    more = len(unknown) - _NAMED_PER_OBJECT
    if more > 0:
        found.add(filled, at, f"holds {more} more fields unknown here; not sent on")


def guess_at(word: str, known: Iterable[str]) -> str:
    """Return the end of a sentence about a word that nobody knows: which one may be meant.

    The word itself is never repeated, here or anywhere: a phone number stands in a `type` sooner
    than one thinks, and sentences travel into answers and logs.
    """
    meant = next((name for name in known if _is_slip(word, name)), None)
    return f"; did you mean `{meant}`?" if meant else ""


def _is_slip(key: str, name: str) -> bool:
    """Tell whether `key` is `name` written otherwise, or one slip of a finger away from it."""
    if len(key) < _SHORTEST_SLIP or abs(len(key) - len(name)) > _MOST_PUNCTUATION:
        return False
    if key.replace("-", "").replace("_", "").casefold() == name.replace("_", "").casefold():
        return True
    same = 0
    while same < min(len(key), len(name)) and key[same] == name[same]:
        same += 1
    mine, its = key[same:], name[same:]
    return (
        mine[1:] == its[1:]  # another character
        or mine[1:] == its  # one too many
        or mine == its[1:]  # one missing
        or (mine[:2] == its[1::-1] and mine[2:] == its[2:])  # two swapped
    )


def refuse_type(found: Findings, pointer: str, wanted: str, value: JsonValue) -> None:
    """Add that the value at `pointer` is not what is wanted there."""
    kind = _KINDS.get(type(value), "something else")
    found.add(FIELD_WRONG_TYPE, pointer, f"must be {wanted}, not {kind}")


def is_digits(text: str) -> bool:
    """Tell whether `text` is made of the digits 0 to 9 only; other scripts' digits are not."""
    return text.isascii() and text.isdigit()


def _refuse(found: Findings, holder: JsonObject, key: str, at: str, wanted: str) -> None:
    if key in holder:
        refuse_type(found, f"{at}/{key}", wanted, holder[key])
    else:
        # The reason the documentation shows. Source: docs/wire.md section 1.5.
        found.add(FIELD_MISSING, f"{at}/{key}", "is required")
