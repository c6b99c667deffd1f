"""`POST /v0.1/dispatch`: rows H, J and W of the catalogue of bad input.

A refusal is a body in the shape of v0.1; nothing is sent, and nothing is stored.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.gateway.api.served import GOOD, REQUESTS, Served
from tests.gateway.api.surface import (
    CREDENTIALS,
    JSON,
    in_module_loop,
    problem,
)
from tests.support.world import (
    WHATSAPP_THEN_SMS,
    World,
    a_world,
    step,
    workflow,
)
from translators.diagnostics import field_path

# Fixtures

REFUSED = sorted(
    path.name.removesuffix(".v01.json")
    for path in (REQUESTS / "refused").glob("*.v01.json")
    if not path.with_name(path.name.replace(".v01.", ".settings.")).exists()
)


@in_module_loop
@pytest.mark.parametrize("name", REFUSED)
async def test_every_refused_fixture_is_a_400_that_names_field_and_rules(
    served: Served, name: str
) -> None:
    path = REQUESTS / "refused" / f"{name}.v01.json"
    answer, body = await served.refused(400, path.read_bytes())
    found = [
        line.removesuffix(":").split(" ", 3)
        for line in path.with_name(f"{name}.diagnostics.txt").read_text().splitlines()
    ]
    codes = dict.fromkeys(code for code, *_ in found)
    first = next(pointer for _, severity, pointer, _ in found if severity == "error")
    assert answer.headers["Gateway-Diagnostics"] == ", ".join(codes)
    assert body["invalid_parameters"] == {
        "name": field_path(first.removesuffix(":").removesuffix("/")),
        "reason": body["invalid_parameters"]["reason"],  # type: ignore[index, call-overload]
    }


@in_module_loop
async def test_a_refusal_carries_the_documented_type_and_an_instance_of_32_hex_digits(
    served: Served,
) -> None:
    _, body = await served.refused(400, b"{}")
    assert body["type"] == "https://www.nexmo.com/messages/Errors#InvalidParams"
    assert re.fullmatch(r"[0-9a-f]{32}", str(body["instance"]))


# Media types, size, encoding


NOT_JSON = {
    "J30 text/plain": {"Content-Type": "text/plain"},
    "J30 application/xml": {"Content-Type": "application/xml"},
    "J30 missing": {"Content-Type": ""},
    "J30 multipart": {"Content-Type": "multipart/form-data; boundary=x"},
    "J30 form": {"Content-Type": "application/x-www-form-urlencoded"},
    "J30 a suffix is another type": {"Content-Type": "application/problem+json"},
    "J31 charset=utf-16": {"Content-Type": "application/json; charset=utf-16"},
    "J31 charset after another parameter": {
        "Content-Type": "application/json; version=1; charset=utf-16"
    },
    "H38 gzip": {"Content-Encoding": "gzip"},
    "H38 identity": {"Content-Encoding": "identity"},
}


@in_module_loop
@pytest.mark.parametrize("row", NOT_JSON)
async def test_what_is_not_plain_json_in_utf8_is_a_415(served: Served, row: str) -> None:
    await served.refused(415, headers=NOT_JSON[row])


@in_module_loop
async def test_h38_a_compressed_body_is_not_inflated(served: Served) -> None:
    bomb = gzip.compress(bytes(1_000_000))
    await served.refused(415, bomb, {"Content-Encoding": "gzip"})


@in_module_loop
@pytest.mark.parametrize("wanted", ["text/html", "application/xml, text/*", "image/*;q=0.8"])
async def test_a_client_that_cannot_read_json_is_told_so(served: Served, wanted: str) -> None:
    await served.refused(406, headers={"Accept": wanted})


@in_module_loop
async def test_h7_a_body_declared_too_large_is_a_413(served: Served) -> None:
    await served.refused(413, b" " * (256 * 1024 + 1))


async def test_h7_a_body_declared_too_large_is_refused_before_it_is_read(world: World) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await world.http.post(
        "/v0.1/dispatch",
        content=nothing(),
        headers={**JSON, "Content-Length": "10000000"},
        auth=CREDENTIALS,
    )
    problem(answer, 413)


@in_module_loop
async def test_h8_a_body_that_grows_past_the_limit_is_a_413(served: Served) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * (32 * 1024)

    answer = await served.http.post(
        "/v0.1/dispatch", content=chunks(), headers=JSON, auth=CREDENTIALS
    )
    problem(answer, 413)


async def test_a_body_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    async with a_world(tmp_path, {"GATEWAY_MAX_BODY": "1024"}) as world:
        fits = await world.http.post(
            "/v0.1/dispatch", content=GOOD.ljust(1024), headers=JSON, auth=CREDENTIALS
        )
        exceeds = await world.http.post(
            "/v0.1/dispatch", content=GOOD.ljust(1025), headers=JSON, auth=CREDENTIALS
        )
    assert (fits.status_code, exceeds.status_code) == (202, 413)


# JSON

NOT_A_REQUEST = {
    "J1 empty": b"",
    "J2 null": b"null",
    "J2 array": b"[]",
    "J2 text": b'"x"',
    "J2 number": b"1",
    "J2 true": b"true",
    "J3 truncated": GOOD[:-1],
    "J4 two documents": GOOD + GOOD,
    "J5 trailing comma": b'{"template": "failover",}',
    "J5 comment": b'{"template": "failover" /* x */}',
    "J5 single quotes": b"{'template': 'failover'}",
    "J6 NaN": b'{"template": NaN}',
    "J6 -Infinity": b'{"template": -Infinity}',
    "J7 1e999": b'{"template": 1e999}',
    "J8 5,000 digits": b'{"template": ' + b"9" * 5_000 + b"}",
    "J10 2^64": b'{"template": 18446744073709551616}',
    "J15 100,000 arrays": b"[" * 100_000 + b"]" * 100_000,
    "J16 33 levels": b'{"a":' * 33 + b"1" + b"}" * 33,
    "J17 a field twice": b'{"template": "failover", "template": "failover"}',
    "J18 lone surrogate": rb'{"template": "\ud800"}',
    "J20 not UTF-8": b'{"template": "\xff"}',
    "J21 overlong UTF-8": b'{"template": "\xc0\xaf"}',
    "J23 UTF-16": GOOD.decode().encode("utf-16"),
    "J23 UTF-32": GOOD.decode().encode("utf-32"),
    "J24 control character": b'{"template": "a\x01b"}',
    "J25 NUL": rb'{"template": "\u0000"}',
    "J26 20,000 keys": orjson.dumps(dict.fromkeys(map(str, range(20_000)))),
    "J28 __proto__": b'{"__proto__": {"template": "failover"}, "constructor": 1}',
    "W1 no workflow": b'{"template": "failover"}',
    "W2 empty workflow": orjson.dumps(workflow()),
    "W4 no failover before the last": orjson.dumps(workflow(step(), step())),
    "W5 10,000 steps": orjson.dumps({"template": "failover", "workflow": [{}] * 10_000}),
    "W6 another template": orjson.dumps({**WHATSAPP_THEN_SMS, "template": "Failover"}),
    "W18 deep custom object": orjson.dumps(
        workflow({"message": {"content": {"type": "custom", "custom": {"a": [[[[[[[[]]]]]]]]}}}})
    ),
}


@in_module_loop
@pytest.mark.parametrize("row", NOT_A_REQUEST)
async def test_a_body_that_is_no_workflow_is_a_400_that_names_a_field(
    served: Served, row: str
) -> None:
    _, body = await served.refused(400, NOT_A_REQUEST[row])
    assert body["invalid_parameters"].keys() == {"name", "reason"}  # type: ignore[union-attr]


# Anything at all

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
names = st.sampled_from(
    ["template", "workflow", "from", "to", "message", "content", "type", "number", "text"]
) | st.text(max_size=8)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    max_leaves=20,
)


def is_json(value: object) -> bytes:
    """Write a document as JSON, and lone surrogates as they come."""
    return json.dumps(value).encode()


@in_module_loop
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    content=st.one_of(
        st.binary(max_size=200),
        documents.map(is_json),
        st.lists(documents, max_size=3).map(
            lambda steps: is_json({"template": "failover", "workflow": steps})
        ),
    )
)
async def test_no_body_makes_a_5xx(served: Served, content: bytes) -> None:
    answer = await served.world.http.post(
        "/v0.1/dispatch", content=content, headers=JSON, auth=CREDENTIALS
    )
    problem(answer, 400)
