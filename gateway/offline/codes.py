"""What the codes mean that pages show, in a sentence each; `explain` tells the rest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from gateway.offline.known_differences import known_differences
from translators.rule_table import ALL_RULES


@cache
def code_words() -> Mapping[str, str]:
    """Return a sentence for each rule and each known difference, by code."""
    return {
        **{rule.code: f"{rule.name}: {rule.why}" for rule in ALL_RULES},
        **{each.code: f"{each.name}." for each in known_differences()},
    }
