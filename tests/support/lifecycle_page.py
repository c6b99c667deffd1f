"""The generated part of `docs/lifecycle.md`: the table of transitions and the drawn diagram.

`python -m tests.support.lifecycle_page` rewrites the page from `TRANSITIONS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from gateway.core.state import TRANSITIONS, Reason, StepStatus, Trigger

PAGE: Final = Path(__file__).parents[2] / "docs" / "lifecycle.md"
BEGIN: Final = "<!-- generated from gateway/core/state.py: begin -->"
END: Final = "<!-- generated from gateway/core/state.py: end -->"


def block() -> str:
    """Return the generated block: a mermaid diagram and the table."""
    return "\n\n".join(("\n".join(_diagram()), "\n".join(_table())))


def rendered(page: str) -> str:
    """Return the page with its generated block made anew.

    Raises:
        ValueError: the page does not have the two markers, once each and in order.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or BEGIN in rest or END in before + after:
        raise ValueError("the page needs one pair of markers")
    return f"{before}{BEGIN}\n\n{block()}\n\n{END}{after}"


def _diagram() -> Iterator[str]:
    """Yield a mermaid diagram of the steps' moves; what moves nothing is left to the table."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {StepStatus.PENDING}"
    for origin in StepStatus:
        for target in StepStatus:
            triggers = [t for t in Trigger if TRANSITIONS[origin, t] is target]
            if triggers:
                yield f"    {origin} --> {target}: {', '.join(triggers)}"
    on_its_way = set(Trigger) - {Trigger.CORRECTION}  # that one comes after the end
    for status in StepStatus:
        if not any(isinstance(TRANSITIONS[status, t], StepStatus) for t in on_its_way):
            yield f"    {status} --> [*]"
    yield "```"


def _table() -> Iterator[str]:
    """Yield the table: a row for each trigger, a column for each status that differs."""
    columns = [list(alike) for _, alike in groupby(StepStatus, key=_column)]
    yield f"| | {' | '.join(', '.join(f'`{status}`' for status in c) for c in columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    for trigger in Trigger:
        cells = (_cell(TRANSITIONS[column[0], trigger]) for column in columns)
        yield f"| `{trigger}` | {' | '.join(cells)} |"


def _column(status: StepStatus) -> list[StepStatus | Reason]:
    return [TRANSITIONS[status, trigger] for trigger in Trigger]


def _cell(outcome: StepStatus | Reason) -> str:
    return f"**{outcome}**" if isinstance(outcome, StepStatus) else str(outcome)


if __name__ == "__main__":
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
