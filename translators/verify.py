"""Requests of Verify v2, which look like those of Dispatch and are another product's.

Both have a `workflow` of steps. Verify checks a code that it sends itself; nothing of it can be
carried over, and saying so is worth more than a list of all that a dispatch would need.

Source: docs/wire.md section 1.6.
"""

from __future__ import annotations

from translators.diagnostics import JsonValue


def is_verify_request(document: JsonValue) -> bool:
    """Tell whether a JSON value is a request to Verify v2 rather than to Dispatch."""
    if not isinstance(document, dict) or "template" in document:
        return False
    workflow = document.get("workflow")
    steps = [step for step in workflow if step is not None] if isinstance(workflow, list) else []
    if steps and all(isinstance(step, dict) and "message" in step for step in steps):
        return False
    return "brand" in document or bool(
        steps
        and all(
            isinstance(step, dict) and "channel" in step and isinstance(step.get("to"), str)
            for step in steps
        )
    )


def verify_request_in(document: JsonValue) -> str | None:
    """Return the JSON Pointer of a Verify request: the document, or a member of a log line.

    `None` if there is none, or if the document has a workflow of its own.
    """
    if is_verify_request(document):
        return ""
    if not isinstance(document, dict) or document.keys() & {"template", "workflow"}:
        return None
    for name in ("request", "body", "payload"):
        if is_verify_request(document.get(name)):
            return f"/{name}"
    return None
