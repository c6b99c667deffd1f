"""Corpora of a few records, assessed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gateway.assess.html import render_html
from gateway.assess.judging import Assumptions
from gateway.assess.report import Report, make_report
from gateway.assess.tables import render_csv, render_json
from gateway.assess.tally import Tally
from gateway.assess.text import render_text
from gateway.offline.log_records import Record
from tests.support.corpus import make_step


def flow(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"template": "failover", "workflow": list(steps)}


def waiting(
    channel: str, name: str = "text", *, condition: str = "delivered", expiry_s: int = 600
) -> dict[str, Any]:
    """Return a workflow that falls back to an SMS."""
    terms = {"expiry_time": expiry_s, "condition_status": condition}
    return flow({**make_step(channel, name), "failover": terms}, make_step("sms", "text"))


def tallied(
    payloads: Sequence[Any], assumptions: Assumptions | None = None, *, max_shapes: int = 1000
) -> Tally:
    """Count payloads, each on a line; a string is the line itself."""
    tally = Tally(assumptions or Assumptions(), max_shapes=max_shapes)
    for line, payload in enumerate(payloads, 1):
        text = payload if isinstance(payload, str) else json.dumps(payload)
        raw = f"{text}\n".encode()
        tally.add_record(Record(path="app.log", line=line, raw=raw, is_json=False))
    tally.files = 1
    return tally


def reported(payloads: Sequence[Any], assumptions: Assumptions | None = None) -> Report:
    return make_report(tallied(payloads, assumptions))


def rendered(report: Report) -> dict[str, str]:
    """Return the report in every format."""
    return {
        "text": render_text(report, top=1000),
        "json": render_json(report),
        "csv": render_csv(report),
        "html": render_html(report, top=1000),
    }
