"""What `doctor` prints: all well, and each thing that can be wrong. Nobody is sent anything."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from email.utils import format_datetime
from pathlib import Path

import httpx2
import pytest

from gateway.alarms import Alarm, AlarmKind
from gateway.clients.egress import Egress
from gateway.clients.guard import AddressPolicy
from gateway.clock import Clock, SystemClock
from gateway.doctor.examine import examine
from gateway.doctor.findings import Finding, Verdict
from gateway.doctor.front_door import examine_front_door
from gateway.doctor.stand_in import standing_in
from gateway.doctor.visit import visiting
from gateway.presence import PATH, Presence
from gateway.sandbox.config import SandboxConfig
from gateway.sandbox.server import running_sandbox
from gateway.server import bind
from gateway.settings import load_settings
from tests.gateway.api.surface import serving
from tests.gateway.clients.certificates import contexts
from tests.gateway.keys import private_pem
from tests.support.authority import Authority
from tests.support.clock import START_MS, ManualClock
from tests.support.loopback import Loopback, Reply, Seen
from tests.support.world import API_KEY, API_SECRET, SIGNATURE_SECRET, a_world

APP_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
IN_TIME = format_datetime(datetime.datetime.fromtimestamp(START_MS / 1000, datetime.UTC), True)


def refusing(seen: Seen) -> Reply:
    """Answer as v1 answers a body that cannot be accepted."""
    return Reply(status=422, headers={"Date": IN_TIME})


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass(slots=True, kw_only=True)
class Patient:
    """A gateway's settings and its surroundings; none of it runs by itself."""

    folder: Path
    upstream: Loopback
    receiver: Loopback
    port: int = field(default_factory=free_port)
    admin_port: int = field(default_factory=free_port)
    clock: Clock = field(default_factory=ManualClock)

    def variables(self, **environ: str) -> dict[str, str]:
        """Return the usual settings with these on top; "" leaves one out."""
        return {
            "GATEWAY_STORE": f"sqlite:///{self.folder / 'gateway.db'}",
            "GATEWAY_PORT": str(self.port),
            "GATEWAY_ADMIN_PORT": str(self.admin_port),
            "GATEWAY_UPSTREAM": self.upstream.url,
            "GATEWAY_PUBLIC_URL": f"http://127.0.0.1:{self.port}",
            "GATEWAY_STATUS_URL": f"{self.receiver.url}/status?token=secret",
            "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
            "VONAGE_API_KEY": API_KEY,
            "VONAGE_API_SECRET": API_SECRET,
            "VONAGE_SIGNATURE_SECRET": SIGNATURE_SECRET,
            **environ,
        }

    async def findings(self, **environ: str) -> list[Finding]:
        """Look at the usual settings with these on top."""
        return await examine(load_settings(self.variables(**environ)), self.clock)

    async def lines(self, **environ: str) -> list[str]:
        """Return what is printed, with ports as names."""
        found = "\n".join(map(str, await self.findings(**environ)))
        for url, name in ((self.upstream.url, "UPSTREAM"), (self.receiver.url, "RECEIVER")):
            found = found.replace(url.removeprefix("http://"), name)
        return found.replace(f"127.0.0.1:{self.port}", "HERE").splitlines()

    async def line(self, check: str, **environ: str) -> str:
        """Return what is printed of one check."""
        found = await self.findings(**environ)
        lines = await self.lines(**environ)
        return next(line for each, line in zip(found, lines, strict=True) if each.check == check)


@contextlib.asynccontextmanager
async def a_patient(
    folder: Path, upstream: Callable[[Seen], Reply] = refusing
) -> AsyncIterator[Patient]:
    async with (
        Loopback(upstream).listening() as asked,
        Loopback(lambda seen: Reply(status=405)).listening() as receiver,
    ):
        yield Patient(folder=folder, upstream=asked, receiver=receiver)


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Patient]:
    async with a_patient(tmp_path) as patient:
        yield patient


