"""How the gateway authenticates its sends.

A workflow can run for days, so the caller's own token is long dead when a later step is sent:
sends carry a token of ours, signed with the application's key (docs/wire.md section 1.2).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.clock import Clock
from gateway.settings import Application, Secret

LIFE_S: Final = 15 * 60
RENEWAL_S: Final = 60
"""A token with less life than this left is not begun with: the send may be queued upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Minted:
    authorization: str
    minted_s: int

    def is_usable(self, now_s: int) -> bool:
        # A clock that was set back makes a token one from the future, which nobody accepts.
        return self.minted_s <= now_s < self.minted_s + LIFE_S - RENEWAL_S


class UpstreamCredentials:
    """Makes the `Authorization` of sends; signing costs a millisecond, so tokens are reused."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # By key, too: a send that began before a key was replaced must not leave the old one here.
        self._minted: dict[tuple[str, Secret], _Minted] = {}
        self._keys: dict[Secret, RSAPrivateKey] = {}

    def authorization(self, application: Application) -> str:
        """Return the header's value for a send of `application`.

        With a private key, a token is signed; otherwise Basic is used.
        """
        pem = application.private_key_pem
        if pem is None:
            return _basic(application)
        now_s = self._clock.wall_s()
        minted = self._minted.get((application.name, pem))
        if minted is None or not minted.is_usable(now_s):
            token = self._sign(application, pem, now_s)
            minted = _Minted(authorization=f"Bearer {token}", minted_s=now_s)
            self._minted[application.name, pem] = minted
        return minted.authorization

    def renew(self, application: Application, refused: str) -> str | None:
        """Return another authorization than the one that was refused, None where there is none.

        Of many that were refused together, the first one signs anew and the others use the same.
        """
        if self.authorization(application) == refused:
            self.forget(application)
        fresh = self.authorization(application)
        return fresh if fresh != refused else None

    def forget(self, application: Application) -> None:
        """Sign anew next time: the upstream refused the token, which may have been revoked."""
        if application.private_key_pem is not None:
            self._minted.pop((application.name, application.private_key_pem), None)

    def forget_all(self) -> None:
        """Keep no token and no key: other ones may have taken their place."""
        self._minted.clear()
        self._keys.clear()

    def _sign(self, application: Application, pem: Secret, now_s: int) -> str:
        key = self._keys.get(pem)
        if key is None:
            # The settings checked the key; to check it again would hold up the loop for 40 ms.
            loaded = load_pem_private_key(
                pem.reveal().encode(), password=None, unsafe_skip_rsa_key_validation=True
            )
            assert isinstance(loaded, RSAPrivateKey)  # noqa: S101 - the settings saw to it
            key = self._keys[pem] = loaded
        claims = {
            "application_id": application.application_id,
            "iat": now_s,
            "jti": str(self._clock.draw_uuid()),
            "exp": now_s + LIFE_S,
        }
        return jwt.encode(claims, key, algorithm="RS256")


def _basic(application: Application) -> str:
    secret = application.api_secret
    assert secret is not None  # noqa: S101 - the settings saw to it: no key means Basic
    pair = f"{application.api_key}:{secret.reveal()}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"
