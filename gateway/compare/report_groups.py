"""Findings of one kind, together: a cause that shows in many shapes is read once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.compare.report_model import FindingLine, Gravity
from gateway.offline.words import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings of one kind and one weight, under one excuse if they have any."""

    members: tuple[FindingLine, ...]
    """The most frequent first."""

    @property
    def lead(self) -> FindingLine:
        """The one that is shown in full."""
        return self.members[0]

    @property
    def drawn(self) -> FindingLine | None:
        """The one whose sample is drawn: in which the worst harm was done; `None` without any."""
        sampled = [member for member in self.members if member.sample is not None]
        return min(sampled, key=lambda member: member.sample.harm, default=None)  # type: ignore[union-attr]

    @property
    def title(self) -> str:
        """Its name: `CMP405 failover-early, step 1`, without a step if there are several."""
        lead = self.lead
        is_one_step = lead.step is not None and all(m.step == lead.step for m in self.members)
        step = f", step {(lead.step or 0) + 1}" if is_one_step else ""
        return f"{lead.code} {lead.name}{step}"

    @property
    def met(self) -> int:
        """In how many workflows they were met, each added up."""
        return sum(member.workflows for member in self.members)

    @property
    def count(self) -> str:
        """In how many workflows it was met; of which shapes, if they are several."""
        shapes = len({member.shape for member in self.members})
        if len(self.members) == 1:
            return counted(self.met, "workflow")
        if shapes == len(self.members):
            return f"{counted(self.met, 'workflow')} of {counted(shapes, 'shape')}"
        # A workflow may show the same kind at several steps: it would be counted again.
        return f"{counted(len(self.members), 'finding')} in {counted(shapes, 'shape')}"


def grouped(findings: Iterable[FindingLine]) -> tuple[Group, ...]:
    """Put findings of one kind together, in their order; the explained ones are left out."""
    groups: dict[tuple[Gravity, str, str | None], list[FindingLine]] = {}
    for finding in findings:
        if finding.gravity is not Gravity.EXPLAINED:
            key = finding.gravity, finding.code, finding.ignored
            groups.setdefault(key, []).append(finding)
    return tuple(Group(members=tuple(members)) for members in groups.values())
