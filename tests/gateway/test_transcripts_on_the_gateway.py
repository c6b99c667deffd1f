"""The same whole dispatches as the machine's, played by the running parts of the gateway."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from tests.support.gateway_stage import GatewayStage
from tests.support.transcripts import play

FOLDER: Final = Path(__file__).parents[2] / "fixtures" / "interactions"
TRANSCRIPTS: Final = sorted(FOLDER.glob("*.txt"))

_INSIDE: Final = re.compile(r"^  (?:bind|set|drop) .*\n", re.MULTILINE)
_REASON: Final = re.compile(r"^(  tell .* error \d+) .*$", re.MULTILINE)


def from_outside(transcript: str) -> str:
    """Leave out what cannot be seen from outside, and the words of errors: codes decide them."""
    return _REASON.sub(r"\1", _INSIDE.sub("", transcript))


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_a_transcript_is_what_the_gateway_does(path: Path, tmp_path: Path) -> None:
    transcript = path.read_text(encoding="utf-8")
    with GatewayStage(tmp_path) as stage:
        played = play(transcript, stage)
    assert played == from_outside(transcript)
