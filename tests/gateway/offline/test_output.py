"""A file of results is whole, or it is what was there before."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from gateway.offline.output import open_output, write_whole


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def fail_writing(path: Path) -> None:
    with open_output(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    with open_output(tmp_path / "out") as file:
        file.write(b"all")
        assert "out" not in names_in(tmp_path)
    assert (tmp_path / "out").read_bytes() == b"all"


def test_a_run_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_writing(tmp_path / "out")
    assert names_in(tmp_path) == []


def test_a_run_that_fails_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"before")
    with pytest.raises(KeyboardInterrupt):
        fail_writing(tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"before"


def test_a_file_that_was_there_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    (tmp_path / "out").chmod(0o640)
    write_whole(tmp_path / "out", b"all")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o640


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "any").touch()
    write_whole(tmp_path / "out", b"all")
    assert (tmp_path / "out").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    (tmp_path / "link").symlink_to("file")
    write_whole(tmp_path / "link", b"all")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"all"


def test_a_device_is_written_as_it_is() -> None:
    write_whole(Path("/dev/null"), b"all")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)


@pytest.mark.parametrize("name", ["nowhere/out", "file/out"])
def test_a_place_that_cannot_be_written_is_named_as_the_user_did(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((FileNotFoundError, NotADirectoryError)) as caught:
        write_whole(tmp_path / name, b"all")
    assert caught.value.filename == str(tmp_path / name)
