"""The report for machines: one JSON object, or test cases for a build server."""

from __future__ import annotations

import json
from html import escape
from typing import Final

from gateway.compare.report_model import WEIGHING, FindingLine, Report, Sample, ShapeLine
from gateway.compare.report_words import finding_title, finding_words, headline
from gateway.offline.words import counted
from gateway.traces.codec import to_line
from translators.diagnostics import JsonObject, JsonValue

VERSION: Final = 1
"""Of the JSON object: raised when a member changes its meaning or goes."""


def render_json(report: Report) -> str:
    """Write everything as one JSON object; docs/compare.md describes it."""
    return json.dumps(_report(report), indent=2, ensure_ascii=False) + "\n"


def render_junit(report: Report) -> str:
    """Write a test case for each shape and each finding; what weighs fails."""
    failures = len(report.weighing)
    tests = len(report.shapes) + len(report.findings)
    counts = f'tests="{tests}" failures="{failures}" errors="{report.losses}"'
    cases = [
        f'  <testcase classname="shape" name={_quoted(line.title)}/>\n' for line in report.shapes
    ]
    cases += [_case(finding, report.sides) for finding in report.findings]
    cases += [
        f'  <testcase classname="input" name={_quoted(trouble.path)}>\n'
        f"    <error message={_quoted(trouble.problem)}/>\n  </testcase>\n"
        for trouble in report.troubles
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites {counts}>\n <testsuite name="dispatch-gateway compare" {counts}>\n'
        f"  <system-out>{_text(headline(report))}</system-out>\n"
        f"{''.join(cases)} </testsuite>\n</testsuites>\n"
    )


def _case(finding: FindingLine, sides: tuple[str, str]) -> str:
    name = _quoted(f"{finding_title(finding)}: {finding.shape}")
    told = finding_words(finding, sides)
    note = (
        f"{counted(finding.workflows, 'workflow')}, first at {finding.first}, {finding.fingerprint}"
    )
    if finding.gravity in WEIGHING:
        inner = (
            f"    <failure type={_quoted(finding.code)} message={_quoted(told)}>"
            f"{_text(note)}</failure>\n"
        )
    else:
        inner = f"    <system-out>{_text(f'{finding.gravity}: {told} {note}')}</system-out>\n"
    return f"  <testcase classname={_quoted(finding.code)} name={name}>\n{inner}  </testcase>\n"


def _report(report: Report) -> JsonObject:
    evidence = report.evidence
    return {
        "version": VERSION,
        "answer": report.answer.value,
        "headline": headline(report),
        "reasons": [*report.reasons],
        "reference": report.sides[0],
        "candidate": report.sides[1],
        "evidence": {
            "workflows": evidence.workflows,
            "compared": evidence.compared,
            "cut": evidence.cut,
            "shapes": evidence.shapes,
            "semantic": evidence.semantic,
            "critical": evidence.critical,
            "explained": evidence.explained,
            "upper_bound_95": evidence.upper_bound,
            "unseen_branches": evidence.unseen,
        },
        "outcomes": {**report.outcomes},
        "known_differences": {**report.known},
        "findings": [_finding(finding) for finding in report.findings],
        "shapes": [_shape(line) for line in report.shapes],
        "workflows_of_other_shapes": report.others,
        "not_comparable_because": {**report.notes},
        "ignores": [
            {
                "fingerprint": line.fingerprint,
                "problem": line.problem,
                "owner": line.owner,
                "reason": line.reason,
            }
            for line in report.ignores
        ],
        "input": {
            "files": report.files,
            "troubles": [
                {"path": trouble.path, "problem": trouble.problem} for trouble in report.troubles
            ],
            "troubles_total": report.losses,
            "left_out": {
                "made": report.left_out.made,
                "repeated": report.left_out.repeated,
                "mirrored": report.left_out.mirrored,
                "unchecked": report.left_out.unchecked,
            },
        },
    }


def _finding(finding: FindingLine) -> JsonObject:
    return {
        "fingerprint": finding.fingerprint,
        "code": finding.code,
        "name": finding.name,
        "gravity": finding.gravity.value,
        "shape": finding.shape,
        "step": None if finding.step is None else finding.step + 1,
        "reference": finding.reference,
        "candidate": finding.candidate,
        "detail": finding.detail,
        "known": finding.known,
        "ignored": finding.ignored,
        "workflows": finding.workflows,
        "first": finding.first,
        "sample": _sample(finding.sample),
    }


def _sample(sample: Sample | None) -> JsonValue:
    if sample is None:
        return None
    reference: JsonObject = json.loads(to_line(sample.reference))
    candidate: JsonObject = json.loads(to_line(sample.candidate))
    return {"reference": reference, "candidate": candidate}


def _shape(line: ShapeLine) -> JsonObject:
    return {
        "title": line.title,
        "workflows": line.workflows,
        "outcomes": {**line.outcomes},
        "branches": line.branches,
        "seen": line.seen,
        "unseen": [*line.unseen],
    }


def _quoted(text: str) -> str:
    return f'"{escape(_printable(text))}"'


def _text(text: str) -> str:
    return escape(_printable(text), quote=False)


def _printable(text: str) -> str:
    """Replace what XML 1.0 has no way to write."""
    return "".join(
        character if character >= " " and not "\ud800" <= character <= "\udfff" else "\ufffd"
        for character in text
    )
