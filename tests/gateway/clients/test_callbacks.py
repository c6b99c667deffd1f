"""The catalogue's C rows and the U rows that need a dial, with tiny deadlines."""

from __future__ import annotations

import base64
import datetime
import gzip
import hashlib
import hmac
from pathlib import Path

import jwt
import pytest

from gateway.clients.callbacks import (
    CallbackClient,
    CallbackSigning,
    Delivered,
    Undelivered,
    callback_headers,
)
from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy
from gateway.clock import SystemClock
from tests.gateway.clients.certificates import contexts
from tests.gateway.clients.peers import (
    LOOPBACK,
    HangingResolver,
    RawServer,
    Script,
    StubResolver,
    answering,
    answering_then_closing,
    dripping,
    flooding,
    resetting_after,
    silent,
)

BODY = b'{"status":"delivered"}'
HEADERS = {"Content-Type": "application/json"}
SIGNING = CallbackSigning(
    api_key="a1b2c3d", secret="gateway-test-signature-secret-0001", application_id="app"
)
BOMB = gzip.compress(b"\0" * 20_000_000)
NOW = datetime.datetime(2040, 1, 1, tzinfo=datetime.UTC)
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


def client(
    policy: AddressPolicy = LOOPBACK,
    *,
    resolver: StubResolver | None = None,
    deadline_s: float = 5.0,
    egress: Egress | None = None,
) -> CallbackClient:
    return CallbackClient(
        policy=policy,
        clock=SystemClock(),
        connect_s=1.0,
        deadline_s=deadline_s,
        resolver=resolver or StubResolver(["127.0.0.1"]),
        egress=egress,
    )


async def post(server: RawServer, deadline_s: float = 5.0) -> Delivered | Undelivered:
    async with client(deadline_s=deadline_s) as callbacks:
        return await callbacks.post(server.url("/hook"), BODY, HEADERS)


def head(status: str, *headers: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "Content-Length: 0\r\n\r\n")).encode()


def undelivered(
    reason: str, http_status: int | None = None, retry_after_s: float | None = None
) -> Undelivered:
    return Undelivered(reason=reason, http_status=http_status, retry_after_s=retry_after_s)


