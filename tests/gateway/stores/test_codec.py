"""Encodings: what is written is read back, by this version and by later ones."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.decide import decide
from gateway.core.events import (
    DispatchAccepted,
    Event,
    ExpiryReached,
    HorizonReached,
    SendAccepted,
    SendRefused,
    SendUnconfirmed,
    StatusReceived,
    StatusReport,
)
from gateway.core.state import (
    Dispatch,
    DispatchStatus,
    ExpiryStart,
    Reason,
    Step,
    StepStatus,
    Terms,
    Usage,
)
from gateway.stores.base import HistoryEntry
from gateway.stores.codec import decode_entry, decode_state, encode_entry, encode_state
from gateway.stores.codec_plan import decode_plan, encode_plan
from gateway.stores.record import Format, UnreadableRecord, pack_id, unpack_id
from tests.gateway.stores.building import NOW, plan, uuid_of
from translators.dispatch import DispatchPlan, StepPlan

ENCODINGS: Final = Path(__file__).parent / "encodings"

STATE: Final = Dispatch(
    dispatch_uuid=uuid_of(1),
    revision=4,
    changed_ms=NOW,
    status=DispatchStatus.OPEN,
    terms=Terms(
        horizon_s=3600,
        grace_s=60,
        expiry_start=ExpiryStart.INTENT,
        resends_in_doubt=True,
        corrects_reports=True,
    ),
    steps=(
        Step(
            channel="whatsapp",
            condition="read",
            expiry_s=600,
            status=StepStatus.EXPIRED,
            message_uuid=uuid_of(7),
            reported="delivered",
            usage=Usage(currency="EUR", price="0.0333"),
            sends=1,
        ),
        Step(
            channel="sms",
            status=StepStatus.UNKNOWN,
            message_uuid="not a uuid",
            deadline_ms=NOW + 60_000,
            sends=2,
        ),
    ),
)
ENTRY: Final = HistoryEntry(
    revision=4,
    at_ms=NOW,
    ignored=Reason.OTHER_MESSAGE,
    event=StatusReceived(
        step=1,
        report=StatusReport(
            status="rejected",
            message_uuid=uuid_of(8),
            timestamp="2025-02-03T12:14:25.061Z",
            usage=Usage(currency="EUR", price="0.0333"),
            error_code=1340,
        ),
    ),
)


@dataclass(frozen=True)
class Recorded:
    """An encoding as some version wrote it, and what it means."""

    name: str
    record: bytes

    def read(self) -> Any:
        match self.name.split("-")[0]:
            case "state":
                return decode_state(
                    self.record, dispatch_uuid=uuid_of(1), revision=4, changed_ms=NOW
                )
            case "entry":
                return decode_entry(self.record, revision=4, at_ms=NOW)
            case _:
                return decode_plan(self.record)


MEANT: Final = {"state": STATE, "entry": ENTRY, "plan": plan()}
MEANT_BEFORE: Final = {
    "state-1": replace(STATE, terms=replace(STATE.terms, corrects_reports=False)),
}
"""What earlier encodings mean that could not say everything."""
WRITTEN: Final = {
    "state": encode_state(STATE),
    "entry": encode_entry(ENTRY),
    "plan": encode_plan(plan()),
}


def recorded(path: Path) -> Recorded:
    return Recorded(path.stem, bytes.fromhex(json.loads(path.read_text())["record"]))


RECORDED: Final = [recorded(path) for path in sorted(ENCODINGS.glob("*.json"))]


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: one.name)
def test_every_recorded_encoding_is_still_read(one: Recorded) -> None:
    assert one.read() == MEANT_BEFORE.get(one.name, MEANT[one.name.split("-")[0]])


@pytest.mark.parametrize("kind", list(WRITTEN))
def test_what_is_written_today_is_recorded(kind: str) -> None:
    # It failed? The format changed: add a schema number, an upgrade step and a recording.
    schema = WRITTEN[kind][0]
    assert WRITTEN[kind].hex() == recorded(ENCODINGS / f"{kind}-{schema}.json").record.hex()


def test_a_record_of_a_newer_version_is_refused() -> None:
    newer = b"\x02" + encode_plan(plan())[1:]
    with pytest.raises(UnreadableRecord, match="schema 2, by a newer version"):
        decode_plan(newer)


@pytest.mark.parametrize("damaged", [b"", b"\x01", b"\x01\x00", b"\x01\x00{", b"\x01\x09{}"])
def test_a_damaged_record_is_refused(damaged: bytes) -> None:
    with pytest.raises(UnreadableRecord, match="damaged"):
        decode_plan(damaged)


def test_an_event_that_nobody_heard_of_is_refused() -> None:
    with pytest.raises(UnreadableRecord, match="unknown event"):
        decode_entry(Format("entry").pack({"e": "earthquake"}), revision=1, at_ms=NOW)


def test_an_older_record_is_upgraded_step_by_step() -> None:
    old = Format("thing").pack({"colour": "red"})
    new = Format(
        "thing",
        upgrades=[
            lambda document: {"color": document["colour"]},
            lambda document: {**document, "size": 1},
        ],
    )
    document, _ = new.unpack(old)
    assert document == {"color": "red", "size": 1}


def test_a_record_is_written_in_the_newest_schema() -> None:
    new = Format("thing", upgrades=[lambda document: document])
    assert new.pack({})[0] == 2


@pytest.mark.parametrize(
    "text",
    [
        "0190f2a4-7c3e-7abc-8def-0123456789ab",
        "0190F2A4-7C3E-7ABC-8DEF-0123456789AB",
        "0190f2a47c3e7abc8def0123456789ab",
        "0190f2a-47c3e-7abc-8def-0123456789ab",
        "zzzzzzzz-zzzz-zzzz-zzzz-zzzzzzzzzzzz",
        "",
        "µ",
    ],
)
def test_any_text_is_an_id(text: str) -> None:
    assert unpack_id(pack_id(text)) == text


def test_a_uuid_takes_sixteen_bytes() -> None:
    assert len(pack_id("0190f2a4-7c3e-7abc-8def-0123456789ab")) == 16


def step_plan(channel: str, name: str, to_key: str, from_key: str) -> StepPlan:
    return StepPlan(
        channel=channel,
        to={"type": channel, to_key: "447700900000"},
        sender={"type": channel, from_key: "447700900001"},
        client_ref=None,
        request={
            "to": "447700900000",
            "from": "447700900001",
            "channel": name,
            "message_type": "image",
            "image": {"url": "https://example.com/cat.jpg", "caption": "Ünïcode ✓"},
        },
        expiry_s=None,
        condition=None,
    )


USUAL: Final = [
    step_plan("sms", "sms", "number", "number"),
    step_plan("mms", "mms", "number", "number"),
    step_plan("whatsapp", "whatsapp", "number", "number"),
    step_plan("viber_service_msg", "viber_service", "number", "id"),
    step_plan("messenger", "messenger", "id", "id"),
]
SMS: Final = USUAL[0]
UNUSUAL: Final = [
    replace(SMS, to={"type": "sms", "number": "\t447700900000"}),
    replace(SMS, to={"number": "447700900000", "type": "sms"}),
    replace(SMS, sender={"type": "sms", "number": 447700900001}),
    replace(SMS, client_ref="order-42"),
    replace(SMS, request={**SMS.request, "client_ref": "order-42"}),
    replace(SMS, request={**SMS.request, "channel": "mms"}),
    replace(SMS, request={**SMS.request, "to": None}),
    *(
        replace(SMS, request={name: value for name, value in SMS.request.items() if name != left})
        for left in ("to", "from", "message_type", "channel")
    ),
    replace(SMS, request={**SMS.request, "message_type": None}),
    replace(SMS, request={"text": "only"}),
    replace(SMS, request={}),
    replace(SMS, channel="rcs"),
    replace(SMS, expiry_s=0, condition="submitted"),
]


@pytest.mark.parametrize("step", USUAL + UNUSUAL)
def test_a_plan_is_read_back_as_it_was_written(step: StepPlan) -> None:
    written = DispatchPlan(template="failover", steps=(step, SMS))
    assert decode_plan(encode_plan(written)) == written


@pytest.mark.parametrize("step", USUAL + UNUSUAL)
def test_echoes_keep_the_order_of_their_members(step: StepPlan) -> None:
    written = DispatchPlan(template="failover", steps=(step,))
    (read,) = decode_plan(encode_plan(written)).steps
    assert (list(read.to), list(read.sender)) == (list(step.to), list(step.sender))


def test_an_instant_of_a_webhook_is_written_as_a_distance() -> None:
    report = StatusReport(status="delivered", timestamp="2025-02-03T12:14:25.061Z")
    entry = HistoryEntry(revision=2, at_ms=NOW, event=StatusReceived(step=0, report=report))
    assert b"12:14" not in encode_entry(entry)


def test_a_template_other_than_failover_is_kept() -> None:
    written = DispatchPlan(template="another", steps=())
    assert decode_plan(encode_plan(written)) == written


@pytest.mark.parametrize("step", USUAL)
def test_an_address_is_written_once(step: StepPlan) -> None:
    written = encode_plan(DispatchPlan(template="failover", steps=(step,)))
    assert written.count(b"447700900000") == 1


messages = st.sampled_from([uuid_of(7), uuid_of(8), "not a uuid"])
instants = st.integers(NOW - 700_000, NOW + 700_000)
indexes = st.integers(0, 1)
reports = st.builds(
    StatusReport,
    status=st.sampled_from(
        ["submitted", "delivered", "read", "rejected", "undeliverable", "another"]
    ),
    message_uuid=st.none() | messages,
    timestamp=st.sampled_from(
        [None, "2025-02-03T12:14:25.061Z", "2025-02-03T12:14:25Z", "20250203", "", "soon"]
    ),
    usage=st.none() | st.builds(Usage, currency=st.just("EUR"), price=st.just("0.0333")),
    error_code=st.none() | st.just(1340),
)
events: st.SearchStrategy[Event] = st.one_of(
    st.builds(DispatchAccepted, step=st.just(0)),
    st.builds(
        SendAccepted,
        step=indexes,
        message_uuid=messages,
        intent_ms=instants,
        accepted_ms=instants,
    ),
    st.builds(
        SendRefused,
        step=indexes,
        code=st.just(1020),
        reason=st.just(""),
        is_outdated=st.booleans(),
    ),
    st.builds(SendUnconfirmed, step=indexes, intent_ms=instants, cause=st.just("read-timeout")),
    st.builds(StatusReceived, step=indexes, report=reports),
    st.builds(ExpiryReached, step=indexes, due_ms=instants, is_outdated=st.booleans()),
    st.builds(HorizonReached, step=indexes, due_ms=instants, is_outdated=st.booleans()),
)
BIRTH: Final = Dispatch(
    dispatch_uuid=uuid_of(1),
    steps=(Step(channel="whatsapp", condition="read", expiry_s=600), Step(channel="sms")),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(events, instants), max_size=12))
def test_replaying_the_written_history_gives_the_written_state(
    lived: list[tuple[Event, int]],
) -> None:
    state, written = BIRTH, []
    for event, at_ms in [(DispatchAccepted(), NOW), *lived]:
        decision = decide(state, event, at_ms)
        state = decision.state
        entry = HistoryEntry(
            revision=state.revision, at_ms=at_ms, event=event, ignored=decision.ignored
        )
        written.append((encode_entry(entry), entry))
    replayed = BIRTH
    for record, entry in written:
        read = decode_entry(record, revision=entry.revision, at_ms=entry.at_ms)
        assert read == entry
        replayed = decide(replayed, read.event, read.at_ms).state
    stored = decode_state(
        encode_state(state),
        dispatch_uuid=state.dispatch_uuid,
        revision=state.revision,
        changed_ms=state.changed_ms,
    )
    assert stored == replayed
