"""Tokens in webhook URLs: what is minted is read, and nothing else."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.tokens import StepAddress, TokenMint

DISPATCH = "0194cbbb-b8e8-7955-9ba9-1faf7a024204"
ADDRESS = StepAddress(dispatch_uuid=DISPATCH, step=3)
MINT = TokenMint(bytes(range(32)))
TOKEN = MINT.mint(ADDRESS)


@given(number=st.integers(0, 2**128 - 1), step=st.integers(0, 2**16 - 1))
def test_a_token_is_read_as_the_step_it_was_minted_for(number: int, step: int) -> None:
    address = StepAddress(dispatch_uuid=str(uuid.UUID(int=number)), step=step)
    assert MINT.read(MINT.mint(address)) == address


def test_a_token_has_38_characters_that_need_no_escape_in_a_path() -> None:
    assert len(TOKEN) == 38
    assert set(TOKEN) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_the_same_step_has_the_same_token_after_a_restart() -> None:
    assert TokenMint(bytes(range(32))).mint(ADDRESS) == TOKEN


def test_two_steps_of_a_dispatch_have_unlike_ends() -> None:
    other = MINT.mint(StepAddress(dispatch_uuid=DISPATCH, step=4))
    assert other[-12:] != TOKEN[-12:]


@pytest.mark.parametrize("index", range(37))
def test_a_token_with_one_character_changed_is_no_token(index: int) -> None:
    changed = "A" if TOKEN[index] != "A" else "B"
    assert MINT.read(TOKEN[:index] + changed + TOKEN[index + 1 :]) is None


def test_the_token_of_another_store_is_no_token() -> None:
    assert TokenMint(bytes(32)).read(TOKEN) is None


@pytest.mark.parametrize(
    "token", ["", "=", TOKEN[:-1], TOKEN + "A", TOKEN * 2, TOKEN.lower(), f" {TOKEN}", f"{TOKEN}\n"]
)
def test_what_is_nearly_a_token_is_none(token: str) -> None:
    assert MINT.read(token) is None


@given(st.text(max_size=60))
@example("é" * 38)
@example("\ud800" * 38)
@example("\0" * 38)
@example("A" * 100_000)
def test_no_text_upsets_the_reader(token: str) -> None:
    assert MINT.read(token) is None
