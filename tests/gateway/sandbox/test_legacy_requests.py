"""What the stand-in takes as a request, and where it stays apart from what it is compared with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateway.sandbox.legacy_requests import InvalidRequest, read_workflow
from tests.gateway.sandbox.legacy_workflows import workflow
from tests.support.pages import ROOT
from tests.test_architecture import imported

Edit = Callable[[dict[str, Any]], object]

FAULTS: dict[str, Edit] = {
    "template": lambda body: body.pop("template"),
    "workflow": lambda body: body.pop("workflow"),
    "workflow ": lambda body: body.update(workflow=[]),
    "workflow[0]": lambda body: body["workflow"].__setitem__(0, "sms"),
    "workflow[0].to": lambda body: body["workflow"][0].pop("to"),
    "workflow[0].to.type": lambda body: body["workflow"][0]["to"].update(type="fax"),
    "workflow[0].to.number": lambda body: body["workflow"][0]["to"].update(number=" "),
    "workflow[0].from.number": lambda body: body["workflow"][0]["from"].update(number=True),
    "workflow[0].from.type": lambda body: body["workflow"][0]["from"].update(type="mms"),
    "workflow[0].client_ref": lambda body: body["workflow"][0].update(client_ref=1),
    "workflow[0].message": lambda body: body["workflow"][0].pop("message"),
    "workflow[0].message.content": lambda body: body["workflow"][0]["message"].pop("content"),
    "workflow[0].message.content.type": lambda body: body["workflow"][0]["message"]["content"].pop(
        "type"
    ),
    "workflow[0].failover": lambda body: body["workflow"][0].pop("failover"),
    "workflow[0].failover.expiry_time": lambda body: body["workflow"][0]["failover"].update(
        expiry_time=14
    ),
    "workflow[0].failover.expiry_time ": lambda body: body["workflow"][0]["failover"].update(
        expiry_time="86401"
    ),
    "workflow[0].failover.condition_status": lambda body: body["workflow"][0]["failover"].update(
        condition_status="submitted"
    ),
    "workflow[1].failover": lambda body: body["workflow"][1].update(
        failover={"expiry_time": 15, "condition_status": "read"}
    ),
}


@pytest.mark.parametrize(("name", "edit"), FAULTS.items(), ids=FAULTS)
def test_a_fault_is_named_by_its_field(name: str, edit: Edit) -> None:
    body = copy.deepcopy(workflow("sms 00", "sms 00"))
    edit(body)
    with pytest.raises(InvalidRequest) as caught:
        read_workflow(body)
    assert caught.value.name == name.strip()


@pytest.mark.parametrize("body", [None, [], "text", 1])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(InvalidRequest, match="body must be an object"):
        read_workflow(body)


def test_the_null_at_the_end_of_the_published_sample_is_taken() -> None:
    body = workflow("sms 00")
    body["workflow"].append(None)
    assert len(read_workflow(body)) == 1


@pytest.mark.parametrize("expiry", [15, 86400, "600", 600.0])
def test_an_expiry_in_any_form_that_clients_send_is_taken(expiry: object) -> None:
    first, _ = read_workflow(workflow("sms 00", "sms 00", expiry_s=expiry))
    assert (first.expiry_s, type(first.expiry_s)) == (int(str(expiry).removesuffix(".0")), int)


def test_a_number_that_is_not_quoted_is_echoed_as_text() -> None:
    body = workflow("sms 00")
    body["workflow"][0]["to"]["number"] = 447700900003
    (step,) = read_workflow(body)
    assert step.to == {"type": "sms", "number": "447700900003"}


def test_white_space_is_echoed_but_chooses_no_script() -> None:
    body = workflow("sms 00")
    body["workflow"][0]["to"]["number"] = "\t447700900003 "
    (step,) = read_workflow(body)
    assert (step.to["number"], step.recipient) == ("\t447700900003 ", "447700900003")


def test_the_published_names_for_viber_are_taken() -> None:
    body = workflow("viber_service_msg 00")
    step = body["workflow"][0]
    step["to"] = {"type": "viber_service_message", "id": "447700900003"}
    step["from"]["type"] = "viber_service_message"
    (read,) = read_workflow(body)
    assert read.to == {"type": "viber_service_msg", "number": "447700900003"}


def test_a_user_id_on_whatsapp_is_taken_in_either_member() -> None:
    user_id = "US." + "9" * 100
    body = workflow("whatsapp 00")
    body["workflow"][0]["to"] = {"type": "whatsapp", "id": user_id}
    (step,) = read_workflow(body)
    assert (step.to, step.recipient) == ({"type": "whatsapp", "id": user_id}, user_id)


COMPARED_WITH = (
    "gateway.core",
    "gateway.engine",
    "gateway.bodies",
    "gateway.render",
    "gateway.simulation",
    "translators.dispatch",
    "translators.report",
    "translators.status",
)


def reached_from(module: str) -> Iterator[str]:
    """Yield every module of ours that a module imports, and that those import."""
    waiting, seen = [module], {module}
    while waiting:
        path = ROOT / f"{waiting.pop().replace('.', '/')}.py"
        for name in imported(path.relative_to(ROOT)) if path.exists() else ():
            ours = {name, name.rpartition(".")[0]} - seen
            found = {each for each in ours if (ROOT / f"{each.replace('.', '/')}.py").exists()}
            seen |= found
            waiting += found
    yield from sorted(seen)


def shared(module: str) -> list[str]:
    return [name for name in reached_from(module) if name.startswith(COMPARED_WITH)]


def test_what_decides_shares_nothing_with_what_it_is_compared_with() -> None:
    assert shared("gateway.sandbox.legacy_play") == []


def test_the_service_around_it_shares_the_waits_between_attempts_alone() -> None:
    assert shared("gateway.sandbox.legacy") == ["gateway.core.backoff"]


def test_the_fence_sees_through_a_module_in_between() -> None:
    assert "gateway.core.decide" in shared("gateway.simulation.simulation")
