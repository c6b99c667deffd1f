"""What a `dispatch_uuid` looks like, and what can be read from one."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import SystemClock
from gateway.identifiers import (
    CHANCE_BYTES,
    PARTITIONS,
    partition_of,
    partition_of_key,
    placed,
    time_ordered_uuid,
)
from tests.support.bench import a_bench, plan_of
from tests.support.clock import START_MS
from tests.support.world import WHATSAPP_THEN_SMS, a_world

STRICTEST: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)
"""What the strictest validator of those years takes: version 4 and its variant, in lower case."""

OF_VERSION_7: Final = "0194f53c-6ac8-78c0-9ff3-9849b4e1357d"

chances = st.binary(min_size=CHANCE_BYTES, max_size=CHANCE_BYTES)
instants = st.integers(min_value=0, max_value=(1 << 48) - 1)


@given(instants, chances)
def test_an_id_is_what_validators_of_those_years_accept(now_ms: int, chance: bytes) -> None:
    assert STRICTEST.fullmatch(str(time_ordered_uuid(now_ms, chance)))


@given(instants, chances)
def test_it_is_of_version_4_and_of_the_variant_of_the_standard(now_ms: int, chance: bytes) -> None:
    drawn = time_ordered_uuid(now_ms, chance)
    assert (drawn.version, drawn.variant) == (4, uuid.RFC_4122)


@given(instants, chances)
def test_its_first_48_bits_are_the_time(now_ms: int, chance: bytes) -> None:
    assert time_ordered_uuid(now_ms, chance).int >> 80 == now_ms


@given(chances, chances)
def test_a_later_id_sorts_behind_an_earlier_one(one: bytes, other: bytes) -> None:
    assert str(time_ordered_uuid(START_MS, one)) < str(time_ordered_uuid(START_MS + 1, other))


def test_all_bits_but_time_version_and_variant_are_left_to_chance() -> None:
    none, every = (time_ordered_uuid(0, bytes([byte]) * CHANCE_BYTES) for byte in (0, 255))
    assert (none.int ^ every.int).bit_count() == 74


@given(instants, chances)
def test_the_last_six_bits_are_the_partition(now_ms: int, chance: bytes) -> None:
    assert partition_of(time_ordered_uuid(now_ms, chance)) == chance[-1] & 63


def test_ids_spread_over_all_partitions() -> None:
    clock = SystemClock()
    drawn = Counter(partition_of(clock.draw_uuid()) for _ in range(64 * 200))
    assert len(drawn) == PARTITIONS
    assert max(drawn.values()) < 2 * 200


def test_an_id_of_version_7_from_before_names_its_partition_too() -> None:
    assert partition_of(OF_VERSION_7) == 0x7D & 63


def test_an_id_in_upper_case_lies_where_it_lies_in_lower_case() -> None:
    assert partition_of(OF_VERSION_7.upper()) == partition_of(OF_VERSION_7)


@given(instants, chances, st.integers(min_value=0, max_value=PARTITIONS - 1))
def test_placing_an_id_changes_nothing_but_its_partition(
    now_ms: int, chance: bytes, partition: int
) -> None:
    drawn = time_ordered_uuid(now_ms, chance)
    moved = placed(drawn, partition)
    assert (partition_of(moved), moved.int >> 6) == (partition, drawn.int >> 6)


def test_a_key_of_another_application_may_lie_elsewhere() -> None:
    keys = [f"order-{number}" for number in range(20)]
    assert [partition_of_key("one", key) for key in keys] != [
        partition_of_key("other", key) for key in keys
    ]


def test_the_boundary_of_application_and_key_counts() -> None:
    pairs = [(f"{number}a", "b") for number in range(20)]
    moved = [(str(number), "ab") for number in range(20)]
    assert [partition_of_key(*each) for each in pairs] != [
        partition_of_key(*each) for each in moved
    ]


def test_the_partition_of_a_key_is_pinned() -> None:
    # A store finds the answer to a repeated key there, also after an upgrade.
    assert partition_of_key("abcd1234", "order-42") == 57


def test_keys_spread_over_all_partitions() -> None:
    assert len({partition_of_key("one", f"order-{number}") for number in range(1000)}) == 64


@pytest.mark.parametrize("key", ["order-42", "order-43", "ü" * 60])
async def test_a_keyed_dispatch_lies_in_the_partition_of_its_key(tmp_path: Path, key: str) -> None:
    async with a_bench(tmp_path) as bench:
        (application,) = bench.settings.applications
        accepted = await bench.engine.accept(
            application, plan_of(WHATSAPP_THEN_SMS), idempotency_key=key, fingerprint="one"
        )
    assert isinstance(accepted, str)
    assert partition_of(accepted) == partition_of_key(application.name, key)


async def test_what_a_caller_gets_is_what_its_validators_accept(tmp_path: Path) -> None:
    async with a_world(tmp_path) as world:
        fresh = await world.dispatch()
        keyed = await world.post(WHATSAPP_THEN_SMS, **{"Idempotency-Key": "order-42"})
    assert STRICTEST.fullmatch(fresh)
    assert STRICTEST.fullmatch(keyed.json()["dispatch_uuid"])