WELL = [
    "ok       GATEWAY_STORE: its directory takes durable writes",
    "ok       VONAGE_SIGNATURE_SECRET of application abcd1234: set, and long enough",
    "ok       credentials of application abcd1234: the upstream takes them (key and secret)",
    "ok       clock: within 0 s of the upstream's",
    "ok       GATEWAY_PUBLIC_URL: HERE leads to HERE, where doctor listened",
    "ok       certificate of GATEWAY_PUBLIC_URL: none, because it is plain http",
    "ok       GATEWAY_STATUS_URL of application abcd1234: RECEIVER answers",
    "unknown  GATEWAY_HOSTS: not set: requests for any name are answered; set it to the names that"
    " callers use, so that others are answered 421",
]


async def test_where_all_is_well_each_line_says_ok(patient: Patient) -> None:
    assert await patient.lines() == WELL


async def test_nothing_is_sent_to_anybody(patient: Patient) -> None:
    await patient.findings()
    asked = [(seen.path, seen.body) for seen in patient.upstream.seen]
    assert sorted(asked) == [("/", b""), ("/v1/messages", b"{}")]
    assert [seen.body for seen in patient.receiver.seen] == [b""]


async def test_no_secret_and_no_query_is_printed(patient: Patient) -> None:
    printed = "\n".join(await patient.lines())
    assert [word for word in (API_SECRET, SIGNATURE_SECRET, "token") if word in printed] == []


# The sandbox


async def test_against_the_sandbox_all_is_well(tmp_path: Path) -> None:
    config = SandboxConfig(api_key=API_KEY, api_secret=API_SECRET)
    async with a_patient(tmp_path) as patient, running_sandbox(config, SystemClock()) as url:
        patient.clock = SystemClock()
        lines = await patient.lines(GATEWAY_UPSTREAM=url)
    assert [line.replace("within 1 s", "within 0 s") for line in lines] == WELL


async def test_the_sandbox_tells_a_wrong_key(tmp_path: Path) -> None:
    config = SandboxConfig(api_key=API_KEY, api_secret="another")
    async with a_patient(tmp_path) as patient, running_sandbox(config, SystemClock()) as url:
        line = await patient.line("credentials", GATEWAY_UPSTREAM=url)
    assert line == (
        "wrong    credentials of application abcd1234: the upstream refuses them (401); compare"
        " VONAGE_API_KEY and VONAGE_API_SECRET with the API settings in the vendor's dashboard"
    )


# Credentials

ANSWERS = {
    400: "ok       {}: the upstream takes them (key and secret)",
    402: "wrong    {}: right, but the balance is too low (402); top the account up",
    403: "wrong    {}: the upstream does not let them send (403); give the application the"
    " capability Messages in the vendor's dashboard",
    404: "wrong    {}: what answers (404) is no Messages v1; mend GATEWAY_UPSTREAM, the base URL of"
    " Messages v1",
    202: "wrong    {}: what answers (202) is no Messages v1; mend GATEWAY_UPSTREAM, the base URL of"
    " Messages v1",
    301: "wrong    {}: what answers (301) is no Messages v1; mend GATEWAY_UPSTREAM, the base URL of"
    " Messages v1",
    429: "unknown  {}: the upstream asks to wait (429); run doctor again later",
    503: "unknown  {}: the upstream fails (503); run doctor again later",
}


@pytest.mark.parametrize("code", ANSWERS)
async def test_what_the_upstream_answers_is_told(tmp_path: Path, code: int) -> None:
    async with a_patient(tmp_path, lambda seen: Reply(status=code)) as patient:
        line = await patient.line("credentials")
    assert line == ANSWERS[code].format("credentials of application abcd1234")


async def test_an_application_with_a_key_sends_a_token_as_its_sends_do(patient: Patient) -> None:
    patient.upstream.replies.extend(Reply(status=401) for _ in range(4))
    line = await patient.line(
        "credentials", VONAGE_APPLICATION_ID=APP_ID, VONAGE_PRIVATE_KEY=private_pem()
    )
    (sent, *_) = (seen for seen in patient.upstream.seen if seen.path == "/v1/messages")
    assert sent.headers["authorization"].startswith("Bearer ")
    assert line == (
        f"wrong    credentials of application {APP_ID}: the upstream refuses them (401); compare"
        " VONAGE_APPLICATION_ID and VONAGE_PRIVATE_KEY with the application in the vendor's"
        " dashboard; a wrong clock is refused, too"
    )


