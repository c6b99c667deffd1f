"""v0.1 error bodies, and reading v1's answers to a send."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.translators.webhook_strategies import TEXT
from translators.error_codes import invalid_parameters_code
from translators.problems import Problem, SendAnswer, Verdict, problem_body, read_send_answer

INSTANCE = "f94b4e56604e07e5e5ad5a7228618f81"
FAULTS = [("workflow[0].from.number", "is required"), ("template", "is required")]
ACCEPTED_BODY = b'{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"}'
SCALARS = st.none() | st.integers() | TEXT
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        "message_uuid": SCALARS | st.just("aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"),
        "title": SCALARS | st.sampled_from(["Rate Limit Hit", "Invalid sender"]),
        "type": SCALARS | st.just("https://developer.vonage.com/api-errors#unprovisioned"),
        "invalid_parameters": SCALARS | st.lists(st.dictionaries(TEXT, SCALARS, max_size=2)),
    },
).map(lambda answer: json.dumps(answer).encode())
IN_DOUBT = SendAnswer(verdict=Verdict.IN_DOUBT, message_uuid=None, error=None)


def test_invalid_parameters_show_the_first_fault_as_one_object() -> None:
    assert problem_body(Problem.INVALID_PARAMETERS, instance=INSTANCE, invalid=FAULTS) == {
        "type": "https://www.nexmo.com/messages/Errors#InvalidParams",
        "title": "Invalid Parameters",
        "detail": "Your request parameters did not validate.",
        "instance": INSTANCE,
        "invalid_parameters": {"name": "workflow[0].from.number", "reason": "is required"},
    }


def test_invalid_parameters_show_every_fault_as_an_array_on_request() -> None:
    body = problem_body(
        Problem.INVALID_PARAMETERS, instance=INSTANCE, invalid=FAULTS, as_array=True
    )
    assert body["invalid_parameters"] == [
        {"name": "workflow[0].from.number", "reason": "is required"},
        {"name": "template", "reason": "is required"},
    ]


def test_a_problem_without_faults_has_the_four_documented_fields() -> None:
    body = problem_body(Problem.UNAUTHORIZED, instance=INSTANCE)
    assert list(body) == ["type", "title", "detail", "instance"]


def test_a_detail_of_its_own_replaces_that_of_the_problem() -> None:
    body = problem_body(Problem.CONFLICT, instance=INSTANCE, detail="Once more.")
    assert body["detail"] == "Once more."


def test_every_problem_has_a_status_of_its_own() -> None:
    statuses = [problem.http_status for problem in Problem]
    assert statuses == sorted(set(statuses))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad gateway</html>",
        b"\xff\xfe{\x00}\x00",
        ACCEPTED_BODY.decode().encode("utf-16"),
        b"\xef\xbb\xbf" + ACCEPTED_BODY,
        b"[" * 60_000,
        b"1" * 5_000,
        ACCEPTED_BODY.ljust(70_000),
        b"[" + ACCEPTED_BODY + b"]",
        b'{"message_uuid":["aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"]}',
        b'{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab\\n"}',
        b'{"message_uuid":"{aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab}"}',
    ],
    ids=[
        *("empty", "html", "utf-16-garbage", "utf-16", "bom", "deep", "long-integer", "large"),
        *("array", "uuid-in-array", "uuid-and-line-end", "uuid-in-braces"),
    ],
)
def test_an_acceptance_without_a_readable_uuid_is_in_doubt(body: bytes) -> None:
    assert read_send_answer(202, body) == IN_DOUBT


def test_a_refusal_is_judged_by_its_status_when_the_body_says_nothing() -> None:
    assert read_send_answer(422, b"<html>").verdict is Verdict.REJECTED


def test_the_throttle_title_is_matched_whatever_its_case() -> None:
    assert read_send_answer(503, b'{"title":" RATE limit hit "}').verdict is Verdict.THROTTLED


def test_a_fragment_number_is_never_taken_for_a_code() -> None:
    body = b'{"type":"https://developer.vonage.com/api-errors/messages#1120","title":"Odd"}'
    error = read_send_answer(422, body).error
    assert error is not None
    assert error.code == 1020


@pytest.mark.parametrize(
    ("invalid_parameters", "code"),
    [
        ([{"name": "text"}, {"name": "template"}], 1022),
        ({"name": "viber_service.ttl"}, 1130),
        ([{"name": "settle"}, {"name": "templates"}, {"name": 7}, "ttl", None], 1020),
        ("messenger.tag", 1020),
        (None, 1020),
    ],
)
def test_named_parameters_refine_the_code(invalid_parameters: object, code: int) -> None:
    parsed = json.loads(json.dumps(invalid_parameters))
    assert invalid_parameters_code(parsed) == code


@given(st.integers(), st.binary())
def test_no_bytes_make_the_reader_raise(http_status: int, body: bytes) -> None:
    answer = read_send_answer(http_status, body)
    assert (answer.message_uuid is not None) == (answer.verdict is Verdict.ACCEPTED)


@given(st.sampled_from([101, 200, 202, 307, 400, 401, 402, 403, 404, 422, 429, 500, 503]), ANSWERS)
def test_every_answer_that_proves_a_refusal_has_an_error(http_status: int, body: bytes) -> None:
    answer = read_send_answer(http_status, body)
    assert (answer.error is None) == (answer.verdict in {Verdict.ACCEPTED, Verdict.IN_DOUBT})
