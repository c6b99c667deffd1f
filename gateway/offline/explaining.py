"""Rules told in a terminal: a list of them, or a page for one with an example at work."""

from __future__ import annotations

import codecs
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, assert_never

import click

from gateway.folding import fold
from gateway.offline.documents import Document, Finding, place
from gateway.offline.explain_layout import cut_short, lay_out
from translators.diagnostics import JsonObject, JsonValue, Severity
from translators.documents import parse_document
from translators.examples import CaseSettings, Example, Kind, show
from translators.rule_table import RULE_GROUPS
from translators.rules import Rule, Switches, Tolerance

WIDEST: Final = 100
"""Columns; longer lines are hard to read, however wide the terminal is."""

_INDENT: Final = "  "
_NARROWEST: Final = 40
_LEAST_WHY: Final = 24
"""Columns of a reason that are worth showing."""
_BELOW: Final = " " * 10
_EXCERPT: Final = 96  # a longer line is shown in part where a finding marks it
_COLOURS: Final[Mapping[Severity, str]] = {
    Severity.NOTE: "cyan",
    Severity.WARNING: "yellow",
    Severity.ERROR: "red",
}
_SOURCES: Final[Mapping[Kind, str]] = {
    Kind.STEPS: "a v0.1 dispatch",
    Kind.NATIVE: "a v0.1 dispatch, to leave the gateway",
    Kind.STATUS: "a v1 status webhook",
    Kind.INBOUND: "a v1 inbound webhook",
    Kind.TOKEN: "the claims of a caller's token",
    Kind.REPORT: "what is known when a dispatch ends",
}
_TARGETS: Final[Mapping[Kind, str]] = {
    Kind.STEPS: "the v1 calls, and when each gives way to the next",
    Kind.NATIVE: "one v1 request",
    Kind.STATUS: "the v0.1 status callback",
    Kind.INBOUND: "the v0.1 inbound callback",
    Kind.TOKEN: "the claims that let the caller in",
    Kind.REPORT: "the v0.1 final report",
}
_NOTHING: Final[Mapping[Kind, str]] = {
    Kind.STEPS: "nothing: the gateway answers 400 and sends no message",
    Kind.NATIVE: "nothing: the workflow stays on the gateway",
    Kind.STATUS: "nothing: the webhook is kept aside and no callback is sent",
    Kind.INBOUND: "nothing: the webhook is kept aside and no callback is sent",
    Kind.TOKEN: "nothing: the gateway answers 403",
    Kind.REPORT: "nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How text is shown."""

    width: int | None = None
    """The terminal's, in columns; `None` when nobody looks: then lists are not cut to fit."""
    has_colour: bool = False

    @property
    def columns(self) -> int:
        """How wide paragraphs are."""
        return WIDEST if self.width is None else max(_NARROWEST, min(self.width, WIDEST))

    def paint(self, text: str, colour: str | None = None, *, is_bold: bool = False) -> str:
        """Return the text in colour, if there is any."""
        return click.style(text, fg=colour, bold=is_bold or None) if self.has_colour else text


def list_rules(rules: Iterable[Rule], look: Look) -> Iterator[str]:
    """Yield a line for each rule: code, severity, switch, name, and why; grouped by subject."""
    wanted = frozenset(rules)
    name_width = max((len(rule.name) for rule in wanted), default=0)
    separator = ""
    for group in RULE_GROUPS:
        listed = [rule for rule in group.rules if rule in wanted]
        if listed:
            yield separator + look.paint(group.subject, is_bold=True)
            separator = "\n"
        for rule in listed:
            severity = look.paint(f"{rule.severity:7}", _COLOURS[rule.severity])
            lead = f"{_INDENT}{rule.code}  {severity}  {switch_of(rule) or '':8}"
            head = f"{lead}  {rule.name:{name_width}}"
            taken = len(click.unstyle(head))
            why = _first_sentence(rule.why)
            if look.width is None or look.width - taken >= _LEAST_WHY:
                yield f"{head}  {_fitted(why, look.width, taken + 2)}".rstrip()
            else:
                # A word or two would say nothing: the sentence stands below.
                yield head.rstrip()
                yield from fold(why, look.width, _BELOW)


def tell_rule(rule: Rule, look: Look) -> Iterator[str]:
    """Yield the lines of the page of one rule."""
    severity = look.paint(rule.severity, _COLOURS[rule.severity], is_bold=True)
    yield f"{look.paint(f'{rule.code} {rule.name}', is_bold=True)}  {severity}"
    yield ""
    yield from _wrapped("Why", rule.why, look)
    yield from _wrapped("Remedy", rule.remedy, look)
    yield from _wrapped("Switch", _switch_sentence(rule), look)
    yield from _wrapped("Found at", rule.example or "the whole document", look)
    yield from _wrapped("Source", f"{rule.source}; since {rule.since}", look)
    yield from _tell_example(show(rule), look)


def switch_of(rule: Rule) -> str | None:
    """Return the option that turns the rule; `None` if nothing does."""
    match rule.tolerance:
        case None:
            return None
        case Tolerance.ACCEPT:
            return "--refuse"
        case Tolerance.REFUSE:
            return "--accept"
        case _:
            assert_never(rule.tolerance)


def rule_object(rule: Rule, *, with_example: bool) -> JsonObject:
    """Return a rule as machines read it."""
    told: JsonObject = {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity,
        "switch": switch_of(rule),
        "why": rule.why,
        "remedy": rule.remedy,
        "pointer": rule.example,
        "since": rule.since,
        "source": rule.source,
    }
    return {**told, "example": _example_object(show(rule))} if with_example else told


def _example_object(example: Example) -> JsonObject:
    document = _input(example, parse_document(example.raw).value)
    about = _written(example.value) if example.is_about_output else document
    return {
        "kind": example.kind,
        "settings": [*_settings(example.settings)],
        "input": document.raw.decode(errors="backslashreplace"),
        "output": example.value,
        "diagnostics": [_finding_object(each) for each in place(about, example.diagnostics)],
    }


def _finding_object(finding: Finding) -> JsonObject:
    diagnostic, at = finding.diagnostic, finding.position
    return {
        "rule": diagnostic.rule,
        "severity": diagnostic.severity,
        "pointer": diagnostic.pointer,
        "line": at.line,
        "column": at.column,
        "detail": diagnostic.detail,
    }


def _tell_example(example: Example, look: Look) -> Iterator[str]:
    settings = "".join(f"; with {each}" for each in _settings(example.settings))
    source = f"{_SOURCES[example.kind]}{settings}"
    if example.raw.startswith(codecs.BOM_UTF8):
        source += "; before it the bytes EF BB BF"
    yield from _headed("In", look, source)
    document = _input(example, cut_short(parse_document(example.raw).value), look)
    output = _written(cut_short(example.value), look)
    about = output if example.is_about_output else document
    (found,) = place(about, [example.found])
    yield from _lines(document, found, look)
    yield from _headed("Said", look)
    yield from _said(found, look)
    if others := sorted({each.rule for each in example.diagnostics} - {example.rule.code}):
        yield f"{_INDENT}and {', '.join(others)}"
    if example.value is None:
        yield from _headed("Out", look, _NOTHING[example.kind])
    else:
        yield from _headed("Out", look, _TARGETS[example.kind])
        yield from _lines(output, found, look)
    if example.rule.tolerance is Tolerance.REFUSE:
        yield from _tell_accepted(example.rule, look)


def _tell_accepted(rule: Rule, look: Look) -> Iterator[str]:
    """Yield what comes out of the example of a rule once its switch accepts what it refuses."""
    accepted = show(rule, Switches(accepted=frozenset({rule.name})))
    title = f"{_TARGETS[accepted.kind]}; with --accept {rule.name}"
    yield from _headed("Out", look, title)
    output = _written(cut_short(accepted.value), look)
    yield from (_INDENT + line for line in output.text.splitlines())


def _input(example: Example, value: JsonValue, look: Look | None = None) -> Document:
    """Return the input, laid out if it can be read."""
    if value is None:
        return Document(path=example.rule.code, line=None, raw=example.raw)
    mark = codecs.BOM_UTF8 if example.raw.startswith(codecs.BOM_UTF8) else b""
    return Document(path=example.rule.code, line=None, raw=mark + _written(value, look).raw)


def _written(value: JsonValue, look: Look | None = None) -> Document:
    width = min((look or Look()).columns - len(_INDENT), _EXCERPT)
    return Document(path="", line=None, raw=lay_out(value, width).encode())


def _lines(document: Document, found: Finding, look: Look) -> Iterator[str]:
    """Yield the lines of a document, and carets below the one that the finding is about."""
    diagnostic = found.diagnostic
    has_place = bool(diagnostic.pointer) or diagnostic.offset is not None
    marked = found.position.line if found.document is document and has_place else None
    for number, line in enumerate(document.text.splitlines() or ["(no bytes at all)"], 1):
        if number != marked:
            yield _INDENT + line
            continue
        excerpt, carets = found.excerpt()
        yield _INDENT + excerpt
        yield _INDENT + look.paint(carets, _COLOURS[diagnostic.severity], is_bold=True)


def _said(found: Finding, look: Look) -> Iterator[str]:
    diagnostic, at = found.diagnostic, found.position
    subject = diagnostic.pointer or "the document"
    line = f"{at.line}:{at.column}: {diagnostic.severity} {diagnostic.rule} {subject}"
    yield from textwrap.wrap(
        f"{line}: {diagnostic.detail}",
        look.columns,
        initial_indent=_INDENT,
        subsequent_indent=_INDENT * 2,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _headed(title: str, look: Look, text: str = "") -> Iterator[str]:
    yield ""
    yield look.paint(title, is_bold=True) + (f": {text}" if text else "")


def _wrapped(label: str, text: str, look: Look) -> Iterator[str]:
    """Yield a paragraph beside its label."""
    margin = 10
    lines = textwrap.wrap(text, look.columns - margin, break_on_hyphens=False)
    for number, line in enumerate(lines):
        head = look.paint(f"{label:{margin}}", is_bold=True) if not number else " " * margin
        yield head + line


def _switch_sentence(rule: Rule) -> str:
    option = switch_of(rule)
    if option is None:
        return "none"
    # The gateway itself never takes the native way, so it has no setting for those rules.
    is_setting = not rule.code.startswith("NAT")
    word = option.removeprefix("--")
    setting = f" or GATEWAY_{word.upper()}={rule.name}" if is_setting else ""
    default = "accepted" if rule.tolerance is Tolerance.ACCEPT else "refused"
    return f"{default} by default; {option} {rule.name}{setting} {word}s it"


def _settings(settings: CaseSettings) -> Iterator[str]:
    """Yield what the example sets, as the gateway and the commands call it."""
    if settings.max_steps is not None:
        yield f"GATEWAY_MAX_STEPS={settings.max_steps}"
    if settings.default_locale is not None:
        yield f"GATEWAY_DEFAULT_LOCALE={settings.default_locale}"
    if settings.workflow_fee:
        yield f"GATEWAY_WORKFLOW_FEE={settings.workflow_fee}"
    if settings.authentication_templates:
        yield f"GATEWAY_AUTHENTICATION_TEMPLATES={','.join(settings.authentication_templates)}"
    if settings.reply_as_text:
        yield "GATEWAY_REPLY_AS_TEXT=true"
    if settings.with_ttl:
        yield "--ttl"
    if settings.undeliverable_fails_over:
        yield "--assume undeliverable-fails-over"


def _first_sentence(text: str) -> str:
    first, stop, _ = text.partition(". ")
    return first + stop.rstrip()


def _fitted(text: str, width: int | None, taken: int) -> str:
    """Cut a text to the rest of its line."""
    room = None if width is None else width - taken
    if room is None or len(text) <= room:
        return text
    return f"{text[: room - 1]}…" if room > 1 else ""
