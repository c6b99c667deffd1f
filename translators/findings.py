"""What a reader of requests has found so far, bounded and put in the order of the document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from translators.diagnostics import Diagnostic, JsonValue, Severity, child
from translators.rules import DEFAULT_SWITCHES, Rule, Switches, report
from translators.rules_request import FINDINGS_UNLISTED

# A hostile body can break one rule a hundred thousand times, or hold names of any length. Past
# these bounds findings are counted instead of listed, and names left out of pointers.
_LISTED_PER_RULE: Final = 100
_NAME_LENGTH: Final = 64


class Findings:
    """The diagnostics of one translation, in the making."""

    __slots__ = ("_counts", "_listed", "_switches", "errors")

    def __init__(self, switches: Switches = DEFAULT_SWITCHES) -> None:
        self._switches = switches
        self._listed: list[Diagnostic] = []
        self._counts: dict[str, int] = {}
        self.errors = 0
        """How many findings of severity `ERROR` were added."""

    def add(self, rule: Rule, pointer: str, detail: str) -> None:
        """Add what `rule` says at `pointer`."""
        count = self._counts[rule.code] = self._counts.get(rule.code, 0) + 1
        if self._switches.severity(rule) is Severity.ERROR:
            self.errors += 1
        if count <= _LISTED_PER_RULE:
            self._listed.append(report(rule, pointer, detail, self._switches))

    def in_order_of(self, document: JsonValue) -> tuple[Diagnostic, ...]:
        """Return what was found, in the order in which a reader of `document` meets it.

        Findings of one place keep the order in which they were added; a field that is missing
        comes after its siblings.
        """
        if not self._listed:
            return ()
        listed = sorted(self._listed, key=lambda found: _position(document, found.pointer))
        for code, count in self._counts.items():
            if count > _LISTED_PER_RULE:
                detail = f"{code} was met {count} times; {_LISTED_PER_RULE} are listed"
                listed.append(report(FINDINGS_UNLISTED, "", detail))
        return tuple(listed)


def name_child(pointer: str, key: str) -> str:
    """Extend a pointer by a name that a stranger chose; leave out one no log should hold."""
    return child(pointer, key) if _may_stand_in_a_pointer(key) else pointer


def _may_stand_in_a_pointer(key: str) -> bool:
    return len(key) <= _NAME_LENGTH and key.isprintable()


@dataclass(frozen=True, slots=True)
class Place:
    """A place of a document on the way down, as far as a pointer may name it.

    Below a name that is left out, everything is said of what holds that name: the names that follow
    would lead elsewhere.
    """

    pointer: str = ""
    is_nameless: bool = False

    def element(self, index: int) -> Place:
        """Return the place of an element."""
        return self if self.is_nameless else Place(child(self.pointer, index))

    def member(self, key: str) -> Place:
        """Return the place of a member whose name a stranger chose."""
        if self.is_nameless or not _may_stand_in_a_pointer(key):
            return Place(self.pointer, is_nameless=True)
        return Place(child(self.pointer, key))


def _position(document: JsonValue, pointer: str) -> tuple[int, ...]:
    position: list[int] = []
    value = document
    for escaped in pointer.split("/")[1:]:
        token = escaped.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and token in value:
            position.append(list(value).index(token))
            value = value[token]
        elif isinstance(value, list):
            position.append(int(token))
            value = value[int(token)]
        else:
            position.append(len(value) if isinstance(value, dict) else 0)
    return tuple(position)
