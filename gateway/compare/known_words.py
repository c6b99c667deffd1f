"""What the known differences that show in traces are, and which setting changes them.

The sentences are those of the table in docs/differences.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One known difference."""

    sentence: str
    switch: str | None = None
    """The setting that changes it; `None` if none does."""


KNOWN: Final[Mapping[str, Known]] = MappingProxyType(
    {
        "DIFF-01": Known(
            sentence="the expiry clock starts when the upstream accepts the step",
            switch="GATEWAY_EXPIRY_STARTS",
        ),
        "DIFF-03": Known(
            sentence="a last step that never resolves ends after a horizon",
            switch="GATEWAY_HORIZON",
        ),
        "DIFF-06": Known(sentence="`submitted` may carry `usage`"),
        "DIFF-07": Known(sentence="callbacks carry both forms of `_links`", switch="GATEWAY_LINKS"),
        "DIFF-08": Known(
            sentence="no fee is added to a dispatch",
            switch="GATEWAY_WORKFLOW_FEE",
        ),
        "DIFF-09": Known(
            sentence="timers fire up to a poll interval late, never early by the gateway's clock"
        ),
        "DIFF-11": Known(sentence="what is committed first wins, not what happened first"),
        "DIFF-12": Known(
            sentence="error codes that only v1 knows are mapped", switch="GATEWAY_PASS_V1_CODES"
        ),
        "DIFF-18": Known(
            sentence="`href` in final reports is the bare id", switch="GATEWAY_MESSAGE_HREF"
        ),
        "DIFF-24": Known(sentence="the final report has no charge that no status told"),
        "DIFF-25": Known(sentence="the final report shows the highest status of a message"),
        "DIFF-26": Known(sentence="the `reason` of an error is its short name"),
        "DIFF-27": Known(sentence="the final report spells every channel as requests do"),
    }
)
"""By number; each that has a matcher is here."""


def known_words(number: str) -> str:
    """Say what a known difference is, and what changes it."""
    known = KNOWN.get(number)
    if known is None:
        return "see docs/differences.md"
    switch = f"; `{known.switch}` changes that" if known.switch else ""
    return f"{known.sentence}{switch}"
