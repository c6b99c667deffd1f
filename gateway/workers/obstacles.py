"""Why sends of an account cannot be made, in words for operators and in those of v0.1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from translators.error_codes import ERROR_CODES
from translators.status import StatusError


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a send could not be made."""

    why: str
    """A sentence for operators, without personal data."""
    remedy: str
    error: StatusError
    """What the caller is told when the message's patience ends meanwhile."""


def _error(code: int) -> StatusError:
    return StatusError(code=code, reason=ERROR_CODES[code].name)


# docs/wire.md section 5.6, in v0.1 words.
NO_CONNECTION: Final = _error(1100)
MISCONFIGURED: Final = _error(1030)
OUTDATED: Final = _error(1360)


def unreachable(fault: str) -> Obstacle:
    """Return the obstacle of a send of which provably no byte left; `fault` is a kebab word."""
    return Obstacle(
        why=f"The upstream cannot be reached ({fault}); sends wait.",
        remedy=f"{_look(fault)}; what waits is sent by itself when the upstream answers.",
        error=NO_CONNECTION,
    )


def _look(fault: str) -> str:
    match fault.partition("-")[0]:
        case "proxy":
            return "Look at GATEWAY_EGRESS_PROXY, and at the proxy itself"
        case "certificate":
            return (
                "Look at who answers for GATEWAY_UPSTREAM, at this machine's clock, and at"
                " GATEWAY_CA_FILE if somebody opens TLS on the way"
            )
        case _:
            return (
                "Look at GATEWAY_UPSTREAM, name resolution, the firewall and the vendor's status"
                " page"
            )


def credentials_refused(http_status: int, error: StatusError) -> Obstacle:
    """Return the obstacle of a send that was answered with 401 or 403."""
    return Obstacle(
        why=f"The upstream refuses our credentials ({http_status}); sends wait.",
        remedy="Set VONAGE_API_SECRET, or VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY, to what the"
        " vendor's dashboard shows, and look whether the account may use the Messages API; then"
        " restart, or send SIGHUP where they come from files. What waits is sent by itself.",
        error=error,
    )
