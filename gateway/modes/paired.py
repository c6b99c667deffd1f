"""Pairing: one request on both paths, for test handsets of one's own only.

The one mode in which a person gets everything twice, so each request has to pass four locks before
anything leaves: the list of handsets, the cap, the end, and a request whose recipients cannot be
read in two ways. Whatever is not known counts as closed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.modes.ledger import ledger_beside
from gateway.settings import Settings
from gateway.settings.mode_rules import PAIRED
from gateway.settings.mode_values import ACKNOWLEDGEMENT, plain_address
from translators.diagnostics import JsonObject, JsonValue
from translators.dispatch import DispatchPlan
from translators.rules_content import CONTENT_DROPPED
from translators.rules_request import FIELD_UNKNOWN

LONGEST_MS: Final = 7 * 86_400_000
"""How far ahead the end may be."""
PATHS: Final = 2
_LISTED: Final = "GATEWAY_PAIRED_ALLOW"
_FEWEST_DIGITS: Final = 7
"""More than any expiry or ttl has, and fewer than any number of a person."""
_DROPPED: Final = frozenset({FIELD_UNKNOWN.code, CONTENT_DROPPED.code})
_SPEECH: Final = re.compile(
    r"workflow\[\d+\]\.(?:from\.(?:number|id)|to(?:\..*)?|client_ref|message\.content\.(?:text"
    r"|(?:image|img|audio|video|file|vcard)\.(?:url|caption|name)"
    r"|template\.(?:name|parameters\[\d+\](?:\.default)?)))"
)
"""Where a number is nobody's who would be messaged: senders, references and what is said. A
recipient is judged by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairTerms:
    """What the operator allowed."""

    allow: frozenset[str]
    """The handsets, as `plain_address` writes them."""
    most: int
    """Messages that may be sent until the end, those of both paths together."""
    until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    """A request that is not paired, and so not sent at all."""

    detail: str
    invalid: tuple[tuple[str, str], ...] = ()
    """Fields of the request, as v0.1 names them, and what is wrong with them."""


def lock(
    terms: PairTerms, request: JsonObject, plan: DispatchPlan, codes: tuple[str, ...], now_ms: int
) -> Locked | None:
    """Say why a request must not be sent; `None` if it may, within the cap.

    Args:
        request: the v0.1 document: Dispatch reads it with eyes of its own.
        plan: what we would send.
        codes: of the rules that it met.
        now_ms: Unix milliseconds.
    """
    if now_ms >= terms.until_ms:
        return Locked(detail="Pairing has ended (GATEWAY_PAIRED_UNTIL). Nothing was sent.")
    if terms.until_ms - now_ms > LONGEST_MS:
        return Locked(detail="GATEWAY_PAIRED_UNTIL is more than 7 days ahead. Nothing was sent.")
    if not _DROPPED.isdisjoint(codes):
        # Whatever it means to Dispatch, it could be a recipient.
        return Locked(detail="A paired request must hold no unknown fields. Nothing was sent.")
    if custom := tuple(_custom_contents(request)):
        return Locked(
            detail="A paired request must hold no custom content. Nothing was sent.", invalid=custom
        )
    if beyond := tuple(_not_understood(terms.allow, request)):
        return Locked(
            detail="A paired request must hold nothing that is not understood. Nothing was sent.",
            invalid=beyond,
        )
    strangers = tuple(_strangers(terms.allow, request, plan))
    if strangers:
        return Locked(
            detail="A recipient is no test handset of yours. Nothing was sent.", invalid=strangers
        )
    return None


def _steps(request: JsonObject) -> list[JsonValue]:
    workflow = request.get("workflow")
    return workflow if isinstance(workflow, list) else []


