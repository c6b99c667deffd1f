"""Parts of a whole in per cent, in tenths that add up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

_WHOLE: Final = 1000


def apportion(counts: Sequence[int]) -> list[int]:
    """Return each count's part of their sum in thousandths, 1000 in all.

    Each is rounded up or down; up go those that lose the most by rounding down, the larger first.
    """
    whole = sum(counts)
    if not whole:
        return [0] * len(counts)
    parts = [_WHOLE * count // whole for count in counts]
    ranked = sorted(
        range(len(counts)), key=lambda index: (-(_WHOLE * counts[index] % whole), -counts[index])
    )
    for index in ranked[: _WHOLE - sum(parts)]:
        parts[index] += 1
    return parts


def percents(counts: Sequence[int]) -> list[str]:
    """Write each count's part of their sum in per cent, with tenths if one of them needs them."""
    whole, parts = sum(counts), apportion(counts)
    has_tenths = any(part % 10 for part in parts)
    return [
        _percent(part, count, whole, has_tenths=has_tenths)
        for part, count in zip(parts, counts, strict=True)
    ]


def _percent(part: int, count: int, whole: int, *, has_tenths: bool) -> str:
    """Write thousandths; what is not all never becomes 100, what is there never 0."""
    if not count:
        return "0 %"
    if not part:
        return "under 0.1 %"
    if part == _WHOLE and count < whole:
        return "over 99.9 %"
    return f"{part / 10:.1f} %" if has_tenths else f"{part // 10} %"
