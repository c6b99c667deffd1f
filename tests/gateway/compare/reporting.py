"""A report made by hand: what the formats are tested with, without reading a trace."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.compare.report_model import (
    Evidence,
    FindingLine,
    Gravity,
    IgnoreLine,
    Report,
    Sample,
    ShapeLine,
)
from gateway.compare.verdict import Answer
from gateway.offline.inputs import Trouble
from gateway.offline.shapes import Shape, StepShape
from gateway.traces.model import Kind, Path, Trace, TraceEntry
from translators.diagnostics import JsonObject

REQUEST: Final[JsonObject] = {
    "template": "failover",
    "workflow": [
        {
            "from": {"type": "whatsapp", "number": "447700900000"},
            "to": {"type": "whatsapp", "number": "447700900001"},
            "message": {"content": {"type": "text", "text": "Aaaaa"}},
            "failover": {"expiry_time": 600, "condition_status": "delivered"},
        },
        {
            "from": {"type": "sms", "number": "447700900000"},
            "to": {"type": "sms", "number": "447700900001"},
            "message": {"content": {"type": "text", "text": "Aaaaa"}},
        },
    ],
}


def entry(at_s: float, kind: Kind, step: int | None = None, word: str | None = None) -> TraceEntry:
    """Make an entry; the word is its reason if it is a failover, and its status if not."""
    is_failover = kind is Kind.FAILOVER
    return TraceEntry(
        at_ms=round(1000 * at_s),
        kind=kind,
        step=step,
        status=None if is_failover else word,
        why=word if is_failover else None,
    )


def trace(path: Path, *entries: TraceEntry, origin: str = "observe") -> Trace:
    """Make a trace of one workflow."""
    return Trace(
        dispatch="0d5c0000-0000-4000-8000-000000000001",
        path=path,
        origin=origin,
        accepted_at=None,
        request=REQUEST,
        entries=entries,
        is_complete=True,
    )


EARLY: Final = Sample(
    reference=trace(
        Path.LEGACY,
        entry(0.012, Kind.ANSWER, None, "202"),
        entry(0.431, Kind.STATUS, 0, "submitted"),
        entry(300.2, Kind.FAILOVER, 0, "expired"),
        entry(300.2, Kind.STATUS, 1, "submitted"),
        entry(303.2, Kind.STATUS, 1, "delivered"),
        entry(303.4, Kind.REPORT, None, "completed"),
    ),
    candidate=trace(
        Path.NONE,
        entry(0, Kind.SEND, 0),
        entry(0.431, Kind.STATUS, 0, "submitted"),
        entry(600, Kind.FAILOVER, 0, "expired"),
        entry(600, Kind.SEND, 1),
        entry(600.2, Kind.STATUS, 1, "submitted"),
        entry(603.2, Kind.STATUS, 1, "delivered"),
        entry(603.2, Kind.REPORT, None, "completed"),
        origin="replay",
    ),
)
MISSING: Final = Sample(
    reference=trace(
        Path.LEGACY,
        entry(0.431, Kind.STATUS, 0, "submitted"),
        entry(2.2, Kind.STATUS, 0, "delivered"),
    ),
    candidate=trace(
        Path.NONE,
        entry(0, Kind.SEND, 0),
        entry(0.431, Kind.STATUS, 0, "submitted"),
        entry(2.2, Kind.STATUS, 0, "delivered"),
        entry(2.2, Kind.REPORT, None, "completed"),
        origin="replay",
    ),
)
TWO: Final = Shape(
    steps=(
        StepShape(
            channel="whatsapp", content="text", options=(), condition="delivered", expiry_s=600
        ),
        StepShape(channel="sms", content="text", options=(), condition=None, expiry_s=None),
    )
)
ONE: Final = Shape(steps=TWO.steps[1:])
FINDINGS: Final = (
    FindingLine(
        fingerprint="a1b2c3d4e5f6",
        code="CMP405",
        name="failover-early",
        gravity=Gravity.SEMANTIC,
        shape=TWO.title,
        step=0,
        reference="gave step 1 up after 5 min",
        candidate="gives it up after 10 min",
        detail="The next step was sent before the time was over.",
        why="A recipient may be messaged twice.",
        remedy="Compare the expiry in the request with the one that was kept.",
        workflows=14,
        first="traces.jsonl:17",
        sample=EARLY,
    ),
    FindingLine(
        fingerprint="0f1e2d3c4b5a",
        code="CMP410",
        name="report-missing",
        gravity=Gravity.IGNORED,
        shape=ONE.title,
        step=None,
        reference="",
        candidate="final report completed",
        detail="",
        why="Who waits for the end waits forever.",
        remedy="Look for the callback in the application's own log.",
        workflows=3,
        first="traces.jsonl:4",
        ignored="the log was rotated that hour (ops, until 2027-01-31)",
        sample=MISSING,
    ),
    FindingLine(
        fingerprint="99aa99aa99aa",
        code="CMP413",
        name="cost",
        gravity=Gravity.EXPLAINED,
        shape=TWO.title,
        step=None,
        reference="a total of 0.0353 EUR",
        candidate="0.0333 EUR",
        detail="",
        why="The caller books the total.",
        remedy="Set `GATEWAY_WORKFLOW_FEE`.",
        workflows=9000,
        first="traces.jsonl:1",
        known="DIFF-08",
        sample=EARLY,
    ),
)
NO: Final = Report(
    answer=Answer.NO,
    sides=("Dispatch", "this gateway, replayed"),
    reasons=("14 of 9,312 workflows differ in meaning: failover-early.",),
    evidence=Evidence(
        workflows=9320,
        compared=9312,
        shapes=2,
        cut=0,
        semantic=14,
        critical=0,
        explained=9003,
        upper_bound=None,
        unseen=3,
    ),
    outcomes={
        "identical": 0,
        "equivalent": 290,
        "explained": 9003,
        "cosmetic": 5,
        "semantic": 14,
        "cut": 0,
        "not-comparable": 8,
    },
    findings=FINDINGS,
    shapes=(
        ShapeLine(
            title=TWO.title,
            drawn=TWO,
            workflows=9017,
            outcomes={"explained": 9000, "semantic": 14, "not-comparable": 3},
            seen=9,
            branches=12,
            unseen=("step 1 undeliverable", "step 2 rejected", "step 2 never resolved"),
        ),
        ShapeLine(
            title=ONE.title,
            drawn=ONE,
            workflows=303,
            outcomes={"equivalent": 290, "cosmetic": 5, "explained": 3, "not-comparable": 5},
            seen=4,
            branches=4,
            unseen=(),
        ),
    ),
    others=0,
    notes={"nothing was recorded after the request": 8},
    ignores=(
        IgnoreLine(
            fingerprint="ffffeeeedddd", problem="met by nothing", owner="ops", reason="old quirk"
        ),
    ),
    files=1,
    troubles=(Trouble(path="traces.jsonl:9321", problem="is cut off"),),
    losses=1,
)
GO: Final = replace(
    NO,
    answer=Answer.GO,
    reasons=(),
    evidence=replace(NO.evidence, semantic=0, upper_bound=3 / 9312, unseen=0),
    outcomes={**NO.outcomes, "semantic": 0, "equivalent": 304},
    findings=FINDINGS[1:],
    shapes=tuple(replace(line, unseen=(), seen=line.branches) for line in NO.shapes),
    ignores=(),
    troubles=(),
    losses=0,
)
CUT: Final = replace(
    GO,
    evidence=replace(GO.evidence, workflows=9362, cut=42),
    outcomes={**GO.outcomes, "cut": 42},
    shapes=(
        replace(GO.shapes[0], workflows=9059, outcomes={**GO.shapes[0].outcomes, "cut": 42}),
        *GO.shapes[1:],
    ),
)
NOT_YET: Final = replace(
    GO,
    answer=Answer.NOT_YET,
    reasons=(
        "120 workflows are fewer than the 300 that it takes to say that under 1 % differ.",
        "3 branches were never seen: step 2 rejected, …",
    ),
    evidence=replace(
        NO.evidence, workflows=120, compared=120, semantic=0, unseen=3, upper_bound=3 / 120
    ),
    shapes=NO.shapes,
)