async def test_an_upstream_that_is_not_there_is_told(patient: Patient) -> None:
    line = await patient.line("credentials", GATEWAY_UPSTREAM=f"http://127.0.0.1:{free_port()}")
    assert line == (
        "wrong    credentials of application abcd1234: the upstream cannot be asked: nothing"
        " listens there; mend GATEWAY_UPSTREAM, the base URL of Messages v1, or the way there: the"
        " DNS, the network, the firewall"
    )


async def test_the_guard_stands_before_what_doctor_calls(patient: Patient) -> None:
    printed = await patient.lines(GATEWAY_ALLOW_PRIVATE_CALLBACKS="false")
    assert patient.upstream.seen == patient.receiver.seen == []
    assert sum("its name has no public address" in line for line in printed) == 2


# Clock


@pytest.mark.parametrize(
    ("ahead_s", "line"),
    [
        (0, "ok       clock: within 0 s of the upstream's"),
        (-30, "ok       clock: within 30 s of the upstream's"),
        (
            7200,
            "wrong    clock: 7200 s ahead of the upstream's; set this machine's clock, and keep it"
            " right with NTP",
        ),
        (
            -31,
            "wrong    clock: 31 s behind the upstream's; set this machine's clock, and keep it"
            " right with NTP",
        ),
    ],
)
async def test_the_clock_is_compared_with_the_upstream_s(
    patient: Patient, ahead_s: int, line: str
) -> None:
    patient.clock = ManualClock(START_MS + 1000 * ahead_s)
    assert await patient.line("clock") == line


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Feb 2025 00:00:00 GMT"])
async def test_a_time_that_the_upstream_does_not_tell_is_unknown(tmp_path: Path, date: str) -> None:
    headers = {"Date": date} if date else {}
    async with a_patient(tmp_path, lambda seen: Reply(status=422, headers=headers)) as patient:
        line = await patient.line("clock")
    assert line == (
        "unknown  clock: the upstream did not tell the time; compare this machine's clock with"
        " another one"
    )


# The public URL


async def test_a_running_gateway_is_found_by_its_proof(tmp_path: Path) -> None:
    async with (
        a_patient(tmp_path) as patient,
        a_world(tmp_path) as world,
        serving(world) as http,
        serving(world, world.gateway.admin_app()) as admin,
    ):
        patient.admin_port = admin.base_url.port or 0
        patient.port = http.base_url.port or 0
        lines = await patient.lines()
    assert lines[4:6] == [
        "ok       what listens on HERE: a gateway, and it says: ready",
        "ok       GATEWAY_PUBLIC_URL: HERE leads to the gateway that listens on HERE",
    ]


async def test_the_alarms_of_a_gateway_without_an_admin_bind_are_unknown(tmp_path: Path) -> None:
    async with (
        a_patient(tmp_path) as patient,
        a_world(tmp_path) as world,
        serving(world) as http,
    ):
        patient.port = http.base_url.port or 0
        found = [
            await patient.line("readiness"),
            await patient.line("readiness", GATEWAY_ADMIN_PORT="off"),
        ]
    assert found == 2 * [
        "unknown  what listens on HERE: a gateway, and it says: ready; its alarms are on its admin"
        " bind, which was not found: check GATEWAY_ADMIN_HOST and GATEWAY_ADMIN_PORT"
    ]


