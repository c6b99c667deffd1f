"""What is posted: a mix of good and bad days, told to the sandbox by recipients' last digits."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import orjson

from tests.kill.draws import Draws
from translators.diagnostics import JsonObject

_SHORTEST_EXPIRY_S: Final = 15  # docs/wire.md section 1.3
_SENDER: Final = "447700900001"
_LASTING: Final = frozenset({"02", "07", "08"})


@dataclass(frozen=True, slots=True)
class Turn:
    """One step as a scenario has it: the channel, the script, and what it waits for."""

    channel: str
    digits: str
    condition: str = "delivered"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A workflow without its recipients; `weight` is how often it is drawn."""

    weight: int
    name: str
    turns: tuple[Turn, ...]

    @property
    def is_prompt(self) -> bool:
        """Whether it ends within seconds wherever the gateway is killed: no expiry to wait for."""
        return len(self.turns) == 1 and self.turns[0].digits not in _LASTING


SCENARIOS: Final = (
    Scenario(12, "delivered", (Turn("sms", "00"),)),
    Scenario(6, "read", (Turn("whatsapp", "01"),)),
    Scenario(6, "read, or else", (Turn("whatsapp", "01", "read"), Turn("sms", "00"))),
    Scenario(12, "rejected, delivered", (Turn("whatsapp", "03", "read"), Turn("sms", "00"))),
    Scenario(6, "undeliverable, delivered", (Turn("messenger", "04"), Turn("sms", "00"))),
    Scenario(6, "duplicated webhooks", (Turn("viber_service_msg", "05"),)),
    Scenario(6, "out of order", (Turn("messenger", "06"), Turn("sms", "00"))),
    Scenario(6, "webhook before the answer", (Turn("sms", "17"),)),
    Scenario(5, "lost answer", (Turn("whatsapp", "09"),)),
    Scenario(4, "lost answer, or else", (Turn("whatsapp", "09"), Turn("sms", "00"))),
    Scenario(3, "lost for good", (Turn("sms", "20"),)),
    Scenario(3, "lost for good, delivered", (Turn("whatsapp", "20"), Turn("sms", "00"))),
    Scenario(2, "throttled once", (Turn("sms", "10"),)),
    Scenario(4, "no credit, delivered", (Turn("whatsapp", "12"), Turn("sms", "00"))),
    Scenario(2, "no credit", (Turn("sms", "12"),)),
    Scenario(4, "slow answer", (Turn("whatsapp", "08"),)),
    Scenario(2, "sent despite an error", (Turn("sms", "24"),)),
    Scenario(2, "never delivered, delivered", (Turn("whatsapp", "02"), Turn("sms", "00"))),
    Scenario(1, "delivered too late", (Turn("whatsapp", "07"), Turn("sms", "00"))),
    Scenario(1, "never delivered", (Turn("sms", "02"),)),
    Scenario(
        5,
        "two fail, the third is delivered",
        (Turn("whatsapp", "03"), Turn("messenger", "04"), Turn("sms", "05")),
    ),
    Scenario(
        2,
        "refused, never delivered, delivered",
        (Turn("whatsapp", "12"), Turn("viber_service_msg", "02", "read"), Turn("sms", "06")),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """One request of a caller, and the names by which it is found again."""

    number: int
    scenario: Scenario

    @property
    def idempotency_key(self) -> str:
        """The key of every attempt to post it."""
        return f"kill-{self.number:06d}"

    def client_ref(self, step: int) -> str:
        """Return the reference of a step, which the upstream and the callbacks repeat."""
        return f"kill-{self.number:06d}-{step}"

    def body(self) -> bytes:
        """Return the v0.1 request, the same bytes each time."""
        steps = [self._step(index, turn) for index, turn in enumerate(self.scenario.turns)]
        return orjson.dumps({"template": "failover", "workflow": steps})

    def _step(self, index: int, turn: Turn) -> JsonObject:
        recipient = f"4477{self.number:06d}{turn.digits}"
        to_key = "id" if turn.channel == "messenger" else "number"
        from_key = "id" if turn.channel in ("messenger", "viber_service_msg") else "number"
        step: JsonObject = {
            "from": {"type": turn.channel, from_key: _SENDER},
            "to": {"type": turn.channel, to_key: recipient},
            "message": {"content": {"type": "text", "text": "Your table is ready."}},
            "client_ref": self.client_ref(index),
        }
        if index < len(self.scenario.turns) - 1:
            step["failover"] = {
                "expiry_time": _SHORTEST_EXPIRY_S,
                "condition_status": turn.condition,
            }
        return step


def draw_workflow(number: int, draws: Draws, *, is_prompt: bool) -> Workflow:
    """Draw the workflow of this number; `is_prompt` leaves out what has an expiry to wait for."""
    scenarios = [one for one in SCENARIOS if one.is_prompt or not is_prompt]
    bounds = list(accumulate(one.weight for one in scenarios))
    drawn = draws.fraction("scenario", number) * bounds[-1]
    chosen = next(one for one, bound in zip(scenarios, bounds, strict=True) if drawn < bound)
    return Workflow(number=number, scenario=chosen)
