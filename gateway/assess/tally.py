"""Counting a corpus: everything that is read goes into exactly one count of each kind.

Memory does not grow with the corpus: of payloads only counts are kept, and one masked sample of
each shape; shapes beyond a bound are counted together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from gateway.assess.corpus import read_contents
from gateway.assess.judging import (
    Assumptions,
    Change,
    Fate,
    Reading,
    Standing,
    judge,
    native_request,
    read_payload,
)
from gateway.assess.masks import mask, mask_path, mask_pointer
from gateway.offline.inputs import Trouble
from gateway.offline.log_bodies import Body
from gateway.offline.log_records import Record
from gateway.offline.shapes import Shape
from translators.channels import CHANNELS
from translators.diagnostics import Diagnostic, JsonValue, Severity, Translation
from translators.dispatch import DispatchPlan
from translators.fields import is_digits
from translators.user_ids import is_user_id

MAX_SHAPES: Final = 1000
MAX_TROUBLES: Final = 100
_MOST_PLACES: Final = 50
RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(slots=True, kw_only=True)
class ShapeCount:
    """The workflows of one shape that stand alike."""

    shape: Shape
    standing: Standing
    fate: Fate | None
    """`None` if they are refused."""
    first: str
    """Where the first one is; masked, as are the two samples of it."""
    sample: JsonValue
    native: JsonValue
    payloads: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    """How many of them each rule is reported for, those about native failover included."""


@dataclass(slots=True, kw_only=True)
class RuleCount:
    """What one rule was reported for."""

    code: str
    severity: Severity
    first: str
    payloads: int = 0
    times: int = 0
    channels: Counter[str] = field(default_factory=Counter)
    """Payloads by the channel of the step it is about."""
    places: Counter[str] = field(default_factory=Counter)
    """Findings by masked pointer."""


class Reach(StrEnum):
    """What a step by WhatsApp shows of people who hide their phone number."""

    USER_ID = "sent to a user id"
    NEEDS_NUMBER = "followed by a channel that needs the phone number"


@dataclass(slots=True, kw_only=True)
class Inventory:
    """What workflows are made of. Refused ones count as far as they can be read."""

    contents: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Steps by channel and type of content."""
    waits: Counter[tuple[str, str, int | None]] = field(default_factory=Counter)
    """Steps that wait, by channel, condition and the shortest bound above the expiry."""
    whatsapp: Counter[Reach] = field(default_factory=Counter)
    """Steps by WhatsApp of workflows that are carried over."""
    lengths: Counter[int] = field(default_factory=Counter)
    """Workflows by how many steps they have."""


EXPIRY_BOUNDS: Final = (30, 300, 3600, 86_401)
"""Upper bounds of groups of expiries, in seconds: the shortest ttls of v1 are 20, 30 and 300."""


