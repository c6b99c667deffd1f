"""The report for machines: one JSON object, or CSV with a row for each shape."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from typing import Final

from gateway.assess.judging import Standing
from gateway.assess.report import FindingLine, Report, ShapeLine
from gateway.assess.sections import inventory_tables, provenance
from translators.diagnostics import JsonObject, JsonValue

VERSION: Final = 1
"""Of the JSON object: raised when a member changes its meaning or goes."""

COLUMNS: Final = (
    "grade",
    "payloads",
    "steps",
    "shape",
    "verdict",
    "rules",
    "first",
    "native_request",
)
"""Of the CSV. A row without `shape` counts the workflows of shapes that were not told apart."""

# What a spreadsheet would take for a formula, were it not for an apostrophe before it.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def render_json(report: Report) -> str:
    """Write everything as one JSON object; docs/assess.md describes it."""
    return json.dumps(_report_object(report), indent=2, ensure_ascii=False) + "\n"


def render_csv(report: Report) -> str:
    """Write a row for each shape. The column `payloads` sums up to all workflows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    writer.writerow(COLUMNS)
    writer.writerows([_cell(value) for value in _row(line)] for line in report.shapes)
    for standing, count in report.others.items():
        if count:
            writer.writerow([standing.value, count, *[""] * (len(COLUMNS) - 2)])
    return text.getvalue()


def _row(line: ShapeLine) -> list[str]:
    return [
        line.standing.value,
        str(line.payloads),
        str(len(line.shape.steps) + line.shape.more_steps),
        line.shape.title,
        line.summary,
        " ".join(f"{code}:{count}" for code, count in line.rules.items()),
        line.first,
        json.dumps(line.native, ensure_ascii=False) if line.native is not None else "",
    ]


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def _report_object(report: Report) -> JsonObject:
    records, switches = report.records, report.assumptions.switches
    return {
        "version": VERSION,
        "made_by": provenance(),
        "headline": report.headline,
        "assumptions": {
            "undeliverable_fails_over": report.assumptions.undeliverable_fails_over,
            "accepted": [*sorted(switches.accepted)],
            "refused": [*sorted(switches.refused)],
        },
        "input": {
            "files": report.files,
            "lines": records.lines,
            "documents": records.documents,
            "with_payload": records.with_payload,
            "without_payload": records.without_payload,
            "blank": records.blank,
            "unreadable": records.unreadable,
            "troubles": [
                {"path": trouble.path, "problem": trouble.problem} for trouble in report.troubles
            ],
            "troubles_total": report.losses,
        },
        "payloads": report.payloads,
        "verify_requests": report.verify_requests,
        "not_payloads": {body.name.lower(): count for body, count in report.not_payloads.items()},
        "grades": _standings(report.standings),
        "advice": [
            {"title": step.title, "count": step.count, "text": step.text} for step in report.advice
        ],
        "shapes": [_shape_object(line) for line in report.shapes],
        "other_shapes": _standings(report.others),
        "findings": [_finding_object(line) for line in report.findings],
        "of_every_workflow": [_finding_object(line) for line in report.of_all],
        "unsupported": [line.rule.code for line in report.unsupported],
        "inventory": {
            title.lower(): dict[str, JsonValue](rows) for title, _, rows in inventory_tables(report)
        },
    }


def _standings(counts: Mapping[Standing, int]) -> JsonObject:
    return {standing.value: count for standing, count in counts.items()}


def _shape_object(line: ShapeLine) -> JsonObject:
    return {
        "title": line.shape.title,
        "steps": [
            {
                "channel": step.channel,
                "content": step.content,
                "options": [*step.options],
                "condition_status": step.condition,
                "expiry_time": step.expiry_s,
            }
            for step in line.shape.steps
        ],
        "more_steps": line.shape.more_steps,
        "payloads": line.payloads,
        "grade": line.standing.value,
        "verdict": line.summary,
        "rules": {**line.rules},
        "first": line.first,
        "sample": line.sample,
        "native_request": line.native,
    }


def _finding_object(line: FindingLine) -> JsonObject:
    return {
        "rule": line.rule.code,
        "name": line.rule.name,
        "severity": line.severity.value,
        "payloads": line.payloads,
        "times": line.times,
        "channels": {**line.channels},
        "places": {**line.places},
        "first": line.first,
        "why": line.rule.why,
        "remedy": line.rule.remedy,
    }
