"""The offline commands, against `jq -c` doing the same restructuring without any check."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from benchmarks.figures import announce, median, show, time_us
from benchmarks.offline_corpus import has_fault, line, write_corpus
from gateway.offline.swift import translate_sound
from translators.dispatch import translate_dispatch
from translators.documents import parse_document

PAIRS, LINES, REPEATED, STARTS, ASSESSED, SAMPLE = 5, 100_000, 10, 15, 10_000, 2_000

COMMAND: Final = str(Path(sys.executable).with_name("dispatch-gateway"))
FILTER: Final = Path(__file__).with_name("restructure.jq")

# The peak of a process is counted from when it still is a copy of its parent, before its program
# is loaded. So its parent is a bare interpreter, which is smaller than all that is measured.
_MEASURE: Final = """
import os, sys, time
begun = time.perf_counter()
standard_output = os.POSIX_SPAWN_OPEN, 1, sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ, file_actions=[standard_output])
_, status, usage = os.wait4(pid, 0)
print(time.perf_counter() - begun, usage.ru_maxrss, os.waitstatus_to_exitcode(status))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run of a program took."""

    wall_s: float
    peak_mib: float
    """Of the largest of its processes."""


def run(command: Sequence[str | Path], output: Path, *, ends_with: int = 0) -> Run:
    """Run a program, its standard output into a file."""
    program = shutil.which(command[0])
    assert program is not None, f"{command[0]} is not installed"
    # Compiled modules are kept, as they are where a command is installed.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    measured = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _MEASURE, output, program, *command[1:]],
        check=True,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    wall_s, peak_kib, code = measured.stdout.split()
    assert int(code) == ends_with, f"{command[0]} {command[1]} ended with {int(code)}"
    return Run(wall_s=float(wall_s), peak_mib=int(peak_kib) / 1024)


def translate(corpus: Path, output: Path, *, jobs: int = 1) -> Run:
    """Run `translate` on a corpus in which some payloads are refused."""
    return run([COMMAND, "translate", corpus, "--jobs", str(jobs)], output, ends_with=1)


def assert_same(ours: Path, theirs: Path) -> None:
    """Compare the answers for all payloads without findings."""
    with ours.open("rb") as left, theirs.open("rb") as right:
        for number, (answer, restructured) in enumerate(zip(left, right, strict=True)):
            members = orjson.loads(answer)
            wanted = {name: members[name] for name in ("messages", "failover")}
            assert has_fault(number) or orjson.loads(restructured) == wanted, f"line {number + 1}"


def compare_with_jq(corpus: Path, folder: Path) -> None:
    """Translate and restructure in turn."""
    ours, theirs = folder / "ours.jsonl", folder / "theirs.jsonl"
    runs: dict[str, list[Run]] = {"jq": [], "one process": [], "two processes": []}
    for number in range(PAIRS):
        announce(f"translate: pair {number + 1} of {PAIRS}")
        runs["jq"].append(run(["jq", "-c", "-f", FILTER, corpus], theirs))
        runs["one process"].append(translate(corpus, ours))
        runs["two processes"].append(translate(corpus, ours, jobs=2))
    assert_same(ours, theirs)
    walls = {name: [each.wall_s for each in done] for name, done in runs.items()}
    size = f"{corpus.stat().st_size / LINES:.0f} bytes a line, one in fifty with findings"
    goals = {
        "one process": "must 0.35, target 0.15",
        "two processes": "must 0.20, target 0.09",
    }
    for name, goal in goals.items():
        pairs = zip(walls[name], walls["jq"], strict=True)
        show(
            f"translate {LINES:,} lines with {name} / jq -c",
            [mine / jq for mine, jq in pairs],
            f"at most: {goal}",
            f"{median(walls[name]):.2f} s against {median(walls['jq']):.2f} s; {size}",
        )


def measure_without_jq(corpus: Path, folder: Path) -> None:
    """Translate, where there is nothing to compare with."""
    for jobs in (1, 2):
        walls = [translate(corpus, folder / "ours.jsonl", jobs=jobs).wall_s for _ in range(PAIRS)]
        show(f"translate {LINES:,} lines with --jobs {jobs}", walls, unit=" s")


def measure_ways() -> None:
    """Compare the short way with the full translation, without reading and writing."""
    sound = [line(number) for number in range(SAMPLE) if not has_fault(number)]

    def in_full() -> None:
        for raw in sound:
            translate_dispatch(parse_document(raw).value)

    def shortly() -> None:
        for raw in sound:
            assert translate_sound(raw)

    gc.disable()
    full_us, short_us = (time_us(way, times=1) / len(sound) for way in (in_full, shortly))
    gc.enable()
    show(
        "the short way / the full translation, of sound payloads",
        [short_us / full_us],
        "",
        f"{short_us:.1f} us a payload, {1e6 / short_us:,.0f} a second; {full_us:.1f} us in full",
    )


def measure_memory(corpus: Path, folder: Path) -> None:
    """Translate ten times as many lines, and see that it takes no more memory."""
    announce(f"translate: {REPEATED * LINES:,} lines")
    long = folder / "long.jsonl"
    with long.open("wb") as file:
        for _ in range(REPEATED):
            with corpus.open("rb") as part:
                shutil.copyfileobj(part, file)
    short, whole = translate(corpus, Path(os.devnull)), translate(long, Path(os.devnull))
    long.unlink()
    show(
        f"peak memory of translate, {REPEATED * LINES:,} lines",
        [whole.peak_mib],
        "must be at most 64, target 32",
        f"{short.peak_mib:.1f} MiB for {LINES:,} lines; {whole.wall_s:.1f} s in one process",
        unit=" MiB",
    )


def measure_start() -> None:
    """Start the command, and an interpreter that does nothing."""
    nowhere, ours, bare = Path(os.devnull), [], []
    for number in range(STARTS):
        announce(f"start: pair {number + 1} of {STARTS}")
        ours.append(run([COMMAND, "--version"], nowhere).wall_s)
        bare.append(run([sys.executable, "-c", "pass"], nowhere).wall_s)
    show(
        "dispatch-gateway --version / python -c pass",
        [mine / theirs for mine, theirs in zip(ours, bare, strict=True)],
        "must be at most 3.00, target 2.00",
        f"{1e3 * median(ours):.0f} ms against {1e3 * median(bare):.0f} ms",
    )


def measure_assessment(folder: Path) -> None:
    """Assess a smaller corpus."""
    corpus = folder / "assessed.jsonl"
    write_corpus(corpus, ASSESSED)
    runs = []
    for number in range(PAIRS):
        announce(f"assess: run {number + 1} of {PAIRS}")
        runs.append(run([COMMAND, "assess", corpus, "--format", "json"], folder / "report.json"))
    show(
        f"assess {ASSESSED:,} payloads",
        [each.wall_s for each in runs],
        "must be a few seconds",
        f"{max(each.peak_mib for each in runs):.1f} MiB at most",
        unit=" s",
    )


def main() -> None:
    """Make the corpus, and measure on it."""
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        corpus = folder / "corpus.jsonl"
        write_corpus(corpus, LINES)
        measure_ways()
        if shutil.which("jq"):
            compare_with_jq(corpus, folder)
        else:
            print("jq is not installed: there is nothing to compare translate with")
            measure_without_jq(corpus, folder)
        measure_memory(corpus, folder)
        measure_start()
        measure_assessment(folder)


if __name__ == "__main__":
    main()
