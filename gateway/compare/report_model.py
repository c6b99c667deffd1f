"""The report of a comparison: a plain model in the order in which it is read.

Every format is made from it. All sums add up: outcomes to the workflows, shapes to the workflows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from gateway.compare.harm import Harm
from gateway.compare.verdict import Answer
from gateway.offline.inputs import Trouble
from gateway.offline.shapes import Shape
from gateway.traces.model import Trace


class Gravity(StrEnum):
    """How heavy a finding weighs, the heaviest first."""

    CRITICAL = "critical"
    """A message to the wrong person, or with the wrong content."""
    SEMANTIC = "semantic"
    """The caller or the recipient would notice."""
    EXPLAINED = "explained"
    """A numbered known difference."""
    IGNORED = "ignored"
    """Somebody answers for it until a day."""
    COSMETIC = "cosmetic"
    """Written differently, with the same meaning."""


WEIGHING: tuple[Gravity, ...] = (Gravity.CRITICAL, Gravity.SEMANTIC)
"""What speaks against cutting over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One pair of traces that shows a finding."""

    reference: Trace
    candidate: Trace
    harm: Harm = Harm.TOLD
    """What sets them apart; of all that show the finding, it is among the worst."""
    place: str = ""
    """Where the reference stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLine:
    """One difference, however often it was met."""

    fingerprint: str
    code: str
    name: str
    gravity: Gravity
    shape: str
    """Of the workflow, in words."""
    step: int | None
    reference: str
    candidate: str
    detail: str
    why: str
    remedy: str
    workflows: int
    """In how many it was met."""
    first: str
    """Where the first of them is."""
    known: str | None = None
    """The number of the known difference that explains it."""
    ignored: str | None = None
    """Who ignores it, why and until when."""
    sample: Sample | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeLine:
    """The workflows of one shape."""

    title: str
    drawn: Shape
    """Without expiries: one shape stands for all of them."""
    workflows: int
    outcomes: Mapping[str, int]
    """Workflows by outcome; the sum is `workflows`."""
    seen: int
    """How many of its branches this traffic took."""
    branches: int
    unseen: tuple[str, ...]
    """The other branches, in words: `step 2 rejected`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreLine:
    """One ignore that does not do what it was written for."""

    fingerprint: str
    problem: str
    """`expired on 2026-03-01`, `met by nothing`."""
    owner: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the answer rests on."""

    workflows: int
    compared: int
    """Workflows of which both sides are known, as a whole or until they differed."""
    cut: int
    """Workflows of which recording ended before they were over; no evidence, and not compared."""
    shapes: int
    semantic: int
    """Workflows with a difference that weighs, critical ones included."""
    critical: int
    explained: int
    upper_bound: float | None
    """Of the share of workflows that differ, at 95 %; `None` unless none was seen."""
    unseen: int
    """Branches that this traffic never took."""
    period: tuple[str, str] | None = None
    """When the first and the last of the workflows were accepted; `None` if no trace says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What this gateway served itself, held against its replay: no evidence, whatever it shows."""

    workflows: int
    compared: int
    cut: int
    shapes: int
    semantic: int
    critical: int
    outcomes: Mapping[str, int]
    """Workflows by outcome; the sum is `workflows`."""
    findings: tuple[FindingLine, ...]
    """The heaviest first, and of these the most frequent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """How many traces were read that are no evidence, and are counted nowhere else."""

    made: int = 0
    """Replayed or synthetic ones."""
    repeated: int = 0
    """Copies of workflows that came before."""
    mirrored: int = 0
    """Traces that are the same on both sides, or Dispatch's on both."""
    unchecked: int = 0
    """Those that were counted, but of which nobody knows whether they came before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All there is to say about a comparison."""

    answer: Answer
    sides: tuple[str, str]
    """Reference and candidate."""
    reasons: tuple[str, ...]
    """Why the answer is what it is, the weightiest first; then what is no evidence."""
    evidence: Evidence
    outcomes: Mapping[str, int]
    """Workflows by outcome, in the order of the outcomes; the sum is all of them."""
    findings: tuple[FindingLine, ...]
    """The heaviest first, and of these the most frequent."""
    shapes: tuple[ShapeLine, ...]
    """The most frequent first."""
    others: int
    """Workflows of shapes beyond those that were told apart."""
    notes: Mapping[str, int]
    """Why workflows could not be compared, and how many."""
    ignores: tuple[IgnoreLine, ...]
    files: int
    troubles: tuple[Trouble, ...]
    losses: int
    """How many troubles there were; not all are listed."""
    left_out: LeftOut = LeftOut()
    apart: Apart | None = None
    """Of workflows that are no evidence; `None` if there are none."""

    @property
    def weighing(self) -> tuple[FindingLine, ...]:
        """The findings that speak against cutting over."""
        return tuple(finding for finding in self.findings if finding.gravity in WEIGHING)

    @property
    def known(self) -> Mapping[str, int]:
        """Workflows by the number of the known difference they show, the most frequent first."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            if finding.known:
                counts[finding.known] = counts.get(finding.known, 0) + finding.workflows
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
