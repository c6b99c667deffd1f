"""The dial: a number, or a file that is looked at again while the gateway runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.modes.dial import Dial, show_share
from gateway.settings.values import Unusable
from tests.gateway.settings.loading import fault_of, load
from tests.support.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "share"
    path.write_text("10\n")
    return path


class TestNumber:
    @pytest.mark.parametrize(
        ("written", "parts"),
        [("0", 0), ("10", 100_000), ("0.5", 5_000), ("10 %", 100_000), ("100", 1_000_000)],
    )
    def test_a_percentage_is_counted_in_parts_of_a_million(self, written: str, parts: int) -> None:
        assert Dial(written, ManualClock()).share() == parts

    def test_a_share_is_shown_as_a_percentage(self) -> None:
        assert show_share(5_000) == "0.5 %"


class TestFile:
    def test_a_file_holds_the_percentage(self, file: Path, clock: ManualClock) -> None:
        assert Dial(str(file), clock).share() == 100_000

    def test_a_changed_file_turns_the_dial(self, file: Path, clock: ManualClock) -> None:
        dial = Dial(str(file), clock)
        file.write_text("25")
        clock.advance(1)
        assert dial.share() == 250_000

    def test_a_file_is_looked_at_once_a_second(self, file: Path, clock: ManualClock) -> None:
        dial = Dial(str(file), clock)
        file.write_text("25")
        clock.advance(0.9)
        assert dial.share() == 100_000

    @pytest.mark.parametrize("content", ["", "lots", "101", "-1", "nan", "\xff", "9" * 100])
    def test_a_file_that_holds_no_percentage_leaves_the_dial_where_it_is(
        self, file: Path, clock: ManualClock, content: str
    ) -> None:
        dial = Dial(str(file), clock)
        file.write_text(content)
        clock.advance(1)
        assert dial.share() == 100_000

    def test_a_file_that_is_gone_leaves_the_dial_where_it_is(
        self, file: Path, clock: ManualClock
    ) -> None:
        dial = Dial(str(file), clock)
        file.unlink()
        clock.advance(1)
        assert dial.share() == 100_000

    def test_a_file_that_is_not_followed_is_told(self, file: Path, clock: ManualClock) -> None:
        dial = Dial(str(file), clock)
        file.write_text("lots")
        clock.advance(1)
        dial.share()
        assert dial.fault == "names a file that holds no percentage"

    def test_a_mended_file_is_followed_again(self, file: Path, clock: ManualClock) -> None:
        dial = Dial(str(file), clock)
        file.write_text("")
        clock.advance(1)
        dial.share()
        file.write_text("30")
        clock.advance(1)
        assert (dial.share(), dial.fault) == (300_000, None)

    def test_there_is_a_percentage_to_begin_with(self, tmp_path: Path, clock: ManualClock) -> None:
        with pytest.raises(Unusable):
            Dial(str(tmp_path / "nothing"), clock)


class TestSetting:
    def test_nothing_is_served_here_by_default(self) -> None:
        assert load().split == "0"

    def test_a_path_is_kept_as_it_is(self, file: Path) -> None:
        assert load(GATEWAY_MODE="split", GATEWAY_SPLIT=str(file)).split == str(file)

    @pytest.mark.parametrize("mode", ["gateway", "observe"])
    def test_a_dial_without_the_mode_is_refused_at_the_start(self, mode: str) -> None:
        assert fault_of(GATEWAY_SPLIT="10", GATEWAY_MODE=mode) == (
            "GATEWAY_SPLIT is set, and no application has GATEWAY_MODE=split;"
            " set GATEWAY_MODE=split (mode in a table of the file), or take GATEWAY_SPLIT away."
        )

    def test_a_misspelt_mode_is_the_only_fault(self) -> None:
        assert fault_of(GATEWAY_SPLIT="10", GATEWAY_MODE="spilt").startswith("GATEWAY_MODE ")

    @pytest.mark.parametrize(
        ("written", "words"),
        [
            ("lots", "neither a percentage nor an absolute path"),
            ("101", "neither a percentage nor an absolute path"),
            ("share.txt", "neither a percentage nor an absolute path"),
            ("/nothing/there", "names a file that cannot be read (No such file or directory)"),
            ("/", "names a file that cannot be read (Is a directory)"),
            ("/dev/null", "names a file that holds no percentage"),
        ],
    )
    def test_what_is_no_dial_is_refused_at_the_start(self, written: str, words: str) -> None:
        assert words in fault_of(GATEWAY_SPLIT=written)
