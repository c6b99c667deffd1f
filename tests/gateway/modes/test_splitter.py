"""The splitter: pledges that outlive a restart, and the step back."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path as FilePath

import pytest
from structlog.testing import capture_logs

from gateway.clock import SystemClock
from gateway.modes.judging import Judgement
from gateway.modes.ledger import Ledger
from gateway.modes.split import REST_MS
from gateway.modes.stepback import Cause, Watch
from gateway.stores.base import StoreUnavailable
from gateway.traces.model import Path
from tests.gateway.modes.splitting import Split, claim

ALICE, BOB = "447700900001", "447700900002"


@pytest.fixture
def split(split_at: Callable[[str], Split]) -> Split:
    return split_at("100")


@pytest.fixture
def ledger(tmp_path: FilePath) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger")
    yield opened
    opened.close()


class TestPledges:
    def test_an_open_workflow_outlives_a_turn_and_a_restart(self, split: Split) -> None:
        split.accept(ALICE)
        split.turn("0")
        split.clock.advance(73 * 3600 - 3600 - 10)
        split.restart()
        assert split.route(ALICE).path is Path.GATEWAY

    def test_a_workflow_that_is_never_reported_is_let_go_at_the_end_of_its_life(
        self, split: Split
    ) -> None:
        split.accept(ALICE)
        split.turn("0")
        split.clock.advance(72 * 3600)
        assert split.route(ALICE).path is Path.LEGACY

    def test_every_recipient_of_a_workflow_is_held(self, split: Split) -> None:
        split.accept(ALICE, BOB)
        split.turn("0")
        assert split.route(BOB).path is Path.GATEWAY

    def test_a_request_in_doubt_keeps_its_pledge(self, split: Split) -> None:
        split.turn("0")
        split.splitter.answered(split.route(ALICE), None, None)
        split.turn("100")
        assert split.route(ALICE).path is Path.LEGACY

    def test_a_request_that_was_refused_holds_nobody(self, split: Split) -> None:
        split.turn("0")
        split.splitter.answered(split.route(ALICE), 400, None)
        split.turn("100")
        assert split.route(ALICE).path is Path.GATEWAY

    def test_a_request_repeated_after_the_step_back_takes_its_old_path(self, split: Split) -> None:
        _, dispatch_uuid = split.accept(ALICE, key="once")
        split.end(dispatch_uuid)
        step_back(split)
        assert split.route(ALICE, key="once").path is Path.GATEWAY

    def test_a_refused_request_is_bound_by_its_key_all_the_same(self, split: Split) -> None:
        split.splitter.answered(split.route(ALICE, key="once"), 400, None)
        split.turn("0")
        assert split.route(BOB, key="once").path is Path.GATEWAY

    def test_a_key_is_bound_for_as_long_as_the_engine_remembers_keys(self, split: Split) -> None:
        split.end(split.accept(ALICE, key="once")[1])
        split.turn("0")
        split.clock.advance(400 * 86_400)
        assert split.route(BOB, key="once").path is Path.GATEWAY

    def test_a_key_that_the_engine_knows_is_not_dispatchs(self, split: Split) -> None:
        split.turn("0")
        spent = replace(claim(ALICE, key="once"), is_spent_here=True)
        assert split.splitter.route(spent).path is Path.GATEWAY

    def test_a_key_of_a_stranger_is_known_to_the_application(self, split: Split) -> None:
        stranger = replace(claim(ALICE, key="once"), application=None, is_servable=False)
        split.splitter.answered(split.splitter.route(stranger), None, None)
        assert split.route(BOB, key="once").path is Path.LEGACY

    def test_a_key_of_the_application_is_known_to_a_stranger(self, split: Split) -> None:
        split.accept(ALICE, key="once")
        stranger = replace(claim(ALICE, key="once"), application=None, is_servable=False)
        route = split.splitter.route(stranger)
        assert (route.path, route.is_repeated) == (Path.GATEWAY, True)

    def test_what_provably_never_left_binds_nobody(self, split: Split) -> None:
        split.turn("0")
        split.splitter.unsent(split.route(ALICE, key="once"))
        split.turn("100")
        assert split.route(ALICE, key="once").path is Path.GATEWAY

    def test_what_never_left_does_not_undo_a_doubt_under_its_key(self, split: Split) -> None:
        split.turn("0")
        split.splitter.answered(split.route(ALICE, key="once"), None, None)
        split.splitter.unsent(split.route(ALICE, key="once"))
        split.turn("100")
        assert split.route(BOB, key="once").path is Path.LEGACY

    @pytest.mark.parametrize("http_status", [None, 500, 408])
    def test_a_stranger_in_doubt_holds_nobody(self, split: Split, http_status: int | None) -> None:
        stranger = replace(claim(ALICE), application=None, is_servable=False)
        split.splitter.answered(split.splitter.route(stranger), http_status, None)
        assert split.route(ALICE).path is Path.GATEWAY

    @pytest.mark.parametrize("http_status", [200, 202, 299])
    def test_a_stranger_who_was_accepted_under_no_name_holds_its_recipients(
        self, split: Split, http_status: int
    ) -> None:
        stranger = replace(claim(ALICE), application=None, is_servable=False)
        split.splitter.answered(split.splitter.route(stranger), http_status, None)
        assert split.route(ALICE).path is Path.LEGACY

    def test_a_stranger_whom_dispatch_knows_holds_its_recipients(self, split: Split) -> None:
        stranger = replace(claim(ALICE), application=None, is_servable=False)
        split.splitter.answered(split.splitter.route(stranger), 202, "of-dispatch")
        assert split.route(ALICE).path is Path.LEGACY

    def test_a_body_that_we_cannot_read_holds_who_is_in_it(self, split: Split) -> None:
        raw = b'{"workflow": [{"to": {"number": "%s"}}], "workflow": []}' % ALICE.encode()
        unread = replace(claim(ALICE), request=None, raw=raw, is_servable=False)
        split.splitter.answered(split.splitter.route(unread), 202, "of-dispatch")
        assert split.route(ALICE).path is Path.LEGACY

    @pytest.mark.parametrize("dispatch_uuid", ["accepted", None])
    def test_an_answer_is_given_though_the_ledger_fails(
        self, split: Split, dispatch_uuid: str | None
    ) -> None:
        route = split.route(ALICE, key="once")
        split.close()
        split.splitter.answered(route, 400, dispatch_uuid)
        split.splitter.unsent(route)

    def test_a_pledge_that_cannot_be_undone_stays(self, split: Split) -> None:
        split.turn("0")
        route = split.route(ALICE)
        split.close()
        split.splitter.answered(route, 400, None)
        split.restart()
        split.turn("100")
        assert split.route(ALICE).path is Path.LEGACY

    def test_what_we_would_refuse_is_pledged_for_dispatch(self, split: Split) -> None:
        route = split.splitter.route(replace(claim(ALICE), is_servable=False))
        assert (route.path, split.route(ALICE).path) == (Path.LEGACY, Path.LEGACY)

    def test_a_request_without_recipients_is_dispatchs_last(self, split: Split) -> None:
        split.turn("99.9")
        route = split.splitter.route(replace(claim(ALICE), request={"workflow": []}))
        assert route.path is Path.LEGACY

    def test_a_workflow_of_recipients_on_both_paths_is_counted(self, split: Split) -> None:
        split.accept(ALICE)
        split.turn("0")
        split.accept(BOB)
        split.accept(ALICE, BOB)
        crossings = split.metrics.registry.get_sample_value("gateway_split_crossings_total")
        assert crossings == 1

    def test_no_number_is_in_the_file(self, split: Split) -> None:
        split.accept(ALICE)
        written = b"".join(file.read_bytes() for file in split.folder.iterdir())
        assert ALICE.encode() not in written

    def test_the_file_is_its_owners_alone(self, split: Split) -> None:
        mode = (split.folder / "gateway.db.split").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


def step_back(split: Split) -> None:
    """Have the splitter see what it does not tolerate."""
    critical = Judgement(candidate="gateway", outcome="semantic", kind="wrong-recipient")
    split.splitter.judged(critical)


def pledge(ledger: Ledger, subject: bytes, *, at_ms: int, life_ms: int = 1000) -> None:
    """Pledge somebody to the gateway."""
    ledger.pledge(
        Path.GATEWAY, recipients=[subject], key=None, half=0, now_ms=at_ms, life_ms=life_ms
    )


def pledged(file: FilePath) -> list[str]:
    """Return who is in the file, in the order in which they were pledged."""
    with closing(sqlite3.connect(file)) as opened:
        rows = opened.execute("SELECT subject FROM holds ORDER BY pledge").fetchall()
    return [bytes(subject).decode() for (subject,) in rows]


class TestLedger:
    def test_a_new_ledger_under_a_dial_that_is_not_at_nothing_is_told(
        self, split_at: Callable[[str], Split]
    ) -> None:
        with capture_logs() as lines:
            split_at("10")
        assert [line["event"] for line in lines] == ["split.ledger_began"]

    def test_a_ledger_that_was_there_before_is_not(self, split: Split) -> None:
        with capture_logs() as lines:
            split.restart()
        assert lines == []

    def test_a_ledger_that_is_busy_is_unavailable_at_once(self, split: Split) -> None:
        with closing(sqlite3.connect(split.folder / "gateway.db.split")) as other:
            other.execute("BEGIN IMMEDIATE")
            begun_ms = SystemClock().now_ms()
            with pytest.raises(StoreUnavailable, match="locked"):
                split.route(ALICE)
        assert SystemClock().now_ms() - begun_ms < 1_000

    @pytest.mark.parametrize("is_replaced", [True, False])
    def test_a_ledger_whose_file_is_gone_pledges_nothing(
        self, split: Split, is_replaced: bool
    ) -> None:
        ledger = split.folder / "gateway.db.split"
        ledger.rename(split.folder / "elsewhere")
        if is_replaced:
            ledger.touch()
        with pytest.raises(StoreUnavailable):
            split.route(ALICE)

    def test_of_a_repetition_the_first_keeps_the_name(self, split: Split) -> None:
        _, dispatch_uuid = split.accept(ALICE, key="once")
        repeated = split.route(BOB, key="once")
        with capture_logs() as lines:
            split.splitter.answered(repeated, 202, dispatch_uuid)
        assert lines == []
        split.turn("0")
        assert split.route(ALICE).path is Path.GATEWAY

    def test_the_end_of_a_repeated_workflow_lets_go_of_whom_the_first_held(
        self, split: Split
    ) -> None:
        _, dispatch_uuid = split.accept(ALICE, key="once")
        split.splitter.answered(split.route(BOB, key="once"), 202, dispatch_uuid)
        split.end(dispatch_uuid)
        step_back(split)
        assert split.route(ALICE).path is Path.LEGACY

    def test_who_had_a_short_workflow_is_known_for_three_days(self, ledger: Ledger) -> None:
        pledge(ledger, b"alice", at_ms=0)
        for number in range(10):
            pledge(ledger, b"%d" % number, at_ms=REST_MS - 1)
        assert len(ledger.holds([b"alice"], REST_MS - 1)) == 1

    def test_who_has_a_long_workflow_is_known_until_its_end(self, ledger: Ledger) -> None:
        pledge(ledger, b"alice", at_ms=0, life_ms=REST_MS + 1000)
        for number in range(10):
            pledge(ledger, b"%d" % number, at_ms=REST_MS + 999)
        (hold,) = ledger.holds([b"alice"], REST_MS + 999)
        assert hold.is_open

    def test_what_binds_nobody_any_more_leaves_the_file_a_few_at_a_time(
        self, ledger: Ledger, tmp_path: FilePath
    ) -> None:
        for number in range(6):
            pledge(ledger, b"%d" % number, at_ms=number)
        left = []
        for _ in range(3):
            pledge(ledger, b"alice", at_ms=REST_MS + 1000)
            left.append(pledged(tmp_path / "ledger"))
        assert left == [["4", "5", "alice"], ["alice"] * 2, ["alice"] * 3]

    @pytest.mark.parametrize("name", ["", "nowhere/ledger"])
    def test_a_ledger_that_cannot_be_opened_is_named(self, tmp_path: FilePath, name: str) -> None:
        with pytest.raises(StoreUnavailable, match=f"^{tmp_path / name} cannot be opened"):
            Ledger(tmp_path / name)

    def test_a_file_of_something_else_is_refused(self, tmp_path: FilePath) -> None:
        file = tmp_path / "ledger"
        file.write_text("something else, and long enough to have a header" * 10)
        with pytest.raises(StoreUnavailable, match="not a database"):
            Ledger(file)


class TestStepBack:
    def test_newcomers_go_to_dispatch(self, split: Split) -> None:
        step_back(split)
        assert split.route(ALICE).path is Path.LEGACY

    def test_open_workflows_stay(self, split: Split) -> None:
        split.accept(ALICE)
        step_back(split)
        assert split.route(ALICE).path is Path.GATEWAY

    def test_whose_workflows_have_ended_leaves_at_once(self, split: Split) -> None:
        split.end(split.accept(ALICE)[1])
        step_back(split)
        assert split.route(ALICE).path is Path.LEGACY

    def test_it_outlives_a_restart(self, split: Split) -> None:
        step_back(split)
        split.restart()
        assert split.route(ALICE).path is Path.LEGACY

    def test_its_reason_outlives_a_restart(self, split: Split) -> None:
        step_back(split)
        before = split.splitter.describe()
        split.restart()
        assert (before, split.splitter.describe()) == (
            "split stepped back from 100 % to 0 % for divergence",
            before,
        )

    def test_it_stays_when_the_file_is_written_again(self, split: Split) -> None:
        step_back(split)
        split.turn("100")
        assert split.route(ALICE).path is Path.LEGACY

    def test_it_ends_when_the_dial_is_turned(self, split: Split) -> None:
        step_back(split)
        split.turn("99.99")
        assert split.route(ALICE).path is Path.GATEWAY

    def test_it_is_told_with_its_reason(self, split: Split) -> None:
        step_back(split)
        assert split.splitter.describe() == "split stepped back from 100 % to 0 % for divergence"

    def test_it_shows_on_the_gauge(self, split: Split) -> None:
        step_back(split)
        assert split.share_of_gateway() == 0

    def test_it_is_counted_once(self, split: Split) -> None:
        step_back(split)
        step_back(split)
        steps = split.metrics.registry.get_sample_value(
            "gateway_split_step_backs_total", {"cause": "divergence"}
        )
        assert steps == 1

    def test_a_dial_at_nothing_has_nowhere_to_step(self, split: Split) -> None:
        split.turn("0")
        split.route(ALICE)
        step_back(split)
        assert split.splitter.describe() == "split serves 0 % here"

    def test_errors_beyond_the_noise_of_the_legacy_side_step_back(self, split: Split) -> None:
        split.turn("50")
        for number in range(600):
            path, dispatch_uuid = split.accept(str(447_700_900_000 + number))
            is_error = path is Path.GATEWAY or number % 10 == 0
            split.end(dispatch_uuid, is_error=is_error)
        assert split.splitter.describe() == "split stepped back from 50 % to 0 % for errors"

    def test_errors_that_both_sides_have_do_not(self, split: Split) -> None:
        split.turn("50")
        for number in range(2_000):
            _, dispatch_uuid = split.accept(str(447_700_900_000 + number))
            split.end(dispatch_uuid, is_error=number % 5 == 0)
        assert split.splitter.describe() == "split serves 50 % here"

    def test_a_report_that_comes_twice_counts_once(self, split: Split) -> None:
        _, dispatch_uuid = split.accept(ALICE)
        for _ in range(100):
            split.end(dispatch_uuid, is_error=True)
        assert split.splitter.describe() == "split serves 100 % here"

    def test_three_semantic_differences_step_back(self, split: Split) -> None:
        for _ in range(3):
            split.splitter.judged(
                Judgement(candidate="gateway", outcome="semantic", kind="other-end")
            )
        assert "for divergence" in split.splitter.describe()

    def test_our_own_workflows_do_not_hide_what_dispatchs_show(self, split: Split) -> None:
        theirs = Judgement(candidate="gateway", outcome="semantic", kind="other-end")
        ours = Judgement(candidate="replay", outcome="identical")
        for judgement in (theirs, *[ours] * 99, theirs, *[ours] * 99, theirs):
            split.splitter.judged(judgement)
        assert "for divergence" in split.splitter.describe()

    def test_what_our_own_workflows_show_steps_back_as_well(self, split: Split) -> None:
        for _ in range(3):
            split.splitter.judged(
                Judgement(candidate="replay", outcome="semantic", kind="other-end")
            )
        assert "for divergence" in split.splitter.describe()

    def test_what_was_seen_before_the_dial_was_turned_does_not_count(self, split: Split) -> None:
        differing = Judgement(candidate="gateway", outcome="semantic", kind="other-end")
        for _ in range(2):
            split.splitter.judged(differing)
        split.turn("90")
        split.route(ALICE)
        for _ in range(2):
            split.splitter.judged(differing)
        assert split.splitter.describe() == "split serves 90 % here"

    @pytest.mark.parametrize(
        "judgement",
        [
            Judgement(candidate="gateway", outcome="explained", kind="failover-late"),
            Judgement(candidate="native", outcome="semantic", kind="other-end"),
        ],
    )
    def test_explained_differences_and_those_of_native_failover_do_not(
        self, split: Split, judgement: Judgement
    ) -> None:
        for _ in range(10):
            split.splitter.judged(judgement)
        assert split.splitter.describe() == "split serves 100 % here"

    def test_a_ledger_that_fails_does_not_keep_it_from_stepping_back(self, split: Split) -> None:
        split.close()
        step_back(split)
        assert "stepped back from 100 % to 0 %" in split.splitter.describe()

    def test_a_report_that_cannot_be_noted_changes_nothing(self, split: Split) -> None:
        _, dispatch_uuid = split.accept(ALICE)
        split.close()
        split.end(dispatch_uuid)
        assert split.splitter.describe() == "split serves 100 % here"


class TestReadiness:
    def test_it_tells_where_the_dial_stands(self, split: Split) -> None:
        split.turn("12.5")
        assert split.splitter.describe() == "split serves 12.5 % here"

    def test_it_tells_of_a_file_that_is_not_followed(self, split: Split) -> None:
        split.turn("lots")
        assert split.splitter.describe().endswith("names a file that holds no percentage")


class TestWatch:
    def test_few_endings_say_nothing(self) -> None:
        watch = Watch()
        assert [watch.ended(Path.GATEWAY, 0, is_error=True) for _ in range(29)] == [None] * 29

    def test_without_a_legacy_side_more_errors_than_not_are_too_many(self) -> None:
        watch = Watch()
        seen = [watch.ended(Path.GATEWAY, 0, is_error=True) for _ in range(30)]
        assert seen[-1] is Cause.ERRORS

    def test_halves_that_differ_much_allow_as_much(self) -> None:
        watch = Watch()
        for _ in range(200):
            watch.ended(Path.LEGACY, 0, is_error=True)
            watch.ended(Path.LEGACY, 1, is_error=False)
        seen = {watch.ended(Path.GATEWAY, 0, is_error=True) for _ in range(200)}
        assert seen == {None}

    def test_a_fifth_of_the_sends_may_not_fail(self) -> None:
        watch = Watch()
        seen = [watch.sent(is_fault=number % 5 == 0) for number in range(50)]
        assert seen == [None] * 45 + [Cause.UPSTREAM] * 5

    def test_faults_of_long_ago_are_forgotten(self) -> None:
        watch = Watch()
        for number in range(200):
            watch.sent(is_fault=number < 9)
        assert watch.sent(is_fault=True) is None

    def test_three_differences_of_a_hundred_are_too_many(self) -> None:
        watch = Watch()
        seen = [watch.compared(is_semantic=True) for _ in range(3)]
        assert seen == [None, None, Cause.DIVERGENCE]

    def test_differences_of_more_than_a_hundred_comparisons_ago_are_forgotten(self) -> None:
        watch = Watch()
        for number in range(101):
            watch.compared(is_semantic=number < 2)
        assert watch.compared(is_semantic=True) is None
        assert watch.compared(is_semantic=True) is None
        assert watch.compared(is_semantic=True) is Cause.DIVERGENCE

    def test_differences_of_the_last_hundred_comparisons_are_remembered(self) -> None:
        watch = Watch()
        for number in range(99):
            watch.compared(is_semantic=number < 2)
        assert watch.compared(is_semantic=True) is Cause.DIVERGENCE

    def test_endings_before_the_last_five_hundred_are_forgotten(self) -> None:
        watch = Watch()
        for number in range(500):
            watch.ended(Path.GATEWAY, 0, is_error=number < 250)
        assert watch.ended(Path.GATEWAY, 0, is_error=True) is None
        assert watch.ended(Path.GATEWAY, 0, is_error=True) is None

    def test_one_double_is_too_many(self) -> None:
        assert Watch().doubled() is Cause.DOUBLE
