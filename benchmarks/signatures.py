"""Trusting a webhook, against the bare cryptography that no program can do without."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from collections.abc import Callable
from typing import Any

import jwt
import orjson

from benchmarks.figures import announce, median, show, time_us
from benchmarks.processes import ACCOUNT, SIGNATURE_SECRET
from gateway.signatures import SignedClaims, sign_body, verify_body

ROUNDS, TIMES = 9, 400


def webhook() -> bytes:
    """Return a status webhook of about 450 bytes, as delivered ones are."""
    return orjson.dumps(
        {
            "message_uuid": str(uuid.uuid4()),
            "to": "447700900000",
            "from": "447700900001",
            "timestamp": "2025-02-03T12:14:25Z",
            "status": "delivered",
            "channel": "sms",
            "client_ref": "0000000042",
            "usage": {"currency": "EUR", "price": "0.0333"},
            "destination": {"network_code": "23410"},
            "sms": {"count_total": "2"},
            "workflow": {"id": "3TcNjguHxr2vcCZ9Ddsnq6tw8yQUpZ9rMHv9QXSxLan5ibMxqSzLdx9"},
        }
    )


def main() -> None:
    """Compare verification with its hash and its MAC, and with a JWT library."""
    body, now_s = webhook(), int(time.time())
    token = sign_body(
        body,
        secret=SIGNATURE_SECRET,
        api_key=ACCOUNT,
        application_id=str(uuid.uuid4()),
        issued_at_s=now_s,
        token_id=str(uuid.uuid4()),
    )
    authorization = f"Bearer {token}"
    signed, key = token.rpartition(".")[0].encode(), SIGNATURE_SECRET.encode()

    def ours() -> object:
        return verify_body(
            authorization, body, secrets_of=lambda account: [SIGNATURE_SECRET], now_s=now_s
        )

    def bare() -> object:
        return hashlib.sha256(body).hexdigest(), hmac.digest(key, signed, "sha256")

    def library() -> object:
        claims: dict[str, Any] = jwt.decode(token, SIGNATURE_SECRET, algorithms=["HS256"])
        return hmac.compare_digest(claims["payload_hash"], hashlib.sha256(body).hexdigest())

    assert isinstance(ours(), SignedClaims)
    assert library() is True
    programs: dict[str, Callable[[], object]] = {"ours": ours, "bare": bare, "library": library}
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for number in range(ROUNDS):
        announce(f"webhook signatures: round {number + 1} of {ROUNDS}")
        for name, program in programs.items():
            taken[name].append(time_us(program, times=TIMES))
    show(
        "webhook verification / sha256 and HMAC alone",
        [a / b for a, b in zip(taken["ours"], taken["bare"], strict=True)],
        "must be at most 4.00, target 3.00",
        f"ours {median(taken['ours']):.1f} us, hash and MAC {median(taken['bare']):.1f} us,"
        f" PyJWT and a hash {median(taken['library']):.1f} us;"
        f" {len(token)} bytes of token, {len(body)} of body",
    )


if __name__ == "__main__":
    main()
