"""What schemathesis makes of the description, sent to a gateway: as described, and otherwise."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from tests.fuzz.runner import ask
from tests.gateway.api.surface import in_module_loop
from tests.gateway.api.tokens import basic
from tests.support.description import description, undescribed
from tests.support.world import API_KEY, API_SECRET, World, a_world

OPERATIONS: Final = {
    each.ok().label: each.ok()
    for each in schemathesis.openapi.from_dict(description()).get_all_operations()
    if isinstance(each, Ok)
}
EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "8"))
"""Of each operation and mode; `make fuzz` has more made."""
MODES: Final = {"as described": GenerationMode.POSITIVE, "otherwise": GenerationMode.NEGATIVE}
OURS: Final = basic(f"{API_KEY}:{API_SECRET}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    legacy = {"GATEWAY_LEGACY": "http://127.0.0.1:1"}
    async with a_world(tmp_path_factory.mktemp("schemathesis"), legacy) as world:
        yield world


def body_of(case: Any) -> bytes:
    """Return the bytes of what was made; what is no JSON goes as text."""
    if isinstance(case.body, schemathesis.core.NotSet):
        return b""
    if isinstance(case.body, bytes):
        return case.body
    try:
        return json.dumps(case.body).encode()
    except TypeError:
        return str(case.body).encode("utf-8", "surrogatepass")


@in_module_loop
@pytest.mark.parametrize(
    ("label", "mode"),
    [
        (label, mode)
        for label, operation in OPERATIONS.items()
        for mode in MODES
        # Nothing is otherwise where anything is as described.
        if mode == "as described" or operation.body or operation.query or operation.headers
    ],
)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
async def test_an_operation_answers_as_described(
    world: World, label: str, mode: str, data: st.DataObject
) -> None:
    operation = OPERATIONS[label]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its own, of what cannot be made otherwise
        case = data.draw(operation.as_strategy(generation_mode=MODES[mode]))
    path = case.operation.path
    for name, value in (case.path_parameters or {}).items():
        path = path.replace(f"{{{name}}}", quote(str(value), safe=""))
    query = urlencode(case.query or {}, doseq=True, errors="replace")
    body = body_of(case)
    given = {str(name).lower(): str(value) for name, value in (case.headers or {}).items()}
    is_webhook = path.startswith("/webhooks")
    # What it draws is no secret of ours; wrong ones have tests of their own.
    given["authorization"] = world.signed(body)["Authorization"] if is_webhook else OURS
    headers = list({"content-type": "application/json", **given}.items())
    answer = await ask(world.gateway.app(), case.method, f"{path}?{query}", headers, body)
    assert answer.status < 500 or (path.startswith("/legacy") and answer.status == 502)
    if "{" not in path:
        assert (
            undescribed(
                case.method,
                case.operation.path,
                status=answer.status,
                media_type=answer.header(b"content-type"),
                body=answer.body,
            )
            == []
        )
