"""J33: the public JSON parsing suite, as a body and as a field, of requests and of webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Final

import orjson
import pytest
import pytest_asyncio

from tests.fuzz.runner import Answer, ask
from tests.gateway.api.surface import in_module_loop
from tests.gateway.api.tokens import basic
from tests.json_suite import json_cases
from tests.support.world import API_KEY, API_SECRET, World, a_world, step, workflow

CASES: Final = json_cases()
OURS: Final = ("Authorization", basic(f"{API_KEY}:{API_SECRET}"))
JSON: Final = ("Content-Type", "application/json")

# Rules of reading JSON; every other one is about what was read.
UNREADABLE: Final = {f"REQ{number}" for number in range(101, 113)}

NOT_AS_NAMED: Final = {
    # i_: either would do.
    **{
        f"i_number_{name}": "REQ107"
        for name in (
            *("huge_exp", "neg_int_huge_exp", "pos_double_huge_exp", "real_neg_overflow"),
            "real_pos_overflow",
        )
    },
    **{
        f"i_number_{name}": "REQ108"
        for name in ("too_big_neg_int", "too_big_pos_int", "very_big_negative_int")
    },
    **{
        f"i_{name}": "REQ111"
        for name in (
            *("object_key_lone_2nd_surrogate", "string_1st_surrogate_but_2nd_missing"),
            *("string_1st_valid_surrogate_2nd_invalid", "string_incomplete_surrogate_pair"),
            *("string_incomplete_surrogate_and_escape_valid", "string_invalid_lonely_surrogate"),
            *("string_incomplete_surrogates_escape_valid", "string_invalid_surrogate"),
            *("string_inverted_surrogates_U+1D11E", "string_lone_second_surrogate"),
        )
    },
    **{
        f"i_string_{name}": "REQ102"
        for name in (
            *("UTF-16LE_with_BOM", "UTF-8_invalid_sequence", "UTF8_surrogate_U+D800"),
            *("invalid_utf-8", "iso_latin_1", "lone_utf8_continuation_byte", "truncated-utf-8"),
            *("not_in_unicode_range", "overlong_sequence_2_bytes", "overlong_sequence_6_bytes"),
            *("overlong_sequence_6_bytes_null", "utf16BE_no_BOM", "utf16LE_no_BOM"),
        )
    },
    "i_structure_500_nested_arrays": "REQ110",
    "i_number_double_huge_neg_exp": "",
    "i_number_real_underflow": "",
    "i_structure_UTF-8_BOM_empty_object": "",
    # y_: valid, and refused here all the same, because its meaning would depend on the reader.
    "y_object_duplicated_key": "REQ109",
    "y_object_duplicated_key_and_value": "REQ109",
    "y_object_escaped_null_in_key": "REQ112",
    "y_string_null_escape": "REQ112",
    "y_structure_lonely_null": "REQ105",
}
"""The rule that refuses each case whose name does not say what is done with it; "" reads it."""

AS_A_FIELD: Final = {
    # What is a fault of a whole document only, or only of a part of one.
    "y_structure_lonely_null": "",
    "i_structure_UTF-8_BOM_empty_object": "REQ103",
    "i_string_UTF-16LE_with_BOM": "REQ102",
}


def expected(name: str, *, as_field: bool) -> str | None:
    """Return the rule that refuses a case, "" for one that is read, None for any rule."""
    if as_field and name in AS_A_FIELD:
        return AS_A_FIELD[name]
    return NOT_AS_NAMED.get(name, "" if name.startswith("y_") else None)


def misread(name: str, codes: str, *, as_field: bool) -> Iterator[str]:
    """Yield what is wrong with how a case was answered, by the codes of the rules it met."""
    met = UNREADABLE & set(codes.split(", "))
    wanted = expected(name, as_field=as_field)
    is_right = bool(met) if wanted is None else met == ({wanted} if wanted else set())
    if not is_right:
        yield f"{name} met {sorted(met)} and not {wanted}"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with a_world(tmp_path_factory.mktemp("suite")) as world:
        yield world


def as_field(raw: bytes) -> bytes:
    """Return a workflow with a field more, which holds the case."""
    return orjson.dumps(workflow(step()))[:-1] + b',"more":' + raw + b"}"


async def posted(world: World, body: bytes) -> Answer:
    return await ask(world.gateway.app(), "POST", "/v0.1/dispatch", [OURS, JSON], body)


def test_there_are_all_of_them() -> None:
    kinds = [name[0] for name in CASES]
    assert {kind: kinds.count(kind) for kind in "yni"} == {"y": 95, "n": 188, "i": 35}


@in_module_loop
async def test_a_case_as_the_body_of_a_request_is_read_or_refused_by_name(world: World) -> None:
    wrong: list[str] = []
    for name, raw in CASES.items():
        answer = await posted(world, raw)
        assert (name, answer.status) == (name, 400)
        wrong += misread(name, answer.header(b"gateway-diagnostics"), as_field=False)
    assert wrong == []


@in_module_loop
async def test_a_case_as_a_field_of_a_request_is_read_or_refused_by_name(world: World) -> None:
    wrong: list[str] = []
    for name, raw in CASES.items():
        answer = await posted(world, as_field(raw))
        codes = answer.header(b"gateway-diagnostics")
        wrong += misread(name, codes, as_field=True)
        is_read = expected(name, as_field=True) == ""
        assert (name, answer.status) == (name, 202 if is_read else 400)
    assert wrong == []


@in_module_loop
@pytest.mark.parametrize("route", ["/webhooks/status", "/webhooks/inbound"])
@pytest.mark.parametrize("place", ["body", "field"])
async def test_a_signed_webhook_of_a_case_is_kept_or_used(
    world: World, route: str, place: str
) -> None:
    status = {"message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "status": "delivered"}
    for name, raw in CASES.items():
        body = raw if place == "body" else orjson.dumps(status)[:-1] + b',"usage":' + raw + b"}"
        headers = [JSON, ("Authorization", world.signed(body)["Authorization"])]
        answer = await ask(world.gateway.app(), "POST", route, headers, body)
        assert (name, answer.status) == (name, 200)
