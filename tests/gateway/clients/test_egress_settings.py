"""The way out as settings describe it, and what of it is refused at the start."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path

import pytest

from gateway.clients.egress import Egress, Proxy, egress_of
from gateway.clients.egress_checks import egress_faults, egress_warnings
from gateway.settings import load_settings
from tests.gateway.clients.certificates import PAST, Authority
from tests.gateway.settings.loading import MINIMAL, faults_of, load

NOW_S = 1_738_584_865
NOW = datetime.datetime.fromtimestamp(NOW_S, datetime.UTC)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def faults(**variables: object) -> list[str]:
    settings = load(**{name: str(value) for name, value in variables.items()})
    return [str(fault) for fault in egress_faults(settings)]


def proxy(url: str, **more: str) -> Proxy | None:
    return egress_of(load(GATEWAY_EGRESS_PROXY=url, **more)).proxy


def test_without_settings_the_way_out_is_direct() -> None:
    assert egress_of(load()) == Egress()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://proxy.example:3128", Proxy(is_tls=False, host="proxy.example", port=3128)),
        ("http://proxy.example", Proxy(is_tls=False, host="proxy.example", port=80)),
        ("https://proxy.example/", Proxy(is_tls=True, host="proxy.example", port=443)),
        ("http://[fd00::1]:8080", Proxy(is_tls=False, host="fd00::1", port=8080)),
        (
            "http://us%40er:p%3Aass%2Fw@10.0.0.1:8080",
            Proxy(is_tls=False, host="10.0.0.1", port=8080, user="us@er", password="p:ass/w"),
        ),
        ("http://user@p:1", Proxy(is_tls=False, host="p", port=1, user="user")),
    ],
)
def test_a_proxy_is_read(url: str, expected: Proxy) -> None:
    assert proxy(url) == expected


def test_a_proxy_may_be_told_names() -> None:
    told = proxy("http://p:1", GATEWAY_EGRESS_PROXY_RESOLVES="true")
    assert told == Proxy(is_tls=False, host="p", port=1, resolves_names=True)


@pytest.mark.parametrize(
    "url",
    [
        "socks5://proxy.example:1080",
        "proxy.example:3128",
        "http://:3128",
        "http://proxy.example:99999",
        "http://proxy.example:0",
        "http://proxy.example/path",
        "http://proxy.example?x",
        "http://pro xy.example",
        "http://[::1",
    ],
)
def test_what_is_no_proxy_is_a_fault_that_repeats_nothing(url: str) -> None:
    (fault,) = faults_of({**MINIMAL, "GATEWAY_EGRESS_PROXY": url})
    assert fault.startswith("GATEWAY_EGRESS_PROXY ")
    assert url not in fault


def test_the_proxy_may_stand_in_a_file_and_shows_itself_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "proxy"
    file.write_text("http://user:pa55word@proxy.example:3128\n")
    settings = load_settings({**MINIMAL, "GATEWAY_EGRESS_PROXY_FILE": str(file)})
    way = egress_of(settings)
    assert way.proxy is not None
    assert way.proxy.password == "pa55word"
    assert "pa55word" not in repr(settings) + repr(way)


def test_a_proxy_that_judges_names_is_warned_of() -> None:
    settings = load(GATEWAY_EGRESS_PROXY="http://p:1", GATEWAY_EGRESS_PROXY_RESOLVES="true")
    (warning,) = [str(each) for each in settings.warnings if "EGRESS" in each.name]
    assert "judged by the proxy alone" in warning


def test_names_for_no_proxy_are_a_fault() -> None:
    assert faults(GATEWAY_EGRESS_PROXY_RESOLVES="true") == [
        "GATEWAY_EGRESS_PROXY_RESOLVES is set without GATEWAY_EGRESS_PROXY; set"
        " GATEWAY_EGRESS_PROXY."
    ]


def test_files_that_fit_are_no_fault(authority: Authority, tmp_path: Path) -> None:
    both = authority.issue("gateway.example")
    key = tmp_path / "key.pem"
    key.write_bytes(both.read_bytes().partition(b"-----END CERTIFICATE-----\n")[2])
    for files in ({}, {"GATEWAY_CLIENT_KEY": key}):
        assert faults(GATEWAY_CA_FILE=authority.ca_file, GATEWAY_CLIENT_CERT=both, **files) == []


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("GATEWAY_CA_FILE", None, "names a file that cannot be read"),
        ("GATEWAY_CA_FILE", b"", "holds no certificates"),
        ("GATEWAY_CA_FILE", b"not a certificate", "holds no certificates"),
        ("GATEWAY_CLIENT_CERT", None, "names a file that cannot be read"),
        ("GATEWAY_CLIENT_CERT", b"not a certificate", "holds no certificate"),
    ],
)
def test_a_file_that_is_not_what_it_should_be_is_a_fault(
    tmp_path: Path, name: str, content: bytes | None, problem: str
) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_bytes(content)
    (fault,) = faults(**{name: file})
    assert fault.startswith(f"{name} {problem};")


def test_a_directory_is_no_file_of_authorities(tmp_path: Path) -> None:
    (fault,) = faults(GATEWAY_CA_FILE=tmp_path)
    assert fault.startswith("GATEWAY_CA_FILE names a file that cannot be read")


def test_a_key_of_another_certificate_is_a_fault(authority: Authority) -> None:
    one, other = authority.issue("one.example"), authority.issue("other.example")
    assert faults(GATEWAY_CLIENT_CERT=one, GATEWAY_CLIENT_KEY=other) == [
        "GATEWAY_CLIENT_KEY is not the key of the certificate; name the two of one pair."
    ]


def test_a_certificate_without_its_key_is_a_fault(authority: Authority) -> None:
    assert faults(GATEWAY_CLIENT_CERT=authority.ca_file) == [
        "GATEWAY_CLIENT_CERT holds no private key; name the PEM file of the key in"
        " GATEWAY_CLIENT_KEY."
    ]


def test_a_key_without_its_certificate_is_a_fault(authority: Authority) -> None:
    key = authority.issue("gateway.example")
    assert faults(GATEWAY_CLIENT_KEY=key) == [
        "GATEWAY_CLIENT_KEY is set without GATEWAY_CLIENT_CERT; set GATEWAY_CLIENT_CERT, too."
    ]


def test_a_key_with_a_passphrase_is_a_fault(authority: Authority, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(authority.locked_key())
    (fault,) = faults(
        GATEWAY_CLIENT_CERT=authority.issue("gateway.example"), GATEWAY_CLIENT_KEY=key
    )
    assert fault.startswith("GATEWAY_CLIENT_KEY holds a key with a passphrase;")


@pytest.mark.parametrize(
    ("until", "warnings"),
    [
        (PAST, ["GATEWAY_CLIENT_CERT has expired; renew it; it is read at the start."]),
        (
            NOW + datetime.timedelta(days=3, hours=1),
            ["GATEWAY_CLIENT_CERT ends in 3 days; renew it; it is read at the start."],
        ),
        (NOW + datetime.timedelta(days=60), []),
    ],
)
def test_a_client_certificate_that_ends_is_warned_of(
    authority: Authority, until: datetime.datetime, warnings: list[str]
) -> None:
    settings = load(GATEWAY_CLIENT_CERT=str(authority.issue("gateway.example", until=until)))
    assert [str(each) for each in egress_warnings(settings, {}, NOW_S)] == warnings


def test_a_system_file_of_authorities_that_is_not_there_is_warned_of(tmp_path: Path) -> None:
    variables = {"SSL_CERT_FILE": str(tmp_path / "none.pem")}
    (warning,) = egress_warnings(load(), variables, NOW_S)
    assert str(warning).startswith("SSL_CERT_FILE names a file that cannot be read")


def test_a_file_of_authorities_adds_to_the_systems(authority: Authority) -> None:
    trusted = Egress(ca_file=authority.ca_file).tls
    system = ssl.create_default_context()
    assert trusted.cert_store_stats()["x509_ca"] == system.cert_store_stats()["x509_ca"] + 1


def test_nothing_older_than_tls_1_2_is_spoken() -> None:
    assert Egress().tls.minimum_version is ssl.TLSVersion.TLSv1_2
