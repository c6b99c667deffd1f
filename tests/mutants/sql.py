"""Faults in statements of SQL, which are strings to Python and most of what a store does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_STATEMENT: Final = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b")
_FAULTS: Final = tuple(
    (re.compile(pattern), kind, replacements)
    for pattern, kind, replacements in (
        (r"(?<= )<(?= )", "comparison", ("<=", ">=")),
        (r"(?<= )<=(?= )", "comparison", ("<", ">")),
        (r"(?<= )>(?= )", "comparison", (">=", "<=")),
        (r"(?<= )>=(?= )", "comparison", (">", "<")),
        (r"\bAND\b", "connective", ("OR",)),
        (r"\bOR\b(?! (IGNORE|REPLACE))", "connective", ("AND",)),
        (r"\bIS NOT NULL\b", "condition", ("IS NULL",)),
        (r"\bIS NULL\b", "condition", ("IS NOT NULL",)),
        (r"\bNOT EXISTS\b", "condition", ("EXISTS",)),
        (r"\bOR IGNORE ", "conflict", ("",)),
        (r" ON CONFLICT DO NOTHING\b", "conflict", ("",)),
        (r"\bORDER BY [\w.]+\b(?! DESC)", "order", (r"\g<0> DESC",)),
        (r" DESC\b", "order", ("",)),
        (r"(?<= )\+(?= )", "arithmetic", ("-",)),
        (r"(?<= )-(?= )", "arithmetic", ("+",)),
        (r"\bMIN\(", "extreme", ("MAX(",)),
        (r"\bMAX\(", "extreme", ("MIN(",)),
        (r"(?<== )0\b", "constant", ("1",)),
        (r"(?<== )1\b", "constant", ("0",)),
    )
)


def is_statement(text: str) -> bool:
    """Tell whether a string of the code is SQL that changes or reads rows."""
    return _STATEMENT.match(text) is not None


def faults(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield start, end, replacement and kind of each fault.

    Args:
        text: of the literal as it is written, with its quotes.
    """
    for pattern, kind, replacements in _FAULTS:
        for found in pattern.finditer(text):
            for replacement in replacements:
                yield found.start(), found.end(), found.expand(replacement), f"SQL {kind}"