class Tally:
    """The counts of a corpus in the making."""

    def __init__(
        self,
        assumptions: Assumptions,
        *,
        max_shapes: int = MAX_SHAPES,
        shows_paths: bool = True,
    ) -> None:
        self.assumptions = assumptions
        self.current = 0
        """The number of what is being read, from 1; it stands for the path if none is shown."""
        self.files = 0
        self.lines = 0
        self.documents = 0
        self.with_payload = 0
        self.without_payload = 0
        self.blank = 0
        self.unreadable = 0
        self.payloads = 0
        self.not_payloads: Counter[Body] = Counter()
        """Bodies of other kinds among the records; they are no payloads."""
        self.losses = 0
        """Troubles that mean that something of the input is missing from the counts."""
        self.troubles: list[Trouble] = []
        """The first of them, with masked paths."""
        self.standings: Counter[Standing] = Counter()
        self.helped: Counter[tuple[Standing, Change]] = Counter()
        """Workflows of a standing that a change would give a better one."""
        self.shapes: dict[tuple[Shape, Standing], ShapeCount] = {}
        self.others: Counter[Standing] = Counter()
        """Workflows of shapes beyond the bound."""
        self.rules: dict[str, RuleCount] = {}
        self.inventory = Inventory()
        self._fates: dict[Shape, Fate] = {}
        self._max_shapes = max_shapes
        self._shows_paths = shows_paths

    def add_trouble(self, trouble: Trouble, *, is_record: bool = False) -> None:
        """Count what could not be read; a record, or what is none, such as a whole file."""
        if is_record:
            self.lines += 1
            self.unreadable += 1
        if trouble.is_loss:
            self.losses += 1
            if len(self.troubles) < MAX_TROUBLES:
                shown = self._show(trouble.path, trouble.line)
                self.troubles.append(Trouble(path=shown, problem=trouble.problem))

    def add_record(self, record: Record) -> Trouble | None:
        """Count a record and what it holds; return what could not be read of it."""
        if record.is_document:
            self.documents += 1
        else:
            self.lines += 1
        if not record.raw or record.raw.isspace():
            self.blank += 1
            return None
        contents = read_contents(
            record.text,
            line=record.line or 1,
            is_json=record.is_json,
            is_framed=record.frame is not None,
        )
        self.not_payloads.update(contents.not_payloads)
        source = record.place
        for payload in contents.payloads:
            self._add_payload(payload, self._show(source, record.line))
        if contents.payloads:
            self.with_payload += 1
        elif contents.fault:
            self.unreadable += 1
        else:
            self.without_payload += 1
        if not contents.fault:
            return None
        trouble = Trouble(path=source, problem=contents.fault, line=record.line)
        self.add_trouble(trouble)
        return trouble

    def _show(self, path: str, line: int | None) -> str:
        """Return a place as the report shows it.

        Args:
            path: with `line` after it, if there is one.
        """
        file = path if line is None else path.removesuffix(f":{line}")
        shown = mask_path(file) if self._shows_paths else f"file {self.current}"
        return shown if line is None else f"{shown}:{line}"

    def _add_payload(self, parsed: Translation[JsonValue], shown: str) -> None:
        self.payloads += 1
        reading = read_payload(parsed, self.assumptions)
        fate = self._fate(reading)
        standing = fate.standing if fate else Standing.REFUSED
        self.standings[standing] += 1
        if fate:
            self.helped.update((standing, change) for change in fate.helped_by)
        diagnostics = reading.diagnostics + (fate.diagnostics if fate else ())
        self._count_parts(reading.shape)
        self.inventory.whatsapp.update(_reach(reading.plan))
        self._count_rules(diagnostics, reading.shape, shown)
        counted = self._shape_count(reading, fate, standing, shown)
        if counted is None:
            self.others[standing] += 1
            return
        counted.payloads += 1
        counted.rules.update({each.rule for each in diagnostics})

    def _fate(self, reading: Reading) -> Fate | None:
        if reading.plan is None:
            return None
        fate = self._fates.get(reading.shape)
        if fate is None:
            fate = judge(reading.plan, self.assumptions)
            if len(self._fates) < self._max_shapes:
                self._fates[reading.shape] = fate
        return fate

    def _shape_count(
        self, reading: Reading, fate: Fate | None, standing: Standing, shown: str
    ) -> ShapeCount | None:
        key = (reading.shape, standing)
        counted = self.shapes.get(key)
        if counted is None and len(self.shapes) < self._max_shapes:
            plan = reading.plan
            counted = self.shapes[key] = ShapeCount(
                shape=reading.shape,
                standing=standing,
                fate=fate,
                first=shown,
                sample=mask(reading.document),
                native=mask(native_request(plan, self.assumptions)) if plan else None,
            )
        return counted

    def _count_parts(self, shape: Shape) -> None:
        self.inventory.lengths[len(shape.steps) + shape.more_steps] += 1
        for step in shape.steps:
            self.inventory.contents[step.channel, step.content] += 1
            if step.condition is not None:
                bound = next(
                    (b for b in EXPIRY_BOUNDS if step.expiry_s is not None and step.expiry_s < b),
                    None,
                )
                self.inventory.waits[step.channel, step.condition, bound] += 1

    def _count_rules(self, diagnostics: tuple[Diagnostic, ...], shape: Shape, shown: str) -> None:
        about: set[tuple[str, str | None]] = set()
        for each in diagnostics:
            counted = self.rules.get(each.rule)
            if counted is None:
                counted = self.rules[each.rule] = RuleCount(
                    code=each.rule, severity=each.severity, first=shown
                )
            elif RANKS[each.severity] > RANKS[counted.severity]:
                counted.severity = each.severity
            counted.times += 1
            pointer = mask_pointer(each.pointer)
            if pointer in counted.places or len(counted.places) < _MOST_PLACES:
                counted.places[pointer] += 1
            about.add((each.rule, None))
            about.add((each.rule, _channel_at(shape, each.pointer)))
        for code, channel in about:
            if channel is None:
                self.rules[code].payloads += 1
            else:
                self.rules[code].channels[channel] += 1


def _reach(plan: DispatchPlan | None) -> Iterator[Reach]:
    """Yield what the steps by WhatsApp of a workflow show."""
    steps = plan.steps if plan else ()
    for index, step in enumerate(steps):
        recipient = CHANNELS[step.channel].recipient
        if not recipient.takes_user_ids:
            continue
        if is_user_id(str(step.request["to"])):
            yield Reach.USER_ID
        for following in steps[index + 1 : index + 2]:
            needed = CHANNELS[following.channel].recipient
            if needed.is_phone and not needed.takes_user_ids:
                yield Reach.NEEDS_NUMBER


def _channel_at(shape: Shape, pointer: str) -> str | None:
    """Return the channel of the step that `pointer` leads into."""
    tokens = pointer.split("/", 3)
    if len(tokens) < 3 or tokens[1] != "workflow" or not is_digits(tokens[2]):
        return None
    index = int(tokens[2])
    return shape.steps[index].channel if index < len(shape.steps) else None
