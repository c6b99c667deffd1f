"""When a step gives way to the next: its `failover` object.

Source: docs/wire.md sections 1.3 and 1.4.
"""

from __future__ import annotations

from typing import Final

from translators.channels import Channel
from translators.diagnostics import JsonObject
from translators.fields import (
    guess_at,
    is_given,
    name_unknown,
    read_integer,
    read_object,
    read_string,
)
from translators.findings import Findings
from translators.rules_request import (
    CONDITION_UNKNOWN,
    EXPIRY_AS_TEXT,
    EXPIRY_OUT_OF_RANGE,
    FAILOVER_ON_LAST_STEP,
    READ_NEVER_MET,
)

_EXPIRY_S: Final = range(15, 86400 + 1)
_CONDITIONS: Final = ("delivered", "read")
_KNOWN: Final = frozenset({"expiry_time", "condition_status"})


def read_failover(
    found: Findings, step: JsonObject, at: str, channel: Channel | None
) -> tuple[int | None, str | None]:
    """Read the terms of a step that has a successor: seconds to wait, and the status to reach."""
    failover = read_object(found, step, "failover", at)
    if failover is None:
        return None, None
    at = f"{at}/failover"
    name_unknown(found, failover, at, _KNOWN)
    return _read_expiry(found, failover, at), _read_condition(found, failover, at, channel)


def refuse_failover(found: Findings, step: JsonObject, at: str) -> None:
    """Report the terms of a step that has no successor."""
    if is_given(found, step, "failover", at):
        detail = "means nothing on the last step, which nothing follows; remove it"
        found.add(FAILOVER_ON_LAST_STEP, f"{at}/failover", detail)


def _read_expiry(found: Findings, failover: JsonObject, at: str) -> int | None:
    expiry_s = read_integer(found, failover, "expiry_time", at, as_text=EXPIRY_AS_TEXT)
    if expiry_s is not None and expiry_s not in _EXPIRY_S:
        found.add(EXPIRY_OUT_OF_RANGE, f"{at}/expiry_time", "must be 15 to 86400 seconds")
        return None
    return expiry_s


def _read_condition(
    found: Findings, failover: JsonObject, at: str, channel: Channel | None
) -> str | None:
    condition = read_string(found, failover, "condition_status", at)
    if condition is None:
        return None
    pointer = f"{at}/condition_status"
    if condition not in _CONDITIONS:
        detail = f"must be delivered or read{guess_at(condition, _CONDITIONS)}"
        found.add(CONDITION_UNKNOWN, pointer, detail)
        return None
    if condition == "read" and channel is not None and not channel.reports_read:
        detail = f"is read, which {channel.name} never reports: the step always fails over"
        found.add(READ_NEVER_MET, pointer, detail)
    return condition
