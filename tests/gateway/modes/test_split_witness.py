"""What a splitter makes of our own commits: ends that let go, and sends that show a fault."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.core.decide import Decision
from gateway.core.events import Event, ExpiryReached, SendAccepted, SendRefused, SendUnconfirmed
from gateway.core.state import DispatchStatus, Reason
from gateway.traces.model import Path
from tests.gateway.modes.splitting import Split
from tests.gateway.stores.building import NOW, commit, told, uuid_of

ALICE = "447700900001"
STEPPED_BACK = "split stepped back from 100 % to 0 % for"
SERVES = "split serves 100 % here"


@pytest.fixture
def split(split_at: Callable[[str], Split]) -> Split:
    return split_at("100")


def witness(
    split: Split,
    event: Event,
    *,
    number: int = 1,
    status: DispatchStatus = DispatchStatus.OPEN,
    application: str = "app",
    ignored: Reason | None = None,
) -> None:
    """Have the splitter see a commit of the engine."""
    made = commit(number, 2, event=event, status=status, application=application)
    split.splitter.witness(made, Decision(state=made.state, ignored=ignored))


def refused(code: int) -> SendRefused:
    return SendRefused(step=0, code=code, reason="")


IN_DOUBT = SendUnconfirmed(step=0, intent_ms=NOW, cause="read-timeout")
ACCEPTED = SendAccepted(step=0, message_uuid=uuid_of(7), intent_ms=NOW, accepted_ms=NOW)


@pytest.mark.parametrize("status", [DispatchStatus.COMPLETED, DispatchStatus.ERROR])
def test_a_commit_that_closes_a_dispatch_lets_go_of_its_recipients(
    split: Split, status: DispatchStatus
) -> None:
    split.splitter.answered(split.route(ALICE), 202, uuid_of(1))
    witness(split, told("delivered"), status=status)
    split.splitter.became_mute()
    assert split.route(ALICE).path is Path.LEGACY


def test_a_commit_that_closes_nothing_lets_nobody_go(split: Split) -> None:
    split.splitter.answered(split.route(ALICE), 202, uuid_of(1))
    witness(split, told("submitted"))
    split.splitter.became_mute()
    assert split.route(ALICE).path is Path.GATEWAY


def test_dispatches_that_close_with_an_error_are_counted_as_errors(split: Split) -> None:
    for number in range(1, 31):
        split.splitter.answered(split.route(str(447700900000 + number)), 202, uuid_of(number))
        witness(
            split, ExpiryReached(step=1, due_ms=NOW), number=number, status=DispatchStatus.ERROR
        )
    assert split.splitter.describe() == f"{STEPPED_BACK} errors"


def test_dispatches_that_are_completed_are_not(split: Split) -> None:
    for number in range(1, 31):
        split.splitter.answered(split.route(str(447700900000 + number)), 202, uuid_of(number))
        witness(split, told("delivered"), number=number, status=DispatchStatus.COMPLETED)
    assert split.splitter.describe() == SERVES


@pytest.mark.parametrize(
    "event",
    [IN_DOUBT, *map(refused, (1000, 1030, 1100, 1140))],
    ids=["in doubt", "throttled", "misconfigured", "unreachable", "credentials"],
)
def test_ten_sends_that_are_not_the_messages_fault_step_back(split: Split, event: Event) -> None:
    for _ in range(9):
        witness(split, event)
    before = split.splitter.describe()
    witness(split, event)
    assert (before, split.splitter.describe()) == (SERVES, f"{STEPPED_BACK} upstream-faults")


@pytest.mark.parametrize("event", [ACCEPTED, refused(1170), refused(1020), told("rejected")])
def test_what_is_accepted_or_the_messages_own_fault_does_not(split: Split, event: Event) -> None:
    for _ in range(50):
        witness(split, event)
    assert split.splitter.describe() == SERVES


def test_accepted_sends_push_faulty_ones_out_of_sight(split: Split) -> None:
    for _ in range(9):
        witness(split, IN_DOUBT)
    for _ in range(50):
        witness(split, ACCEPTED)
    witness(split, IN_DOUBT)
    assert split.splitter.describe() == SERVES


def test_a_second_message_of_a_step_steps_back_at_once(split: Split) -> None:
    witness(split, told("delivered"), ignored=Reason.OTHER_MESSAGE)
    assert split.splitter.describe() == f"{STEPPED_BACK} double"


def test_other_ignored_webhooks_do_not(split: Split) -> None:
    witness(split, told("delivered"), ignored=Reason.NOT_AWAITED)
    assert split.splitter.describe() == SERVES


def test_commits_of_other_applications_say_nothing(split: Split) -> None:
    for _ in range(50):
        witness(split, IN_DOUBT, application="other", ignored=Reason.OTHER_MESSAGE)
    assert split.splitter.describe() == SERVES
