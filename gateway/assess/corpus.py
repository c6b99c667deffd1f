"""From a record of a corpus to its payloads, and to what else in it looks like one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.offline.log_bodies import Body, body_of
from gateway.offline.log_finder import find_bodies, find_payloads
from gateway.offline.log_wrappings import encode
from translators.diagnostics import JsonValue, Translation
from translators.documents import parse_document

_WORD: Final = b"workflow"
_OTHERS: Final = re.compile(rb"(?:dispatch|message)_uuid|message_type|request_id|\"content\\*\"")
_DEEPEST: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a record holds."""

    payloads: tuple[Translation[JsonValue], ...] = ()
    """Each as `parse_document` has it: sound, or refused with the reason."""
    not_payloads: Mapping[Body, int] = field(default_factory=dict)
    """How many bodies of other kinds it holds, which are no payloads."""
    fault: str | None = None
    """Why something that looks like a payload could not be read: the rest of a sentence that
    begins with the record's place. It quotes nothing of the record."""


def read_contents(
    raw: bytes, *, line: int = 1, is_json: bool = False, is_framed: bool = False
) -> Contents:
    """Find what a record holds.

    Args:
        line: the number of its first line in the file.
        is_json: whether it must be JSON, so that anything else is a fault.
        is_framed: whether a carrier's frame was taken off it; it may be anything then.
    """
    is_json = is_json and not is_framed
    if _WORD not in raw and not is_json:
        return Contents(not_payloads=_count_others(raw))
    # What breaks off does so on its last line, not on the one after it.
    raw = raw.rstrip(b"\r\n")
    whole = None
    if is_json or raw.lstrip()[:1] == b"{":
        # First the plain case, which needs no search.
        whole = parse_document(raw, line=line)
        if body_of(whole.value) is Body.PAYLOAD:
            return Contents(payloads=(whole,))
        if whole.value is not None and _WORD not in raw:
            return Contents(not_payloads=_count_others(raw))
    found = find_payloads(raw.decode(errors="surrogateescape"), line=line, is_framed=is_framed)
    payloads: list[Translation[JsonValue]] = []
    others: Counter[Body] = Counter()
    for piece in found.pieces:
        body = body_of(piece.value)
        if body is Body.PAYLOAD:
            payloads.append(parse_document(encode(piece.text)))
        elif body is not None:
            others[body] += 1
    fault = found.fault
    if is_json and whole is not None and not payloads and not fault:
        # Refused for what a document must not hold, but JSON all the same, has no offset.
        fault = next((each.detail for each in whole.errors if each.offset is not None), None)
    return Contents(payloads=tuple(payloads), not_payloads=others, fault=fault)


def _count_others(raw: bytes) -> Counter[Body]:
    """Count what a record without a workflow holds of messaging."""
    counts: Counter[Body] = Counter()
    if _OTHERS.search(raw):
        for piece in find_bodies(raw.decode(errors="surrogateescape")).pieces:
            counts.update(_bodies(piece.value))
    return counts


def _bodies(value: JsonValue, depth: int = 0) -> Iterator[Body]:
    """Yield what a value and those in it are; what stands in one that is known is a part of it."""
    body = body_of(value)
    if body is not None:
        yield body
    elif depth > _DEEPEST:
        return
    elif isinstance(value, str):
        if "{" in value:
            for piece in find_bodies(value).pieces:
                yield from _bodies(piece.value, depth + 1)
    elif isinstance(value, dict | list):
        for held in value.values() if isinstance(value, dict) else value:
            yield from _bodies(held, depth + 1)
