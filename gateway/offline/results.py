"""What a document became, on standard output: one object each, for machines or for people."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import orjson

from gateway.folding import fold_lines
from gateway.offline.conversions import Converted, to_json
from gateway.offline.documents import Document, Finding, visible
from translators.rule_table import RULES_BY_CODE


class Form(StrEnum):
    """How results are written."""

    LINES = "jsonl"
    """One compact object on a line."""
    JSON = "json"
    """Indented; an array if there are several."""
    TEXT = "text"
    """For people."""


def result_line(document: Document, converted: Converted, findings: Sequence[Finding]) -> bytes:
    """Write one result as a line of JSON Lines, its line end included."""
    return to_json(_result(document, converted, findings)) + b"\n"


def result_indented(document: Document, converted: Converted, findings: Sequence[Finding]) -> bytes:
    """Write one result over several lines, without a line end after it."""
    return orjson.dumps(_result(document, converted, findings), option=orjson.OPT_INDENT_2)


def result_text(document: Document, converted: Converted, columns: int | None = None) -> str:
    """Write one result for a person; its diagnostics are told elsewhere.

    Args:
        columns: what it is folded to; `None` folds nothing.
    """
    lines = [visible(document.source)]
    if not converted.is_ok:
        lines.append("  cannot be carried over")
    for name, member in converted.members.items():
        match name, member:
            case _, None:
                pass
            case "messages", list():
                lines += _steps_text(converted)
            case "failover", _:
                pass  # told with the messages
            case "verdict", dict():
                lines.append(f"  {member['grade']}: {member['summary']}")
            case _, _:
                lines += _indented(member)
    return fold_lines("\n".join(lines), columns) + "\n"


def _result(
    document: Document, converted: Converted, findings: Sequence[Finding]
) -> dict[str, object]:
    return {
        "source": document.source,
        "ok": converted.is_ok,
        **converted.members,
        "diagnostics": [finding_object(finding) for finding in findings],
    }


def finding_object(finding: Finding) -> dict[str, object]:
    """Return a finding as machines read it."""
    diagnostic, position = finding.diagnostic, finding.position
    return {
        "rule": diagnostic.rule,
        "name": RULES_BY_CODE[diagnostic.rule].name,
        "severity": diagnostic.severity,
        "pointer": diagnostic.pointer,
        "line": position.line,
        "column": position.column,
        "detail": diagnostic.detail,
    }


def _steps_text(converted: Converted) -> list[str]:
    lines: list[str] = []
    messages, terms = converted.members["messages"], converted.members["failover"]
    assert isinstance(messages, list)  # noqa: S101 - so made by steps_of
    assert isinstance(terms, list)  # noqa: S101
    for number, (message, term) in enumerate(zip(messages, terms, strict=True), 1):
        until = (
            f"next if not {term['condition_status']} in {term['expiry_time']} s, or if it fails"
            if term
            else "last"
        )
        lines.append(f"  {number}. {message['channel']} {message['message_type']}; {until}")
        lines += _indented(message)
    return lines


def _indented(value: object) -> list[str]:
    written = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return [f"     {line}" for line in written.splitlines()]
