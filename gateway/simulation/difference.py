"""What sets the runs apart, in sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from gateway.simulation.durations import duration
from gateway.simulation.fates import FAILED
from gateway.simulation.simulation import Simulation
from gateway.simulation.trace import Message, Outcome, Reached, Trace, What
from translators.dispatch import DispatchPlan

_NAMES = {
    "sms": "SMS",
    "mms": "MMS",
    "whatsapp": "WhatsApp message",
    "viber_service_msg": "Viber message",
    "messenger": "Messenger message",
}


def differences(simulation: Simulation) -> list[str]:
    """Say what the recipient would notice: a sentence for each service that has something to say.

    What native v1 does the same with ttl as without is said once.
    """
    words = _Words(simulation.plan)
    gateway, native, with_ttl = simulation.gateway, simulation.native, simulation.native_with_ttl
    said = [f"Under this gateway {words.twice(gateway)}."] if gateway.has_double else []
    if with_ttl.messages == native.messages:
        return [*said, f"Under native v1, with or without ttl, {words.compare(gateway, native)}."]
    return [
        *said,
        f"Under native v1 {words.compare(gateway, native)}.",
        f"Under native v1 with ttl {words.compare(gateway, with_ttl)}.",
    ]


@dataclass(frozen=True, slots=True)
class _Words:
    """Sentences about the messages of one workflow."""

    plan: DispatchPlan

    def compare(self, gateway: Trace, run: Trace) -> str:
        """Say how `run` differs for the recipient; the worst of it decides."""
        if run.outcome is Outcome.REFUSED:
            return f"nothing is sent: v1 refuses the request as a whole{_instead(gateway, run)}"
        missing = _first_without(gateway, run)
        if missing is not None:
            return f"the {self.name(missing)} is never sent: {self._why_not(run)}"
        added = _first_without(run, gateway)
        if added is not None:
            twice = f", and {self.twice(run)}" if run.has_double else ""
            return f"the {self.name(added)} is sent as well{twice}"
        moved = _first_moved(gateway, run)
        if moved is not None:
            here, there = moved
            return (
                f"the {self.name(there)} is sent after {duration(there.sent_ms)},"
                f" not after {duration(here.sent_ms)}"
            )
        return self._same(gateway, run)

    def twice(self, run: Trace) -> str:
        """Say that the person gets several messages."""
        times = [
            f"the {self.name(each)} after {duration(each.reached_ms or 0)}" for each in run.arrived
        ]
        listed = f"{', '.join(times[:-1])} and {times[-1]}"
        return f"the person gets {_numeral(len(times))} messages: {listed}"

    def name(self, message: Message) -> str:
        """Name a message by its channel, and by its step where that is not enough."""
        name = _NAMES[message.channel]
        channels = Counter(step.channel for step in self.plan.steps)
        return name if channels[message.channel] == 1 else f"{name} of step {message.step + 1}"

    def _same(self, gateway: Trace, run: Trace) -> str:
        """Say what differs where the same messages are sent at the same time."""
        report = ", without a final report" if gateway.report else ""
        ended = [
            self.name(there)
            for here, there in zip(gateway.messages, run.messages, strict=True)
            if there.reached is Reached.NO and here.reached is not Reached.NO
        ]
        if ended:
            names = " and the ".join(ended)
            if gateway.has_double and len(run.arrived) == 1:
                only = self.name(run.arrived[0])
                return f"only the {only} arrives{report}: the ttl has ended the {names}"
            return (
                f"the same is sent at the same time{report}, and no message comes late: the"
                f" ttl has ended the {names}"
            )
        return f"the recipient gets the same at the same time{report}"

    def _why_not(self, run: Trace) -> str:
        """Say why v1 never came to the next message: what became of the one it stopped at."""
        if not run.messages:
            return "v1 never took the message before it"
        stopped = run.messages[-1]
        name, trigger = self.name(stopped), "v1 fails over on rejected only, and the"
        statuses = {
            entry.status
            for entry in run.entries
            if entry.what is What.STATUS and entry.step == stopped.step
        }
        if stopped.reached is Reached.YES:
            arrived_ms = (stopped.reached_ms or 0) - stopped.sent_ms
            return f"{trigger} {name} was delivered, {duration(arrived_ms)} after it was sent"
        if statuses & FAILED:
            return f"{trigger} {name} was undeliverable"
        return f"{trigger} {name} never was"


def _instead(gateway: Trace, run: Trace) -> str:
    """Say what the gateway does where v1 refuses a request as a whole."""
    goes_on = any(each.step for each in gateway.messages)
    if any(entry.why for entry in run.entries):
        before = " before it goes on with the next step" if goes_on else ""
        return f", and only its caller can try again, as the gateway does{before}"
    return ", where the gateway goes on with the next step" if goes_on else ""


def _first_without(run: Trace, other: Trace) -> Message | None:
    """Return the first message of `run` that `other` does not send."""
    sent = {each.step for each in other.messages}
    return next((each for each in run.messages if each.step not in sent), None)


def _first_moved(gateway: Trace, run: Trace) -> tuple[Message, Message] | None:
    pairs = zip(gateway.messages, run.messages, strict=True)
    return next(((here, there) for here, there in pairs if here.sent_ms != there.sent_ms), None)


def _numeral(number: int) -> str:
    return {2: "two", 3: "three"}.get(number, str(number))
