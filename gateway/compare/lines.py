"""Comparisons as lines of JSON. The form is documented in docs/compare.md."""

from __future__ import annotations

import json

from gateway.compare.comparison import Difference
from gateway.compare.pairing import Pair
from translators.diagnostics import JsonObject


def line_of(pair: Pair) -> bytes:
    """Write one comparison, its line end included."""
    return json.dumps(pair_object(pair), ensure_ascii=False).encode() + b"\n"


def pair_object(pair: Pair) -> JsonObject:
    """Return one comparison; steps count from 1."""
    comparison = pair.comparison
    return {
        "source": pair.place,
        "dispatch": pair.reference.dispatch,
        "path": pair.reference.path.value,
        "outcome": pair.outcome,
        "shape": str(comparison.shape),
        "note": comparison.note,
        "differences": [_difference(each) for each in comparison.differences],
    }


def _difference(difference: Difference) -> JsonObject:
    return {
        "code": difference.kind.code,
        "name": difference.kind.name,
        "weight": difference.kind.weight.value,
        "is_critical": difference.is_critical,
        "step": None if difference.step is None else difference.step + 1,
        "reference": difference.reference,
        "candidate": difference.candidate,
        "detail": difference.detail,
        "known": difference.known,
        "fingerprint": difference.fingerprint,
    }
