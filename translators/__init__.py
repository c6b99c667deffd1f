"""Dispatch API v0.1 to Messages API v1 and back: documents in, documents and diagnostics out.

Pure: no socket, clock, randomness or log. The names below are the public surface; each is loaded
when it is first asked for, so that an offline command pays for what it uses.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from translators.diagnostics import Diagnostic, Severity, Translation
    from translators.dispatch import DispatchPlan, StepPlan, translate_dispatch
    from translators.documents import parse_document
    from translators.grades import Grade
    from translators.inbound import translate_inbound
    from translators.native import NativeOutcome, translate_native
    from translators.report import render_report
    from translators.rules import Switches
    from translators.status import render_status, translate_status

__all__ = [
    "Diagnostic",
    "DispatchPlan",
    "Grade",
    "NativeOutcome",
    "Severity",
    "StepPlan",
    "Switches",
    "Translation",
    "parse_document",
    "render_report",
    "render_status",
    "translate_dispatch",
    "translate_inbound",
    "translate_native",
    "translate_status",
]

_HOMES: Final = {
    "Diagnostic": "diagnostics",
    "DispatchPlan": "dispatch",
    "Grade": "grades",
    "NativeOutcome": "native",
    "Severity": "diagnostics",
    "StepPlan": "dispatch",
    "Switches": "rules",
    "Translation": "diagnostics",
    "parse_document": "documents",
    "render_report": "report",
    "render_status": "status",
    "translate_dispatch": "dispatch",
    "translate_inbound": "inbound",
    "translate_native": "native",
    "translate_status": "status",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value
