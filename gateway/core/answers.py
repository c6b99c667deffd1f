"""What a receiver's answer means: for its callback, and for those behind it in the same lane.

A lane holds the callbacks of one dispatch to one URL. Waiting for one that is not taken keeps the
order of the others; not waiting keeps them in time. Which of the two depends on the answer.

Source: docs/wire.md section 5.1, docs/adr/0015-order-with-patience.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

_GONE: Final = 410
_MAY_BE_A_DEPLOY: Final = frozenset({401, 403, 404, 408, 425, 429})
_SHORT_PATIENCE_REPEATS: Final = 9


def is_refusal(http_status: int | None) -> bool:
    """Tell whether the receiver spoke about this callback, and not about its own condition.

    What a receiver, or what stands in front of it, may answer while it is down or being deployed
    says nothing about the callback: 3xx, 5xx, the 4xx of proxies and of missing routes, and
    silence (None).
    """
    return (
        http_status is not None
        and 400 <= http_status <= 499
        and http_status not in _MAY_BE_A_DEPLOY
    )


def is_final(http_status: int | None, tries: int) -> bool:
    """Tell whether further attempts are pointless after `tries` of them.

    The sources disagree about refusals, so those are repeated nine times. 410 says that nobody
    will ever listen there.
    """
    return is_refusal(http_status) and (http_status == _GONE or tries > _SHORT_PATIENCE_REPEATS)


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The lane goes on without the item, which keeps its schedule."""


@dataclass(frozen=True, slots=True)
class Waits:
    """The lane waits for the item: until an instant, or (None) until it is taken or given up."""

    until_ms: int | None


Lane: TypeAlias = GoesOn | Waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How long a lane waits for its oldest item.

    `patience_ms` counts from the item's first attempt that failed; None is for ever, whatever the
    receiver answers.
    """

    patience_ms: int | None

    def lane_after(self, http_status: int | None, *, began_ms: int) -> Lane:
        """Return what becomes of the lane after an attempt that failed.

        Args:
            http_status: of the answer, None if there was none.
            began_ms: when the attempt began, Unix milliseconds. A store keeps the first `until_ms`
                of an item, so that further attempts prolong nothing.
        """
        if self.patience_ms is None:
            return Waits(None)
        if is_refusal(http_status):
            return GoesOn()
        return Waits(began_ms + self.patience_ms)
