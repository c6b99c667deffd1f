"""Numbers and counted nouns, the way a report writes them."""

from __future__ import annotations

from collections.abc import Sequence


def number(count: int) -> str:
    """Write a count with commas between thousands."""
    return f"{count:,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """Write a count and what is counted: `1 workflow`, `1,200 workflows`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def share(part: int, whole: int) -> str:
    """Write a part in per cent; what is not all never rounds to 100, what is there never to 0."""
    if not part or not whole:
        return "0 %"
    if part == whole:
        return "100 %"
    percent = 100 * part / whole
    if percent < 1:
        return "under 1 %"
    return "over 99 %" if percent > 99 else f"{percent:.0f} %"


def listed(words: Sequence[str], last: str = "and") -> str:
    """Join words as in a sentence: `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def is_or_are(count: int) -> str:
    """Return the verb for so many."""
    return "is" if count == 1 else "are"


def seconds(count: int) -> str:
    """Write a duration in its largest whole unit: `600 s` is `10 min`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if count >= size and not count % size:
            return f"{count // size} {unit}"
    return f"{count} s"
