"""What a translation says about the meaning it carried: diagnostics with permanent codes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

T_co = TypeVar("T_co", covariant=True)

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
JsonObject: TypeAlias = "dict[str, JsonValue]"


class Severity(StrEnum):
    """What happened to the meaning of the input."""

    NOTE = "note"
    """Carried over, written differently."""
    WARNING = "warning"
    """Approximated or dropped, and named."""
    ERROR = "error"
    """Cannot be carried over; there is no value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One finding about one place of the input.

    `pointer` is a JSON Pointer (RFC 6901) into the document as the user wrote it, "" for the
    whole. `detail` is one sentence for a person. It never repeats addresses or message texts,
    because it travels into logs and error bodies.
    """

    rule: str
    severity: Severity
    pointer: str
    detail: str
    offset: int | None = None
    """Where in the text, for faults of the text itself, to which no pointer leads.

    In characters from the beginning, a byte order mark not counted.
    """

    def __str__(self) -> str:
        return f"{self.rule} {self.severity} {self.pointer or '/'}: {self.detail}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation(Generic[T_co]):
    """The outcome of a translator: a value, and what became of the meaning on the way.

    Invariant: `value is None` exactly when a diagnostic has severity `ERROR`.
    """

    value: T_co | None
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that kept the value from being made, in the order they were found."""
        return tuple(d for d in self.diagnostics if d.severity is Severity.ERROR)

    @property
    def codes(self) -> tuple[str, ...]:
        """The rule codes reported, each once, in the order they were first found."""
        return tuple(dict.fromkeys(d.rule for d in self.diagnostics))


def child(pointer: str, key: str | int) -> str:
    """Extend a JSON Pointer by one member name or index, escaped as RFC 6901 section 3 asks."""
    return f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"


def field_path(pointer: str) -> str:
    """Write a JSON Pointer the way Dispatch names fields: `workflow[0].from.number`.

    Source: docs/wire.md section 1.5. The whole document ("") reads as "body".
    """
    path = ""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if key.isdigit():
            path += f"[{key}]"
        else:
            path += f".{key}" if path else key
    return path or "body"
