"""The golden walker: a folder of inputs, and beside each what is expected of it.

    fixtures/requests/carried/sms-text.v01.json          the input
    fixtures/requests/carried/sms-text.v1.json           what it becomes
    fixtures/requests/carried/sms-text.diagnostics.txt   what is said about it

An input without an expectation fails. `UPDATE_GOLDENS=1 pytest …` writes the expectations anew;
a person then reads the difference.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from translators.diagnostics import Diagnostic

FIXTURES: Final = Path(__file__).parents[2] / "fixtures"


def golden_cases(folder: str, suffix: str) -> list[Any]:
    """Return the inputs of a folder of `fixtures/` as test parameters, each with its name as id.

    Args:
        folder: such as `requests/carried`.
        suffix: what the names of inputs end with, such as `.v01.json`.
    """
    paths = sorted((FIXTURES / folder).glob(f"*{suffix}"))
    assert paths, f"no {suffix} in {folder}"
    return [pytest.param(path, id=_name(path)) for path in paths]


def beside(path: Path, suffix: str) -> Path:
    """Return the file of the same case with another suffix."""
    return path.with_name(_name(path) + suffix)


def check_golden(path: Path, text: str) -> None:
    """Compare with the expectation at `path`, or write it when asked to."""
    if os.environ.get("UPDATE_GOLDENS") == "1":
        path.write_text(text, encoding="utf-8")
    if not path.exists():
        pytest.fail(f"{path.name} is missing; write it with UPDATE_GOLDENS=1 and read it")
    assert text == path.read_text(encoding="utf-8")


def stray_files(folder: str, suffix: str) -> list[str]:
    """Return the names of files that belong to no input: expectations nobody checks."""
    files = [path for path in (FIXTURES / folder).iterdir() if path.is_file()]
    names = {_name(path) for path in files if path.name.endswith(suffix)}
    return sorted(path.name for path in files if _name(path) not in names)


def pretty(document: object) -> str:
    """Write JSON the way expectations are kept: indented, in insertion order, readable."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def listed(diagnostics: Iterable[Diagnostic]) -> str:
    """Write diagnostics the way expectations are kept: one on each line."""
    return "".join(f"{diagnostic}\n" for diagnostic in diagnostics)


def _name(path: Path) -> str:
    return path.name.split(".")[0]
