"""Taking places to listen on: addresses of both families, and Unix sockets."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from gateway.listening.binding import CannotListen, listening
from gateway.settings.places import Place, TcpPlace, UnixPlace, places

FREE = 0


def connects(family: socket.AddressFamily, address: object) -> bool:
    with socket.socket(family) as caller:
        return caller.connect_ex(address) == 0  # type: ignore[arg-type]


def port_of(listener: socket.socket) -> int:
    port: int = listener.getsockname()[1]
    return port


def test_the_unspecified_address_of_ipv6_takes_callers_of_both_families() -> None:
    with listening(places("::", FREE)) as (listener,):
        port = port_of(listener)
        assert connects(socket.AF_INET, ("127.0.0.1", port))
        assert connects(socket.AF_INET6, ("::1", port))


def test_beside_an_address_of_ipv4_it_takes_its_own() -> None:
    with listening(places("0.0.0.0,::", FREE)) as listeners:
        ports = {port_of(each) for each in listeners}
        families = [each.family for each in listeners]
    assert (len(ports), families) == (1, [socket.AF_INET, socket.AF_INET6])


def test_a_loopback_address_of_ipv6_takes_callers_of_ipv6_only() -> None:
    with listening(places("::1", FREE)) as (listener,):
        assert connects(socket.AF_INET6, ("::1", port_of(listener)))
        assert not connects(socket.AF_INET, ("127.0.0.1", port_of(listener)))


def test_where_one_place_is_taken_none_is_held() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        port = port_of(taken)
        wanted = (TcpPlace(host="127.0.0.1", port=port), TcpPlace(host="::1", port=port))
        with pytest.raises(CannotListen) as refused, listening(wanted):
            pass
        assert str(refused.value) == f"cannot listen on [::1]:{port}: Address already in use"
        assert not connects(socket.AF_INET, ("127.0.0.1", port))


def test_the_remedy_fits_the_cause(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        causes: list[Place] = [
            TcpPlace(host="127.0.0.1", port=port_of(taken)),
            UnixPlace(path=str(tmp_path / "none" / "http.sock")),
            TcpPlace(host="192.0.2.1", port=FREE),
        ]
        remedies = []
        for place in causes:
            with pytest.raises(CannotListen) as refused, listening((place,)):
                pass
            remedies.append(refused.value.remedy("choose another"))
    assert remedies == [
        "choose another, or stop what listens there",
        "choose another, or make its directory, where this user may write",
        "choose another",
    ]


# Unix sockets


def test_a_unix_socket_is_for_its_user_and_group_and_goes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    umask = os.umask(0)
    try:
        with listening([UnixPlace(path=str(path))]):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert connects(socket.AF_UNIX, str(path))
            assert os.umask(0) == 0
    finally:
        os.umask(umask)
    assert (mode, path.exists()) == (0o660, False)


def test_the_socket_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listening([UnixPlace(path=str(path))]):
        assert connects(socket.AF_UNIX, str(path))


def test_the_socket_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    place = UnixPlace(path=str(tmp_path / "http.sock"))
    with listening([place]), pytest.raises(CannotListen) as refused, listening([place]):
        pass
    assert refused.value.why == "Another process listens there"
    assert refused.value.is_taken


@pytest.mark.parametrize("kind", ["file", "directory", "link"])
def test_what_is_no_socket_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "http.sock"
    if kind == "directory":
        path.mkdir()
    elif kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_text("precious")
    with pytest.raises(CannotListen) as refused, listening([UnixPlace(path=str(path))]):
        pass
    assert refused.value.why == "Something that is no socket is there"
    assert path.is_symlink() or path.exists()


def test_the_socket_of_the_next_process_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "http.sock"
    with listening([UnixPlace(path=str(path))]):
        path.unlink()
        with socket.socket(socket.AF_UNIX) as following:
            following.bind(str(path))
    assert path.exists()


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    place = UnixPlace(path=str(tmp_path / "nowhere" / "http.sock"))
    with pytest.raises(CannotListen) as refused, listening([place]):
        pass
    assert refused.value.why == "No such file or directory"
