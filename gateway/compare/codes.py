"""What the codes mean that pages of comparisons show, in a sentence each."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.compare.kinds import KINDS
from gateway.offline import codes


def code_words() -> Mapping[str, str]:
    """Return a sentence for each rule, each known difference and each kind, by code."""
    return {**codes.code_words(), **{kind.code: f"{kind.name}: {kind.why}" for kind in KINDS}}
