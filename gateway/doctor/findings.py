"""What an examination finds: one line each, and in the end whether anything is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.clients.transport import Fault
from translators.diagnostics import JsonObject


class Verdict(StrEnum):
    """How something is."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It cannot be known from here; the remedy says how it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. No sentence holds a secret, or more of a URL than its host."""

    check: str
    """What was looked at: a permanent name in kebab-case."""
    about: str
    """The same for a person, with the setting and the application it concerns."""
    verdict: Verdict
    said: str
    remedy: str = ""
    """What to do; empty where it is ok."""

    def __str__(self) -> str:
        line = f"{self.verdict.value:8} {self.about}: {self.said}"
        return f"{line}; {self.remedy}" if self.remedy else line

    def as_json(self) -> JsonObject:
        """Return it as machines read it."""
        return {
            "check": self.check,
            "about": self.about,
            "verdict": self.verdict.value,
            "said": self.said,
            "remedy": self.remedy,
        }


def is_well(findings: Sequence[Finding]) -> bool:
    """Tell whether nothing is known to be wrong."""
    return all(each.verdict is not Verdict.WRONG for each in findings)


UNREACHED: Final = {
    Fault.ADDRESS_REFUSED: "its name has no public address",
    Fault.NAME_UNRESOLVED: "its name does not resolve",
    Fault.NAME_TIMEOUT: "its name servers do not answer",
    Fault.CONNECTION_REFUSED: "nothing listens there",
    Fault.CONNECT_TIMEOUT: "it takes no connection in time",
    Fault.CONNECT_FAILED: "no connection to it can be made",
    Fault.CERTIFICATE_REFUSED: "its certificate is not valid",
    Fault.TLS_FAILED: "no TLS connection to it can be made",
    Fault.DEADLINE_PASSED: "it does not answer in time",
    Fault.CONNECTION_LOST: "it ends the connection instead of answering",
    Fault.UNREADABLE_RESPONSE: "it does not answer in HTTP",
}
"""Why something brought no answer, as a person reads it."""
