"""Texts with a mark where something is expected: places known by construction."""

from __future__ import annotations

from typing import Final

MARK: Final = "▲"


def unmarked(text: str) -> tuple[str, list[int]]:
    """Return the text without its marks, and the offset of each."""
    pieces = text.split(MARK)
    offsets, offset = [], 0
    for piece in pieces[:-1]:
        offset += len(piece)
        offsets.append(offset)
    return "".join(pieces), offsets
