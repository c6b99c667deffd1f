"""How the settings of `split` and `paired` are read; all other parsers are in `values`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from gateway.settings.values import Unusable, decimal, names, text

WHOLE: Final = 1_000_000
"""The full dial: shares are counted in parts of a million."""

ACKNOWLEDGEMENT: Final = "both paths will message these numbers"

_LONGEST: Final = 64  # bytes of a file that holds a percentage
_percentage = decimal(0, 100)


def read_share(written: str) -> int:
    """Read a percentage, as `10`, `0.5` or `10 %`; return it in parts of a million.

    Raises:
        Unusable: it is none.
    """
    return round(_percentage(written.strip().removesuffix("%").strip()) * (WHOLE // 100))


def read_share_file(path: Path) -> int:
    """Read the percentage that a file holds, in parts of a million.

    Raises:
        Unusable: the file cannot be read, or holds something else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST).decode("ascii")
        return read_share(content)
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise Unusable(f"names a file that cannot be read ({why})", "check its path") from None
    except (UnicodeDecodeError, Unusable):
        raise Unusable(
            "names a file that holds no percentage", "write a number from 0 to 100 into it"
        ) from None


def dial(raw: object) -> str:
    """Read a percentage, or the absolute path of a file that holds it and is read again later."""
    is_plain = isinstance(raw, str | int | float | Decimal) and not isinstance(raw, bool)
    written = text(str(raw)) if is_plain else ""
    if written.startswith("/"):
        read_share_file(Path(written))
        return written
    try:
        read_share(written)
    except Unusable:
        raise Unusable(
            "is neither a percentage nor an absolute path",
            "write a number from 0 to 100, or the absolute path of a file that holds it",
        ) from None
    return written


def handsets(raw: object) -> frozenset[str]:
    """Read a list of recipients: numbers, or ids."""
    found = names(raw)
    if not found:
        raise Unusable("is empty", "list the numbers of your own test handsets")
    return frozenset(plain_address(name) for name in found)


def plain_address(written: str) -> str:
    """Return an address without what people write around a number; two that are equal are one."""
    bare = written.strip().removeprefix("+").removeprefix("00").replace(" ", "")
    return bare if bare.isascii() and bare.isdigit() else written.strip()


def acknowledgement(raw: object) -> str:
    """Read the one sentence that says what pairing does."""
    if not isinstance(raw, str) or raw.strip() != ACKNOWLEDGEMENT:
        raise Unusable("is not the sentence that is needed", f"write exactly: {ACKNOWLEDGEMENT}")
    return ACKNOWLEDGEMENT


def instant(raw: object) -> datetime:
    """Read an instant in ISO 8601 that says its time zone."""
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(text(raw))
    except ValueError:
        raise Unusable("is not an instant", "write it as in 2025-02-03T12:00:00Z") from None
    if moment.tzinfo is None:
        raise Unusable("does not say its time zone", "write it as in 2025-02-03T12:00:00Z")
    return moment
