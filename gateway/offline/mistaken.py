"""What input probably is that is no payload: said instead of one fault of syntax for each line."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from gateway.offline.conversions import Converted
from gateway.offline.documents import Document
from gateway.offline.inputs import Block
from gateway.offline.log_bodies import is_payload
from gateway.offline.log_finder import find_payloads
from translators.diagnostics import Diagnostic
from translators.rules import report
from translators.rules_document import DATA_AFTER_DOCUMENT, JSON_INVALID

_MOST_LINES: Final = 400
_MOST_BYTES: Final = 1 << 20
_LOG_HEAD: Final = 1 << 16
_WORD: Final = b"workflow"
_decode: Final = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
# Not how a JSON document begins, though a time or a level in brackets is close to it.
_LOG: Final = re.compile(rb'(?!\s*(?:\{|"|\[\s*(?:[\[{\]"]|\Z)))')
_LOG_HINT: Final = "it looks like a log: `dispatch-gateway assess` finds payloads in logs"


class Ahead:
    """The lines after the one at hand, looked at only when one breaks off."""

    def __init__(self, block: Block) -> None:
        self._block = block
        self._lines: Sequence[bytes] | None = None

    def spread(self, document: Document, converted: Converted) -> Document | None:
        """Return the whole document if `document` is its first line; `None` if it is not."""
        if not _breaks_off(document, converted):
            return None
        if self._lines is None:
            self._lines = self._block.raw.split(b"\n")
        begin = document.first_line - self._block.first_line
        lines = self._lines[begin : begin + _MOST_LINES]
        text = b"\n".join(lines)[:_MOST_BYTES].decode(errors="replace").removeprefix("\ufeff")
        try:
            _, end = _decode(text, len(text) - len(text.lstrip()))
        except (ValueError, RecursionError):
            return None
        after = text[end:].partition("\n")[0]
        if after.strip():
            return None
        raw = b"\n".join(lines[: text.count("\n", 0, end) + 1])
        return Document(path=document.path, line=document.line, raw=raw)


def tell_spread(document: Document, converted: Converted) -> Converted:
    """Say of a document in JSON Lines that it is spread over several, and nothing else."""
    first = document.first_line
    detail = (
        f"is spread over lines {first} to {last_line(document)}; in JSON Lines one document is one"
        " line: `jq -c .` makes it one"
    )
    return replace(converted, diagnostics=(report(JSON_INVALID, "", detail, offset=0),))


def last_line(document: Document) -> int:
    """Return the number of its last line in the file."""
    return document.first_line + document.raw.count(b"\n")


def hint(document: Document, converted: Converted) -> Converted:
    """Say of what is no JSON from its first character on that it looks like a log, if it does."""
    if not any(map(_is_syntax, converted.diagnostics)) or not _is_of_a_log(document.raw):
        return converted
    found = [
        replace(each, detail=f"{each.detail}; {_LOG_HINT}") if _is_syntax(each) else each
        for each in converted.diagnostics
    ]
    return replace(converted, diagnostics=tuple(found))


def _is_of_a_log(raw: bytes) -> bool:
    """Tell whether `assess` finds a payload in it, or something that it can say more about."""
    if _WORD not in raw[:_LOG_HEAD] or not _LOG.match(raw):
        return False
    found = find_payloads(raw[:_LOG_HEAD].decode(errors="replace"))
    return found.fault is not None or any(is_payload(piece.value) for piece in found.pieces)


def _breaks_off(document: Document, converted: Converted) -> bool:
    """Tell whether more of it would have to follow."""
    end = len(document.text.rstrip())
    return any(
        each.rule == JSON_INVALID.code and each.offset is not None and each.offset >= end
        for each in converted.diagnostics
    )


def _is_syntax(diagnostic: Diagnostic) -> bool:
    return diagnostic.rule in (JSON_INVALID.code, DATA_AFTER_DOCUMENT.code)
