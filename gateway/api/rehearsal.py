"""A rehearsal: what a workflow would send, and when, of which nothing happens.

Whoever asks for one must never message a person, so whatever may be meant as the wish for one is
taken for it, and what cannot be read is refused instead of being served.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

import orjson
from starlette.responses import Response
from starlette.types import Scope

from gateway.api.problems import DIAGNOSTICS_HEADER
from gateway.api.requests import Asked, Refusal
from gateway.render import v1_request
from translators.diagnostics import Diagnostic, JsonObject, JsonValue
from translators.dispatch import DispatchPlan
from translators.problems import Problem
from translators.rule_table import RULES_BY_CODE

_PREFER: Final = "Prefer"
_PREFERENCE: Final = "dry-run"
# By how they read without what sets words apart: `dry-run` and `dryRun` are the same wish.
_QUERY_WORDS: Final = {"dryrun": "dry_run", "validate": "validate"}
_DRY_RUN: Final = "dryrun"
_UNREADABLE: Final = "unreadable"
"""Stands for the value of a wish that nobody can tell for sure: it is refused."""
_YES: Final = frozenset({"", "true", "yes", "on", "1"})
_NO: Final = frozenset({"false", "no", "off", "0"})
_LONGEST: Final = 4096
"""Bytes of `Prefer` that are read; a real one has a few dozen."""
# RFC 7240 section 2: commas between preferences, semicolons before their parameters, and a value
# may be a quoted string. Both end a part here: `foo; dry-run` is a slip sooner than a parameter.
_PART: Final = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^,;])+')


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A caller wants to know, and nothing to happen."""

    is_preference: bool = False
    """Whether it says so in a `Prefer` header: the answer then says that it was heeded."""


def read_wish(scope: Scope) -> Wish | Refusal | None:
    """Return whether a request on the create route is a rehearsal; a refusal if nobody can tell.

    `?dry_run=true`, `?validate=1` and `Prefer: dry-run` are, with `false` or `0` they are not.
    """
    preferences = [value for name, value in scope["headers"] if name == b"prefer"]
    if not preferences and not scope["query_string"]:
        return None  # nearly every request
    said = [*_preferred(b",".join(preferences)), *_queried(scope["query_string"])]
    for name, value in said:
        if value not in _YES | _NO:
            return Refusal(
                problem=Problem.INVALID_PARAMETERS,
                detail="Whether this is a rehearsal cannot be told. Nothing was sent.",
                invalid=((name, "must be true or false"),),
            )
    wished = {name for name, value in said if value in _YES}
    return Wish(is_preference=_PREFER in wished) if wished else None


def _queried(query: bytes) -> Iterator[tuple[str, str]]:
    """Yield what a query says about rehearsing: the word, and its value as it reads."""
    for pair in re.split("[&;]", query.decode("latin-1")):
        name, _, value = map(unquote_plus, pair.partition("="))
        if word := _QUERY_WORDS.get(_plain(name)):
            yield word, value.strip().lower()
        elif _DRY_RUN in _plain(name):
            yield "dry_run", _UNREADABLE  # `?a?dry_run=1`, or an equals sign that was escaped


def _preferred(header: bytes) -> Iterator[tuple[str, str]]:
    """Yield what the preferences say about rehearsing, likewise; without a value, an empty one."""
    if len(header) > _LONGEST:
        yield _PREFER, _UNREADABLE
        return
    for part in _PART.findall(header.decode("latin-1")):
        name, _, value = part.partition("=")
        if _plain(name) in _QUERY_WORDS:
            yield _PREFER, value.strip().strip('"').strip().lower()
        elif _DRY_RUN in _plain(name):
            yield _PREFER, _UNREADABLE  # `dry-run: true`


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def plan_answer(asked: Asked, wish: Wish, public_url: str | None) -> Response:
    """Return the answer to a rehearsal: 200, and nothing that could be taken for a dispatch."""
    body: JsonObject = {
        "template": asked.plan.template,
        "workflow": list(_steps(asked.plan, public_url)),
        "diagnostics": [_finding(each) for each in asked.diagnostics],
    }
    answer = Response(orjson.dumps(body), status_code=200, media_type="application/json")
    if asked.codes:
        answer.headers[DIAGNOSTICS_HEADER] = ", ".join(asked.codes)
    if wish.is_preference:
        answer.headers["Preference-Applied"] = _PREFERENCE
    return answer


def _steps(plan: DispatchPlan, public_url: str | None) -> Iterator[JsonValue]:
    """Yield each step: its v1 body, and the seconds after which it would go out.

    At the earliest all before it fail at once; at the latest each of them takes its whole expiry.
    """
    latest_s = 0
    # Sends name a URL of their own, with a token, which only a dispatch has.
    webhook_url = f"{public_url}/webhooks/status" if public_url is not None else None
    for step in plan.steps:
        failover: JsonObject | None = None
        if step.expiry_s is not None:
            failover = {"expiry_time": step.expiry_s, "condition_status": step.condition}
        yield {
            "channel": step.channel,
            "message": v1_request(step, webhook_url),
            "failover": failover,
            "earliest_s": 0,
            "latest_s": latest_s,
        }
        latest_s += step.expiry_s or 0


def _finding(found: Diagnostic) -> JsonObject:
    return {
        "rule": found.rule,
        "name": RULES_BY_CODE[found.rule].name,
        "severity": found.severity.value,
        "pointer": found.pointer,
        "detail": found.detail,
    }
