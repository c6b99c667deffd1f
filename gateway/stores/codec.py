"""How the state and the history of a dispatch are written; `codec_plan` writes its plan.

What is at its usual value is left out. The usual values and the lists of words are part of the
format: they are pinned here and do not follow when a default elsewhere changes. A change of
format is a schema number more and an upgrade step (`record.Format`); the recorded encodings
under `tests/gateway/stores/encodings` keep old records readable.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, assert_never

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
from gateway.stores.record import Document, Format, Ids, UnreadableRecord, Words
from translators.timestamps import format_timestamp

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _correct_nothing(document: Document) -> Document:
    """Schema 2 of a state has a fifth term: whether its report is put right."""
    return {**document, "x": [*document["x"], False]} if "x" in document else document


STATE: Final = Format("dispatch state", [_correct_nothing])
# Schema 2 may have "z": the event was outdated. Nothing of schema 1 reads differently.
ENTRY: Final = Format("history entry", [lambda document: document])

CHANNELS: Final = Words("sms", "mms", "whatsapp", "viber_service_msg", "messenger")
CONDITIONS: Final = Words("delivered", "read")
_REPORTED: Final = Words("submitted", "delivered", "read", "rejected", "undeliverable")
_STEP_STATUSES: Final = Words(
    "pending", "sending", "waiting", "unknown", "met", "expired", "rejected"
)
_DISPATCH_STATUSES: Final = Words("open", "completed", "error")
_EVENTS: Final = Words(
    "accepted", "send-accepted", "send-refused", "send-unconfirmed", "status", "expiry", "horizon"
)
_REASONS: Final = Words(
    "already-dispatched",
    "not-sent-yet",
    "not-awaited",
    "send-settled",
    "step-resolved",
    "delivered-before",
    "other-message",
    "timer-superseded",
)
_USUAL_TERMS: Final = Terms(
    horizon_s=259_200,
    grace_s=900,
    expiry_start=ExpiryStart.ACCEPTED,
    resends_in_doubt=False,
    corrects_reports=False,
)


def encode_state(state: Dispatch) -> bytes:
    """Write all but `dispatch_uuid`, `revision` and `changed_ms`, which a store keeps beside it.

    Deadlines are written relative to `changed_ms`.
    """
    ids = Ids()
    document: Document = {"s": [_write_step(step, state.changed_ms, ids) for step in state.steps]}
    if state.status is not DispatchStatus.OPEN:
        document["k"] = _DISPATCH_STATUSES.write(state.status)
    if state.terms != _USUAL_TERMS:
        terms = state.terms
        document["x"] = [
            terms.horizon_s,
            terms.grace_s,
            terms.expiry_start.value,
            terms.resends_in_doubt,
            terms.corrects_reports,
        ]
    return STATE.pack(document, ids.packed)


def decode_state(record: bytes, *, dispatch_uuid: str, revision: int, changed_ms: int) -> Dispatch:
    """Read what `encode_state` of this or an older version wrote.

    Raises:
        UnreadableRecord: a newer version wrote it, or it is damaged.
    """
    document, read_id = STATE.unpack(record)
    return Dispatch(
        dispatch_uuid=dispatch_uuid,
        revision=revision,
        changed_ms=changed_ms,
        status=DispatchStatus(_DISPATCH_STATUSES.read(document.get("k", 0))),
        terms=_read_terms(document),
        steps=tuple(_read_step(step, changed_ms, read_id) for step in document["s"]),
    )


def _write_step(step: Step, changed_ms: int, ids: Ids) -> Document:
    document: Document = {"c": CHANNELS.write(step.channel)}
    if step.condition is not None:
        document["w"] = CONDITIONS.write(step.condition)
    if step.expiry_s is not None:
        document["e"] = step.expiry_s
    if step.status is not StepStatus.PENDING:
        document["k"] = _STEP_STATUSES.write(step.status)
    if step.message_uuid is not None:
        document["m"] = ids.write(step.message_uuid)
    if step.reported is not None:
        document["p"] = _REPORTED.write(step.reported)
    if step.usage is not None:
        document["u"] = [step.usage.currency, step.usage.price]
    if step.deadline_ms is not None:
        document["d"] = step.deadline_ms - changed_ms
    if step.sends != _usual_sends(step.status):
        document["n"] = step.sends
    return document


def _read_step(document: Document, changed_ms: int, read_id: Callable[[int | str], str]) -> Step:
    message, reported = document.get("m"), document.get("p")
    condition, deadline = document.get("w"), document.get("d")
    status = StepStatus(_STEP_STATUSES.read(document.get("k", 0)))
    return Step(
        channel=CHANNELS.read(document["c"]),
        condition=None if condition is None else CONDITIONS.read(condition),
        expiry_s=document.get("e"),
        status=status,
        message_uuid=None if message is None else read_id(message),
        reported=None if reported is None else _REPORTED.read(reported),
        usage=_read_usage(document),
        deadline_ms=None if deadline is None else changed_ms + deadline,
        sends=document.get("n", _usual_sends(status)),
    )


def _usual_sends(status: StepStatus) -> int:
    return 0 if status is StepStatus.PENDING else 1


def _read_terms(document: Document) -> Terms:
    if "x" not in document:
        return _USUAL_TERMS
    horizon_s, grace_s, expiry_start, resends_in_doubt, corrects_reports = document["x"]
    return Terms(
        horizon_s=horizon_s,
        grace_s=grace_s,
        expiry_start=ExpiryStart(expiry_start),
        resends_in_doubt=resends_in_doubt,
        corrects_reports=corrects_reports,
    )


def _read_usage(document: Document) -> Usage | None:
    usage = document.get("u")
    return None if usage is None else Usage(currency=usage[0], price=usage[1])


def encode_entry(entry: HistoryEntry) -> bytes:
    """Write everything but `revision` and `at_ms`, which a store keeps beside it.

    Instants are written relative to `at_ms`. The texts that came from outside stay away
    (`client_ref` and the reason of an error): the history outlives the retention of what is
    personal. Its numbers remain, and everything that `decide` reads.
    """
    ids = Ids()
    document = _write_event(entry.event, entry.at_ms, ids)
    if entry.event.step:
        document["s"] = entry.event.step
    if entry.ignored is not None:
        document["i"] = _REASONS.write(entry.ignored)
    return ENTRY.pack(document, ids.packed)


def decode_entry(record: bytes, *, revision: int, at_ms: int) -> HistoryEntry:
    """Read what `encode_entry` of this or an older version wrote.

    Raises:
        UnreadableRecord: a newer version wrote it, or it is damaged.
    """
    document, read_id = ENTRY.unpack(record)
    ignored = document.get("i")
    return HistoryEntry(
        revision=revision,
        at_ms=at_ms,
        event=_read_event(document, at_ms, read_id),
        ignored=None if ignored is None else Reason(_REASONS.read(ignored)),
    )


def _write_event(event: Event, at_ms: int, ids: Ids) -> Document:
    match event:
        case DispatchAccepted():
            return {"e": _EVENTS.write("accepted")}
        case SendAccepted():
            return {
                "e": _EVENTS.write("send-accepted"),
                "m": ids.write(event.message_uuid),
                "b": event.intent_ms - at_ms,
                **({"a": event.accepted_ms - at_ms} if event.accepted_ms != at_ms else {}),
            }
        case SendRefused():
            return {
                "e": _EVENTS.write("send-refused"),
                "o": event.code,
                **_write_outdated(event.is_outdated),
            }
        case SendUnconfirmed():
            return {
                "e": _EVENTS.write("send-unconfirmed"),
                "b": event.intent_ms - at_ms,
                "y": event.cause,
            }
        case StatusReceived():
            return {"e": _EVENTS.write("status"), **_write_report(event.report, at_ms, ids)}
        case ExpiryReached():
            return {
                "e": _EVENTS.write("expiry"),
                "d": event.due_ms - at_ms,
                **_write_outdated(event.is_outdated),
            }
        case HorizonReached():
            return {
                "e": _EVENTS.write("horizon"),
                "d": event.due_ms - at_ms,
                **_write_outdated(event.is_outdated),
            }
        case _:  # pragma: no cover
            assert_never(event)


def _read_event(document: Document, at_ms: int, read_id: Callable[[int | str], str]) -> Event:
    step, is_outdated = document.get("s", 0), "z" in document
    match _EVENTS.read(document["e"]):
        case "accepted":
            return DispatchAccepted(step=step)
        case "send-accepted":
            return SendAccepted(
                step=step,
                message_uuid=read_id(document["m"]),
                intent_ms=at_ms + document["b"],
                accepted_ms=at_ms + document.get("a", 0),
            )
        case "send-refused":
            return SendRefused(step=step, code=document["o"], reason="", is_outdated=is_outdated)
        case "send-unconfirmed":
            return SendUnconfirmed(step=step, intent_ms=at_ms + document["b"], cause=document["y"])
        case "status":
            return StatusReceived(step=step, report=_read_report(document, at_ms, read_id))
        case "expiry":
            return ExpiryReached(step=step, due_ms=at_ms + document["d"], is_outdated=is_outdated)
        case "horizon":
            return HorizonReached(step=step, due_ms=at_ms + document["d"], is_outdated=is_outdated)
        case _:
            raise UnreadableRecord("history entry: an unknown event")


def _write_outdated(is_outdated: bool) -> Document:
    return {"z": 1} if is_outdated else {}


def _write_report(report: StatusReport, at_ms: int, ids: Ids) -> Document:
    document: Document = {"p": _REPORTED.write(report.status)}
    if report.message_uuid is not None:
        document["m"] = ids.write(report.message_uuid)
    if report.timestamp is not None:
        document["t"] = _write_timestamp(report.timestamp, at_ms)
    if report.usage is not None:
        document["u"] = [report.usage.currency, report.usage.price]
    if report.error_code is not None:
        document["o"] = report.error_code
    return document


def _read_report(
    document: Document, at_ms: int, read_id: Callable[[int | str], str]
) -> StatusReport:
    message, told = document.get("m"), document.get("t")
    return StatusReport(
        status=_REPORTED.read(document["p"]),
        message_uuid=None if message is None else read_id(message),
        timestamp=format_timestamp(at_ms + told) if isinstance(told, int) else told,
        usage=_read_usage(document),
        error_code=document.get("o"),
    )


def _write_timestamp(timestamp: str, at_ms: int) -> int | str:
    """Write a timestamp relative to `at_ms`, or as it is when it is not in the v0.1 form."""
    try:
        moment = datetime.fromisoformat(timestamp)
        told = (moment - _EPOCH) // timedelta(milliseconds=1)
        is_plain = format_timestamp(told) == timestamp
    except (ValueError, TypeError, OverflowError):  # the last: an offset leads out of the years
        return timestamp
    return told - at_ms if is_plain else timestamp
