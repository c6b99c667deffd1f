"""Which path a workflow takes: the rule, point by point."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.modes.split import (
    REST_MS,
    Choice,
    Hold,
    Places,
    Standing,
    Why,
    choose,
    half_of,
    life_ms,
    place_of,
    recipients_of,
)
from gateway.modes.unread import MOST_SUBJECTS, life_of_unread_ms, recipients_in
from gateway.settings.mode_values import WHOLE
from gateway.traces.model import Path
from tests.support.world import failing_over, step, workflow
from translators.diagnostics import JsonValue

NOW_MS = 1_738_584_865_000
LONG_AGO_MS = NOW_MS - 2 * REST_MS
TENTH = Standing(share=WHOLE // 10, turned_ms=LONG_AGO_MS)
PLACES = Places(b"key of the tests")


def hold(path: Path, *, is_open: bool = True, seen_ms: int = NOW_MS, is_key: bool = False) -> Hold:
    return Hold(path=path, is_open=is_open, seen_ms=seen_ms, is_key=is_key)


def choice(
    *holds: Hold, place: int = 0, standing: Standing = TENTH, is_servable: bool = True
) -> Choice:
    return choose(standing, holds, place=place, is_servable=is_servable, now_ms=NOW_MS)


class TestDial:
    @pytest.mark.parametrize(
        ("place", "path"), [(99_999, Path.GATEWAY), (100_000, Path.LEGACY), (999_999, Path.LEGACY)]
    )
    def test_places_below_the_dial_are_served_here(self, place: int, path: Path) -> None:
        assert choice(place=place) == Choice(path=path, why=Why.DIAL)

    @given(place=st.integers(0, WHOLE - 1), low=st.integers(0, WHOLE), high=st.integers(0, WHOLE))
    def test_turning_the_dial_up_takes_nobody_from_this_gateway(
        self, place: int, low: int, high: int
    ) -> None:
        before, after = (
            choice(place=place, standing=replace(TENTH, share=share)).path is Path.GATEWAY
            for share in sorted((low, high))
        )
        assert before <= after

    def test_a_place_is_for_life(self) -> None:
        assert place_of(PLACES.recipient("447700900001")) == place_of(
            Places(b"key of the tests").recipient("447700900001")
        )

    def test_a_place_depends_on_the_key(self) -> None:
        assert PLACES.recipient("447700900001") != Places(b"other").recipient("447700900001")

    def test_places_are_spread_evenly(self) -> None:
        places = [place_of(PLACES.recipient(str(number))) for number in range(10_000)]
        assert 900 < sum(place < WHOLE // 10 for place in places) < 1_100

    def test_halves_are_independent_of_places(self) -> None:
        subjects = [PLACES.recipient(str(number)) for number in range(10_000)]
        low = [half_of(each) for each in subjects if place_of(each) < WHOLE // 10]
        assert 0.4 < sum(low) / len(low) < 0.6


class TestHolds:
    def test_who_has_an_open_workflow_stays_where_it_is(self) -> None:
        assert choice(hold(Path.LEGACY), place=0).path is Path.LEGACY

    def test_whose_workflows_have_ended_moves_with_the_dial(self) -> None:
        ended = hold(Path.LEGACY, is_open=False)
        assert choice(ended, place=0).path is Path.GATEWAY

    def test_who_was_seen_lately_stays_for_three_days_after_a_turn(self) -> None:
        turned = replace(TENTH, turned_ms=NOW_MS - REST_MS + 1)
        ended = hold(Path.LEGACY, is_open=False, seen_ms=NOW_MS - 1)
        assert choice(ended, place=0, standing=turned).why is Why.RECENT

    def test_who_was_seen_long_ago_moves_at_once(self) -> None:
        turned = replace(TENTH, turned_ms=NOW_MS)
        ended = hold(Path.LEGACY, is_open=False, seen_ms=NOW_MS - REST_MS)
        assert choice(ended, place=0, standing=turned).path is Path.GATEWAY

    def test_after_a_step_back_only_open_workflows_stay(self) -> None:
        stepped = Standing(share=0, turned_ms=NOW_MS, has_stepped_back=True)
        ended = hold(Path.GATEWAY, is_open=False)
        assert choice(ended, standing=stepped).path is Path.LEGACY

    def test_the_first_step_of_whom_something_is_known_decides(self) -> None:
        assert choice(hold(Path.GATEWAY), hold(Path.LEGACY), place=WHOLE - 1).path is Path.GATEWAY

    def test_an_open_workflow_counts_more_than_one_of_late(self) -> None:
        turned = replace(TENTH, turned_ms=NOW_MS)
        ended = hold(Path.GATEWAY, is_open=False)
        assert choice(ended, hold(Path.LEGACY), standing=turned).path is Path.LEGACY

    def test_a_repeated_request_takes_the_path_of_the_first(self) -> None:
        repeated = hold(Path.LEGACY, is_key=True)
        assert choice(hold(Path.GATEWAY), repeated).why is Why.REPEATED

    def test_a_recipient_of_the_other_path_makes_a_crossing(self) -> None:
        assert choice(hold(Path.GATEWAY), hold(Path.LEGACY)).is_crossing

    def test_recipients_of_one_path_make_no_crossing(self) -> None:
        assert not choice(hold(Path.GATEWAY), hold(Path.GATEWAY)).is_crossing

    def test_what_we_would_refuse_goes_to_dispatch(self) -> None:
        assert choice(place=0, is_servable=False) == Choice(path=Path.LEGACY, why=Why.UNSERVABLE)

    def test_a_key_counts_more_than_what_we_can_serve(self) -> None:
        repeated = hold(Path.GATEWAY, is_key=True)
        assert choice(repeated, is_servable=False).path is Path.GATEWAY


class TestOnceDispatchIsGone:
    @staticmethod
    def gone(*holds: Hold, is_servable: bool = True) -> Choice:
        return choose(
            TENTH, holds, place=0, is_servable=is_servable, has_legacy=False, now_ms=NOW_MS
        )

    def test_we_serve_what_we_can(self) -> None:
        gone = self.gone(hold(Path.LEGACY))
        assert (gone.path, gone.why) == (Path.GATEWAY, Why.NO_LEGACY)

    def test_what_we_cannot_is_refused_there(self) -> None:
        assert self.gone(is_servable=False).path is Path.LEGACY

    def test_a_key_that_was_used_there_is_not_served_here(self) -> None:
        gone = self.gone(hold(Path.LEGACY, is_key=True))
        assert (gone.path, gone.why) == (Path.LEGACY, Why.REPEATED)

    def test_who_has_a_request_in_doubt_there_is_not_served_here(self) -> None:
        doubted = replace(hold(Path.LEGACY), is_in_doubt=True)
        assert (self.gone(doubted).path, self.gone(doubted).why) == (Path.LEGACY, Why.IN_DOUBT)

    def test_a_request_in_doubt_here_changes_nothing(self) -> None:
        assert self.gone(replace(hold(Path.GATEWAY), is_in_doubt=True)).path is Path.GATEWAY


class TestRecipients:
    def test_all_recipients_are_read_in_the_order_of_the_steps(self) -> None:
        first, second = step(), step()
        second["to"] = {"type": "sms", "number": "447700900009"}
        assert recipients_of(workflow(first, second)) == ("447700900000", "447700900009")

    @pytest.mark.parametrize(
        "number", ["447700900000", 447700900000, "+447700900000", " 00447700900000\t"]
    )
    def test_a_number_is_one_person_however_it_is_written(self, number: JsonValue) -> None:
        one = step()
        one["to"] = {"type": "sms", "number": number}
        assert recipients_of(workflow(one)) == ("447700900000",)

    def test_a_number_is_one_person_on_every_channel(self) -> None:
        assert recipients_of(workflow(step("whatsapp"), step("sms"))) == ("447700900000",)

    def test_a_messenger_id_is_no_number(self) -> None:
        assert recipients_of(workflow(step("messenger"))) == ("id:447700900000",)

    @pytest.mark.parametrize(
        "request_",
        [None, [], {}, {"workflow": 1}, {"workflow": [1, {"to": 2}, {"to": {"number": True}}]}],
    )
    def test_a_request_without_recipients_has_none(self, request_: JsonValue) -> None:
        assert recipients_of(request_) == ()

    @pytest.mark.parametrize(
        "raw",
        [
            b'{"workflow": [{"to": {"number": "+447700900000"}}], "workflow": []}',
            b'{"to": {"number": 447700900000, "number": "1"}',
            b'{"to": {"number" :\n "\\u003447700900000"}, "caf\xe9": NaN,}',
            b"{'to': {'number': 447700900000}}",
        ],
        ids=["repeated-key", "cut-off", "escaped", "quoted-otherwise"],
    )
    def test_a_body_that_cannot_be_read_has_all_that_look_like_recipients(self, raw: bytes) -> None:
        assert "447700900000" in recipients_in(raw)

    def test_an_id_in_such_a_body_is_one_of_messenger_as_well(self) -> None:
        assert "id:12345678" in recipients_in(b'{"id": "12345678"')

    @pytest.mark.parametrize("raw", [b"", b'{"number": ""}', b"\xff" * 100, b'"number": "' * 9])
    def test_a_body_of_nothing_has_none(self, raw: bytes) -> None:
        assert [each for each in recipients_in(raw) if each.isdigit()] == []

    def test_a_body_of_very_many_holds_some(self) -> None:
        raw = b",".join(b'"number": %d' % number for number in range(10**9, 10**9 + 2_000))
        assert len(recipients_in(raw)) == MOST_SUBJECTS

    def test_no_number_can_be_read_from_what_is_kept(self) -> None:
        assert b"447700900001" not in PLACES.recipient("447700900001")

    def test_keys_of_two_applications_are_two(self) -> None:
        assert PLACES.key("one", "a") != PLACES.key("two", "a")


class TestLife:
    def test_a_body_that_cannot_be_read_lives_a_day_for_each_pair_of_addresses(self) -> None:
        assert life_of_unread_ms(b'{"number": 1, "number": 2, "id": 3}', 1_000) == 173_800_000

    def test_a_workflow_lives_for_its_expiries_and_the_horizon(self) -> None:
        request = workflow(step("sms", **failing_over(after_s=600)), step())
        assert life_ms(request, 1_000) == 1_600_000

    @pytest.mark.parametrize("expiry", [None, "soon", 10**9, "9" * 5_000, -1, [1]])
    def test_an_expiry_that_cannot_be_read_counts_a_day(self, expiry: JsonValue) -> None:
        first = step(failover={"expiry_time": expiry})
        assert life_ms(workflow(first, step()), 0) == 86_400_000
