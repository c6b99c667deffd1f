"""The table of differences: what can set two traces of one workflow apart.

A code is permanent. The table of docs/compare.md is generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Weight(StrEnum):
    """What a difference means to whoever reads the callbacks, or gets the messages."""

    SEMANTIC = "semantic"
    """Another message is sent, at another time, or something else is told."""
    COSMETIC = "cosmetic"
    """The same is told in another form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferenceKind:
    """One row."""

    code: str
    name: str
    why: str
    remedy: str
    weight: Weight = Weight.SEMANTIC
    is_critical: bool = False
    """Whether one of it is enough to stop."""
    since: str = "0.1.0"

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


REFUSED_HERE: Final = DifferenceKind(
    code="CMP401",
    name="refused-here-accepted-there",
    why="The candidate refuses a request that the reference took.",
    remedy="Run `translate` on the request; mend it, or accept the rule by its switch.",
)
ACCEPTED_HERE: Final = DifferenceKind(
    code="CMP402",
    name="accepted-here-refused-there",
    why="The candidate takes a request that the reference refused: messages would be sent that were"
    " not sent before.",
    remedy="Find out why it was refused; refuse it here by a switch, or mend the request.",
)
STEP_COUNT: Final = DifferenceKind(
    code="CMP403",
    name="other-step-count",
    why="One side sent more messages than the other, although nothing ended the workflow.",
    remedy="Look at the last step that both sent: one side waits there for ever, or sent it twice.",
)
OTHER_TRIGGER: Final = DifferenceKind(
    code="CMP404",
    name="other-trigger",
    why="A step ended on both sides, but not by the same event: by a status on the one, by its"
    " expiry on the other, for instance.",
    remedy="Compare the statuses of that step; docs/wire.md section 6.4 says what each means here.",
)
FAILOVER_EARLY: Final = DifferenceKind(
    code="CMP405",
    name="failover-early",
    why="The reference gave a step up earlier than the candidate, which would still have waited.",
    remedy="Compare the time between the two sends with the step's expiry_time.",
)
FAILOVER_LATE: Final = DifferenceKind(
    code="CMP406",
    name="failover-late",
    why="The reference gave a step up later than the candidate, by more than clocks and queues"
    " explain.",
    remedy="Compare the time between the two sends with the expiry_time; look for an outage.",
)
BELOW_CONDITION: Final = DifferenceKind(
    code="CMP407",
    name="completed-below-condition",
    why="The reference was content with a lower status than the step's condition_status.",
    remedy="Ask for the status that is really wanted, before this gateway takes it at its word.",
)
OTHER_END: Final = DifferenceKind(
    code="CMP408",
    name="other-end",
    why="One side ended with completed, the other with error.",
    remedy="Compare the last status of the last message.",
)
REPORT_MISSING: Final = DifferenceKind(
    code="CMP409",
    name="report-missing",
    why="The reference told no final report where the candidate tells one.",
    remedy="If the record is whole, prepare the receiver for a report that never came before.",
)
REPORT_EXTRA: Final = DifferenceKind(
    code="CMP410",
    name="report-extra",
    why="The reference told more final reports than the candidate, which tells one.",
    remedy="A report that the receiver did not answer with 2xx comes again; else find out why.",
)
REPORT_DIFFERENT: Final = DifferenceKind(
    code="CMP411",
    name="report-different",
    why="The final reports say different things of the same end, or come at different times.",
    remedy="Compare their `_links.messages` and the instants of their arrival.",
)
COST: Final = DifferenceKind(
    code="CMP412",
    name="cost",
    why="A charge or the total of the final report differs.",
    remedy="Compare with the vendor's invoice; docs/wire.md section 6.6 says what is added up.",
)
WRONG_RECIPIENT: Final = DifferenceKind(
    code="CMP413",
    name="wrong-recipient",
    why="A message went to someone whom the step does not name.",
    remedy="Stop, and find out who got it.",
    is_critical=True,
)
WRONG_CONTENT: Final = DifferenceKind(
    code="CMP414",
    name="wrong-content",
    why="A message was sent with another content than the step has.",
    remedy="Stop, and find out what was sent.",
    is_critical=True,
)
STATUS_MISSING: Final = DifferenceKind(
    code="CMP415",
    name="status-missing",
    why="The reference did not tell a status that the candidate tells: one that its own final"
    " report shows, for instance.",
    remedy="Look for a callback that was lost between the sender and the record.",
)
STATUS_EXTRA: Final = DifferenceKind(
    code="CMP416",
    name="status-extra",
    why="The reference told a status that the candidate does not tell.",
    remedy="Look at the callback: does its receiver depend on it?",
)
STATUS_DIFFERENT: Final = DifferenceKind(
    code="CMP417",
    name="status-different",
    why="Both told a status, with another error code, reference, charge or order.",
    remedy="Compare the two callbacks.",
)
LINKS_DIFFERENT: Final = DifferenceKind(
    code="CMP451",
    name="links-different",
    why="The `_links` of status callbacks have another form.",
    remedy="`GATEWAY_LINKS` chooses the form; see DIFF-07.",
    weight=Weight.COSMETIC,
)
HREF_DIFFERENT: Final = DifferenceKind(
    code="CMP452",
    name="href-different",
    why="The `href` of a message in the final report has another form.",
    remedy="`GATEWAY_MESSAGE_HREF` chooses the form; see DIFF-18.",
    weight=Weight.COSMETIC,
)
REASON_DIFFERENT: Final = DifferenceKind(
    code="CMP453",
    name="reason-different",
    why="The error of a status has the same code and another wording.",
    remedy="Let the receiver go by `error.code`.",
    weight=Weight.COSMETIC,
)
CHANNEL_SPELLING: Final = DifferenceKind(
    code="CMP454",
    name="channel-spelling",
    why="A channel is spelt differently in the final report.",
    remedy="Let the receiver know both spellings.",
    weight=Weight.COSMETIC,
)

KINDS: Final = (
    REFUSED_HERE,
    ACCEPTED_HERE,
    STEP_COUNT,
    OTHER_TRIGGER,
    FAILOVER_EARLY,
    FAILOVER_LATE,
    BELOW_CONDITION,
    OTHER_END,
    REPORT_MISSING,
    REPORT_EXTRA,
    REPORT_DIFFERENT,
    COST,
    WRONG_RECIPIENT,
    WRONG_CONTENT,
    STATUS_MISSING,
    STATUS_EXTRA,
    STATUS_DIFFERENT,
    LINKS_DIFFERENT,
    HREF_DIFFERENT,
    REASON_DIFFERENT,
    CHANNEL_SPELLING,
)
BY_CODE: Final = MappingProxyType({kind.code: kind for kind in KINDS})


def kinds_table_markdown() -> str:
    """Write the table of docs/compare.md."""
    rows = [
        f"| {kind.code} | `{kind.name}` | {weight_of(kind)} | {kind.why} *{kind.remedy}* |"
        for kind in KINDS
    ]
    return "\n".join(
        ["| code | name | | what it means, and what to do |", "|---|---|---|---|", *rows]
    )


def weight_of(kind: DifferenceKind) -> str:
    """Return how a difference weighs: `critical`, `semantic` or `cosmetic`."""
    return "critical" if kind.is_critical else kind.weight.value
