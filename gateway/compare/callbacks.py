"""What the caller was told of each message, on both sides."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from gateway.compare.comparison import Finding
from gateway.compare.course import Attempt, Course, Told, status_word
from gateway.compare.kinds import (
    LINKS_DIFFERENT,
    REASON_DIFFERENT,
    STATUS_DIFFERENT,
    STATUS_EXTRA,
    STATUS_MISSING,
    STEP_COUNT,
    WRONG_CONTENT,
    WRONG_RECIPIENT,
    DifferenceKind,
)
from gateway.compare.shape import find, spellings
from translators.diagnostics import JsonObject, JsonValue

# Source: docs/wire.md section 5.3.
_ALWAYS: Final = frozenset({"message_uuid", "to", "from", "timestamp", "status"})
_COMPARED: Final = _ALWAYS | {"error", "usage", "client_ref", "_links"}
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def compare_recipients(reference: Course) -> Iterator[Finding]:
    """Find messages to people whom their step does not name, and messages of no step."""
    everyone = frozenset[str]().union(*(step.recipient for step in reference.workflow.steps))
    for attempt in reference.attempts:
        named = reference.workflow.steps[attempt.step].recipient
        reached = [spellings(find(told.body, "to")) for told in attempt.told]
        if any(each and named and not each & named for each in reached):
            yield _wrong_recipient(attempt.step)
    for told in reference.strays:
        reached_by_stray = spellings(find(told.body, "to"))
        if reached_by_stray and not reached_by_stray & everyone:
            yield _wrong_recipient(None)
        else:
            yield _another_message(None)


def compare_sends(reference: Course, candidate: Course) -> Iterator[Finding]:
    """Find steps that were sent twice, or with another content, as far as the traces show it."""
    for there, here in zip(reference.attempts, candidate.attempts, strict=False):
        if there.messages > max(1, here.messages):
            yield _another_message(there.step)
        if there.request is None or here.request is None:
            continue
        if there.request.get("to") != here.request.get("to"):
            yield _wrong_recipient(there.step)
        if _content(there.request) != _content(here.request):
            yield Finding(
                kind=WRONG_CONTENT,
                step=there.step,
                reference="sent another content",
                candidate="sends what the step has",
                detail="The message had another content than its step.",
                cause="content",
            )


def compare_told(reference: Course, candidate: Course, steps: int) -> Iterator[Finding]:
    """Compare the status callbacks of the first `steps` steps; each cause comes once."""
    found: dict[tuple[str, int | None, str], Finding] = {}
    for index in range(steps):
        there, here = reference.attempts[index], candidate.attempts[index]
        for finding in (*_statuses(reference, there, here), *_bodies(there, here)):
            found.setdefault((finding.kind.code, finding.step, finding.cause), finding)
    yield from found.values()


def _statuses(reference: Course, there: Attempt, here: Attempt) -> Iterator[Finding]:
    told, tells = [_word(each) for each in there.told], [_word(each) for each in here.told]
    if told == tells:
        return
    extra, missing = list((Counter(told) - Counter(tells)).elements()), []
    for each in here.told:
        at_ms = there.sent_ms + each.at_ms - here.sent_ms
        if reference.is_complete or at_ms <= reference.until_ms:
            missing.append(_word(each))
    missing = list((Counter(missing) - Counter(told)).elements())
    for status, code in list(extra):
        other = next((each for each in missing if each[0] == status), None)
        if other is not None:
            extra.remove((status, code))
            missing.remove(other)
            yield _different(there, f"told code {code}", f"tells {other[1]}", cause="code")
    for word in (status_word(status) for status, _ in extra):
        yield _finding(STATUS_EXTRA, there, f"told {word}", "does not tell it", cause=word)
    for word in (status_word(status) for status, _ in missing):
        yield _finding(STATUS_MISSING, there, f"did not tell {word}", "tells it", cause=word)
    if Counter(told) == Counter(tells):
        yield _different(there, _in_order(told), _in_order(tells), cause="order")


def _bodies(there: Attempt, here: Attempt) -> Iterator[Finding]:
    """Compare the callbacks that tell the same."""
    for told, tells in _pairs(there.told, here.told):
        if told.body is None or tells.body is None:
            continue
        reason, own_reason = find(told.body, "error", "reason"), find(tells.body, "error", "reason")
        if reason != own_reason:
            yield _finding(
                REASON_DIFFERENT, there, "another wording", "the short name", cause="reason"
            )
        if spellings(find(told.body, "from")) != spellings(find(tells.body, "from")):
            yield _different(there, "another sender", "the sender of the step", cause="from")
        if told.body.get("client_ref") != tells.body.get("client_ref"):
            yield _different(there, "another client_ref", "that of the step", cause="client_ref")
        if told.charge != tells.charge:
            words = (_charged(told), _charged(tells))
            yield _different(there, *words, cause=f"usage on {status_word(told.status)}")
        yield from _fields(there, told.body)
        yield from _links(told.body, tells.body)


def _fields(there: Attempt, body: JsonObject) -> Iterator[Finding]:
    lacking = sorted(_ALWAYS - body.keys())
    if lacking:
        yield _different(there, f"lacks {', '.join(lacking)}", "has it", cause="lacks a field")
    # Not named: what nobody documents may be anything.
    if body.keys() - _COMPARED:
        yield _different(there, "has further fields", "lacks them", cause="further fields")


def _links(told: JsonObject, tells: JsonObject) -> Iterator[Finding]:
    there, here = link_forms(told), link_forms(tells)
    if there != here:
        yield Finding(
            kind=LINKS_DIFFERENT,
            reference=_listed(there),
            candidate=_listed(here),
            detail="The links of status callbacks have another form.",
            cause=f"{_listed(there)}, not {_listed(here)}",
        )


def link_forms(body: JsonObject) -> dict[str, str]:
    """Return the links of a callback: their names, and their `href` without the id."""
    links = body.get("_links")
    if not isinstance(links, dict):
        return {}
    return {name: _form(find(link, "href")) for name, link in links.items()}


def _form(href: JsonValue) -> str:
    return _UUID.sub("*", href) if isinstance(href, str) else ""


def _listed(forms: dict[str, str]) -> str:
    known = [name for name in ("workflow", "dispatch") if name in forms]
    others = len(forms) - len(known)
    return " and ".join([*known, *(["others"] if others else [])]) or "none"


def _pairs(told: Sequence[Told], tells: Sequence[Told]) -> Iterator[tuple[Told, Told]]:
    free = list(tells)
    for each in told:
        other = next((own for own in free if _word(own) == _word(each)), None)
        if other is not None:
            free.remove(other)
            yield each, other


def _charged(told: Told) -> str:
    charge = "a charge" if told.charge else "no charge"
    return f"{charge} with {status_word(told.status)}"


def _in_order(words: Sequence[tuple[str, int | None]]) -> str:
    return ", then ".join(status_word(status) for status, _ in words)


def _word(told: Told) -> tuple[str, int | None]:
    return told.status, told.code


def _content(request: JsonObject) -> tuple[JsonValue, JsonValue]:
    kind = request.get("message_type")
    return kind, request.get(kind) if isinstance(kind, str) else None


def _wrong_recipient(step: int | None) -> Finding:
    return Finding(
        kind=WRONG_RECIPIENT,
        step=step,
        reference="told of a message to somebody else",
        candidate="sends to whom the step names",
        detail="A message went to a recipient whom the request does not name there.",
        cause="recipient",
    )


def _another_message(step: int | None) -> Finding:
    return Finding(
        kind=STEP_COUNT,
        step=step,
        reference="sent one message more",
        candidate="sends one for each step",
        detail="A message shows that belongs to no step, or to one that was sent already.",
        cause="one more",
    )


def _different(attempt: Attempt, reference: str, candidate: str, *, cause: str) -> Finding:
    return _finding(STATUS_DIFFERENT, attempt, reference, candidate, cause=cause)


def _finding(
    kind: DifferenceKind, attempt: Attempt, reference: str, candidate: str, *, cause: str
) -> Finding:
    return Finding(
        kind=kind,
        step=attempt.step,
        reference=reference,
        candidate=candidate,
        detail=kind.why,
        cause=cause,
    )
