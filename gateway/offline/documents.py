"""A document of the input, and what was found in it, each with its place in the file."""

from __future__ import annotations

import codecs
import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from gateway.offline.places import Places, Position, Span, position_in
from translators.diagnostics import Diagnostic
from translators.rules_content import CONTENT_DROPPED
from translators.rules_document import KEY_DUPLICATE
from translators.rules_options import OPTIONS_OF_ANOTHER_CHANNEL, OPTIONS_WITHOUT_TEMPLATE
from translators.rules_request import FAILOVER_ON_LAST_STEP, FIELD_UNKNOWN, NULL_AS_ABSENT

# Findings about a member as such point at its name; all others at what is wrong with its value.
_ABOUT_MEMBERS: Final = frozenset(
    rule.code
    for rule in (
        KEY_DUPLICATE,
        CONTENT_DROPPED,
        FIELD_UNKNOWN,
        NULL_AS_ABSENT,
        FAILOVER_ON_LAST_STEP,
        OPTIONS_OF_ANOTHER_CHANNEL,
        OPTIONS_WITHOUT_TEMPLATE,
    )
)
# Such characters make a line read otherwise than it is.
_DIRECTIONS: Final = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
WINDOW: Final = 96
"""Characters of a line that are shown where nothing narrower is asked for."""
_BEFORE: Final = 40


@dataclass(frozen=True, kw_only=True)
class Document:
    """One document, where it came from, and its bytes as they were read."""

    path: str
    """As the user named it; `-` for standard input."""
    line: int | None
    """Its line in a file of JSON Lines; `None` if it is the whole file."""
    raw: bytes
    """Without the line end that follows it in JSON Lines."""

    @property
    def source(self) -> str:
        """What results call it: the path, with the line in a file of many."""
        return self.path if self.line is None else f"{self.path}:{self.line}"

    @property
    def first_line(self) -> int:
        """The number of its first line in the file."""
        return self.line or 1

    @cached_property
    def text(self) -> str:
        """The document as characters, without a byte order mark; bytes that are none replaced."""
        return self.raw.removeprefix(codecs.BOM_UTF8).decode(errors="replace")

    @cached_property
    def places(self) -> Places:
        """Where everything stands in `text`."""
        return Places(self.text)

    @cached_property
    def digest(self) -> str:
        """What is recognised again wherever the document is moved to, until it is changed.

        Line ends, and blanks around the document, change with the checkout, not with the meaning.
        """
        meant = self.raw.strip().replace(b"\r\n", b"\n")
        return hashlib.sha256(meant).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One diagnostic and its place."""

    document: Document
    diagnostic: Diagnostic
    span: Span

    @property
    def position(self) -> Position:
        """The line and column in the file."""
        return position_in(self.document.text, self.span.start, self.document.first_line)

    @property
    def has_place(self) -> bool:
        """Tell whether it is about a part of the document, not about the whole."""
        return bool(self.diagnostic.pointer) or self.diagnostic.offset is not None

    def excerpt(self, width: int = WINDOW) -> tuple[str, str]:
        """Return the line it is in, or the part of it around the place, and a line of carets.

        At most `width` characters of the line are shown, with a mark where it is cut. Both have
        the same display width up to the caret: tabs are kept, wide characters counted.
        """
        text, start = self.document.text, self.span.start
        line_start = text.rfind("\n", 0, start) + 1
        line_end = text.find("\n", start)
        line = text[line_start : len(text) if line_end < 0 else line_end].rstrip("\r")
        column = min(start - line_start, len(line))
        length = max(1, min(self.span.end - start, len(line) - column))
        before = min(_BEFORE, width * 5 // 12)
        shown_from = max(0, column - before) if len(line) > width else 0
        shown = visible(line[shown_from : shown_from + width])
        lead = "…" if shown_from else ""
        trail = "…" if shown_from + width < len(line) else ""
        head = shown[: column - shown_from]
        length = min(length, max(1, len(shown) - len(head)))
        under = "".join(_blank(character) for character in lead + head)
        marked = shown[len(head) : len(head) + length]
        carets = "^" + "~" * (max(1, sum(map(_width, marked))) - 1)
        return f"{lead}{shown}{trail}", under + carets


def place(document: Document, diagnostics: Iterable[Diagnostic]) -> list[Finding]:
    """Return the diagnostics of `document` with their places."""
    return [
        Finding(document=document, diagnostic=each, span=_span(document, each))
        for each in diagnostics
    ]


def _span(document: Document, diagnostic: Diagnostic) -> Span:
    if diagnostic.offset is not None:
        return Span(diagnostic.offset, diagnostic.offset + 1)
    if not diagnostic.pointer:
        start = document.places.value("").start
        return Span(start, start + 1)
    if diagnostic.rule in _ABOUT_MEMBERS:
        return document.places.name(diagnostic.pointer)
    return document.places.value(diagnostic.pointer)


def _width(character: str) -> int:
    """Return how many columns of a terminal the character takes."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _blank(character: str) -> str:
    return "\t" if character == "\t" else " " * _width(character)


def visible(line: str) -> str:
    """Make control characters visible, so that what is read cannot steer the terminal."""
    if line.isprintable():
        return line
    return "".join("·" if _is_control(character) else character for character in line)


def _is_control(character: str) -> bool:
    if unicodedata.category(character) in ("Cc", "Zl", "Zp"):
        return character != "\t"
    return unicodedata.bidirectional(character) in _DIRECTIONS
