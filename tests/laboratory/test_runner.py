from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.laboratory.ledger import Ledger, Seeds, Tree
from tests.laboratory.points import SOMETIMES
from tests.laboratory.runner import Runner, findings
from tests.laboratory.tally import Found, Tally

TREE = Tree(commit="abcdef123", sources="now")
WHAT = SOMETIMES[0]
ALL = Seeds(first=1, last=1200)
# The workers are forked from a process that may have threads; they only run what is here.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def count(seed: int) -> Tally:
    return Tally(seeds=1, counts=Counter({WHAT: seed}))


def die_at_seven(seed: int) -> Tally:
    if seed == 7:
        os._exit(9)
    return count(seed)


def test_every_seed_is_run_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    Runner(ledger, TREE, jobs=3, work=count).run([ALL])
    tally = Ledger(tmp_path / "ledger").within(ALL, "now")
    assert (tally.seeds, tally.counts[WHAT]) == (1200, 1200 * 1201 // 2)


def test_a_ledger_gets_a_line_for_each_chunk(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    Runner(ledger, TREE, jobs=2, work=count).run([ALL])
    assert sorted(str(one.seeds) for one in ledger.chunks) == [
        "1..499",
        "1000..1200",
        "500..999",
    ]


def test_what_is_done_is_kept_when_a_run_is_interrupted() -> None:
    ledger, heard = Ledger(None), list[Tally]()

    def hear(one: Tally) -> None:
        heard.append(one)
        if len(heard) == 700:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Runner(ledger, TREE, jobs=2, work=count, heard=hear).run([ALL])
    assert ledger.within(ALL, "now").seeds == 700
    missing = ledger.missing(ALL, "now")
    assert sum(len(one) for one in missing) == 500
    Runner(ledger, TREE, jobs=2, work=count).run(missing)
    assert ledger.within(ALL, "now").counts[WHAT] == 1200 * 1201 // 2


def test_a_seed_that_kills_its_process_is_a_finding_and_the_others_are_run() -> None:
    ledger = Ledger(None)
    Runner(ledger, TREE, jobs=2, work=die_at_seven).run([Seeds(first=1, last=20)])
    tally = ledger.within(ALL, "now")
    assert tally.seeds == 20
    assert [(one.seed, one.told) for one in tally.found] == [
        (7, ["the process that ran it died: exit code 9"])
    ]


def test_findings_are_grouped_by_what_they_are_about() -> None:
    found = [
        Found(seed=9, told=["order: x came at 3.0"]),
        Found(seed=2, told=["messages: d0"]),
        Found(seed=1, told=["order: y came at 4.5"]),
    ]
    grouped = findings(Tally(found=found))
    assert {kind: [one.seed for one in each] for kind, each in grouped.items()} == {
        "order": [1, 9],
        "messages": [2],
    }
