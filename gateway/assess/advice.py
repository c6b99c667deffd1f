"""What to do first: steps in the order of their use, each with the number it moves.

A step is only given where the corpus has something for it, and what it says a change would do was
found by making the change and translating again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.assess.judging import Change, Standing
from gateway.assess.tally import Tally
from gateway.offline.words import counted, listed, number
from translators.diagnostics import Severity
from translators.rule_table import RULES_BY_CODE
from translators.rules_native import (
    NATIVE_RULES,
    READ_INEXPRESSIBLE,
    TTL_UNAVAILABLE,
    UNDELIVERABLE_ENDS_WORKFLOW,
)

NATIVE: Final = frozenset(rule.code for rule in NATIVE_RULES)
WAITED_FOR: Final = {
    READ_INEXPRESSIBLE.code: "`read`",
    TTL_UNAVAILABLE.code: "a delivery on a channel that has no ttl",
}
"""What a workflow waits for that stays, by the rule that says so."""
_NAMED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """One thing to do."""

    title: str
    count: int
    """How many workflows, or records, it is about."""
    text: str


def advise(tally: Tally) -> tuple[Advice, ...]:
    """Say what to do first, in this order."""
    return tuple(_steps(tally))


def _steps(tally: Tally) -> Iterator[Advice]:
    if tally.losses:
        yield Advice(
            title=f"Look at {counted(tally.losses, 'place')} that could not be read",
            count=tally.losses,
            text="Whatever is there is missing from all counts of workflows. Standard error and the"
            " html and json reports name the places.",
        )
    if refused := tally.standings[Standing.REFUSED]:
        yield Advice(
            title=f"Mend {counted(refused, 'refused workflow')}",
            count=refused,
            text=f"The gateway answers them with 400, wherever they go afterwards."
            f" {_why_refused(tally)}",
        )
    if simple := tally.standings[Standing.N0]:
        yield Advice(
            title=f"Send {counted(simple, 'single message')} by Messages v1 directly",
            count=simple,
            text="Nothing changes for the recipient: there is nothing to wait for."
            f"{_largest(tally, Standing.N0)}",
        )
    if same := tally.standings[Standing.N1]:
        yield Advice(
            title=f"Move {counted(same, 'workflow')} with a ttl in place of the expiry",
            count=same,
            text="The same messages are sent, provided that a lapsed ttl fails over, which a phone"
            " that is switched off shows, and that your code acts on a refused request, of which"
            f" nothing is sent.{_largest(tally, Standing.N1)}",
        )
    if differing := tally.standings[Standing.N2]:
        yield Advice(
            title=f"Decide about {counted(differing, 'workflow')} that would behave differently",
            count=differing,
            text=_about_differences(tally),
        )
    yield from _about_read(tally)
    if staying := tally.standings[Standing.N3]:
        yield Advice(
            title=f"Keep {counted(staying, 'workflow')} on the gateway",
            count=staying,
            text=_about_staying(tally),
        )


def _why_refused(tally: Tally) -> str:
    errors = [
        rule
        for rule in tally.rules.values()
        if rule.severity is Severity.ERROR and rule.code not in NATIVE
    ]
    errors.sort(key=lambda rule: (-rule.payloads, rule.code))
    named = [
        f"{rule.code} {RULES_BY_CODE[rule.code].name} in {number(rule.payloads)}"
        for rule in errors[:_NAMED]
    ]
    more = len(errors) - len(named)
    if more > 0:
        named.append(f"{counted(more, 'other rule')}")
    return f"Why: {listed(named)}."


def _about_differences(tally: Tally) -> str:
    text = "What changes is said for each shape."
    if rule := tally.rules.get(UNDELIVERABLE_ENDS_WORKFLOW.code):
        text += (
            f" In {counted(rule.payloads, 'workflow')} of any grade a message reported"
            " undeliverable ends the workflow: v1 documents rejected as its only trigger."
        )
    if helped := tally.helped[Standing.N2, Change.UNDELIVERABLE]:
        text += (
            f" If the vendor confirms that v1 fails over on undeliverable, too, {number(helped)} of"
            " these would be the same with a ttl (`--assume undeliverable-fails-over`)."
        )
    return text + _largest(tally, Standing.N2)


def _about_read(tally: Tally) -> Iterator[Advice]:
    helped = tally.helped[Standing.N3, Change.DELIVERED]
    if not helped:
        return
    text = (
        "They could leave the gateway then. A message that is delivered and not read would no"
        " longer be followed by the next."
    )
    if held := tally.rules[READ_INEXPRESSIBLE.code].payloads - helped:
        text += f" For {counted(held, 'other')} it is not enough: a channel of theirs has no ttl."
    yield Advice(
        title=f"Replace `read` by `delivered` in {counted(helped, 'workflow')}",
        count=helped,
        text=text,
    )


def _about_staying(tally: Tally) -> str:
    reasons = [
        f"{number(tally.rules[code].payloads)} wait for {phrase}"
        for code, phrase in WAITED_FOR.items()
        if code in tally.rules and tally.rules[code].severity is Severity.ERROR
    ]
    text = f"{listed(reasons)[:1].upper()}{listed(reasons)[1:]}."
    if len(reasons) > 1:
        text = f"{text[:-1]}; some do both."
    if helped := tally.helped[Standing.N3, Change.TTL_ACCEPTED]:
        text += (
            f" {number(helped)} could leave if it is acceptable that a message which is not"
            f" delivered is never followed by the next (`--accept {TTL_UNAVAILABLE.name}`)."
        )
    return text


def _largest(tally: Tally, standing: Standing) -> str:
    shapes = [shape for shape in tally.shapes.values() if shape.standing is standing]
    if len(shapes) < 2:
        return ""
    largest = max(shapes, key=lambda shape: shape.payloads)
    return f" The largest shape: {largest.shape.title} ({number(largest.payloads)})."
