"""A body that we cannot read holds whoever it may mean: in whatever form Dispatch may read it.

Each form is in doubt at Dispatch, then the same request comes in plain form, with the dial at 100:
it must go to Dispatch, or a person may be messaged twice.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.modes.split import recipients_of
from gateway.modes.unread import MOST_SUBJECTS, life_of_unread_ms, recipients_in
from gateway.traces.model import Path
from tests.gateway.modes.splitting import Split, a_split, claim, request
from tests.gateway.modes.test_split_gateway import splitting
from tests.support.loopback import Reply
from tests.support.world import API_KEY, API_SECRET, step, workflow

ALICE: Final = "447700900000"
PLAIN: Final = orjson.dumps(request(ALICE))
TEXT: Final = PLAIN.decode()
QUOTED: Final = f'"{ALICE}"'


def written(number: str) -> bytes:
    """Return the request with another text in the place of the quoted number."""
    assert QUOTED in TEXT
    return TEXT.replace(QUOTED, number).encode()


FULL_WIDTH: Final = "".join(chr(0xFF10 + int(digit)) for digit in ALICE)
ARABIC: Final = "".join(chr(0x0660 + int(digit)) for digit in ALICE)
FORMS: Final = {
    "a float": written(f"{ALICE}.0"),
    "a float with many zeros": written(f"{ALICE}.000"),
    "an exponent": written("4.477009e11"),
    "a large exponent": written("447700900000E0"),
    "a negative exponent": written("44770090000000e-2"),
    "hexadecimal": written(hex(int(ALICE))),
    "with underscores": written("447_700_900_000"),
    "a float as a text": written(f'"{ALICE}.0"'),
    "in a list": written(f"[{QUOTED}]"),
    "in an object": written(f'{{"value": {QUOTED}}}'),
    "in single quotes": written(f"'{ALICE}'"),
    "all in single quotes": TEXT.replace('"', "'").encode(),
    "without quotes": TEXT.replace('"', "").encode(),
    "with blanks": written('"44 7700 900 000"'),
    "with no-break spaces": written('"44\u00a07700\u00a0900000"'),
    "with dashes": written('"+44-7700-900-000"'),
    "with long dashes": written('"44–7700–900000"'),
    "with brackets": written('"+44 (7700) 900000"'),
    "with points": written('"44.7700.900000"'),
    "with commas": written('"447,700,900,000"'),
    "with a zero width space": written('"4477\u200b00900000"'),
    "with a NUL": written('"4477\\u000000900000"'),
    "with a prefix": written('"tel:+447700900000;ext=1"'),
    "with leading zeros": written(f'"0000{ALICE}"'),
    "full-width digits": written(f'"{FULL_WIDTH}"'),
    "full-width digits, escaped": written(json.dumps(FULL_WIDTH)),
    "Arabic digits": written(f'"{ARABIC}"'),
    "escaped digits": written('"' + "".join(f"\\u00{ord(digit):02x}" for digit in ALICE) + '"'),
    "digits escaped as in JavaScript": written(
        '"' + "".join(f"\\x{ord(digit):02x}" for digit in ALICE) + '"'
    ),
    "a comment before it": written(f"/* to */ {QUOTED}"),
    "a comment behind it": written(f"{QUOTED} // the {'x'} of it\n"),
    "a hash comment": b"# hello\n" + PLAIN,
    "a trailing comma": TEXT.replace("}]}", "},]}").encode(),
    "a repeated key": written(f'"1", "number": {QUOTED}'),
    "a repeated key, the other one": written(f'{QUOTED}, "number": "1"'),
    "a repeated workflow": PLAIN[:-1] + b', "workflow": []}',
    "a byte order mark": b"\xef\xbb\xbf" + PLAIN,
    "UTF-16 with a mark": TEXT.encode("utf-16"),
    "UTF-16, little end first": TEXT.encode("utf-16-le"),
    "UTF-16, big end first": TEXT.encode("utf-16-be"),
    "UTF-16 with full-width digits": written(f'"{FULL_WIDTH}"').decode().encode("utf-16"),
    "UTF-32": TEXT.encode("utf-32"),
    "UTF-32, big end first": TEXT.encode("utf-32-be"),
    "Latin-1": TEXT.replace("Hello", "Café").encode("latin-1"),
    "gzip": gzip.compress(PLAIN),
    "zlib": zlib.compress(PLAIN),
    "deflate": zlib.compress(PLAIN)[2:-4],
    "a form": b"payload=" + TEXT.replace('"', "%22").replace(" ", "+").encode(),
    "a form with escaped digits": b"to=" + "".join(f"%{ord(c):02x}" for c in ALICE).encode(),
    "XML": f"<workflow><to number='{ALICE}'/></workflow>".encode(),
    "XML with entities": "".join(f"&#{ord(c)};" for c in ALICE).encode(),
    "YAML": f"workflow:\n- to:\n    number: {ALICE}\n".encode(),
    "cut off": PLAIN[: PLAIN.index(ALICE.encode()) + len(ALICE)],
    "two documents": PLAIN + PLAIN,
    "a text around it": b"payload: " + PLAIN + b"\n\n",
    "NaN elsewhere": PLAIN[:-1] + b', "price": NaN}',
    "nested too deep": b'{"a":' * 40 + PLAIN + b"}" * 40,
    "the whole as a text": json.dumps(TEXT).encode(),
    "another name": TEXT.replace('"number"', '"msisdn"').encode(),
    "a name in capitals": TEXT.replace('"number"', '"NUMBER"').encode(),
}


@pytest.fixture
def split(tmp_path: FilePath) -> Iterator[Split]:
    """Lay out a splitter that serves everybody here whom nothing binds."""
    made = a_split(tmp_path, "100")
    yield made
    made.close()


@pytest.mark.parametrize("form", FORMS)
def test_who_is_in_doubt_in_any_form_stays_with_dispatch(split: Split, form: str) -> None:
    unread = replace(claim(ALICE), request=None, raw=FORMS[form], is_servable=False)
    split.splitter.answered(split.splitter.route(unread), None, None)
    assert split.route(ALICE).path is Path.LEGACY


@pytest.mark.parametrize("form", FORMS)
def test_others_are_not_held_by_it(split: Split, form: str) -> None:
    unread = replace(claim(ALICE), request=None, raw=FORMS[form], is_servable=False)
    split.splitter.answered(split.splitter.route(unread), None, None)
    assert split.route("491700000000").path is Path.GATEWAY


def test_who_can_be_read_does_not_hide_who_cannot(split: Split) -> None:
    half_read = request("491700000000", "1")
    half_read["workflow"][1]["to"]["number"] = 447700900000.0  # type: ignore[index,call-overload]
    unread = replace(
        claim(ALICE), request=half_read, raw=orjson.dumps(half_read), is_servable=False
    )
    split.splitter.answered(split.splitter.route(unread), None, None)
    assert split.route(ALICE).path is Path.LEGACY
    assert split.route("491700000000").path is Path.LEGACY


@pytest.mark.parametrize(
    "address",
    ["1234567890123456", "US.13491208655302741918", "psid-abc.def_1", "caf\u00e9-1234"],
)
@pytest.mark.parametrize("quote", ['"', "'", ""])
def test_an_id_of_a_channel_is_held_as_well(split: Split, address: str, quote: str) -> None:
    one = step("messenger")
    one["to"] = {"type": "messenger", "id": address}
    plain = workflow(one)
    raw = json.dumps(plain, ensure_ascii=False).replace(f'"{address}"', f"{quote}{address}{quote}")
    unread = replace(claim(ALICE), request=None, raw=raw.encode() + b",", is_servable=False)
    split.splitter.answered(split.splitter.route(unread), None, None)
    plainly = replace(claim(ALICE), request=plain, raw=orjson.dumps(plain))
    assert split.splitter.route(plainly).path is Path.LEGACY


def test_an_id_of_letters_beyond_ascii_is_held_in_another_encoding(split: Split) -> None:
    one = step("messenger")
    one["to"] = {"type": "messenger", "id": "caf\u00e9-1234"}
    plain = workflow(one)
    raw = json.dumps(plain, ensure_ascii=False).encode("latin-1")
    unread = replace(claim(ALICE), request=None, raw=raw, is_servable=False)
    split.splitter.answered(split.splitter.route(unread), None, None)
    plainly = replace(claim(ALICE), request=plain, raw=orjson.dumps(plain))
    assert split.splitter.route(plainly).path is Path.LEGACY


@pytest.mark.parametrize("quote", ['"', "'"])
def test_an_id_under_another_name_is_found_in_quotes_of_any_kind(quote: str) -> None:
    raw = f"{quote}user{quote}: {quote}psid-abc{quote}".encode()
    assert "id:psid-abc" in recipients_in(raw)


numbers = st.integers(min_value=10**6, max_value=10**15 - 1).map(str)


@given(numbers, st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32-le"]))
def test_every_number_is_found_in_every_encoding(number: str, encoding: str) -> None:
    raw = json.dumps(request(number)).encode(encoding)
    assert set(recipients_of(request(number))) <= set(recipients_in(raw))


@given(numbers, st.lists(st.sampled_from([*" -.()/", "\u00a0", "\u2013", "\t"]), min_size=11))
def test_every_number_is_found_whatever_stands_between_its_digits(
    number: str, between: list[str]
) -> None:
    cuts = [number[at : at + 3] for at in range(0, len(number), 3)]
    spaced = "".join(cut + mark for cut, mark in zip(cuts, between, strict=False))
    raw = f"number {spaced.rstrip()} ".encode()
    assert number in recipients_in(raw)


@given(numbers)
def test_every_number_is_found_as_a_float(number: str) -> None:
    assert number in recipients_in(f'{{"number": {number}.0}}'.encode())


@given(st.binary(max_size=200))
def test_any_bytes_have_bounded_recipients_and_a_bounded_life(raw: bytes) -> None:
    assert len(recipients_in(raw)) <= MOST_SUBJECTS
    assert 0 < life_of_unread_ms(raw, 1) <= 1000 * (64 * 86_400 + 1)


@pytest.mark.parametrize("digits", ["0" * 5000 + "52", "1" * 5000])
def test_a_reference_of_thousands_of_digits_is_read_like_any_other(digits: str) -> None:
    raw = f'{{"number":"&#{digits};47700900000",'.encode()
    assert ("447700900000" in recipients_in(raw)) is digits.endswith("52")


def test_a_named_recipient_is_held_though_a_text_is_full_of_numbers() -> None:
    noise = " ".join(str(number) for number in range(10**6, 10**6 + 10_000))
    raw = f'{{"text": "{noise}", "to": {{"number": "{ALICE}"}}'.encode()
    assert ALICE in recipients_in(raw)


@pytest.mark.parametrize(
    ("steps", "counted"), [(0, 1), (1, 1), (2, 2), (3, 3), (64, 64), (65, 64), (100, 64)]
)
def test_an_unread_body_lives_as_long_as_the_steps_that_it_could_have(
    steps: int, counted: int
) -> None:
    raw = orjson.dumps(request(*[ALICE] * steps) if steps else {}) + b","
    assert life_of_unread_ms(raw, 1_000) == 1000 * (counted * 86_400 + 1_000)


def test_an_odd_address_is_of_a_step_of_its_own() -> None:
    assert life_of_unread_ms(b'"number": "1234567"' * 3, 0) == 1000 * 2 * 86_400


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_body_in_another_encoding_lives_as_long(encoding: str) -> None:
    raw = (TEXT + ",").encode(encoding)
    assert life_of_unread_ms(raw, 1_000) == life_of_unread_ms(TEXT.encode(), 1_000)


@pytest.mark.parametrize(
    "form", ["a float", "UTF-16 with a mark", "a comment before it", "a repeated key", "gzip"]
)
async def test_over_the_wire_the_plain_form_follows_the_other_to_dispatch(
    tmp_path: FilePath, form: str
) -> None:
    async with splitting(tmp_path, "100") as dispatched:
        dispatched.legacy.replies.append(Reply(hangs_up=True))
        await dispatched.world.http.post(
            "/v0.1/dispatch",
            content=FORMS[form],
            headers={"Content-Type": "application/json"},
            auth=(API_KEY, API_SECRET),
        )
        await dispatched.world.post(request(ALICE))
        assert dispatched.sent == (2, 0)