async def test_the_admin_bind_of_another_gateway_is_not_asked(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    elsewhere = ManualClock(seed=1)  # its proofs are its own
    async with (
        a_patient(tmp_path) as patient,
        a_world(tmp_path) as world,
        a_world(tmp_path / "other", clock=elsewhere) as other,
        serving(world) as http,
        serving(other, other.gateway.admin_app()) as admin,
    ):
        patient.port, patient.admin_port = http.base_url.port or 0, admin.base_url.port or 0
        line = await patient.line("readiness")
    assert "which was not found" in line


@pytest.mark.parametrize(
    "environ",
    [
        {"GATEWAY_HOSTS": "gateway.example.com"},
        {"GATEWAY_HOST": "127.0.0.1,::1"},
        {"GATEWAY_HOST": "unix:{folder}/http.sock,127.0.0.1"},
    ],
    ids=str,
)
async def test_a_running_gateway_is_found_however_it_listens(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    settings = {name: value.format(folder=tmp_path) for name, value in environ.items()}
    async with (
        a_patient(tmp_path) as patient,
        a_world(tmp_path, settings) as world,
        serving(world) as http,
        serving(world, world.gateway.admin_app()) as admin,
    ):
        patient.port, patient.admin_port = http.base_url.port or 0, admin.base_url.port or 0
        line = await patient.line("readiness", **settings)
    assert line.endswith(": a gateway, and it says: ready")


async def test_doctor_listens_with_the_certificate_of_the_gateway(
    patient: Patient, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue()
    socket = f"unix:{tmp_path}/http.sock"
    line = await patient.line(
        "public-url",
        GATEWAY_HOST=f"127.0.0.1,{socket}",
        GATEWAY_TLS_CERT=str(cert),
        GATEWAY_TLS_KEY=str(key),
        GATEWAY_PUBLIC_URL=f"https://localhost:{patient.port}",
        GATEWAY_CA_FILE=str(authority.root),
    )
    assert line.startswith(f"ok       GATEWAY_PUBLIC_URL: localhost:{patient.port} leads to ")
    assert line.endswith(", where doctor listened")


async def test_names_that_are_set_are_told(patient: Patient) -> None:
    line = await patient.line("hosts", GATEWAY_HOSTS="b.example,A.example")
    assert line == "ok       GATEWAY_HOSTS: a.example, b.example"


@pytest.mark.parametrize(
    ("kind", "verdict"), [(AlarmKind.GAP, "ok       "), (AlarmKind.MUTE, "wrong    ")]
)
async def test_a_running_gateway_is_unwell_with_alarms_that_need_a_person(
    tmp_path: Path, kind: AlarmKind, verdict: str
) -> None:
    alarm = Alarm(kind=kind, subject="abcd1234", since_ms=START_MS, why="Why.", remedy="Remedy.")
    async with (
        a_patient(tmp_path) as patient,
        a_world(tmp_path) as world,
        serving(world) as http,
        serving(world, world.gateway.admin_app()) as admin,
    ):
        patient.admin_port = admin.base_url.port or 0
        world.gateway.alarms.raise_alarm(alarm)
        patient.port = http.base_url.port or 0
        line = await patient.line("readiness")
    assert line.startswith(f"{verdict}what listens on HERE: a gateway, and it says: degraded; ")
    assert f"{kind.value}: account abcd1234 since " in line


async def test_a_public_url_that_leads_to_another_gateway_is_told(tmp_path: Path) -> None:
    async with (
        a_patient(tmp_path) as patient,
        a_world(tmp_path) as world,
        serving(world) as http,
        serving(world, world.gateway.admin_app()) as admin,
    ):
        patient.admin_port = admin.base_url.port or 0
        line = await patient.line("public-url", GATEWAY_PUBLIC_URL=str(http.base_url))
    assert line.endswith("is another gateway; let it lead to HERE of this machine")


async def test_a_public_url_that_nothing_listens_at_is_told(patient: Patient) -> None:
    port = free_port()
    line = await patient.line("public-url", GATEWAY_PUBLIC_URL=f"http://127.0.0.1:{port}")
    assert line == (
        f"wrong    GATEWAY_PUBLIC_URL: 127.0.0.1:{port} cannot be reached: nothing listens there;"
        " mend GATEWAY_PUBLIC_URL, the name, the proxy or the firewall; if only this machine"
        " cannot reach it, ask from outside"
    )


async def test_a_public_url_that_leads_elsewhere_is_told(patient: Patient) -> None:
    line = await patient.line("public-url", GATEWAY_PUBLIC_URL=patient.receiver.url)
    assert line == (
        "wrong    GATEWAY_PUBLIC_URL: RECEIVER is not this gateway: it answers 405; let it lead"
        " here, with the paths under /webhooks as they are"
    )


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"proof": 1}'])
async def test_what_only_looks_like_a_proof_is_none(patient: Patient, body: bytes) -> None:
    async with Loopback(lambda seen: Reply(body=body)).listening() as other:
        line = await patient.line("public-url", GATEWAY_PUBLIC_URL=other.url)
    assert "is not this gateway: it answers 200" in line


async def test_without_a_public_url_nothing_is_known(patient: Patient) -> None:
    lines = await patient.lines(GATEWAY_PUBLIC_URL="")
    assert lines[4:6] == [
        "unknown  GATEWAY_PUBLIC_URL: not set; set it to how the upstream reaches this gateway",
        "unknown  certificate of GATEWAY_PUBLIC_URL: GATEWAY_PUBLIC_URL is not set; set it",
    ]


async def test_something_else_at_our_address_is_told(patient: Patient) -> None:
    async with Loopback(lambda seen: Reply()).listening() as other:
        patient.port = int(other.url.rpartition(":")[2])
        lines = await patient.lines()
    assert lines[4] == (
        "wrong    what listens on HERE: it is no gateway of this version; stop it, or choose"
        " another address with GATEWAY_HOST and GATEWAY_PORT"
    )


async def test_an_address_that_is_not_ours_is_told(patient: Patient) -> None:
    line = await patient.line("address", GATEWAY_HOST="192.0.2.1")
    assert line.startswith("wrong    GATEWAY_HOST and GATEWAY_PORT: 192.0.2.1:")
    assert line.endswith("Cannot assign requested address; choose another address")


@pytest.mark.parametrize("path", ["/webhooks/status/token", "/v0.1/dispatch", f"{PATH}short"])
async def test_who_else_calls_while_doctor_listens_is_told_to_come_again(path: str) -> None:
    with bind("127.0.0.1", 0) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with (
            standing_in([listener], Presence(ManualClock())),
            httpx2.AsyncClient(base_url=base) as http,
        ):
            answer = await http.post(path, content=b"{}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


# Certificates


@contextlib.asynccontextmanager
async def over_tls(
    folder: Path, days: int, name: str = "localhost"
) -> AsyncIterator[tuple[str, Egress]]:
    """Serve TLS with a certificate that ends in so many days."""
    now = datetime.datetime.fromtimestamp(SystemClock().wall_s(), datetime.UTC)
    server, client = contexts(folder, name, until=now + datetime.timedelta(days=days, hours=1))

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server)
    try:
        yield f"https://localhost:{listening.sockets[0].getsockname()[1]}", client
    finally:
        listening.close()


CERTIFICATES = {
    "good": (60, "localhost", True, "ok       {}: good for 60 more days"),
    "about to end": (3, "localhost", True, "wrong    {}: it ends in 3 days; renew it"),
    "past": (
        -2,
        "localhost",
        True,
        "wrong    {}: its certificate has expired; renew it, for this name and with its"
        " whole chain",
    ),
    "of a stranger": (
        60,
        "localhost",
        False,
        "wrong    {}: its certificate is of nobody who is trusted here, or its chain is not whole;"
        " renew it, for this name and with its whole chain",
    ),
    "of another name": (
        60,
        "elsewhere.example",
        True,
        "wrong    {}: its certificate is for another name;"
        " renew it, for this name and with its whole chain",
    ),
}


@pytest.mark.parametrize("case", CERTIFICATES)
async def test_the_certificate_of_the_public_url_is_judged(
    patient: Patient, tmp_path: Path, case: str
) -> None:
    days, name, is_trusted, line = CERTIFICATES[case]
    patient.clock = SystemClock()
    async with over_tls(tmp_path, days, name) as (url, client):
        settings = load_settings(
            {
                "GATEWAY_STORE": f"sqlite:///{tmp_path / 'gateway.db'}",
                "GATEWAY_PORT": str(patient.port),
                "GATEWAY_UPSTREAM": patient.upstream.url,
                "GATEWAY_PUBLIC_URL": url,
                "GATEWAY_STATUS_URL": patient.receiver.url,
                "GATEWAY_ALLOW_PRIVATE_CALLBACKS": "true",
                "VONAGE_API_KEY": API_KEY,
                "VONAGE_API_SECRET": API_SECRET,
            }
        )
        egress = client if is_trusted else Egress()
        findings = await examine(settings, patient.clock, egress=egress)
    (found,) = [str(each) for each in findings if each.check == "certificate"]
    assert found == line.format("certificate of GATEWAY_PUBLIC_URL")


@pytest.mark.parametrize(("is_closed", "verdict"), [(True, "unknown "), (False, "wrong   ")])
async def test_authorities_of_our_own_make_no_vendor_trust_the_public_url(
    patient: Patient, tmp_path: Path, *, is_closed: bool, verdict: str
) -> None:
    patient.clock = SystemClock()
    loopback = AddressPolicy(allow_private=True)
    async with (
        over_tls(tmp_path, 60) as (url, client),
        visiting(loopback, client) as visitor,
        visiting(loopback, Egress()) as vendor,
    ):
        settings = load_settings(
            patient.variables(GATEWAY_PUBLIC_URL=url, GATEWAY_CA_FILE=str(client.ca_file))
        )
        found = await examine_front_door(
            replace(settings, allow_private_callbacks=is_closed), visitor, vendor, patient.clock
        )
        if is_closed:
            assert found[-1] in await examine(settings, patient.clock)
    assert str(found[-1]) == (
        f"{verdict} certificate of GATEWAY_PUBLIC_URL: trusted here by GATEWAY_CA_FILE alone, which"
        " the vendor does not read; show one of a public authority, or see that the upstream trusts"
        " this one"
    )


async def test_a_public_url_in_plain_http_is_wrong_on_the_internet(patient: Patient) -> None:
    line = await patient.line(
        "certificate",
        GATEWAY_ALLOW_PRIVATE_CALLBACKS="false",
        GATEWAY_PUBLIC_URL="http://192.0.2.1",
    )
    assert line == (
        "wrong    certificate of GATEWAY_PUBLIC_URL: none: phone numbers would travel in plain"
        " http; terminate TLS in front of the gateway, and write https"
    )


# Receivers


async def test_a_closed_receiver_is_told(patient: Patient) -> None:
    port = free_port()
    line = await patient.line("status-url", GATEWAY_STATUS_URL=f"http://127.0.0.1:{port}/status")
    assert line == (
        f"wrong    GATEWAY_STATUS_URL of application abcd1234: 127.0.0.1:{port} cannot be reached:"
        " nothing listens there; start what should listen there, or mend GATEWAY_STATUS_URL"
    )


@pytest.mark.parametrize(
    ("code", "line"),
    [
        (200, "ok       {}: RECEIVER answers"),
        (401, "ok       {}: RECEIVER answers"),
        (501, "ok       {}: RECEIVER answers"),
        (
            404,
            "unknown  {}: RECEIVER answers 404 to OPTIONS and HEAD; make sure that the path takes"
            " POSTs",
        ),
        (
            503,
            "wrong    {}: RECEIVER answers 503, so what is behind it does not; start what should"
            " listen there",
        ),
    ],
)
async def test_how_a_receiver_answers_is_told(patient: Patient, code: int, line: str) -> None:
    patient.receiver.replies.extend(Reply(status=code) for _ in range(4))
    assert await patient.line("status-url") == line.format(
        "GATEWAY_STATUS_URL of application abcd1234"
    )


async def test_every_url_of_an_application_is_looked_at_once(patient: Patient) -> None:
    findings = await patient.findings(
        GATEWAY_FINAL_REPORT_URL=f"{patient.receiver.url}/report",
        GATEWAY_INBOUND_URL=f"{patient.receiver.url}/inbound",
    )
    checks = [each.check for each in findings]
    assert checks[-4:] == ["status-url", "final-report-url", "inbound-url", "hosts"]
    assert len(patient.receiver.seen) == 3


async def test_where_requests_are_forwarded_dispatch_is_looked_at(patient: Patient) -> None:
    line = await patient.line("legacy", GATEWAY_MODE="observe", GATEWAY_LEGACY=patient.receiver.url)
    assert line == "ok       GATEWAY_LEGACY: RECEIVER answers"


# The rest


@pytest.mark.parametrize(
    ("secret", "said"),
    [
        ("", "wrong    {}: not set: webhooks are not verified and callbacks not signed"),
        ("short", "wrong    {}: shorter than the 32 bytes that HS256 asks for"),
    ],
)
async def test_the_signature_secret_has_to_be_there_and_long_enough(
    patient: Patient, secret: str, said: str
) -> None:
    line = await patient.line("signature-secret", VONAGE_SIGNATURE_SECRET=secret)
    assert line.startswith(said.format("VONAGE_SIGNATURE_SECRET of application abcd1234"))


async def test_a_store_that_takes_no_writes_is_told(patient: Patient) -> None:
    findings = await patient.findings(GATEWAY_STORE="sqlite:////proc/gateway.db")
    assert (findings[0].check, findings[0].verdict) == ("store", Verdict.WRONG)
