"""The cases of a public JSON parsing suite; README.md says whose they are."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Final

_CASES: Final = Path(__file__).parent / "cases.jsonl"


def json_cases() -> dict[str, bytes]:
    """Return the bytes of each case, by name."""
    cases = map(json.loads, _CASES.read_text(encoding="utf-8").splitlines())
    return {
        case["name"]: case.get("repeated", "").encode() * case.get("times", 0)
        + base64.b64decode(case["base64"])
        for case in cases
    }
