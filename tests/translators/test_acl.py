"""Whether the `acl` of a token seems to cover Dispatch."""

from __future__ import annotations

import pytest

from translators.acl import check_acl, covers_dispatch
from translators.diagnostics import JsonValue
from translators.rules import Switches

COVERING = [
    "/**",
    "/*/dispatch/**",
    "/*/dispatch",
    "/v0.1/dispatch",
    "/v0.1/**",
    "/*/messages/**",
    "/v1/messages",
    "/v*/d*",
    "**",
]
ELSEWHERE = ["/*/users/**", "/v0.1/dispatch/x", "/*", "/", "", "*", "/v0.2/dispatch", "/*/*/*/**"]


def of(*globs: str, **terms: JsonValue) -> JsonValue:
    return {"paths": dict.fromkeys(globs, terms)}


@pytest.mark.parametrize("glob", COVERING)
def test_a_path_covers_dispatch(glob: str) -> None:
    assert covers_dispatch(of("/*/users/**", glob))


@pytest.mark.parametrize("glob", ELSEWHERE)
def test_a_path_does_not_cover_dispatch(glob: str) -> None:
    assert not covers_dispatch(of(glob))


@pytest.mark.parametrize("acl", [None, [], "x", {}, {"paths": []}, {"paths": {}}, {"paths": None}])
def test_an_acl_that_cannot_be_read_covers_nothing(acl: JsonValue) -> None:
    assert not covers_dispatch(acl)


def test_the_methods_of_a_path_count() -> None:
    assert covers_dispatch(of("/**", methods=["GET", "POST"]))
    assert covers_dispatch(of("/**", filters={"to": "447"}))
    assert not covers_dispatch(of("/**", methods=["GET"]))


@pytest.mark.timeout(5)
@pytest.mark.parametrize("glob", ["*" * 16_000, "*d" * 8_000, "/**" * 5_000, "*/" * 8_000])
def test_w24_a_hostile_glob_takes_linear_time(glob: str) -> None:
    covers_dispatch(of(glob))


def test_a_token_without_an_acl_covers_everything() -> None:
    assert check_acl({"iat": 1}).diagnostics == ()


def test_a_token_for_elsewhere_is_a_warning_and_an_error_on_request() -> None:
    claims: dict[str, JsonValue] = {"acl": of("/*/users/**")}
    assert check_acl(claims).value == claims
    refused = check_acl(claims, Switches(refused=frozenset({"acl-elsewhere"})))
    assert (refused.value, [str(each.severity) for each in refused.diagnostics]) == (
        None,
        ["error"],
    )