def _custom_contents(request: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield every content that is passed through unread: it may name a recipient of its own."""
    for index, step in enumerate(_steps(request)):
        message = step.get("message") if isinstance(step, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, dict) and ("custom" in content or content.get("type") == "custom"):
            yield f"workflow[{index}].message.content", "is custom, and could name anybody"


def _not_understood(allow: frozenset[str], request: JsonObject) -> Iterator[tuple[str, str]]:
    """Yield what Dispatch could read a recipient in, though we read none.

    Whatever has no meaning where it stands, such as the options of another channel, and every
    number of a stranger that stands where no sender, text or reference of the caller does.
    """
    for index, step in enumerate(_steps(request)):
        message = step.get("message") if isinstance(step, dict) else None
        for name in message if isinstance(message, dict) else ():
            if name not in ("content", _channel_of(step)):
                yield f"workflow[{index}].message.{name}", "means nothing on this channel"
    for place, value, is_name in _leaves(request, ""):
        is_said = not is_name and _SPEECH.fullmatch(place)
        if not is_said and _could_be_a_number(allow, value):
            yield place, f"could be a number, and is not in {_LISTED}"


def _channel_of(step: JsonValue) -> JsonValue:
    to = step.get("to") if isinstance(step, dict) else None
    return to.get("type") if isinstance(to, dict) else None


def _leaves(value: JsonValue, place: str) -> Iterator[tuple[str, JsonValue, bool]]:
    """Yield every value that is no object and no list, and every name of a member.

    Each with its place, of a name that of its object, and whether it is a name.
    """
    if isinstance(value, dict):
        for name, member in value.items():
            below = f"{place}.{name}" if place else name
            yield place, name, True
            yield from _leaves(member, below)
    elif isinstance(value, list):
        for index, entry in enumerate(value):
            yield from _leaves(entry, f"{place}[{index}]")
    else:
        yield place, value, False


def _could_be_a_number(allow: frozenset[str], value: JsonValue) -> bool:
    if value is None or isinstance(value, bool):
        return False
    digits = sum(character.isdecimal() for character in str(value))
    return digits >= _FEWEST_DIGITS and not _is_allowed(allow, value)


def _strangers(
    allow: frozenset[str], request: JsonObject, plan: DispatchPlan
) -> Iterator[tuple[str, str]]:
    """Yield every field that names, or could name, somebody who is not on the list."""
    for index, (step, planned) in enumerate(zip(_steps(request), plan.steps, strict=True)):
        fields = _addresses(step)
        fields["to"] = planned.request.get("to")
        for name, value in fields.items():
            if not _is_allowed(allow, value):
                yield f"workflow[{index}].{name}", f"is not in {_LISTED}"
                break


def _addresses(step: JsonValue) -> dict[str, JsonValue]:
    to = step.get("to") if isinstance(step, dict) else None
    members = to if isinstance(to, dict) else {}
    return {f"to.{key}": value for key, value in members.items() if key != "type"}


def _is_allowed(allow: frozenset[str], value: JsonValue) -> bool:
    is_plain = isinstance(value, str | int) and not isinstance(value, bool)
    return is_plain and plain_address(str(value)) in allow


class PairCount:
    """How many messages were allowed so far, in a small file that outlives the process.

    Messages are counted before they leave and none is ever given back: a workflow of three steps
    counts six, however it ends. A new end begins a new count. A file that cannot be read or
    written allows nothing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def reserve(self, messages: int, terms: PairTerms) -> bool:
        """Count messages that may be sent now; `False` if they would exceed the cap."""
        with suppress(OSError, ValueError):
            count = self._count(terms) + messages
            if count <= terms.most:
                self._write(f"{terms.until_ms} {count}\n")
                return True
        return False

    def _count(self, terms: PairTerms) -> int:
        """Return what was counted until this end.

        Raises:
            OSError: the file cannot be read.
            ValueError: it holds something else than a count.
        """
        try:
            until_ms, count = map(int, self._path.read_text(encoding="ascii").split())
        except FileNotFoundError:
            return 0
        return count if until_ms == terms.until_ms else 0

    def _write(self, line: str) -> None:
        """Make the count durable before anybody relies on it."""
        beside = self._path.with_name(self._path.name + ".new")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, line.encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class Pairing:
    """The locks of one gateway."""

    def __init__(self, terms: PairTerms, count: PairCount) -> None:
        self._terms = terms
        self._count = count

    @classmethod
    def of(cls, settings: Settings) -> Pairing | None:
        """Return the locks of these settings; `None` where nothing is paired.

        What is missing is closed: `read_settings` refuses it, and no other way leads here.
        """
        if all(each.mode != PAIRED for each in settings.applications):
            return None
        is_known = settings.paired_acknowledge == ACKNOWLEDGEMENT
        until = settings.paired_until
        terms = PairTerms(
            allow=settings.paired_allow if is_known else frozenset(),
            most=settings.paired_max or 0,
            until_ms=0 if until is None else round(1000 * until.timestamp()),
        )
        return cls(terms, PairCount(ledger_beside(settings.store, PAIRED)))

    def admit(
        self, request: JsonObject, plan: DispatchPlan, codes: tuple[str, ...], now_ms: int
    ) -> Locked | None:
        """Count a request's messages; or say why it must not be sent, having counted nothing."""
        locked = self.judge(request, plan, codes, now_ms)
        if locked is not None:
            return locked
        if not self._count.reserve(PATHS * len(plan.steps), self._terms):
            return Locked(
                detail="The cap is reached (GATEWAY_PAIRED_MAX), or its count cannot be kept."
                " Nothing was sent."
            )
        return None

    def judge(
        self, request: JsonObject, plan: DispatchPlan, codes: tuple[str, ...], now_ms: int
    ) -> Locked | None:
        """Say why a request must not be sent, counting nothing; `None` if the cap may allow it."""
        return lock(self._terms, request, plan, codes, now_ms)
