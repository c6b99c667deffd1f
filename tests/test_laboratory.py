"""The laboratory in short, each part in a process of its own: worlds set up logging anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.laboratory.__main__ import main
from tests.laboratory.reporting import FOUND

ROOT = Path(__file__).parents[1]
DIGEST = """
import hashlib
from tests.laboratory.draws import draw
from tests.laboratory.run import run
for seed in range(1, 21):
    verdict = run(draw(seed))
    told = repr((verdict.seen, sorted(verdict.counts.items()), verdict.turns, verdict.left))
    print(seed, verdict.turns, hashlib.sha256(told.encode()).hexdigest())
"""

ENDLESS = """
from tests.laboratory.attempt import attempt
from tests.laboratory.draws import draw
print(attempt(draw(13), longest_s=0.01).violations)
print(attempt(draw(13)).violations)
"""


def laboratory(*arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "tests.laboratory", *map(str, arguments), **environ)


def python(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, **environ},
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_150_seeds_break_no_promise(tmp_path: Path) -> None:
    done = laboratory("run", "1..150", "--no-sometimes", "--found", tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_no_plan_that_broke_a_promise_once_breaks_one_again() -> None:
    done = laboratory("replay", "--quiet", *sorted(FOUND.glob("*.json")))
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_seed_is_the_same_run_in_every_process() -> None:
    one, other = (python("-c", DIGEST, PYTHONHASHSEED=chance) for chance in ("1", "2"))
    assert one.returncode == 0, one.stderr
    assert one.stdout == other.stdout


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_world_without_an_end_is_a_finding_and_disturbs_no_other() -> None:
    done = python("-c", ENDLESS)
    endless, other = done.stdout.splitlines()
    assert "the world did not end" in endless
    assert (other, done.stderr) == ("[]", "")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_run_in_which_something_never_happened_fails_and_names_it() -> None:
    done = laboratory("run", "1..2", "--jobs", "1")
    assert done.returncode == 1
    assert "never: killed at drain" in done.stdout


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_second_run_does_only_what_is_missing(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    laboratory("run", "1..2", "--no-sometimes", "--ledger", ledger)
    done = laboratory("run", "1..3", "--no-sometimes", "--ledger", ledger)
    assert "seeds 1..3: 1 to run" in done.stdout
    assert [json.loads(line)["last"] for line in ledger.read_text().splitlines()] == [2, 3]
    told = laboratory("sum", "--ledger", ledger).stdout
    assert "seeds 1..3" in told


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_seed_is_replayed_with_its_timeline(tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(laboratory("show", "1", "--json").stdout)
    by_seed, by_file = laboratory("replay", "1"), laboratory("replay", plan)
    assert by_seed.returncode == by_file.returncode == 0, by_seed.stderr
    assert "accepts a workflow of" in by_seed.stdout
    assert by_seed.stdout.partition("\n")[2] == by_file.stdout.partition("\n")[2]


@pytest.mark.parametrize("seeds", ["5..3", "a..b", "1..", "..", "..4", "1..2..3", ""])
def test_a_range_that_is_none_is_refused(seeds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["run", seeds])
    assert "argument FIRST..LAST" in capsys.readouterr().err
