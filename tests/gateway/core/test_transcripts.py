"""Whole dispatches, word for word: `fixtures/interactions/*.txt`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.support.core_stage import CoreStage
from tests.support.transcripts import golden, parse, play

FOLDER: Final = Path(__file__).parents[3] / "fixtures" / "interactions"
TRANSCRIPTS: Final = sorted(FOLDER.glob("*.txt"))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_is_what_the_machine_does(path: Path) -> None:
    played = play(path.read_text(encoding="utf-8"), CoreStage())
    assert golden(path, played) == played


def test_there_are_transcripts() -> None:
    assert len(TRANSCRIPTS) >= 12


def test_a_line_that_is_no_command_is_refused() -> None:
    with pytest.raises(ValueError, match="not a command: at 1s hope"):
        parse("at 1s hope")
