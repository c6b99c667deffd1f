"""`docs/rules.md`: every rule of the rule tables, grouped by the module that holds it."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import translators
from tests.support.pages import ROOT, slug
from translators.rules import Rule, Tolerance
from translators.rules_native import NATIVE_RULES

WIRE_PAGE: Final = ROOT / "docs" / "wire.md"

_INTRODUCTION: Final = """\
<!-- generated from the rule tables in translators/rules_*.py: run `make docs` -->

# Rules

Everything a translation can say about the meaning it carried. A code is permanent: it is never
given to another rule. Severities: **note** (carried, written differently), **warning**
(approximated or dropped, and named), **error** (cannot be carried; there is no value).

A rule with a switch can be turned by its name: `GATEWAY_REFUSE` refuses what is accepted by
default, `GATEWAY_ACCEPT` accepts with a warning what is refused by default. The gateway never sends
native failover, so the rules about it have the option `--accept` of the offline commands instead.
Why it is built like this: [ADR 0006](adr/0006-tolerance.md) and
[ADR 0007](adr/0007-diagnostics-and-permanent-codes.md).
"""

_SUBJECT: Final = re.compile(r"The rules of (?:the )?([^:,\n]+?)(?:[:,]|\.?$)", re.MULTILINE)
_SECTION: Final = re.compile(r"docs/wire\.md section ([0-9A-C](?:\.[0-9]+)?)")
_DECISION: Final = re.compile(r"docs/(adr/[a-z0-9-]+\.md)")
_HEADING: Final = re.compile(r"^#{2,3} ([0-9A-C](?:\.[0-9]+)?)\.? .+$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The rules of one module: of one kind of document, or one part of it."""

    subject: str
    rules: tuple[Rule, ...]


def groups() -> tuple[Group, ...]:
    """Return the groups in the order of the numbers of their first codes, which is that of use."""
    found = []
    for module in pkgutil.iter_modules(translators.__path__):
        if not module.name.startswith("rules_"):
            continue
        loaded = importlib.import_module(f"translators.{module.name}")
        own = (value for value in vars(loaded).values() if isinstance(value, Rule))
        rules = tuple(sorted(own, key=lambda rule: rule.code))
        subject = _SUBJECT.match(loaded.__doc__ or "")
        found.append(Group(subject=_title(subject[1] if subject else module.name), rules=rules))
    return tuple(sorted(found, key=lambda group: group.rules[0].code[3:]))


def page() -> str:
    """Return the whole page."""
    return "\n".join((_INTRODUCTION, *_index(), *_entries()))


def _title(subject: str) -> str:
    return subject if subject.startswith("v") else subject[0].upper() + subject[1:]


def _index() -> Iterator[str]:
    yield "| code | name | severity | switch |"
    yield "|---|---|---|---|"
    for group in groups():
        for rule in group.rules:
            switch = f"`{_switch_name(rule, rule.tolerance)}`" if rule.tolerance else ""
            name = f"[{rule.name}](#{slug(f'{rule.code} {rule.name}')})"
            yield f"| {rule.code} | {name} | {rule.severity} | {switch} |"
    yield ""


def _entries() -> Iterator[str]:
    for group in groups():
        yield f"## {group.subject}"
        yield ""
        for rule in group.rules:
            yield f"### {rule.code} {rule.name}"
            yield ""
            yield f"**{rule.severity.capitalize()}.** {rule.why} *{rule.remedy}*"
            yield ""
            if rule.tolerance is not None:
                yield f"* {_switch(rule, rule.tolerance)}"
            where = f"`{rule.example}`" if rule.example else "the whole document"
            yield f"* Found at, for example: {where}"
            yield f"* Since {rule.since}; source: {_linked(rule.source)}"
            yield ""


def _switch_name(rule: Rule, tolerance: Tolerance) -> str:
    if rule in NATIVE_RULES:
        return "--accept"
    return "GATEWAY_REFUSE" if tolerance is Tolerance.ACCEPT else "GATEWAY_ACCEPT"


def _switch(rule: Rule, tolerance: Tolerance) -> str:
    name = _switch_name(rule, tolerance)
    setting = f"`{name}{' ' if name.startswith('-') else '='}{rule.name}`"
    if tolerance is Tolerance.ACCEPT:
        return f"Accepted unless {setting} refuses it."
    return f"Refused unless {setting} accepts it with a warning."


def _linked(source: str) -> str:
    """Turn the sections and decisions that a source names into links."""
    anchors = {
        heading[1]: slug(heading[0].lstrip("# "))
        for heading in _HEADING.finditer(WIRE_PAGE.read_text(encoding="utf-8"))
    }
    linked = _SECTION.sub(lambda at: f"[wire.md {at[1]}](wire.md#{anchors[at[1]]})", source)
    return _DECISION.sub(lambda at: f"[{at[1]}]({at[1]})", linked)
