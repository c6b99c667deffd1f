"""What the formats for people say in the same words."""

from __future__ import annotations

from collections import Counter
from typing import Final

from gateway import __version__
from gateway.assess.report import Report, ShapeLine
from gateway.assess.tally import EXPIRY_BOUNDS
from gateway.offline.log_bodies import Body
from gateway.offline.shapes import name_channel, name_content
from gateway.offline.words import counted, is_or_are, listed, number, seconds

_LISTED: Final = 10


def ungraded() -> str:
    """Say what no grade takes into account."""
    return "Your code changes in every case, since ids and webhooks are others; that is not graded."


def assumed(report: Report) -> str:
    """Say what the grades take for granted."""
    switches = report.assumptions.switches
    if report.assumptions.undeliverable_fails_over:
        text = "Assumed: v1 fails over on undeliverable as well as on rejected."
    else:
        text = "Assumed: v1 fails over on rejected only, as documented."
    if report.assumptions.default_locale is not None:
        text += " Templates without a locale get the default one."
    for words, names in (("Accepted", switches.accepted), ("Refused", switches.refused)):
        if names:
            text += f" {words}: {listed(sorted(names))}."
    return text


def what_was_read(report: Report) -> str:
    """Write out how the input and the workflows add up."""
    text = (
        f"{counted(report.files, 'file')}: {report.records.sentence}."
        f" These hold {counted(report.payloads, 'workflow')}."
    )
    if verify := report.verify_requests:
        text += (
            f" {counted(verify, Body.VERIFY_REQUEST.one, Body.VERIFY_REQUEST)} {is_or_are(verify)}"
            " not counted: that is another product, which needs neither Dispatch nor this gateway."
        )
    others = [
        counted(count, body.one, body)
        for body, count in report.not_payloads.items()
        if body is not Body.VERIFY_REQUEST
    ]
    if others:
        text += f" Seen besides, and no payloads: {listed(others)}."
    if report.records.unreadable:
        text += " What is unreadable looks like a payload or should be one; it has no grade."
    return text


def masked_note() -> str:
    """Say why the report can be passed on."""
    return (
        "No numbers, ids, texts, captions, URLs, references or template parameters are in this"
        " report: payloads are shown by their form alone."
    )


def provenance() -> str:
    """Name what a report was made by."""
    return f"dispatch-gateway {__version__}"


def inventory_tables(report: Report) -> list[tuple[str, str, list[tuple[str, int]]]]:
    """Return what the workflows are made of: title, unit, and rows, the most frequent first."""
    contents: Counter[str] = Counter()
    for (channel, content), count in report.inventory.contents.items():
        contents[name_content(channel, content)] += count
    conditions: Counter[str] = Counter()
    expiries: Counter[int | None] = Counter()
    for (channel, condition, bound), count in report.inventory.waits.items():
        conditions[f"{name_channel(channel)}: {condition}"] += count
        expiries[bound] += count
    reach = Counter({kind.value: count for kind, count in report.inventory.whatsapp.items()})
    lengths = {
        counted(length, "step"): count for length, count in sorted(report.inventory.lengths.items())
    }
    bounds = {_range(bound): expiries[bound] for bound in (*EXPIRY_BOUNDS, None) if expiries[bound]}
    tables = [
        ("Messages", "steps by channel and type", _most_common(contents)),
        ("Conditions", "steps that wait, by channel", _most_common(conditions)),
        ("Expiries", "steps that wait, by how long", list(bounds.items())),
        ("WhatsApp", "steps by what hidden numbers mean to them", _most_common(reach)),
        ("Lengths", "workflows by steps", list(lengths.items())),
    ]
    return [table for table in tables if table[2]]


def _most_common(counts: Counter[str]) -> list[tuple[str, int]]:
    """Return the largest counts and the sum of the rest."""
    rows = counts.most_common()
    rest = sum(count for _, count in rows[_LISTED:])
    return [*rows[:_LISTED], *([(f"{len(rows) - _LISTED} others", rest)] if rest else [])]


def rules_sentence(line: ShapeLine, report: Report) -> str:
    """Name the rules of a shape: those of all its workflows, those of some, those of any shape."""
    said = {each.rule.code for each in report.of_all}
    told = {code: count for code, count in line.rules.items() if code not in said}
    parts = [code for code, count in told.items() if count == line.payloads]
    parts += [
        f"{code} in {number(count)}" for code, count in told.items() if count != line.payloads
    ]
    own = ", ".join(parts)
    if said.isdisjoint(line.rules):
        return own or "none"
    return f"{own}, and those of every workflow" if own else "those of every workflow"


def _range(bound: int | None) -> str:
    if bound is None:
        return "unknown"
    index = EXPIRY_BOUNDS.index(bound)
    if index == 0:
        return f"under {seconds(bound)}"
    return f"{seconds(EXPIRY_BOUNDS[index - 1])} to {seconds(bound // 60 * 60)}"
