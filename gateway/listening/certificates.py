"""The certificate that the gateway shows on its own listeners, renewed while it runs.

Whoever renews a certificate writes two files, one after the other. A pair is taken over when both
fit; until then the one before stays.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from gateway.alarms import Alarm, AlarmKind, Alarms
from gateway.clock import Clock
from gateway.logs import get_logger
from gateway.metrics import Metrics
from gateway.settings import Settings

log = get_logger()

FEW_DAYS: Final = 14
"""A certificate that ends sooner should have been renewed: issuers of 90 days renew after 60."""

_DAY_S: Final = 24 * 3600
_LOOK_EVERY_S: Final = 2.0
_CERT: Final = "GATEWAY_TLS_CERT"
_KEY: Final = "GATEWAY_TLS_KEY"


class Unfit(Exception):
    """Two files are no certificate with its key: which setting, what is wrong, what to do."""

    def __init__(self, setting: str, problem: str, remedy: str) -> None:
        super().__init__(setting, problem, remedy)
        self.setting = setting
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate with its chain, and the key that fits."""

    context: ssl.SSLContext
    ends: datetime
    """When the first certificate of the chain ends."""
    begins: datetime
    """When the last one begins to hold."""


def load_pair(cert: Path, key: Path) -> Pair:
    """Read and check a pair.

    Args:
        cert: PEM, the server's certificate first, then its chain.
        key: PEM, without a passphrase.

    Raises:
        Unfit: a file cannot be read or used, or they do not belong together.
    """
    chain = _chain(cert)
    _read(_KEY, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    asked: list[bool] = []

    def passphrase() -> str:
        # Without an answer, the library would ask on the terminal, and wait.
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(cert, key, password=passphrase)
    except (OSError, ValueError) as error:
        if asked:
            raise Unfit(_KEY, "is protected by a passphrase", "store it without one") from None
        if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
            raise Unfit(
                _KEY, f"is not the key of {_CERT}", "give the key the certificate was made for"
            ) from None
        raise Unfit(_KEY, "is not a private key in PEM form", "name a PEM file") from None
    return Pair(
        context=context,
        ends=min(each.not_valid_after_utc for each in chain),
        begins=max(each.not_valid_before_utc for each in chain),
    )


def _chain(path: Path) -> list[x509.Certificate]:
    content = _read(_CERT, path)
    try:
        return x509.load_pem_x509_certificates(content)
    except ValueError:
        raise Unfit(
            _CERT,
            "is not a certificate in PEM form",
            "name a PEM file: the server's certificate first, then its chain",
        ) from None


def _read(setting: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise Unfit(
            setting,
            f"names a file that cannot be read ({why})",
            "check its path, and that this user may read it",
        ) from None


def pair_of(settings: Settings) -> tuple[Path, Path] | None:
    """Return the two files that the settings name, if they name them."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Path(settings.tls_cert), Path(settings.tls_key)


class ServerCertificate:
    """The pair in use."""

    def __init__(
        self, cert: Path, key: Path, *, clock: Clock, alarms: Alarms, metrics: Metrics
    ) -> None:
        """Load the pair.

        Raises:
            Unfit: it cannot be used.
        """
        self._cert = cert
        self._key = key
        self._clock = clock
        self._alarms = alarms
        self._metrics = metrics
        self._seen = self._looks()
        self._is_unfit = False
        self._told = ""
        self._pair = load_pair(cert, key)
        self._asked = asyncio.Event()
        # What listeners hold stays; each handshake is handed to the context of the day.
        self.context = load_pair(cert, key).context
        self.context.sni_callback = self._hand_over
        self._judge_end()

    def _hand_over(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext
    ) -> None:
        # Called in every handshake, whether a name was asked for or not.
        connection.context = self._pair.context

    def look_now(self) -> None:
        """Have the files looked at without waiting for the next turn."""
        self._asked.set()

    async def run(self) -> None:
        """Look at the files again and again, until cancelled."""
        while True:
            try:
                async with asyncio.timeout(_LOOK_EVERY_S):
                    await self._asked.wait()
            except TimeoutError:
                pass
            self._asked.clear()
            await self.look()

    async def look(self) -> None:
        """Take over what changed, if it fits."""
        seen = await asyncio.to_thread(self._looks)
        if seen != self._seen or self._is_unfit:
            self._seen = seen
            await self._take_over()
        self._judge_end()

    async def _take_over(self) -> None:
        try:
            self._pair = await asyncio.to_thread(load_pair, self._cert, self._key)
        except Unfit as unfit:
            if not self._is_unfit:
                log.warning(
                    "certificate.refused",
                    setting=unfit.setting,
                    problem=unfit.problem,
                    remedy=f"{unfit.remedy}; until then the certificate of before is shown",
                )
            self._is_unfit = True
            return
        self._is_unfit = False
        log.info("certificate.renewed", days_left=self._days_left())

    def _looks(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Return what tells one version of the files from another; links are followed."""
        found: list[tuple[int, int, int] | None] = []
        for path in (self._cert, self._key):
            try:
                status = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)

    def _days_left(self) -> int:
        return int(self._pair.ends.timestamp() - self._clock.wall_s()) // _DAY_S

    def _judge_end(self) -> None:
        days_left = self._days_left()
        self._metrics.certificate_days.set(days_left)
        if days_left >= FEW_DAYS:
            self._alarms.clear(AlarmKind.CERTIFICATE)
            self._told = ""
            return
        tense = "ended" if days_left < 0 else "ends"
        why = f"The certificate in {_CERT} {tense} on {self._pair.ends:%Y-%m-%d}."
        if why == self._told:
            return
        self._told = why
        self._alarms.raise_alarm(
            Alarm(
                kind=AlarmKind.CERTIFICATE,
                subject="",
                since_ms=self._clock.now_ms(),
                why=why,
                remedy="Renew it; the files are looked at again by themselves.",
            )
        )
