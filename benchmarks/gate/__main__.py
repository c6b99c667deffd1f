"""`make gate`: count what a request costs, and end with 1 when it costs more than is recorded."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks.gate.builds import this_build
from benchmarks.gate.figures import FIGURES, SCENARIOS, Figures, shown
from benchmarks.gate.judging import Change, Finding, judge, passes, renewed, verdict
from benchmarks.gate.planted import measure_planted
from benchmarks.gate.process import CannotCount, what_is_missing
from benchmarks.gate.record import PATH, Recorded, Records, Refused, read, write
from benchmarks.gate.scenarios import measure, staged

PASSED, CLOSED, UNUSABLE = 0, 1, 2


def main() -> int:
    """Run with the arguments of the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gate", description=__doc__)
    parser.add_argument(
        "--record", action="store_true", help="write down what became cheaper, and with --why all"
    )
    parser.add_argument("--why", default="", metavar="REASON", help="what a loss buys")
    parser.add_argument(
        "--plant",
        type=float,
        metavar="PERCENT",
        help="make the gateway dearer by that much, and end with 0 if the gate sees it",
    )
    options = parser.parse_args()
    if missing := what_is_missing():
        print(f"The gate is skipped: {missing}.")
        return PASSED
    try:
        if options.plant is not None:
            return prove(*measure_planted(options.plant))
        if options.record:
            return record(PATH, this_build(), _measured, options.why.strip())
        return gate(PATH, this_build(), _measured)
    except (CannotCount, Refused) as error:
        print(f"The gate cannot be used: {error}", file=sys.stderr)
        return UNUSABLE


def gate(path: Path, build: str, measured: Callable[[], Figures]) -> int:
    """Hold what is measured against the file; return the exit code.

    A build that the file does not know has nothing to be held against: its figures are written
    into the file.

    Raises:
        Refused: the file cannot be used.
        CannotCount: nothing could be measured.
    """
    records = _read(path)
    print(build)
    if build not in records:
        return _record_new(path, records, build, measured())
    findings = judge(measured(), records[build])
    _show(findings)
    print(verdict(findings))
    return PASSED if passes(findings) else CLOSED


def record(path: Path, build: str, measured: Callable[[], Figures], reason: str) -> int:
    """Measure and renew the file; return the exit code, which says whether the gate is open now.

    Raises:
        Refused: the file cannot be used.
        CannotCount: nothing could be measured.
    """
    records = _read(path)
    print(build)
    if build not in records:
        return _record_new(path, records, build, measured())
    figures = measured()
    record = renewed(figures, records[build], reason or None)
    path.write_text(write({**records, build: record}), encoding="utf-8")
    findings = judge(figures, record)
    _show(findings)
    print(verdict(findings))
    return PASSED if passes(findings) else CLOSED


def prove(plain: Figures, planted: Figures) -> int:
    """Hold what has a loss in every count of instructions against what has none.

    Returns:
        0 if each of these counts would close the gate: one that is blind to its loss is a hole.
    """
    findings = judge(planted, Recorded(figures=plain))
    _show(findings)
    print(verdict(findings))
    blind = [
        each.figure
        for each in findings
        if each.figure in SCENARIOS and each.change is not Change.DEARER
    ]
    if blind:
        print(f"THE GATE DID NOT SEE WHAT WAS PLANTED: {', '.join(blind)}.")
        return CLOSED
    print("The planted loss closes the gate, by each count of instructions.")
    return PASSED


def _measured() -> Figures:
    with staged() as stage:
        return measure(stage)


def _read(path: Path) -> Records:
    return read(path.read_text(encoding="utf-8")) if path.exists() else {}


def _record_new(path: Path, records: Records, build: str, figures: Figures) -> int:
    path.write_text(write({**records, build: Recorded(figures=figures)}), encoding="utf-8")
    for name in FIGURES:
        print(f"{name:<17}{shown(name, figures[name]):>11}")
    print(f"{path.name} did not know this build; now it does. Commit it to hold the build to it.")
    return PASSED


def _show(findings: list[Finding]) -> None:
    for each in findings:
        print(each.line())


if __name__ == "__main__":
    sys.exit(main())
