"""Where the gateway listens, under which names, and whom it trusts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.settings import read_settings
from gateway.settings.network_values import (
    admin_host,
    admin_port,
    host_names,
    path,
    trusted_proxies,
)
from gateway.settings.places import TcpPlace, UnixPlace, listen_hosts, places
from gateway.settings.values import Unusable
from tests.gateway.settings.loading import MINIMAL, fault_of, load

HOSTS = {
    "127.0.0.1": "127.0.0.1",
    " localhost ": "localhost",
    "[::1]": "::1",
    "::": "::",
    "127.0.0.1, [::1],unix:/run/gateway.sock": "127.0.0.1,::1,unix:/run/gateway.sock",
}


@pytest.mark.parametrize("raw", HOSTS)
def test_places_to_listen_on_are_read(raw: str) -> None:
    assert listen_hosts(raw) == HOSTS[raw]


def test_a_list_in_the_file_is_read_as_well() -> None:
    assert listen_hosts(["127.0.0.1", "::1"]) == "127.0.0.1,::1"


REFUSED = [
    (listen_hosts, "127.0.0.1:8080"),
    (listen_hosts, "http://127.0.0.1"),
    (listen_hosts, "[127.0.0.1]:1"),
    (listen_hosts, "::1::"),
    (listen_hosts, "a b"),
    (listen_hosts, "127.0.0.1,,::1"),
    (listen_hosts, "unix:relative.sock"),
    (listen_hosts, "unix:/run/"),
    (listen_hosts, "unix:"),
    (listen_hosts, f"unix:/{'x' * 107}"),
    (listen_hosts, 8080),
    (admin_host, "unix:/run/admin.sock"),
    (admin_host, "127.0.0.1,::1"),
    (admin_port, "65536"),
    (admin_port, "-1"),
    (admin_port, "on"),
    (admin_port, True),
    (host_names, "https://gateway.example.com"),
    (host_names, "gateway.example.com:443"),
    (host_names, "gateway.example.com/path"),
    (host_names, "*.example.com"),
    (host_names, "-a"),
    (host_names, "a..b"),
    (trusted_proxies, "10.0.0.1/8"),
    (trusted_proxies, "proxy.example.com"),
    (trusted_proxies, "*"),
    (path, "-----BEGIN CERTIFICATE-----"),
    (path, ""),
]


@pytest.mark.parametrize(("parse", "raw"), REFUSED)
def test_what_is_none_is_refused(parse: Callable[[object], object], raw: object) -> None:
    with pytest.raises(Unusable) as refused:
        parse(raw)
    assert refused.value.remedy


def test_the_places_of_several_hosts_share_the_port() -> None:
    assert places("127.0.0.1,unix:/run/g.sock,::1", 8080) == (
        TcpPlace(host="127.0.0.1", port=8080),
        UnixPlace(path="/run/g.sock"),
        TcpPlace(host="::1", port=8080),
    )


@pytest.mark.parametrize(
    ("hosts", "is_dual"), [("::", True), ("unix:/g,::", True), ("0.0.0.0,::", False)]
)
def test_the_unspecified_address_takes_both_families_unless_one_is_named(
    hosts: str, is_dual: bool
) -> None:
    (found,) = (each for each in places(hosts, 1) if str(each).startswith("["))
    assert isinstance(found, TcpPlace)
    assert found.is_dual_stack is is_dual


def test_this_machine_asks_an_unspecified_address_on_loopback() -> None:
    hosts = ("0.0.0.0", "::", "::1")
    asked = [TcpPlace(host=host, port=1).url("https") for host in hosts]
    assert asked == ["https://127.0.0.1:1", "https://[::1]:1", "https://[::1]:1"]


def test_names_are_read_without_their_looks() -> None:
    assert host_names("A.Example.com., [2001:DB8::0001],10.0.0.1") == {
        "a.example.com",
        "2001:db8::1",
        "10.0.0.1",
    }


def test_trusted_proxies_are_networks() -> None:
    assert trusted_proxies("10.0.0.5, 10.1.0.0/16,UNIX, 2001:db8::/32") == {
        "10.0.0.5/32",
        "10.1.0.0/16",
        "unix",
        "2001:db8::/32",
    }


@pytest.mark.parametrize(
    ("given", "lacking"),
    [("GATEWAY_TLS_CERT", "GATEWAY_TLS_KEY"), ("GATEWAY_TLS_KEY", "GATEWAY_TLS_CERT")],
)
def test_a_certificate_needs_its_key(given: str, lacking: str) -> None:
    assert fault_of(**{given: "/etc/ssl/gateway"}).startswith(f"{given} is set without {lacking}; ")


def test_both_together_are_taken() -> None:
    settings = load(GATEWAY_TLS_CERT="/etc/ssl/g.crt", GATEWAY_TLS_KEY="/etc/ssl/g.key")
    assert settings.tls_cert == "/etc/ssl/g.crt"


ONE_PLACE = {
    "the same port": ("127.0.0.1", "8080", "127.0.0.1", True),
    "everywhere": ("0.0.0.0", "8080", "127.0.0.1", True),
    "both families": ("::", "8080", "127.0.0.1", True),
    "one of several": ("10.1.2.3,127.0.0.1", "8080", "127.0.0.1", True),
    "operators everywhere": ("127.0.0.1", "8080", "0.0.0.0", True),
    "another address": ("10.1.2.3", "8080", "127.0.0.1", False),
    "another family": ("0.0.0.0", "8080", "::1", False),
    "another port": ("127.0.0.1", "8082", "127.0.0.1", False),
    "a socket in the file system": ("unix:/run/gateway.sock", "8080", "127.0.0.1", False),
    "none": ("127.0.0.1", "off", "127.0.0.1", False),
}


@pytest.mark.parametrize("case", ONE_PLACE)
def test_callers_and_operators_cannot_share_a_place(case: str) -> None:
    host, admin, admin_address, is_wrong = ONE_PLACE[case]
    environ = {
        "GATEWAY_HOST": host,
        "GATEWAY_ADMIN_PORT": admin,
        "GATEWAY_ADMIN_HOST": admin_address,
    }
    found = read_settings({**MINIMAL, **environ}).faults
    assert [each.name for each in found] == ["GATEWAY_ADMIN_PORT"] * is_wrong


def test_the_default_port_of_operators_is_none_for_callers() -> None:
    (found,) = read_settings({**MINIMAL, "GATEWAY_PORT": "8081"}).faults
    assert str(found) == (
        "GATEWAY_ADMIN_PORT is the port of GATEWAY_PORT, too, at the same address; set one of the"
        " two to another port (8081 is this one's default); 0 takes a free one, off does without"
        " operators."
    )