ANSWERS: dict[str, tuple[Script, Delivered | Undelivered]] = {
    "C1 endless headers": (
        flooding(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 1000),
        undelivered("unreadable-response"),
    ),
    "C2 endless body": (
        flooding(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65536),
        Delivered(http_status=200),
    ),
    "C2 endless body of a failure": (
        flooding(b"HTTP/1.1 500 No\r\n\r\n", b"a" * 65536),
        undelivered("server-error", 500),
    ),
    "C3 gzip bomb": (
        answering(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB),
            BOMB,
        ),
        Delivered(http_status=200),
    ),
    "C5 200, then the connection breaks": (
        answering_then_closing(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"),
        Delivered(http_status=200),
    ),
    **{
        f"C5 {what}": (answering(*pieces), Delivered(http_status=int(pieces[0][9:12])))
        for what, pieces in {
            "204 with a body": [b"HTTP/1.1 204 None\r\n\r\n<p>Thanks</p>"],
            "204 with a body and its length": [b"HTTP/1.1 204 None\r\nContent-Length: 2\r\n\r\nok"],
            "204 with a chunked body": [
                b"HTTP/1.1 204 None\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
            ],
            "204, then a body": [b"HTTP/1.1 204 None\r\n\r\n", b"ok"],
            "a body longer than declared": [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok, ok"],
            "a body where none was declared": [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nok"],
            "a second answer": [
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" + head("500 No") + b"x"
            ],
            "chunked rubbish with the head": [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nrubbish"
            ],
            "chunked rubbish later": [
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
                b"rubbish",
            ],
            "a head that ends between two segments": [
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
                b"\nrubbish",
            ],
            "a head with bare line feeds": [b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok, ok"],
            "a length that is no number": [b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"],
            "a negative length": [b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
            "two lengths": [b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok"],
            "a length and chunks": [
                b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            ],
            "a line that is no header": [b"HTTP/1.1 200 OK\r\nno header\r\n", b"\r\n"],
            "a header with a NUL": [b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n"],
        }.items()
    },
    "C5 an interim answer, then 201 and rubbish": (
        answering(
            b"HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\nrubbish"
        ),
        Delivered(http_status=201),
    ),
    "C5 200, then silence": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"),
        Delivered(http_status=200),
    ),
    "C5 200, then the connection is reset": (
        resetting_after(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal"),
        Delivered(http_status=200),
    ),
    "C5 200, then the head breaks off": (
        answering_then_closing(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Delivered(http_status=200),
    ),
    "C5 200, then a reset in the head": (
        resetting_after(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Delivered(http_status=200),
    ),
    "a status line that breaks off": (
        answering_then_closing(b"HTTP/1.1 20"),
        undelivered("connection-lost"),
    ),
    "an interim answer that is the last": (
        answering_then_closing(b"HTTP/1.1 100 Go on\r\n\r\n"),
        undelivered("connection-lost"),
    ),
    "a failure with a broken head": (
        answering(b"HTTP/1.1 500 No\r\nContent-Length: x\r\n\r\n"),
        undelivered("server-error", 500),
    ),
    "a refusal with a body longer than declared": (
        answering(b"HTTP/1.1 406 No\r\nContent-Length: 1\r\n\r\nno"),
        undelivered("client-error", 406),
    ),
    "another protocol": (
        answering(b"220 mail.example ESMTP\r\n"),
        undelivered("unreadable-response"),
    ),
    "C6 101": (
        answering(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"),
        undelivered("odd-status", 101),
    ),
    "C6 1xx flood": (
        flooding(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
        undelivered("unreadable-response"),
    ),
    "C7 204": (answering(b"HTTP/1.1 204 None\r\n\r\n"), Delivered(http_status=204)),
    "C7 299": (answering(head("299 Fine")), Delivered(http_status=299)),
    "C8 301": (answering(head("301 M", "Location: /")), undelivered("redirected", 301)),
    "C8 307": (answering(head("307 T", "Location: /")), undelivered("redirected", 307)),
    "C8 308": (answering(head("308 P", "Location: /")), undelivered("redirected", 308)),
    "C9 410": (answering(head("410 Gone")), undelivered("client-error", 410)),
    "C10 429 with an absurd wait": (
        answering(head("429 Slow", "Retry-After: 1000000000")),
        undelivered("client-error", 429, 1e9),
    ),
    "C10 503 with a negative wait": (
        answering(head("503 Slow", "Retry-After: -1")),
        undelivered("server-error", 503),
    ),
    "C13 garbage status line": (answering(b"HELLO\r\n\r\n"), undelivered("unreadable-response")),
    "C14 status 999": (answering(head("999 Odd")), undelivered("odd-status", 999)),
    "U20 redirect to metadata": (
        answering(head("302 Found", "Location: http://169.254.169.254/")),
        undelivered("redirected", 302),
    ),
    "closed without an answer": (answering_then_closing(), undelivered("connection-lost")),
}


@pytest.mark.parametrize(("script", "result"), ANSWERS.values(), ids=ANSWERS.keys())
async def test_an_answer_decides_and_is_asked_for_once(
    script: Script, result: Delivered | Undelivered
) -> None:
    async with RawServer(script) as server:
        outcome = await post(server)
    assert (outcome, len(server.requests)) == (result, 1)


@pytest.mark.parametrize(
    "script", [silent, dripping(head("200 OK"))], ids=["accept then hang", "C4 drip"]
)
async def test_c4_a_slow_answer_fails_at_the_deadline(script: Script) -> None:
    async with RawServer(script) as server:
        assert await post(server, deadline_s=0.1) == undelivered("deadline-passed")


async def test_c5_a_status_counts_though_its_head_does_not_end_by_the_deadline() -> None:
    async with RawServer(answering(b"HTTP/1.1 200 OK\r\nContent-Le")) as server:
        assert await post(server, deadline_s=0.5) == Delivered(http_status=200)


async def test_c11_a_cookie_is_not_sent_back() -> None:
    answer = answering(head("200 OK", "Set-Cookie: a=b", "Connection: close"))
    async with RawServer(answer) as server, client() as callbacks:
        for _ in range(2):
            await callbacks.post(server.url("/hook"), BODY, HEADERS)
    assert [b"cookie" in request.lower() for request in server.requests] == [False, False]


async def test_c12_nothing_of_a_receivers_body_is_kept() -> None:
    secret = b"<script>s3cret</script>"
    answer = b"HTTP/1.1 500 No\r\nContent-Length: %d\r\n\r\n" % len(secret)
    async with RawServer(answering(answer + secret)) as server:
        assert "s3cret" not in repr(await post(server))


async def test_a_callback_is_one_post_of_the_frozen_bytes_to_the_url_as_written() -> None:
    async with RawServer(answering(head("200 OK"))) as server, client() as callbacks:
        await callbacks.post(server.url("/a%2fb/../c?d[]=%41"), BODY, HEADERS)
    line, _, rest = server.requests[0].partition(b"\r\n")
    assert (line, rest.rpartition(b"\r\n")[2]) == (b"POST /a%2fb/../c?d[]=%41 HTTP/1.1", BODY)


async def test_u17_the_checked_address_is_the_dialled_one_under_the_urls_name() -> None:
    resolver = StubResolver(["127.0.0.1"])
    async with (
        RawServer(answering(head("200 OK"))) as server,
        client(resolver=resolver) as callbacks,
    ):
        await callbacks.post(server.url(host="customer.example"), BODY, HEADERS)
    assert f"Host: customer.example:{server.port}".encode() in server.requests[0]
    assert resolver.asked == ["customer.example"]


@pytest.mark.parametrize(
    ("row", "url", "addresses"),
    [
        ("U3", "http://localhost:{port}/", ["127.0.0.1"]),
        ("U4", "http://127.0.0.1:{port}/", ["127.0.0.1"]),
        ("U4", "http://2130706433:{port}/", ["127.0.0.1"]),
        ("U10", "http://[::ffff:127.0.0.1]:{port}/", ["127.0.0.1"]),
        ("U19", "http://alias.example.com:{port}/", ["127.0.0.1"]),
        ("U32", "http://127-0-0-1.wildcard.example:{port}/", ["127.0.0.1", "::1"]),
    ],
)
async def test_a_private_address_is_never_dialled(row: str, url: str, addresses: list[str]) -> None:
    async with RawServer(answering(head("200 OK"))) as sink:
        policy = AddressPolicy(allowed_ports=frozenset({sink.port}))
        async with client(policy, resolver=StubResolver(addresses)) as callbacks:
            outcome = await callbacks.post(url.format(port=sink.port), BODY, HEADERS)
    assert (outcome, sink.connections) == (undelivered("address-refused"), 0), row


async def test_u18_each_attempt_looks_the_name_up_again() -> None:
    resolver = StubResolver(["127.0.0.1"], ["169.254.169.254"])
    answer = answering(head("500 No", "Connection: close"))
    async with RawServer(answer) as server, client(resolver=resolver) as callbacks:
        url = server.url(host="customer.example")
        outcomes = [await callbacks.post(url, BODY, HEADERS) for _ in range(2)]
    assert outcomes == [undelivered("server-error", 500), undelivered("address-refused")]


async def test_u34_a_lookup_that_hangs_fails_the_attempt() -> None:
    async with client(resolver=HangingResolver(), deadline_s=0.05) as callbacks:
        outcome = await callbacks.post("http://customer.example/", BODY, HEADERS)
    assert outcome == undelivered("connect-timeout")


async def test_tls_with_a_trusted_certificate_delivers(tmp_path: Path) -> None:
    server_tls, trusting = contexts(tmp_path, "customer.example", until=NOW)
    async with (
        RawServer(answering(head("200 OK")), tls=server_tls) as server,
        client(egress=trusting) as callbacks,
    ):
        url = server.url(scheme="https", host="customer.example")
        assert await callbacks.post(url, BODY, HEADERS) == Delivered(http_status=200)


@pytest.mark.parametrize(
    ("name", "until", "is_trusted", "reason"),
    [
        ("customer.example", NOW, False, "certificate-unknown-issuer"),
        ("other.example", NOW, True, "certificate-wrong-name"),
        ("customer.example", PAST, True, "certificate-expired"),
    ],
    ids=["self-signed", "wrong host", "expired"],
)
async def test_u33_a_bad_certificate_fails_before_anything_is_sent(
    tmp_path: Path, name: str, until: datetime.datetime, is_trusted: bool, reason: str
) -> None:
    server_tls, trusting = contexts(tmp_path, name, until=until)
    async with (
        RawServer(answering(head("200 OK")), tls=server_tls) as server,
        client(egress=trusting if is_trusted else None) as callbacks,
    ):
        url = server.url(scheme="https", host="customer.example")
        outcome = await callbacks.post(url, BODY, HEADERS)
    assert (outcome, server.requests) == (undelivered(reason), [])


def headers_of(
    signing: CallbackSigning | None = SIGNING, *, standard_webhooks: bool = False
) -> dict[str, str]:
    return callback_headers(
        BODY,
        signing=signing,
        issued_at_s=1_738_584_865,
        token_id="token",
        webhook_id="callback-1",
        standard_webhooks=standard_webhooks,
    )


def test_a_callback_carries_the_legacy_token() -> None:
    scheme, _, token = headers_of()["Authorization"].partition(" ")
    decoded = jwt.decode(token, SIGNING.secret, algorithms=["HS256"])
    assert (scheme, decoded["payload_hash"]) == ("Bearer", hashlib.sha256(BODY).hexdigest())


def test_an_unsigned_callback_carries_only_its_content_type() -> None:
    assert headers_of(None) == {"Content-Type": "application/json"}


def test_standard_webhooks_headers_are_added_beside_the_token() -> None:
    headers = headers_of(standard_webhooks=True)
    assert headers.keys() == headers_of().keys() | {
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
    }


def test_the_standard_webhooks_signature_covers_id_time_and_body() -> None:
    content = b"callback-1.1738584865." + BODY
    digest = hmac.new(SIGNING.secret.encode(), content, hashlib.sha256).digest()
    signature = headers_of(standard_webhooks=True)["webhook-signature"]
    assert signature == "v1," + base64.b64encode(digest).decode()


def test_a_secret_does_not_show_in_a_representation() -> None:
    assert SIGNING.secret not in repr(SIGNING)
