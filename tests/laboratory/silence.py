"""When silence means something: how long a timer waits for what could not come in.

The true gaps are known here, so this is the least that the gateway has to wait; it may well know of
a longer gap, and wait longer.
"""

from __future__ import annotations

from typing import Final

from tests.laboratory.plan import Fault
from tests.laboratory.rhythm import grace_ms
from tests.laboratory.seen import Told
from tests.laboratory.world import World

_TOUCH_S: Final = 1.0
_SLACK_S: Final = 0.002
_OTHER_SECRETS_S: Final = 900.0
_UNREADABLE: Final = 503


class Silence:
    """The gaps of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clock_was_wrong = any(fault.kind == "clock-wrong" for fault in world.plan.faults)
        self.gaps = sorted([*self._unattended(), *world.seen.stops, *self._outages()])
        self._wrong = next((one for one in world.plan.faults if one.kind == "wrong-secret"), None)

    def earliest_s(self, told: Told, sent_s: float, fired_s: float) -> float | None:
        """Return until when a timer has to wait for a webhook that did not get in.

        None when it need not: the network lost the webhook, or it came amid nothing that a gateway
        can know of, or its message was sent at `sent_s` after the gap had ended, or the timer had
        fired at `fired_s` before the gap began.
        """
        if told.was_lost or told.http_status == 200:
            return None
        wrong = self._wrong
        if wrong is not None and told.at_s >= wrong.at_s and told.http_status == _UNREADABLE:
            is_tie = told.at_s >= fired_s - _SLACK_S  # at one instant either may come first
            return None if is_tie else self._readable_s(told, wrong)
        ended_s = told.at_s if told.ended_s is None else told.ended_s
        for begin_s, end_s in self.gaps:
            if (
                end_s > sent_s + _SLACK_S
                and begin_s < fired_s - _SLACK_S
                and begin_s - _TOUCH_S <= ended_s
                and told.at_s <= end_s + _TOUCH_S
            ):
                return end_s + grace_ms(round(1000 * (end_s - begin_s))) / 1000
        return None

    def _readable_s(self, told: Told, wrong: Fault) -> float | None:
        """Return when a webhook that could not be verified is waited for no longer.

        The hold ends with the account's next verified webhook, and a grace; or, where none comes,
        some time after a start with other secrets.
        """
        plan = self._world.plan
        mended_s = wrong.at_s + wrong.for_s
        if (
            told.at_s >= mended_s
            or not plan.has_public_url
            or plan.dispatches[told.dispatch].account != wrong.account
        ):
            return None
        verified = [
            one.ended_s
            for one in self._world.seen.told
            if one.http_status == 200
            and one.ended_s is not None
            and one.ended_s > mended_s
            and plan.dispatches[one.dispatch].account == wrong.account
        ]
        heard_s = min(verified, default=mended_s + _OTHER_SECRETS_S)
        graced_s = heard_s + grace_ms(round(1000 * (heard_s - told.at_s))) / 1000
        return min(mended_s + _OTHER_SECRETS_S, graced_s)

    def _unattended(self) -> list[tuple[float, float]]:
        """Return when no process listened, from the first on."""
        lives = sorted(self._world.seen.lives, key=lambda life: life.from_s)
        gaps: list[tuple[float, float]] = []
        covered_s = lives[0].until_s if lives else None
        for life in lives[1:]:
            if covered_s is None:
                break
            if life.from_s >= covered_s:
                gaps.append((covered_s, life.from_s))
            covered_s = None if life.until_s is None else max(covered_s, life.until_s)
        return gaps

    def _outages(self) -> list[tuple[float, float]]:
        """Return when the store was away."""
        return [
            (fault.at_s, fault.at_s + fault.for_s)
            for fault in self._world.plan.faults
            if fault.kind == "store-down" and self._world.plan.form == "dict"
        ]
