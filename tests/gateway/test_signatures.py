"""The catalogue's S rows, the vendor's test vector, and PyJWT as the second opinion."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.signatures import SignatureFault, SignedClaims, sign_body, verify_body

NOW_S = 1_738_584_865
SECRET = "gateway-test-signature-secret-0001"
OLD_SECRET = "gateway-test-signature-secret-0000"
OTHER_SECRET = "gateway-test-signature-secret-0002"
API_KEY = "a1b2c3d"
APPLICATION_ID = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
TOKEN_ID = "c5ba8f24-1a14-4c10-bfdf-3fbe8ce511b5"
DISPATCH_ID = "bbbbbbbb-cccc-4ddd-8eee-0123456789ab"

BODY = (
    '{"message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",'
    '"to":{"type":"sms","number":"447700900000"},"from":{"type":"sms","number":"447700900001"},'
    '"timestamp":"2025-02-03T12:14:25.000Z","status":"delivered",'
    '"usage":{"currency":"EUR","price":"0.0333"},"client_ref":"order-42",'
    f'"_links":{{"workflow":{{"dispatch_uuid":"{DISPATCH_ID}","href":"/workflows/{DISPATCH_ID}"}},'
    f'"dispatch":{{"dispatch_uuid":"{DISPATCH_ID}","href":"v0.1/dispatch/{DISPATCH_ID}"}}}}}}'
).encode()

VECTOR = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJpYXQiOjE3Mzg1ODQ4NjUsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6"
    "IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6ImZhODBiNjY3NWY0ZjBmZmY4NzJhNWFhYjRkYjY5ZDYzYWIzNGQ5MzEyMmUx"
    "NmEyMjQxNjU1MTUzNmFmNmQyN2UiLCJhcGlfa2V5IjoiYTFiMmMzZCIsImFwcGxpY2F0aW9uX2lkIjoiYWFhYWFhYWEt"
    "YmJiYi1jY2NjLWRkZGQtMDEyMzQ1Njc4OWFiIn0."
    "8El9NuJJynBiD1BJrpaMntGM4swpsyLuuG_tDzkVhsY"
)


def secrets_of(api_key: str) -> Sequence[str]:
    return {API_KEY: (SECRET, OLD_SECRET), "other": (OTHER_SECRET,), "empty": ("",)}.get(
        api_key, ()
    )


def verify(
    authorization: str | None, body: bytes = BODY, now_s: int = NOW_S
) -> SignedClaims | SignatureFault:
    return verify_body(authorization, body, secrets_of=secrets_of, now_s=now_s)


def claims(**changed: object) -> dict[str, object]:
    genuine: dict[str, object] = {
        "iat": NOW_S,
        "jti": TOKEN_ID,
        "iss": "Vonage",
        "payload_hash": hashlib.sha256(BODY).hexdigest(),
        "api_key": API_KEY,
        "application_id": APPLICATION_ID,
    }
    return {key: value for key, value in (genuine | changed).items() if value is not ...}


def bearer(
    secret: str = SECRET, headers: dict[str, object] | None = None, **changed: object
) -> str:
    """Sign claims with PyJWT: an independent hand, able to sign what ours never would."""
    return f"Bearer {jwt.encode(claims(**changed), secret, algorithm='HS256', headers=headers)}"


def unsigned(header: object, payload: object = None) -> str:
    """Put a token together without a valid signature."""
    parts = [json.dumps(header).encode(), json.dumps(payload or claims()).encode(), b"signature"]
    return "Bearer " + ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts
    )


def test_signing_reproduces_the_vendors_test_vector() -> None:
    token = sign_body(
        BODY,
        secret=SECRET,
        api_key=API_KEY,
        application_id=APPLICATION_ID,
        issued_at_s=NOW_S,
        token_id=TOKEN_ID,
    )
    assert token == VECTOR


def test_the_vendors_test_vector_is_trusted() -> None:
    assert verify(f"Bearer {VECTOR}") == SignedClaims(
        api_key=API_KEY, application_id=APPLICATION_ID, issued_at_s=NOW_S, token_id=TOKEN_ID
    )


def test_a_token_without_application_id_carries_no_such_claim() -> None:
    token = sign_body(
        BODY, secret=SECRET, api_key=API_KEY, application_id=None, issued_at_s=0, token_id="t"
    )
    assert "application_id" not in jwt.decode(token, options={"verify_signature": False})


FAULTS = {
    "S1 no header": (None, SignatureFault.MISSING),
    "S1 empty header": ("", SignatureFault.MISSING),
    "S1 scheme without a token": ("Bearer ", SignatureFault.MISSING),
    "S2 signature altered": (f"Bearer {VECTOR[:-2]}AA", SignatureFault.BAD_SIGNATURE),
    "S2 signature absent": (f"Bearer {VECTOR.rpartition('.')[0]}.", SignatureFault.BAD_SIGNATURE),
    "S2 signature padded": (f"Bearer {VECTOR}=", SignatureFault.BAD_SIGNATURE),
    "S3 alg none": (unsigned({"alg": "none", "typ": "JWT"}), SignatureFault.ALGORITHM),
    "S3 alg nOnE": (unsigned({"alg": "nOnE"}), SignatureFault.ALGORITHM),
    "S3 alg RS256": (unsigned({"alg": "RS256"}), SignatureFault.ALGORITHM),
    "S3 alg HS512": (unsigned({"alg": "HS512"}), SignatureFault.ALGORITHM),
    "S3 alg missing": (unsigned({"typ": "JWT"}), SignatureFault.ALGORITHM),
    "S3 crit": (
        bearer(headers={"crit": ["b64"], "b64": False}),
        SignatureFault.CRITICAL,
    ),
    "S4 secret of another key": (bearer(OTHER_SECRET), SignatureFault.BAD_SIGNATURE),
    "S5 unknown key": (bearer(api_key="stranger"), SignatureFault.UNKNOWN_KEY),
    "S5 key with an empty secret": (bearer(api_key="empty"), SignatureFault.UNKNOWN_KEY),
    "S5 key missing": (bearer(api_key=...), SignatureFault.MALFORMED),
    "S5 key not a string": (bearer(api_key=["a1b2c3d"]), SignatureFault.MALFORMED),
    "S6 hash missing": (bearer(payload_hash=...), SignatureFault.NO_HASH),
    "S6 hash empty": (bearer(payload_hash=""), SignatureFault.NO_HASH),
    "S6 hash not a string": (bearer(payload_hash=7), SignatureFault.NO_HASH),
    "S7 hash of another body": (
        bearer(payload_hash=hashlib.sha256(b"{}").hexdigest()),
        SignatureFault.HASH_MISMATCH,
    ),
    "S7 hash outside ASCII": (bearer(payload_hash="\u0131" * 64), SignatureFault.HASH_MISMATCH),
    "S10 iat 26 h old": (bearer(iat=NOW_S - 26 * 3600), SignatureFault.STALE),
    "S10 iat one second too old": (bearer(iat=NOW_S - 25 * 3600 - 1), SignatureFault.STALE),
    "S11 iat 10 min ahead": (bearer(iat=NOW_S + 600), SignatureFault.FUTURE),
    "S11 iat one second too far": (bearer(iat=NOW_S + 301), SignatureFault.FUTURE),
    "S14 other issuer": (bearer(iss="Nexmo"), SignatureFault.ISSUER),
    "S14 issuer missing": (bearer(iss=...), SignatureFault.ISSUER),
    "iat true": (bearer(iat=True), SignatureFault.MALFORMED),
    "iat a fraction too old": (bearer(iat=NOW_S - 25 * 3600 - 0.5), SignatureFault.STALE),
    "iat a fraction too far": (bearer(iat=NOW_S + 300.5), SignatureFault.FUTURE),
    "iat NaN": (bearer(iat=float("nan")), SignatureFault.MALFORMED),
    "iat infinite": (bearer(iat=float("inf")), SignatureFault.MALFORMED),
    "iat minus infinite": (bearer(iat=float("-inf")), SignatureFault.MALFORMED),
    "iat a list": (bearer(iat=[NOW_S]), SignatureFault.MALFORMED),
    "iat string": (bearer(iat=str(NOW_S)), SignatureFault.MALFORMED),
    "iat enormous": (bearer(iat=10**30), SignatureFault.MALFORMED),
    "iat missing": (bearer(iat=...), SignatureFault.MALFORMED),
    "jti a number": (bearer(jti=7), SignatureFault.MALFORMED),
    "application_id a list": (bearer(application_id=[]), SignatureFault.MALFORMED),
    "another scheme": ("Basic YTpi", SignatureFault.MALFORMED),
    "two parts": ("Bearer a.b", SignatureFault.MALFORMED),
    "four parts": (f"Bearer {VECTOR}.x", SignatureFault.MALFORMED),
    "a token of 1 MB": ("Bearer " + "a" * 1_000_000, SignatureFault.MALFORMED),
    "a token outside ASCII": ("Bearer \u00e9.\u00e9.\u00e9", SignatureFault.MALFORMED),
    "a lone surrogate": ("Bearer \ud800.a.b", SignatureFault.MALFORMED),
    "plain base64": ("Bearer e+/9.e30.x", SignatureFault.MALFORMED),
    "a padded header": ("Bearer e30=.e30.x", SignatureFault.MALFORMED),
    "a header that is a list": (unsigned([]), SignatureFault.MALFORMED),
    "claims that are a list": (
        unsigned({"alg": "HS256", "typ": "JWT"}, [1]),
        SignatureFault.MALFORMED,
    ),
}


@pytest.mark.parametrize(("authorization", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_a_token_is_refused_for_its_fault(authorization: str | None, fault: SignatureFault) -> None:
    assert verify(authorization) is fault


ACCEPTED = {
    "S8 hash in upper case": bearer(payload_hash=hashlib.sha256(BODY).hexdigest().upper()),
    "S10 iat 23 h old": bearer(iat=NOW_S - 23 * 3600),
    "iat with a fraction": bearer(iat=NOW_S + 0.123456),
    "iat with a fraction that is none": bearer(iat=float(NOW_S)),
    "S10 iat as old as allowed": bearer(iat=NOW_S - 25 * 3600),
    "S11 iat as far ahead as allowed": bearer(iat=NOW_S + 300),
    "the secret that is being rotated out": bearer(OLD_SECRET),
    "no jti": bearer(jti=...),
    "no application_id": bearer(application_id=...),
    "header members in another order": bearer(headers={"kid": "1"}),
    "scheme in lower case": f"bearer {VECTOR}",
}


@pytest.mark.parametrize("authorization", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_token_is_trusted(authorization: str) -> None:
    assert isinstance(verify(authorization), SignedClaims)


@pytest.mark.parametrize("body", [BODY + b" ", b"", BODY.replace(b":", b": ")])
def test_s9_a_body_written_again_does_not_match_its_token(body: bytes) -> None:
    assert verify(f"Bearer {VECTOR}", body) is SignatureFault.HASH_MISMATCH


@given(st.binary(max_size=200), st.text(min_size=32, max_size=64), st.integers(0, 2**40))
def test_pyjwt_accepts_what_we_sign(body: bytes, secret: str, issued_at_s: int) -> None:
    token = sign_body(
        body,
        secret=secret,
        api_key=API_KEY,
        application_id=APPLICATION_ID,
        issued_at_s=issued_at_s,
        token_id=TOKEN_ID,
    )
    decoded = jwt.decode(token, secret, algorithms=["HS256"], options={"verify_iat": False})
    assert decoded == claims(iat=issued_at_s, payload_hash=hashlib.sha256(body).hexdigest())


@given(st.binary(max_size=200), st.integers(-25 * 3600, 300))
def test_we_accept_what_pyjwt_signs(body: bytes, offset_s: int) -> None:
    digest = hashlib.sha256(body).hexdigest()
    verified = verify(bearer(iat=NOW_S + offset_s, payload_hash=digest), body)
    assert isinstance(verified, SignedClaims)


@given(st.text() | st.text().map("Bearer {}".format), st.binary())
def test_no_header_makes_verification_raise(authorization: str, body: bytes) -> None:
    assert isinstance(verify(authorization, body), SignatureFault)


@given(st.none() | st.integers() | st.text() | st.lists(st.text()), st.binary(max_size=80))
def test_no_claims_make_verification_raise(value: object, segment: bytes) -> None:
    signed = bearer(iat=value, jti=value, application_id=value, payload_hash=value)
    raw = base64.urlsafe_b64encode(segment).rstrip(b"=").decode()
    outcomes = verify(signed), verify(f"Bearer {raw}.{raw}.{raw}")
    assert all(isinstance(outcome, SignatureFault) for outcome in outcomes)


@given(st.integers(0, len(VECTOR) - 1), st.characters(min_codepoint=33, max_codepoint=126))
def test_no_altered_character_leaves_a_token_trusted(index: int, character: str) -> None:
    altered = VECTOR[:index] + character + VECTOR[index + 1 :]
    trusted = isinstance(verify(f"Bearer {altered}"), SignedClaims)
    assert trusted == (altered == VECTOR)
