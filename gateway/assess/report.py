"""The report: a plain model of what was counted, in the order in which it is read.

Every format is made from it. All sums add up: records to the input, standings to the payloads,
shapes with the others to the payloads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.assess.advice import NATIVE, WAITED_FOR, Advice, advise
from gateway.assess.judging import LEAVING, Assumptions, Standing
from gateway.assess.shares import percents
from gateway.assess.tally import RANKS, Inventory, RuleCount, ShapeCount, Tally
from gateway.offline.inputs import Trouble
from gateway.offline.log_bodies import Body
from gateway.offline.shapes import Shape
from gateway.offline.words import counted, is_or_are, listed, number, share
from translators.diagnostics import JsonValue, Severity
from translators.rule_table import RULES_BY_CODE
from translators.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What was read, each line and each document in one of the four last counts."""

    lines: int
    documents: int
    with_payload: int
    without_payload: int
    blank: int
    unreadable: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.lines + self.documents

    @property
    def sentence(self) -> str:
        """The sum, written out."""
        kinds = [counted(self.lines, "line")] if self.lines or not self.documents else []
        kinds += [counted(self.documents, "document")] if self.documents else []
        parts = [f"{number(self.with_payload)} with a payload"]
        parts += [f"{number(self.without_payload)} without"] if self.without_payload else []
        parts += [f"{number(self.blank)} blank"] if self.blank else []
        parts += [f"{number(self.unreadable)} unreadable"] if self.unreadable else []
        return f"{listed(kinds)} = {' + '.join(parts)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeLine:
    """The workflows of one shape."""

    shape: Shape
    standing: Standing
    summary: str
    payloads: int
    percent: str
    """Of all payloads."""
    rules: Mapping[str, int]
    """Payloads by rule, the most frequent first."""
    first: str
    sample: JsonValue
    """A masked v0.1 payload; `None` if none could be read."""
    native: JsonValue
    """The masked v1 request that takes its place; `None` if there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """What one rule was reported for."""

    rule: Rule
    severity: Severity
    payloads: int
    times: int
    channels: Mapping[str, int]
    places: Mapping[str, int]
    first: str

    @property
    def is_native(self) -> bool:
        """Whether it is about leaving the gateway; else it is about being carried by it."""
        return self.rule.code in NATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All there is to say about a corpus."""

    headline: str
    assumptions: Assumptions
    files: int
    records: Records
    payloads: int
    not_payloads: Mapping[Body, int]
    """Bodies that are no payloads, by what they are, the most frequent first."""
    standings: Mapping[Standing, int]
    """Every standing, those with none as well."""
    percents: Mapping[Standing, str]
    """The same in per cent; they add up."""
    advice: tuple[Advice, ...]
    shapes: tuple[ShapeLine, ...]
    """The most frequent first."""
    others: Mapping[Standing, int]
    """Payloads of shapes beyond those that were told apart."""
    findings: tuple[FindingLine, ...]
    """The worst first, and of these the most frequent."""
    of_all: tuple[FindingLine, ...]
    """Notes on every workflow that leaves the gateway: true of native v1 as such."""
    inventory: Inventory
    troubles: tuple[Trouble, ...]
    losses: int
    """How many troubles there were; not all are listed."""

    @property
    def verify_requests(self) -> int:
        """How many requests of Verify v2 there are."""
        return self.not_payloads.get(Body.VERIFY_REQUEST, 0)

    @property
    def unsupported(self) -> tuple[FindingLine, ...]:
        """What keeps workflows from being carried or from leaving, and what is lost."""
        return tuple(line for line in self.findings if line.severity is Severity.ERROR)

    @property
    def leaving(self) -> int:
        """How many workflows can leave the gateway."""
        return sum(self.standings[standing] for standing in LEAVING)


def make_report(tally: Tally) -> Report:
    """Draw up the report of what was counted."""
    standings = {standing: tally.standings[standing] for standing in Standing}
    shapes = sorted(tally.shapes.values(), key=_shape_rank)
    parts = percents([*(each.payloads for each in shapes), sum(tally.others.values())])
    lines = [_finding_line(counted) for counted in tally.rules.values()]
    lines.sort(key=lambda line: (-RANKS[line.severity], -line.payloads, line.rule.code))
    carried = tally.payloads - standings[Standing.REFUSED]
    of_all = tuple(
        line
        for line in lines
        if line.is_native and line.payloads == carried and set(line.places) == {""}
    )
    return Report(
        headline=_headline(tally, standings),
        assumptions=tally.assumptions,
        files=tally.files,
        records=Records(
            lines=tally.lines,
            documents=tally.documents,
            with_payload=tally.with_payload,
            without_payload=tally.without_payload,
            blank=tally.blank,
            unreadable=tally.unreadable,
        ),
        payloads=tally.payloads,
        not_payloads=dict(tally.not_payloads.most_common()),
        standings=standings,
        percents=dict(zip(standings, percents([*standings.values()]), strict=True)),
        advice=advise(tally),
        shapes=tuple(map(_shape_line, shapes, parts)),
        others={standing: tally.others[standing] for standing in Standing},
        findings=tuple(line for line in lines if line not in of_all),
        of_all=of_all,
        inventory=tally.inventory,
        troubles=tuple(tally.troubles),
        losses=tally.losses,
    )


def _headline(tally: Tally, standings: Mapping[Standing, int]) -> str:
    if not tally.payloads:
        return "No payload was found."
    leaving = sum(standings[standing] for standing in LEAVING)
    part = f"{number(leaving)} of {counted(tally.payloads, 'workflow')}"
    part += f" ({share(leaving, tally.payloads)}) can leave the gateway"
    parts = [part + _condition(leaving, standings[Standing.N2])]
    if staying := standings[Standing.N3]:
        reasons = [
            (tally.rules[code].payloads, phrase)
            for code, phrase in WAITED_FOR.items()
            if code in tally.rules and tally.rules[code].severity is Severity.ERROR
        ]
        phrases = [phrase for _, phrase in sorted(reasons, reverse=True)]
        because = f", because they wait for {listed(phrases, 'or for')}" if phrases else ""
        parts.append(f"{number(staying)} must stay{because}")
    if refused := standings[Standing.REFUSED]:
        parts.append(f"{number(refused)} {is_or_are(refused)} refused until mended")
    return f"{'; '.join(parts)}."


def _condition(leaving: int, differing: int) -> str:
    """Say how many of those that can leave do so only if somebody accepts what differs."""
    if not differing:
        return ""
    some = "" if differing == leaving else f", {number(differing)} of them only"
    they = "it behaves" if differing == 1 else "they behave"
    return f"{some} if you accept that {they} differently"


def _shape_rank(shape: ShapeCount) -> tuple[int, str, str]:
    return -shape.payloads, shape.standing, shape.shape.title


def _shape_line(counted: ShapeCount, percent: str) -> ShapeLine:
    summary = counted.fate.summary if counted.fate else "Refused as it is: see the rules."
    return ShapeLine(
        shape=counted.shape,
        standing=counted.standing,
        summary=summary,
        payloads=counted.payloads,
        percent=percent,
        rules=dict(sorted(counted.rules.items(), key=lambda item: (-item[1], item[0]))),
        first=counted.first,
        sample=counted.sample,
        native=counted.native,
    )


def _finding_line(counted: RuleCount) -> FindingLine:
    return FindingLine(
        rule=RULES_BY_CODE[counted.code],
        severity=counted.severity,
        payloads=counted.payloads,
        times=counted.times,
        channels=dict(counted.channels.most_common()),
        places=dict(counted.places.most_common()),
        first=counted.first,
    )
