"""The rules of callers' tokens, whose claims are JSON documents, too."""

from __future__ import annotations

from typing import Final

from translators.diagnostics import Severity
from translators.rules import Rule, Tolerance

ACL_ELSEWHERE: Final = Rule(
    code="REQ194",
    name="acl-elsewhere",
    severity=Severity.WARNING,
    why=(
        "The acl claim of the token names paths, and none of them seems to cover Dispatch. Which"
        " ones the vendor held to cover it was never published, so a token that worked is let in."
    ),
    remedy=(
        "Leave acl out of tokens for Dispatch, or add /*/dispatch/** to its paths. To answer 403"
        " instead, refuse the rule."
    ),
    example="/acl",
    since="0.1.0",
    source="docs/wire.md section 1.2",
    tolerance=Tolerance.ACCEPT,
)

TOKEN_RULES: Final = (ACL_ELSEWHERE,)
"""Every rule that a token can meet, by code."""
