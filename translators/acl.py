"""The `acl` claim of a caller's token: whether it seems to cover Dispatch.

Source: docs/wire.md section 1.2. In its globs `*` stands for a part of one segment and `**` for any
number of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from translators.diagnostics import Diagnostic, JsonObject, JsonValue, Translation
from translators.rules import DEFAULT_SWITCHES, Switches, report
from translators.rules_token import ACL_ELSEWHERE

# What covers messages covered the API that Dispatch was a part of, as far as anybody can tell.
_COVERED_BY: Final = (
    *("/v0.1/dispatch", "/v0.1/dispatch/", "/v0.1/messages", "/v0.1/messages/"),
    *("/v1/messages", "/v1/messages/"),
)
_METHOD: Final = "POST"
_DETAIL: Final = "names no path that seems to cover Dispatch, such as /*/dispatch/**"


def check_acl(claims: JsonObject, switches: Switches = DEFAULT_SWITCHES) -> Translation[JsonObject]:
    """Say whether a token's claims cover Dispatch; without an `acl` they do."""
    if "acl" not in claims or covers_dispatch(claims["acl"]):
        return Translation(value=claims, diagnostics=())
    found = acl_diagnostic(switches)
    is_refused = switches.severity(ACL_ELSEWHERE) is not ACL_ELSEWHERE.severity
    return Translation(value=None if is_refused else claims, diagnostics=(found,))


def acl_diagnostic(switches: Switches = DEFAULT_SWITCHES) -> Diagnostic:
    """Return what is said of a token whose `acl` does not cover Dispatch."""
    return report(ACL_ELSEWHERE, ACL_ELSEWHERE.example, _DETAIL, switches)


def covers_dispatch(acl: JsonValue) -> bool:
    """Tell whether an `acl`, `{"paths": {"<glob>": {"methods": […]}}}`, seems to cover Dispatch."""
    paths = acl.get("paths") if isinstance(acl, dict) else None
    return isinstance(paths, dict) and any(
        _allows(terms) and any(_matches(glob, path) for path in _COVERED_BY)
        for glob, terms in paths.items()
    )


def _allows(terms: JsonValue) -> bool:
    methods = terms.get("methods") if isinstance(terms, dict) else None
    return not isinstance(methods, list) or _METHOD in methods


def _matches(glob: str, path: str) -> bool:
    """Match in linear time: a glob is a stranger's, and regular expressions can be made to hang."""
    ends = {0}
    for token in _tokens(glob):
        match token:
            case "**":
                ends = set(range(min(ends), len(path) + 1))
            case "*":
                ends = {end for begin in ends for end in _within_segment(path, begin)}
            case _:
                ends = {at + 1 for at in ends if path[at : at + 1] == token}
        if not ends:
            return False
    return len(path) in ends


def _tokens(glob: str) -> Iterator[str]:
    at = 0
    while at < len(glob):
        stars = len(glob) - at - len(glob[at:].lstrip("*")) if glob[at] == "*" else 0
        yield "*" * min(stars, 2) or glob[at]
        at += stars or 1


def _within_segment(path: str, begin: int) -> range:
    slash = path.find("/", begin)
    return range(begin, (slash if slash >= 0 else len(path)) + 1)
