"""Finding files and reading them: what is one document, what are many, and what cannot be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.offline.inputs import (
    BLOCK,
    MAX_DOCUMENT,
    Block,
    Input,
    Kind,
    Trouble,
    find_inputs,
    lines_of,
    read_blocks,
)

OBJECT = b'{"template": "failover"}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, and the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(*paths: str) -> list[str]:
    return [each.path if isinstance(each, Input) else str(each) for each in find_inputs(paths)]


def read(name: str, content: bytes) -> list[Block | Trouble]:
    Path(name).write_bytes(content)
    return list(read_blocks(Input(path=name, size=None)))


def documents(blocks: list[Block | Trouble]) -> Iterator[tuple[int, bytes]]:
    for block in blocks:
        assert isinstance(block, Block)
        yield from lines_of(block)


def kinds_of(content: bytes, name: str = "orders") -> set[Kind]:
    return {block.kind for block in read(name, content) if isinstance(block, Block)}


def test_no_path_is_standard_input() -> None:
    assert found() == ["-"]


def test_a_directory_is_read_in_the_order_of_names(folder: Path) -> None:
    for name in ("b.json", "a/z.jsonl", "a/b/c.ndjson", "C.JSON", "a.json"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(OBJECT)
    assert found(".") == ["C.JSON", "a/b/c.ndjson", "a/z.jsonl", "a.json", "b.json"]


def test_hidden_files_and_other_files_are_left_out(folder: Path) -> None:
    for name in (".a.json", "a.txt", "json", "a.json.bak"):
        (folder / name).write_bytes(OBJECT)
    assert found(".") == [".: holds no .json or .jsonl or .ndjson file"]


def test_a_file_that_is_named_is_read_whatever_it_is_called(folder: Path) -> None:
    (folder / ".orders.txt").write_bytes(OBJECT)
    assert found(".orders.txt") == [".orders.txt"]


def test_an_empty_directory_is_trouble(folder: Path) -> None:
    assert found(".") == [".: holds no .json or .jsonl or .ndjson file"]


def test_a_loop_of_directories_is_named_and_left(folder: Path) -> None:
    (folder / "d").mkdir()
    (folder / "d" / "again").symlink_to(folder / "d")
    (folder / "d" / "z.json").write_bytes(OBJECT)
    assert found("d") == [
        "d/again: leads to d, which is read already; skipped",
        "d/z.json",
    ]


def test_a_loop_of_directories_loses_nothing(folder: Path) -> None:
    (folder / "again").symlink_to(folder)
    (trouble,) = find_inputs(["."])
    assert isinstance(trouble, Trouble)
    assert not trouble.is_loss


def test_a_link_to_a_directory_elsewhere_is_followed(folder: Path) -> None:
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "a.json").write_bytes(OBJECT)
    (folder / "d").mkdir()
    (folder / "d" / "link").symlink_to(folder / "elsewhere")
    assert found("d") == ["d/link/a.json"]


def test_a_pipe_in_a_directory_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "a.json")
    (folder / "b.json").write_bytes(OBJECT)
    assert found(".") == [
        "a.json: is a pipe or a device; name it itself to read it",
        "b.json",
    ]


def test_a_pipe_that_is_named_is_read(folder: Path) -> None:
    os.mkfifo(folder / "a.json")
    assert found("a.json") == ["a.json"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing.json", "cannot be read: no such file or directory"),
        ("dangling.json", "cannot be read: no such file or directory"),
        ("loop.json", "cannot be read: too many levels of symbolic links"),
        ("n" * 300, "cannot be read: file name too long"),
        ("file/below.json", "cannot be read: not a directory"),
    ],
)
def test_a_path_that_leads_nowhere_is_trouble(folder: Path, name: str, problem: str) -> None:
    (folder / "dangling.json").symlink_to("nowhere")
    (folder / "loop.json").symlink_to("loop.json")
    (folder / "file").write_bytes(OBJECT)
    assert found(name) == [f"{name}: {problem}"]


def test_a_dangling_link_in_a_directory_is_trouble_of_its_own(folder: Path) -> None:
    (folder / "a.json").symlink_to("nowhere")
    (folder / "b.json").write_bytes(OBJECT)
    assert found(".") == ["a.json: cannot be read: no such file or directory", "b.json"]


def test_a_file_that_goes_away_before_it_is_read_is_trouble(folder: Path) -> None:
    (trouble,) = read_blocks(Input(path="gone.json", size=1))
    assert str(trouble) == "gone.json: cannot be read: no such file or directory"


def test_a_name_that_is_no_text_is_replaced_where_it_is_shown(folder: Path) -> None:
    name = os.fsdecode(b"a\xff.json")
    (block,) = read(name, OBJECT)
    assert block.path == "a\N{REPLACEMENT CHARACTER}.json"


@pytest.mark.parametrize(
    "content",
    [
        OBJECT,
        OBJECT + b"\n",
        b"\n" + OBJECT + b"\n\n",
        b'{\n "template": 1\n}',
        b'  {"a": 1}\n  {"b": 2}',
        b"nonsense\nnonsense",
        b'{"template": "failover", "workflow": [\n{"a": 1},\n{"b": 2}\n]}\n',
        b'[\n{"a": 1}\n]',
        b'{"workflow": [\n{"a": 1}\n{"a comma": "is missing"}\n]}\n',
        b"{\n" + b'"a":1,\n' * (BLOCK // 6) + b'"workflow":\n[]\n}',
    ],
)
def test_one_document_is_a_file_without_lines_of_objects(folder: Path, content: bytes) -> None:
    assert kinds_of(content) == {Kind.DOCUMENT}


@pytest.mark.parametrize(
    "content",
    [
        OBJECT + b"\n" + OBJECT,
        OBJECT + b"\r\n" + OBJECT + b"\r\n",
        b"\n\n" + OBJECT + b"\n\nnonsense",
        b"nonsense\n" + OBJECT,
        b"\xef\xbb\xbf" + OBJECT + b"\nnonsense",
        b'{"a":"\xe9"}\n' + OBJECT,
        b"null\n" * 20 + OBJECT,
        b"1" * 5000 + b"\nnonsense",
        b"[1]\n[2]",
        b'{"cut off": "in a te\n' + OBJECT,
        b'{"template":\n"failover"}\n' + OBJECT,
    ],
)
def test_lines_of_objects_are_many_documents(folder: Path, content: bytes) -> None:
    assert kinds_of(content) == {Kind.LINES}


@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "A.JSONL"])
def test_a_name_can_say_that_lines_are_documents(folder: Path, name: str) -> None:
    assert kinds_of(OBJECT, name) == {Kind.LINES}


def test_a_first_line_of_megabytes_does_not_hide_the_others(folder: Path) -> None:
    long = b'{"text":"%s"}' % (b"x" * (2 * BLOCK))
    assert list(documents(read("orders", long + b"\n" + OBJECT))) == [(1, long), (2, OBJECT)]


def test_one_document_may_be_a_line_of_megabytes(folder: Path) -> None:
    assert kinds_of(b'{"text":"%s"}' % (b"x" * (2 * BLOCK))) == {Kind.DOCUMENT}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_lines_have_their_numbers_and_no_ends(folder: Path, end: bytes) -> None:
    content = end.join([OBJECT, b"", b" \t", b"x", OBJECT])
    expected = [(1, OBJECT), (4, b"x"), (5, OBJECT)]
    assert list(documents(read("a.jsonl", content))) == expected


def test_blocks_hold_whole_lines_whatever_their_length(folder: Path) -> None:
    lines = [b"%d" % number * (number % 5000) for number in range(1, 1500)]
    assert list(documents(read("a.jsonl", b"\n".join(lines)))) == list(enumerate(lines, 1))


def test_the_sizes_of_blocks_add_up_to_the_file(folder: Path) -> None:
    content = (OBJECT + b"\n") * 100_000
    blocks = read("a.jsonl", content)
    assert len(blocks) > 1
    assert sum(block.size for block in blocks if isinstance(block, Block)) == len(content)


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_an_empty_file_is_trouble(folder: Path, name: str) -> None:
    assert [str(each) for each in read(name, b"")] == [f"{name}: is empty"]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("content", [b"\n", b" \r\n\t\n", b" "])
def test_a_file_of_white_space_is_trouble(folder: Path, name: str, content: bytes) -> None:
    assert str(read(name, content)[-1]) == f"{name}: holds nothing but white space"


def test_a_document_that_is_too_long_is_not_read(folder: Path) -> None:
    (trouble,) = read("a.json", b"[\n" + b" " * MAX_DOCUMENT + b"]")
    assert str(trouble) == "a.json: is longer than 16 MiB, too long for a document; not read"


@pytest.mark.parametrize("name", ["a.jsonl", "orders"])
def test_a_line_that_is_too_long_is_skipped(folder: Path, name: str) -> None:
    # In a file of no telling name it is the first line that is too long.
    trouble, rest = read(name, b"x" * (MAX_DOCUMENT + 2 * BLOCK) + b"\n" + OBJECT)
    assert str(trouble) == f"{name}:1: is longer than 16 MiB, too long for a line; not read"
    assert list(documents([rest])) == [(2, OBJECT)]


@pytest.mark.parametrize(("name", "end"), [("a.json", b""), ("a.jsonl", b""), ("a.jsonl", b"\n")])
def test_documents_and_lines_may_have_the_same_length(folder: Path, name: str, end: bytes) -> None:
    longest = OBJECT + b" " * (MAX_DOCUMENT - len(OBJECT))
    assert isinstance(read(name, longest + end)[0], Block)
    assert isinstance(read(name, longest + b" " + end)[0], Trouble)


def test_a_line_that_is_too_long_names_itself_among_shorter_ones(folder: Path) -> None:
    # The short ones fill a block, whose end is held back until the next object begins.
    short = (OBJECT + b"\n") * (BLOCK // len(OBJECT))
    count = short.count(b"\n")
    read_blocks_of = read("a.jsonl", short + b"x" * (MAX_DOCUMENT + 1) + b"\n" + OBJECT)
    (trouble,) = (each for each in read_blocks_of if isinstance(each, Trouble))
    assert trouble.line == count + 1
    blocks: list[Block | Trouble] = [each for each in read_blocks_of if isinstance(each, Block)]
    assert [number for number, _ in documents(blocks)] == [*range(1, count + 1), count + 2]


def test_what_is_laid_out_over_lines_is_in_one_block(folder: Path) -> None:
    laid_out = b'{\n  "template": "failover"\n}\n'
    blocks = read("a.jsonl", laid_out * (3 * BLOCK // len(laid_out)))
    assert len(blocks) > 2
    assert {block.raw[:2] for block in blocks if isinstance(block, Block)} == {b"{\n"}


def test_lines_on_both_sides_of_one_that_is_too_long_are_read(folder: Path) -> None:
    long = b"x" * (MAX_DOCUMENT + 2 * BLOCK)
    before, trouble, after = read("a.jsonl", OBJECT + b"\n" + long + b"\n" + OBJECT)
    assert str(trouble).startswith("a.jsonl:2: ")
    assert list(documents([before, after])) == [(1, OBJECT), (3, OBJECT)]


def test_a_line_that_is_too_long_may_be_the_last(folder: Path) -> None:
    trouble, rest = read("a.jsonl", b"x" * (MAX_DOCUMENT + 2))
    assert str(trouble).startswith("a.jsonl:1: ")
    assert list(documents([rest])) == []
