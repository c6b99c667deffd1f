"""What an examination finds: one line each, and in the end whether anything is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.clients.faults import Fault
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
    Fault.PROXY_UNREACHABLE: "no connection to GATEWAY_EGRESS_PROXY can be made",
    Fault.PROXY_TIMEOUT: "GATEWAY_EGRESS_PROXY makes no connection to it in time",
    Fault.PROXY_LOGIN_REFUSED: "GATEWAY_EGRESS_PROXY refuses its user or password",
    Fault.PROXY_REFUSED: "GATEWAY_EGRESS_PROXY refuses to connect to it",
    Fault.CERTIFICATE_EXPIRED: "its certificate has expired",
    Fault.CERTIFICATE_NOT_YET_VALID: "its certificate is not valid yet, or this clock is wrong",
    Fault.CERTIFICATE_WRONG_NAME: "its certificate is for another name",
    Fault.CERTIFICATE_UNKNOWN_ISSUER: "its certificate is of nobody who is trusted here, or its"
    " chain is not whole; GATEWAY_CA_FILE names more authorities",
    Fault.CERTIFICATE_REFUSED: "its certificate is not valid",
    Fault.TLS_TOO_OLD: "it speaks no TLS newer than 1.1",
    Fault.TLS_NOT_SPOKEN: "it speaks no TLS on this port",
    Fault.TLS_CUT_OFF: "it hangs up during the TLS handshake",
    Fault.TLS_REFUSED: "it refuses the TLS handshake; it may ask for a client certificate",
    Fault.TLS_FAILED: "no TLS connection to it can be made",
    Fault.CLIENT_CERTIFICATE_REQUIRED: "it asks for a client certificate: GATEWAY_CLIENT_CERT",
    Fault.CLIENT_CERTIFICATE_REFUSED: "it refuses the certificate of GATEWAY_CLIENT_CERT",
    Fault.DEADLINE_PASSED: "it does not answer in time",
    Fault.CONNECTION_LOST: "it ends the connection instead of answering",
    Fault.UNREADABLE_RESPONSE: "it does not answer in HTTP",
}
"""Why something brought no answer, as a person reads it."""
