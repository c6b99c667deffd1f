"""Findings in the forms that people and build servers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from html import escape
from typing import Final

from gateway.offline.baseline import Surplus
from gateway.offline.documents import Document, Finding, visible
from translators.diagnostics import Severity
from translators.rule_table import RULES_BY_CODE


class ReportForm(StrEnum):
    """How findings are told."""

    TEXT = "text"
    """For people: the place, the sentence, and the line with a caret under it."""
    BRIEF = "brief"
    """One line each; the machine-readable results beside it tell the rest."""
    GITHUB = "github"
    """Workflow commands, which annotate the files of a change."""
    JUNIT = "junit"
    """A test case for each document."""


_GITHUB_LEVELS: Final[Mapping[Severity, str]] = {
    Severity.NOTE: "notice",
    Severity.WARNING: "warning",
    Severity.ERROR: "error",
}


def brief(finding: Finding) -> str:
    """Write a finding in one line, without its line end."""
    diagnostic, at = finding.diagnostic, finding.position
    return visible(f"{finding.document.path}:{at.line}:{at.column}: {diagnostic}")


def full(finding: Finding) -> str:
    """Write a finding with the line it is about, for people, without the last line end."""
    diagnostic, at = finding.diagnostic, finding.position
    name = RULES_BY_CODE[diagnostic.rule].name
    place = f"{finding.document.path}:{at.line}:{at.column}"
    lines = [
        visible(f"{place}: {diagnostic.severity} {diagnostic.rule} {name}"),
        visible(f"  {_subject(finding)} {diagnostic.detail}"),
    ]
    if finding.has_place:
        line, carets = finding.excerpt()
        margin = str(at.line)
        lines += [f"  {margin} | {line}", f"  {' ' * len(margin)} | {carets}"]
    return "\n".join(lines)


def github(finding: Finding) -> str:
    """Write a finding as a workflow command, without its line end."""
    diagnostic, at = finding.diagnostic, finding.position
    title = f"{diagnostic.rule} {RULES_BY_CODE[diagnostic.rule].name}"
    properties = ",".join(
        f"{name}={_property(value)}"
        for name, value in (
            ("file", finding.document.path),
            ("line", str(at.line)),
            ("col", str(at.column)),
            ("title", title),
        )
    )
    message = _message(f"{_subject(finding)} {diagnostic.detail}")
    return f"::{_GITHUB_LEVELS[diagnostic.severity]} {properties}::{message}"


def github_unread(path: str, line: int | None, problem: str) -> str:
    """Write the annotation of an input that could not be read, its line end included.

    Args:
        path: with `line` after it, if there is one.
    """
    file, where = _place(path, line)
    return f"::error {where},title=could not be read::{_message(f'{file}: {problem}')}\n"


def github_surplus(surplus: Surplus) -> str:
    """Write the annotation of what was met more often than accepted, its line end included."""
    _, where = _place(surplus.met.source, surplus.met.line)
    rule = surplus.key.rule
    title = f"{rule} {RULES_BY_CODE[rule].name}"
    level = _GITHUB_LEVELS[surplus.severity]
    return f"::{level} {where},title={title}::{_message(surplus.detail)}\n"


def junit_case(document: Document, failing: Sequence[Finding], others: Sequence[Finding]) -> str:
    """Write the test case of one document, its line end included."""
    head = f"  <testcase classname={_attribute(document.path)} name={_attribute(document.source)}"
    if not failing and not others:
        return f"{head}/>\n"
    inner = ""
    if failing:
        kind = _attribute(failing[0].diagnostic.rule)
        message = _attribute(failing[0].diagnostic.detail)
        told = "\n".join(map(brief, failing))
        inner += f"    <failure type={kind} message={message}>{_content(told)}</failure>\n"
    if others:
        told = "\n".join(map(brief, others))
        inner += f"    <system-out>{_content(told)}</system-out>\n"
    return f"{head}>\n{inner}  </testcase>\n"


def junit_head(tests: int, failures: int, errors: int) -> str:
    """Write what stands before the cases.

    Args:
        errors: inputs that could not be read; each has a case from `junit_unread`.
    """
    counts = f'tests="{tests}" failures="{failures}" errors="{errors}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuites {counts}>\n <testsuite name="dispatch-gateway translate" {counts}>\n'
    )


def junit_surplus(surplus: Surplus, *, is_failing: bool) -> str:
    """Write the test case of what was met more often than accepted."""
    source = _attribute(surplus.met.source)
    path = surplus.met.source.removesuffix(f":{surplus.met.line}")
    if is_failing:
        head = f"<failure type={_attribute(surplus.key.rule)} message={_attribute(surplus.detail)}>"
        inner = f"{head}{_content(str(surplus))}</failure>"
    else:
        inner = f"<system-out>{_content(str(surplus))}</system-out>"
    case = f"  <testcase classname={_attribute(path)} name={source}>"
    return f"{case}\n    {inner}\n  </testcase>\n"


def junit_unread(path: str, problem: str) -> str:
    """Write the test case of an input that could not be read."""
    case = f"  <testcase classname={_attribute(path)} name={_attribute(path)}>"
    return f"{case}\n    <error message={_attribute(problem)}/>\n  </testcase>\n"


JUNIT_TAIL: Final = " </testsuite>\n</testsuites>\n"


def _subject(finding: Finding) -> str:
    if finding.diagnostic.pointer:
        return finding.diagnostic.pointer
    return "the workflow" if finding.diagnostic.rule.startswith("NAT") else "the document"


def _place(source: str, line: int | None) -> tuple[str, str]:
    """Return the file that a source is in, and the properties of an annotation there."""
    file = source.removesuffix(f":{line}")
    at = "" if line is None else f",line={line}"
    return file, f"file={_property(file)}{at}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def _content(text: str) -> str:
    return escape(_xml_characters(text), quote=False)


def _attribute(text: str) -> str:
    return f'"{escape(_xml_characters(text))}"'


def _xml_characters(text: str) -> str:
    """Replace what XML 1.0 has no way to write: control characters, halves of pairs."""
    return "".join(
        character
        if character in "\t\n\r" or (character >= " " and not "\ud800" <= character <= "\udfff")
        else "\N{REPLACEMENT CHARACTER}"
        for character in text
    )
