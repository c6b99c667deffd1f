"""`translate --from status` under the settings that shape a gateway's callbacks."""

from __future__ import annotations

import json
from typing import Final

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import command
from translators.diagnostics import JsonObject

REJECTED: Final[JsonObject] = {
    "message_uuid": "aaaaaaaa-0000-4000-8000-000000000001",
    "to": "US.1234567890abcdef",
    "from": "447700900001",
    "channel": "whatsapp",
    "timestamp": "2025-02-03T12:14:25Z",
    "status": "rejected",
    "error": {"title": "131062", "detail": "Recipient is not supported"},
}


def translated(*arguments: str) -> Result:
    call = ["translate", "--from", "status", "-", *arguments]
    return CliRunner().invoke(command, call, input=json.dumps(REJECTED))


def callback(*arguments: str) -> JsonObject:
    found: JsonObject = json.loads(translated(*arguments, "--format", "json").stdout)["callback"]
    return found


@pytest.mark.parametrize(
    ("form", "members"), [("both", {"number", "id"}), ("id", {"id"}), ("number", {"number"})]
)
def test_a_user_id_stands_where_the_gateway_shows_it(form: str, members: set[str]) -> None:
    to = callback("--user-id-form", form)["to"]
    assert isinstance(to, dict)
    assert to.keys() - {"type"} == members


def test_a_template_to_a_user_id_is_told_as_the_gateway_tells_it() -> None:
    codes = [
        error["code"]
        for options in ((), ("--template-rejection", "invalid-template"))
        if isinstance(error := callback(*options)["error"], dict)
    ]
    assert codes == [131062, 1022]


def test_the_form_of_a_user_id_is_of_no_request() -> None:
    call = ["translate", "--user-id-form", "id", "-"]
    done = CliRunner().invoke(command, call, input="{}")
    assert (done.exit_code, "needs --from status or inbound" in done.stderr) == (2, True)
