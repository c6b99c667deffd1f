"""The report for machines: one JSON object, or test cases for a build server."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Final

from gateway.compare.report_model import (
    WEIGHING,
    Apart,
    FindingLine,
    Gravity,
    Report,
    Sample,
    ShapeLine,
)
from gateway.compare.report_words import (
    APART_TITLE,
    OWN_SIDES,
    finding_title,
    finding_words,
    headline,
)
from gateway.offline.junit import Case, Failed, case_xml, frame
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
    cases = [Case(group="shape", name=line.title) for line in report.shapes]
    cases += [_case(finding, report.sides) for finding in report.findings]
    cases += _own_cases(report)
    unread = _unread(report)
    around = frame(
        "dispatch-gateway compare",
        tests=len(cases),
        failures=sum(case.failed is not None for case in cases),
        errors=sum(case.failed is not None for case in unread),
        output=headline(report),
    )
    return f"{around.head}{''.join(map(case_xml, cases + unread))}{around.tail}"


def _case(finding: FindingLine, sides: tuple[str, str]) -> Case:
    name = f"{finding_title(finding)}: {finding.shape}"
    told = finding_words(finding, sides)
    note = (
        f"{counted(finding.workflows, 'workflow')}, first at {finding.first}, {finding.fingerprint}"
    )
    if finding.gravity in WEIGHING:
        failed = Failed(kind=finding.code, message=told, text=note)
        return Case(group=finding.code, name=name, failed=failed)
    return Case(group=finding.code, name=name, output=f"{finding.gravity}: {told} {note}")


def _own_cases(report: Report) -> list[Case]:
    """Return a case for each finding of what this gateway served itself: only a critical fails."""
    cases = []
    for finding in report.apart.findings if report.apart else ():
        case = _case(finding, OWN_SIDES)
        if case.failed is not None and finding.gravity is not Gravity.CRITICAL:
            case = replace(case, failed=None, output=f"{APART_TITLE}: {case.failed.message}")
        cases.append(replace(case, group=f"own.{finding.code}"))
    return cases


def _unread(report: Report) -> list[Case]:
    """Return a case for each input that was not read, and one for those that are only counted."""
    cases = [
        Case(
            group="input",
            name=trouble.path,
            failed=Failed(message=trouble.problem, is_error=True) if trouble.is_loss else None,
            output="" if trouble.is_loss else trouble.problem,
        )
        for trouble in report.troubles
    ]
    if more := report.losses - sum(trouble.is_loss for trouble in report.troubles):
        failed = Failed(message="could not be read either", is_error=True)
        cases.append(Case(group="input", name=f"{more:,} more", failed=failed))
    return cases


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
            "accepted_from": evidence.period[0] if evidence.period else None,
            "accepted_until": evidence.period[1] if evidence.period else None,
        },
        "outcomes": {**report.outcomes},
        "known_differences": {**report.known},
        "findings": [_finding(finding) for finding in report.findings],
        "apart": None if report.apart is None else _apart(report.apart),
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


def _apart(apart: Apart) -> JsonObject:
    return {
        "workflows": apart.workflows,
        "compared": apart.compared,
        "cut": apart.cut,
        "shapes": apart.shapes,
        "semantic": apart.semantic,
        "critical": apart.critical,
        "outcomes": {**apart.outcomes},
        "findings": [_finding(finding) for finding in apart.findings],
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
