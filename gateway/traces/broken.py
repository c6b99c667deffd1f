"""Why a line is not JSON, without a word of what it says."""

from __future__ import annotations

import json
from typing import Final

CUT: Final = "is cut off: the line ends before its JSON does"
_LITERALS: Final = ("true", "false", "null", "-")


def syntax_problem(raw: bytes) -> str:
    """Return what is wrong with a line that cannot be read as JSON.

    A line that was being written when its writer died is the usual case and has a word of its own.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as fault:
        return CUT if fault.reason == "unexpected end of data" else "is not UTF-8"
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        # Whatever breaks off does so at its end, in a word, or in a text that nothing closes.
        rest = text[fault.pos :].rstrip()
        is_begun = any(literal.startswith(rest) for literal in _LITERALS)
        if is_begun or fault.msg.startswith("Unterminated"):
            return CUT
    except (ValueError, RecursionError):
        pass  # numbers or brackets without end
    return "is not JSON"
