"""The catalogue's U rows at registration: the text of a URL."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clients.addresses import Place
from gateway.clients.guard import AddressPolicy, Blocked, check_url, dial_target
from tests.gateway.clients.peers import LOOPBACK

PUBLIC = AddressPolicy(
    own_places=frozenset(
        Place(host=host, port=port, path="")
        for host in ("gateway.example.net", "8.8.4.4")
        for port in (80, 443)
    )
)

REFUSED_URLS = {
    "U1": ["http://169.254.169.254/latest/meta-data"],
    "U2": ["http://metadata.google.internal/", "http://metadata/", "http://instance-data/"],
    "U3": ["http://localhost/", "http://localhost./", "http://LOCALHOST/", "http://a.localhost/"],
    "U4": [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.0.0.1./",
        "http://127.00.0.1/",
    ],
    "U5": ["http://0.0.0.0/", "http://0/"],
    "U6": ["http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.0.1/"],
    "U7": ["http://100.64.0.1/"],
    "U8": ["http://192.0.2.1/", "http://255.255.255.255/", "http://224.0.0.1/"],
    "U9": ["http://[::1]/", "http://[::]/", "http://[1::2::3]/", "http://[0:0:0:0:0:0:0:1]/"],
    "U10": ["http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/"],
    "U11": ["http://[::127.0.0.1]/"],
    "U12": ["http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::7f00:1]/"],
    "U13": ["http://[2002:7f00:1::]/"],
    "U14": ["http://[2001::1]/"],
    "U15": ["http://[fe80::1]/", "http://[fd00::1]/", "http://[ff02::1]/", "http://[5f00::1]/"],
    "U21": ["http://user:pass@example.com/", "http://user@example.com/", "http://@example.com/"],
    "U22": [
        "http://example.com\\@127.0.0.1/",
        "http://example.com#@127.0.0.1/",
        "http://example.com @127.0.0.1/",
        "http://127.0.0.1&@example.com/",
        "http://example.com/#fragment",
        "http:\\\\example.com/",
        "http:///example.com/",
        "http:example.com",
        "http://example.com:80:80/",
        "http://[::1]example.com/",
        "http://example.com[::1]/",
        " http://example.com/",
        "http://example.com/a b",
        "http://example.com/a\\b",
    ],
    "U23": [
        "http://example.com\r\nX: y/",
        "http://exa\tmple.com/",
        "http://example.com/\n",
        "http://example.com%0d%0a/",
        "http://example%2ecom/",
        "http://example.com:80%0d%0a/",
        "http://example.com\x00/",
    ],
    "U24": [
        *(f"http://example.com:{port}/" for port in (22, 25, 6379, 0, -1, 65536, 99999, 100000)),
        "http://example.com:+80/",
        "http://example.com:8_0/",
        "http://example.com:\uff18\uff10/",
    ],
    "U25": [
        "file:///etc/passwd",
        "gopher://example.com/",
        "ftp://example.com/",
        "data:text/plain,x",
        "javascript:alert(1)",
        "example.com/hook",
        "//example.com/hook",
        "",
        "https://",
    ],
    "U27": [f"https://example.com/{'a' * 2029}"],
    "U28": [
        "http://\uff11\uff12\uff17.0.0.1/",
        "http://\u2460.example.com/",
        "http://127\u30020\u30020\u30021/",
        "http://example\u3002com/",
        "http://xn--a.example.com/",
        "http://xn--zzzzzzzz.example.com/",
        "http://p\u0430ypal.com/",
        "http://xn--pypal-4ve.com/",
        "http://B\u00fccher.example.com/",
        "http://ex\u200bample.com/",
        "http://\u212aelvin.example.com/",
    ],
    "U29": [
        "http://example.1/",
        "http://example.0x1/",
        "http://example.com./",
        "http://example..com/",
        "http://-a.example.com/",
        f"http://{'a' * 64}.example.com/",
        f"http://{'a.' * 130}com/",
    ],
    "U30": ["https://gateway.example.net/hook", "https://GATEWAY.example.net/", "http://8.8.4.4/"],
    "U31": ["http://[fe80::1%25eth0]/", "http://[fe80::1%eth0]/", "http://[2606:4700::1%25a]/"],
}


def rows(table: dict[str, list[str]]) -> list[tuple[str, str]]:
    return [(row, value) for row, values in table.items() for value in values]


@pytest.mark.parametrize(("row", "url"), rows(REFUSED_URLS))
def test_a_url_is_refused_with_a_sentence(row: str, url: str) -> None:
    why = check_url(url, PUBLIC)
    assert why is not None and why.endswith("."), row


def test_u26_plain_http_is_refused_when_https_is_required() -> None:
    policy = AddressPolicy(https_only=True)
    verdicts = [check_url(f"{scheme}://example.com/", policy) for scheme in ("http", "https")]
    assert [verdict is None for verdict in verdicts] == [False, True]


@pytest.mark.parametrize(
    ("url", "dialled"),
    [
        ("https://example.com", "https://example.com/"),
        ("HTTPS://Example.COM/Path", "https://example.com/Path"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:8443/a%2fb/%7E/../c", "https://example.com:8443/a%2fb/%7E/../c"),
        ("https://example.com/?a[]=1&b=%41?/@:", "https://example.com/?a[]=1&b=%41?/@:"),
        ("https://b\u00fccher.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://xn--bcher-kva.example.com/", "https://xn--bcher-kva.example.com/"),
        ("https://\u4f8b\u3048.jp/", "https://xn--r8jz45g.jp/"),
        ("http://1.1.1.1:8080/", "http://1.1.1.1:8080/"),
        ("http://[2606:4700:0::1111]/", "http://[2606:4700::1111]/"),
        (f"https://example.com/{'a' * 2028}", f"https://example.com/{'a' * 2028}"),
    ],
)
def test_an_accepted_url_is_dialled_as_written(url: str, dialled: str) -> None:
    assert str(dial_target(url, PUBLIC)) == dialled


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9000/",
        "http://my_stack-receiver:1234/",
        "http://10.1.2.3/",
        "http://[::1]:1/",
        "http://[fd00::1]/",
        "http://receiver.internal/",
        "http://100.64.0.1/",
        "http://8.8.8.8:22/",
    ],
)
def test_private_targets_can_be_allowed(url: str) -> None:
    assert check_url(url, LOOPBACK) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "http://0.0.0.0/",
        "http://224.0.0.1/",
        "http://127.1/",
        "http://[64:ff9b::a00:1]/",
        "http://[fe80::1]/",
        "http://localhost./",
        "http://a:0/",
    ],
)
def test_allowing_private_targets_allows_nothing_else(url: str) -> None:
    assert check_url(url, LOOPBACK) is not None


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://example.com/a b", "space"),
        ("ftp://example.com/", "https://"),
        ("http://a:b@example.com/", "password"),
        ("http://example.com/#x", "fragment"),
        ("http://example.com/\u00e9", "percent-encode"),
        ("http://example.com/{id}", "well formed"),
        ("http://example.com:22/", "443"),
        ("http://10.0.0.1/", "public internet"),
        ("http://gateway.example.net/", "gateway"),
    ],
)
def test_the_sentence_names_the_fault(url: str, word: str) -> None:
    assert word in (check_url(url, PUBLIC) or "")


URL_TEXT = st.text("htps:/@#?[]%\\.:0179abx- \t\u00fc\uff11", max_size=24).map("http://{}".format)


@given(URL_TEXT | st.text().map("https://{}".format) | st.text())
def test_every_text_gets_a_verdict(url: str) -> None:
    assert isinstance(check_url(url, PUBLIC), str | None)


@given(URL_TEXT)
def test_another_parser_sees_the_host_that_is_dialled(url: str) -> None:
    dialled = dial_target(url, LOOPBACK)
    seen = {urlsplit(text).hostname for text in [str(dialled)] * (not isinstance(dialled, Blocked))}
    assert seen == (set() if isinstance(dialled, Blocked) else {dialled.host})
