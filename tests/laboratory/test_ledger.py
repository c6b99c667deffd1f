from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.laboratory.ledger import Chunk, Ledger, Seeds, Tree, merged
from tests.laboratory.points import SOMETIMES, never
from tests.laboratory.tally import Found, Tally
from tests.laboratory.telling import markdown, renew, sums

NOW = Tree(commit="abcdef123", sources="now")
BEFORE = Tree(commit="123456789", sources="before")


def seeds(first: int, last: int) -> Seeds:
    return Seeds(first=first, last=last)


def chunk(first: int, last: int, tree: Tree = NOW, found: tuple[Found, ...] = ()) -> Chunk:
    counts = Counter({SOMETIMES[0]: last - first + 1})
    tally = Tally(seeds=last - first + 1, busy_s=1.5, found=list(found), counts=counts)
    return Chunk(seeds=seeds(first, last), tree=tree, tally=tally)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger"


def test_a_range_is_split_where_every_other_range_is() -> None:
    assert list(seeds(3, 12).split(5)) == [seeds(3, 4), seeds(5, 9), seeds(10, 12)]


@pytest.mark.parametrize(
    ("done", "left"),
    [
        ([], [(1, 20)]),
        ([(1, 20)], []),
        ([(0, 30)], []),
        ([(5, 6)], [(1, 4), (7, 20)]),
        ([(15, 40), (0, 3)], [(4, 14)]),
        ([(2, 9), (4, 5), (9, 12)], [(1, 1), (13, 20)]),
        ([(21, 30)], [(1, 20)]),
    ],
)
def test_what_is_left_of_a_range(done: list[tuple[int, int]], left: list[tuple[int, int]]) -> None:
    assert seeds(1, 20).without(seeds(*one) for one in done) == [seeds(*one) for one in left]


def test_ranges_that_touch_are_told_as_one() -> None:
    assert merged([seeds(5, 6), seeds(1, 2), seeds(3, 3)]) == [seeds(1, 3), seeds(5, 6)]


def test_a_second_call_has_only_what_is_missing_to_do(path: Path) -> None:
    Ledger(path).append(chunk(1, 500))
    assert Ledger(path).missing(seeds(1, 1000), "now") == [seeds(501, 1000)]


def test_what_other_sources_did_is_not_done(path: Path) -> None:
    Ledger(path).append(chunk(1, 500, BEFORE))
    assert Ledger(path).missing(seeds(1, 1000), "now") == [seeds(1, 1000)]


def test_a_chunk_comes_back_from_the_file_as_it_was(path: Path) -> None:
    one = chunk(1, 500, found=(Found(seed=7, told=["messages: d0 s1 was POSTed again"]),))
    Ledger(path).append(one)
    assert Ledger(path).chunks == [one]


def test_a_line_that_a_kill_cut_off_is_not_done_and_spoils_no_other(path: Path) -> None:
    Ledger(path).append(chunk(1, 500))
    path.write_bytes(path.read_bytes() + path.read_bytes()[:40])
    Ledger(path).append(chunk(501, 1000))
    assert Ledger(path).missing(seeds(1, 1500), "now") == [seeds(1001, 1500)]


def test_the_sums_of_a_range_are_those_of_its_chunks(path: Path) -> None:
    ledger = Ledger(path)
    for one in (chunk(1, 500), chunk(501, 1000), chunk(1001, 1500), chunk(1, 500, BEFORE)):
        ledger.append(one)
    tally = ledger.within(seeds(1, 1000), "now")
    assert (tally.seeds, tally.busy_s, tally.counts[SOMETIMES[0]]) == (1000, 3.0, 1000)


def test_what_never_happened_is_named() -> None:
    assert never(Counter(dict.fromkeys(SOMETIMES[1:], 1))) == [SOMETIMES[0]]


def test_the_sums_of_each_state_of_the_tree_are_told_apart(path: Path) -> None:
    ledger = Ledger(path)
    ledger.append(chunk(1, 500, BEFORE))
    ledger.append(chunk(1, 250, found=(Found(seed=7, told=["order: too early"]),)))
    told = "\n".join(sums(ledger))
    assert "commit 123456789, sources before: seeds 1..500" in told
    assert "commit abcdef123, sources now: seeds 1..250" in told
    assert "seed 7: order: too early" in told


def test_the_figures_of_a_page_are_renewed_and_nothing_else(path: Path) -> None:
    ledger = Ledger(path)
    ledger.append(chunk(1, 500))
    page = "# Evidence\n<!-- figures -->\nfigures of before\n<!-- /figures -->\n## Mutants\n"
    renewed = renew(page, markdown(ledger))
    assert renewed.startswith("# Evidence\n<!-- figures -->\nCommit `abcdef123`")
    assert renewed.endswith("\n<!-- /figures -->\n## Mutants\n")
    assert "| seeds | 500 |" in renewed
    assert "figures of before" not in renewed


def test_a_page_without_a_block_of_figures_is_refused() -> None:
    with pytest.raises(ValueError, match="no block"):
        renew("# Evidence\n", "figures")
