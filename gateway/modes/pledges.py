"""Who is bound by a request, and for how long: from before it is sent to what became of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.logs import get_logger
from gateway.modes.handed import is_refusal
from gateway.modes.ledger import Ledger, Numbers
from gateway.modes.split import (
    Hold,
    Places,
    half_of,
    life_ms,
    place_of,
    recipients_of,
)
from gateway.modes.unread import life_of_unread_ms, recipients_in
from gateway.stores.base import StoreUnavailable
from gateway.traces.model import Path
from translators.diagnostics import JsonValue

log = get_logger()

_STRANGER: Final = ""
_LAST: Final = bytes([0xFF] * 16)
"""Stands for the first recipient where there is none: such a request is Dispatch's last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What is asked: one request, as far as its path depends on it."""

    application: str | None
    """Whose it is; `None` for a stranger, whom Dispatch may know."""
    request: JsonValue
    """The v0.1 document; `None` if it is none."""
    raw: bytes = b""
    """The body as it came, for what we cannot read and Dispatch may."""
    key: str | None = None
    """Its `Idempotency-Key`."""
    is_servable: bool
    """Whether this gateway would accept it."""
    is_spent_here: bool = False
    """Whether the engine has a dispatch under this key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The path of one request, pledged."""

    path: Path
    is_repeated: bool
    """Whether its key decided: it may be refused on this path, and not be taken elsewhere."""
    is_strangers: bool
    numbers: Numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """What of a claim can be bound, as keyed hashes."""

    recipients: Sequence[bytes]
    own_key: bytes | None
    keys: Sequence[bytes]
    """All that the key may be known under: strangers may be any application, and it a stranger."""
    life_ms: int

    @property
    def first(self) -> bytes:
        """The recipient whose place counts."""
        return self.recipients[0] if self.recipients else _LAST


class Pledges:
    """Binds the subjects of requests in the ledger."""

    def __init__(
        self, *, ledger: Ledger, places: Places, applications: frozenset[str], horizon_s: int
    ) -> None:
        """Prepare to bind.

        Args:
            applications: names of those whose workflows are split.
            horizon_s: how long the last message of a workflow may still arrive.
        """
        self._ledger = ledger
        self._places = places
        self._applications = sorted(applications)
        self._horizon_s = horizon_s

    def subjects(self, claim: Claim) -> Subjects:
        """Return what of a claim can be bound."""
        addresses = recipients_of(claim.request)
        life = life_ms(claim.request, self._horizon_s)
        if not claim.is_servable:
            # Dispatch reads it with eyes of its own, also where we can read a part of it.
            addresses = tuple(dict.fromkeys((*addresses, *recipients_in(claim.raw))))
            life = max(life, life_of_unread_ms(claim.raw, self._horizon_s))
        own, known_under = claim.application, [claim.application or _STRANGER, _STRANGER]
        if own is None:
            known_under += self._applications
        keys = [
            self._places.key(each, claim.key)
            for each in dict.fromkeys(known_under)
            if claim.key is not None
        ]
        return Subjects(
            recipients=[self._places.recipient(each) for each in addresses],
            own_key=keys[0] if keys else None,
            keys=keys,
            life_ms=life,
        )

    def holds(self, claim: Claim, subjects: Subjects, now_ms: int) -> list[Hold]:
        """Return what binds a claim: its key first, then its recipients.

        Raises:
            StoreUnavailable: the ledger cannot be read.
        """
        spent = Hold(path=Path.GATEWAY, seen_ms=now_ms, is_open=True, is_key=True)
        known = self._ledger.holds([*subjects.keys, *subjects.recipients], now_ms)
        return [spent, *known] if claim.is_spent_here else known

    def bind(
        self, claim: Claim, subjects: Subjects, path: Path, *, is_repeated: bool, now_ms: int
    ) -> Route:
        """Bind a claim to a path, before anything of it is sent.

        Raises:
            StoreUnavailable: it may not be pledged, and nothing may be sent.
        """
        numbers = self._ledger.pledge(
            path,
            recipients=subjects.recipients,
            key=subjects.own_key,
            half=half_of(subjects.first),
            now_ms=now_ms,
            life_ms=subjects.life_ms,
        )
        return Route(
            path=path,
            is_repeated=is_repeated,
            is_strangers=claim.application is None,
            numbers=numbers,
        )

    def answered(self, route: Route, http_status: int | None, dispatch_uuid: str | None) -> None:
        """Take how a request was answered, as `Splitter.answered`; never raises."""
        is_accepted = http_status is not None and 200 <= http_status <= 299
        is_refused = http_status is not None and is_refusal(http_status)
        with _kept_if_it_fails():
            if dispatch_uuid is not None:
                self._ledger.name(route.numbers.recipients, dispatch_uuid)
            elif is_refused or (route.is_strangers and not is_accepted):
                # Whom nobody vouches for must not pin people by requests that stay in doubt.
                self._ledger.drop(route.numbers.recipients)

    def unsent(self, route: Route) -> None:
        """Take that provably not one byte of a request left: it binds nobody. Never raises."""
        with _kept_if_it_fails():
            self._ledger.drop(route.numbers.recipients)
            if route.numbers.key is not None:
                self._ledger.drop(route.numbers.key)


def place_on_dial(subjects: Subjects) -> int:
    """Return the place of a claim on the dial, in parts of a million."""
    return place_of(subjects.first)


@contextlib.contextmanager
def _kept_if_it_fails() -> Iterator[None]:
    """Leave a pledge as it is where the ledger fails: the request was answered all the same.

    To say that nothing was accepted would make the caller send it again.
    """
    try:
        yield
    except StoreUnavailable:
        log.error("split.pledge_kept")
