"""The pair of the gateway's own TLS: checked at the start, renewed while it runs."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.alarms import Alarms
from gateway.clock import SystemClock
from gateway.listening.certificates import ServerCertificate, Unfit, load_pair
from gateway.metrics import Metrics
from tests.support.authority import Authority


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def certificate(cert: Path, key: Path, metrics: Metrics | None = None) -> ServerCertificate:
    metrics = metrics or Metrics()
    return ServerCertificate(
        cert, key, clock=SystemClock(), alarms=Alarms(metrics), metrics=metrics
    )


def unfit(cert: Path, key: Path) -> tuple[str, str]:
    with pytest.raises(Unfit) as found:
        load_pair(cert, key)
    return found.value.setting, found.value.problem


def test_a_pair_that_fits_is_taken(authority: Authority) -> None:
    assert load_pair(*authority.issue()).context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_key_of_another_certificate_is_refused(authority: Authority) -> None:
    cert, _ = authority.issue()
    _, key = authority.issue(name="other")
    assert unfit(cert, key) == ("GATEWAY_TLS_KEY", "is not the key of GATEWAY_TLS_CERT")


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked(authority: Authority) -> None:
    assert unfit(*authority.issue(passphrase="secret")) == (
        "GATEWAY_TLS_KEY",
        "is protected by a passphrase",
    )


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"-----BEGIN CERTIFICATE-----\nMII"])
def test_what_is_no_certificate_is_refused(authority: Authority, content: bytes) -> None:
    cert, key = authority.issue()
    cert.write_bytes(content)
    assert unfit(cert, key) == ("GATEWAY_TLS_CERT", "is not a certificate in PEM form")


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"-----BEGIN PRIVATE KEY-----\nMII"])
def test_what_is_no_key_is_refused(authority: Authority, content: bytes) -> None:
    cert, key = authority.issue()
    key.write_bytes(content)
    assert unfit(cert, key) == ("GATEWAY_TLS_KEY", "is not a private key in PEM form")


@pytest.mark.parametrize("index", [0, 1])
def test_a_file_that_is_not_there_is_named_by_its_setting(authority: Authority, index: int) -> None:
    pair = authority.issue()
    pair[index].unlink()
    setting = ("GATEWAY_TLS_CERT", "GATEWAY_TLS_KEY")[index]
    assert unfit(*pair) == (setting, "names a file that cannot be read (No such file or directory)")


# Renewal


@contextlib.asynccontextmanager
async def shown_by(held: ServerCertificate, authority: Authority) -> AsyncIterator[Shown]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=held.context)
    async with server:
        yield Shown(server.sockets[0].getsockname()[1], authority)


class Shown:
    """Looks at the certificate as a client does."""

    def __init__(self, port: int, authority: Authority) -> None:
        self._port = port
        self._authority = authority

    async def serial(self, name: str | None = "localhost") -> int:
        """Return the serial number that a client sees who asks for a name, or for none."""
        context = self._authority.client()
        context.check_hostname = name is not None
        _, writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=context, server_hostname=name or ""
        )
        shown = writer.get_extra_info("peercert")
        writer.close()
        return int(shown["serialNumber"], 16)


@pytest.mark.parametrize("name", ["localhost", None])
async def test_a_new_pair_is_shown_without_a_restart(
    authority: Authority, name: str | None
) -> None:
    held = certificate(*authority.issue())
    async with shown_by(held, authority) as shown:
        before = await shown.serial(name)
        authority.issue()
        await held.look()
        after = await shown.serial(name)
    assert after > before


async def test_a_half_written_pair_keeps_the_old_one_and_is_one_line_until_it_fits(
    authority: Authority,
) -> None:
    cert, key = authority.issue()
    held = certificate(cert, key)
    async with shown_by(held, authority) as shown:
        before = await shown.serial()
        old_key = key.read_bytes()
        authority.issue()
        new_key = key.read_bytes()
        key.write_bytes(old_key)
        with capture_logs() as log:
            for _ in range(3):
                await held.look()
            during = await shown.serial()
            key.write_bytes(new_key)
            await held.look()
        after = await shown.serial()
    assert (during == before, after > before) == (True, True)
    assert [line["event"] for line in log] == ["certificate.refused", "certificate.renewed"]


async def test_a_file_that_is_replaced_by_another_under_its_name_is_noticed(
    authority: Authority, tmp_path: Path
) -> None:
    pair = authority.issue()
    held = certificate(*pair)
    renewed = authority.issue(name="renewed")
    for old, new in zip(pair, renewed, strict=True):
        new.replace(old)
    with capture_logs() as log:
        await held.look()
    assert [line["event"] for line in log] == ["certificate.renewed"]


async def test_a_pair_that_does_not_change_is_not_loaded_again(authority: Authority) -> None:
    held = certificate(*authority.issue())
    with capture_logs() as log:
        await held.look()
    assert log == []


async def test_who_asks_has_the_files_looked_at_at_once(authority: Authority) -> None:
    held = certificate(*authority.issue())
    authority.issue()
    running = asyncio.create_task(held.run())
    with capture_logs() as log:
        held.look_now()
        async with asyncio.timeout(1.5):
            while not log:  # noqa: ASYNC110 - the log has no event
                await asyncio.sleep(0.01)
    running.cancel()
    assert log[0]["event"] == "certificate.renewed"


# Its end


@pytest.mark.parametrize(("days", "word"), [(13, "ends"), (-2, "ended")])
async def test_a_certificate_that_ends_soon_is_an_alarm_until_it_is_renewed(
    authority: Authority, days: int, word: str
) -> None:
    metrics = Metrics()
    alarms = Alarms(metrics)
    cert, key = authority.issue(days)
    held = ServerCertificate(cert, key, clock=SystemClock(), alarms=alarms, metrics=metrics)
    (alarm,) = alarms.standing()
    await held.look()
    (same,) = alarms.standing()
    authority.issue(90)
    await held.look()
    assert f" {word} on 20" in alarm.why
    assert same is alarm
    assert alarms.standing() == []


async def test_the_days_that_are_left_are_a_figure(authority: Authority) -> None:
    metrics = Metrics()
    certificate(*authority.issue(60), metrics)
    assert metrics.registry.get_sample_value("gateway_certificate_days") == 60
