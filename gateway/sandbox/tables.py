"""The scripts in words: for a terminal, for JSON, for docs/sandbox.md."""

from __future__ import annotations

from typing import Final

from gateway.sandbox.scripts import SCRIPTS, Body, Script


def answer_text(script: Script) -> str:
    """Say in a few words how a POST is answered."""
    answer = script.answer
    text = "no answer" if answer.http_status is None else str(answer.http_status)
    if answer.http_status is not None and answer.body is not Body.UUID:
        text += f", {answer.body}"
    if answer.retry_after_s is not None:
        text += f", Retry-After: {answer.retry_after_s}"
    if answer.delay_s:
        text += f", after {answer.delay_s:g} s"
    if answer.is_for_first_only:
        text += ", then 202"
    return text


def webhooks_text(script: Script) -> str:
    """List the status webhooks with the seconds after which they are sent."""
    texts = [
        f"{moment.status}{f' {moment.code}' if moment.code else ''} {moment.after_s:g} s"
        for moment in script.moments
    ]
    return ", ".join(texts) + (f" (each {script.copies} times)" if script.copies > 1 else "")


_HEADS: Final = ("Digits", "Name", "Answer to the POST", "Status webhooks", "What it plays")


def _cells(script: Script) -> tuple[str, ...]:
    webhooks = webhooks_text(script) or "none"
    return (script.digits, script.name, answer_text(script), webhooks, script.summary)


def scripts_table_markdown() -> str:
    """Write the table of docs/sandbox.md, without a line break at its end."""
    rows = [_HEADS, tuple("---" for _ in _HEADS), *map(_cells, SCRIPTS)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def scripts_table_text() -> str:
    """Write the table for a terminal, two columns and a sentence."""
    width = max(len(script.name) for script in SCRIPTS)
    return "\n".join(
        f"{script.digits}  {script.name:{width}}  {script.summary}" for script in SCRIPTS
    )
