"""Findings in the forms that people and build servers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gateway.folding import fold_lines
from gateway.offline.baseline import Surplus
from gateway.offline.documents import WINDOW, Document, Finding, visible
from gateway.offline.inputs import Trouble
from gateway.offline.junit import Case, Failed, case_xml
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


# Select Graphic Rendition: what every terminal of the last forty years understands.
_COLOURS: Final[Mapping[Severity, str]] = {
    Severity.NOTE: "\x1b[36m{}\x1b[0m",
    Severity.WARNING: "\x1b[33m{}\x1b[0m",
    Severity.ERROR: "\x1b[1;31m{}\x1b[0m",
}


def brief(finding: Finding) -> str:
    """Write a finding in one line, without its line end."""
    diagnostic, at = finding.diagnostic, finding.position
    return visible(f"{finding.document.path}:{at.line}:{at.column}: {diagnostic}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """What findings for people are shown on."""

    columns: int | None = None
    """What they are folded to; `None` folds nothing."""
    has_colour: bool = False


_PLAIN: Final = Screen()


def full(finding: Finding, screen: Screen = _PLAIN) -> str:
    """Write a finding with the line it is about, for people, without the last line end."""
    columns = screen.columns
    diagnostic, at = finding.diagnostic, finding.position
    name = RULES_BY_CODE[diagnostic.rule].name
    place = f"{finding.document.path}:{at.line}:{at.column}"
    told = "\n".join(
        (
            visible(f"{place}: {diagnostic.severity} {diagnostic.rule} {name}"),
            visible(f"  {_subject(finding)} {diagnostic.detail}"),
        )
    )
    told = fold_lines(told, columns)
    colour = _COLOURS[diagnostic.severity] if screen.has_colour else "{}"
    word = f" {diagnostic.severity} {diagnostic.rule}"
    told = told.replace(word, f" {colour.format(word[1:])}", 1)
    if not finding.has_place:
        return told
    margin = str(at.line)
    taken = len(margin) + len("  …… | ")
    line, carets = finding.excerpt(WINDOW if columns is None else min(WINDOW, columns - taken))
    marked = colour.format(carets.lstrip(" \t"))
    under = carets[: len(carets) - len(carets.lstrip(" \t"))] + marked
    return f"{told}\n  {margin} | {line}\n  {' ' * len(margin)} | {under}"


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
    failed = None
    if failing:
        worst = failing[0].diagnostic
        told = "\n".join(map(brief, failing))
        failed = Failed(kind=worst.rule, message=worst.detail, text=told)
    output = "\n".join(map(brief, others))
    return case_xml(Case(group=document.path, name=document.source, failed=failed, output=output))


def junit_surplus(surplus: Surplus, *, is_failing: bool) -> str:
    """Write the test case of what was met more often than accepted."""
    source, told = surplus.met.source, str(surplus)
    group = source.removesuffix(f":{surplus.met.line}")
    if not is_failing:
        return case_xml(Case(group=group, name=source, output=told))
    failed = Failed(kind=surplus.key.rule, message=surplus.detail, text=told)
    return case_xml(Case(group=group, name=source, failed=failed))


def junit_unread(trouble: Trouble) -> str:
    """Write the test case of an input that could not be read."""
    failed = Failed(message=trouble.problem, is_error=True)
    return case_xml(Case(group=trouble.path, name=trouble.path, failed=failed))


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
