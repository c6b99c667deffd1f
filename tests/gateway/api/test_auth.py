"""Authentication of callers; the rows A1 to A23 of the catalogue of bad input, and good input."""

from __future__ import annotations

import gzip

import pytest

from gateway.api.auth import Authenticator, AuthFault
from gateway.settings import Application, Secret
from tests.gateway.api.tokens import (
    ABSENT,
    APP_ID,
    NOW,
    OTHER_ID,
    b64,
    basic,
    bearer,
    claims,
    keyed_with_public_key,
    sign,
    unsigned,
)
from tests.gateway.keys import private_pem
from tests.support.clock import ManualClock

SHOP = Application(
    api_key="a1b2c3d",
    api_secret=Secret("s3cret:with-colon-ü"),
    application_id=APP_ID,
    private_key_pem=Secret(private_pem()),
    status_url="https://example.com/",
)
SIBLING = Application(
    api_key="a1b2c3d",
    api_secret=Secret("another"),
    application_id=OTHER_ID,
    private_key_pem=Secret(private_pem("theirs")),
    status_url="https://example.com/",
)


class Caller:
    """Somebody who tries to be let in."""

    def __init__(self, *applications: Application) -> None:
        self.clock = ManualClock()
        self.authenticator = Authenticator(applications or (SHOP,), self.clock, leeway_s=60)

    def tries(self, *headers: str | bytes) -> Application | AuthFault:
        raw = [each if isinstance(each, bytes) else each.encode() for each in headers]
        return self.authenticator.authenticate(
            [(b"host", b"localhost"), *((b"authorization", each) for each in raw)]
        )

    def bears(self, token: str) -> Application | AuthFault:
        return self.tries(bearer(token))

    def refused_for(self, *headers: str | bytes) -> tuple[str, int]:
        fault = self.tries(*headers)
        assert isinstance(fault, AuthFault)
        return fault.reason.value, fault.http_status


@pytest.fixture
def caller() -> Caller:
    return Caller()


GOOD = {
    "Basic": basic("a1b2c3d:s3cret:with-colon-ü"),
    "Basic, scheme in lower case": basic("a1b2c3d:s3cret:with-colon-ü").replace("Basic", "basic"),
    "Basic, white space around": f"  {basic('a1b2c3d:s3cret:with-colon-ü')} ",
    "Bearer": bearer(sign()),
    "Bearer, scheme in upper case": f"BEARER {sign()}",
    "A10 expired, at the end of the leeway": bearer(sign(claims(iat=NOW - 960, exp=NOW - 60))),
    "A11 issued ahead, within the leeway": bearer(sign(claims(iat=NOW + 60))),
    "A12 no exp, younger than fifteen minutes": bearer(sign(claims(exp=ABSENT))),
    "A13 exp a day after iat": bearer(sign(claims(exp=NOW + 86_400))),
    "A16 jku and its like are ignored": "Bearer "
    + sign(
        header={"jku": "http://127.0.0.1:1/", "x5u": "http://127.0.0.1:1/", "jwk": {}, "x5c": []}
    ),
    "A17 a plain kid is ignored": bearer(sign(header={"kid": APP_ID})),
    "A25 an acl claim is not judged": bearer(sign(claims(acl={"paths": {}}))),
    "application id in upper case": bearer(sign(claims(application_id=APP_ID.upper()))),
    "fractions in iat and nbf": bearer(sign(claims(iat=NOW - 0.5, nbf=NOW - 0.5))),
    "A14 exp with a fraction": bearer(sign(claims(exp=NOW + 900.5))),
    "fractions everywhere": bearer(sign(claims(iat=NOW - 0.5, nbf=NOW - 0.25, exp=NOW + 0.75))),
    "a fraction in iat and no exp": bearer(sign(claims(iat=NOW - 0.5, exp=ABSENT))),
    "A24 a jti that is in every token": bearer(sign(claims(jti="always"))),
    "no jti": bearer(sign(claims(jti=ABSENT))),
    "no typ": bearer(sign(header={"typ": None})),
    "unknown claims": bearer(sign(claims(sub="alice", anything=[1]))),
}

BAD = {
    "A2 not base64": ("malformed", "Basic !!!"),
    "A2 no padding": ("malformed", basic("a1b2c3d:se").rstrip("=")),
    "A2 no colon": ("malformed", basic("a1b2c3d")),
    "A2 colon only": ("wrong_secret", basic(":")),
    "A2 nothing": ("malformed", "Basic "),
    "A2 1 MB": ("too_long", basic(b"a1b2c3d:" + b"x" * 1_000_000)),
    "A3 not UTF-8": ("malformed", basic(b"a1b2c3d:\xff\xfe")),
    "A4 wrong secret": ("wrong_secret", basic("a1b2c3d:wrong")),
    "A4 no secret": ("wrong_secret", basic("a1b2c3d:")),
    "A4 unknown key": ("wrong_secret", basic("stranger:s3cret:with-colon-ü")),
    "A5 both in one header": (
        "malformed",
        f"{basic('a1b2c3d:s3cret:with-colon-ü')}, Bearer {sign()}",
    ),
    "A6 none": ("algorithm", bearer(unsigned("none"))),
    "A6 None": ("algorithm", bearer(unsigned("None"))),
    "A6 nOnE": ("algorithm", bearer(unsigned("nOnE"))),
    "A7 HS256 with the public key": ("algorithm", bearer(keyed_with_public_key())),
    "A8 RS512": ("algorithm", bearer(sign(algorithm="RS512"))),
    "A8 PS256": ("algorithm", bearer(sign(algorithm="PS256"))),
    "A8 ES256 claimed": ("algorithm", bearer(sign(header={"alg": "ES256"}))),
    "A8 rs256": ("algorithm", bearer(sign(header={"alg": "rs256"}))),
    "A8 alg is a list": ("algorithm", bearer(sign(header={"alg": ["RS256"]}))),
    "A9 key of another application": ("signature", bearer(sign(key="theirs"))),
    "A9 application of another": (
        "signature",
        bearer(sign(claims(application_id=OTHER_ID), key="theirs")),
    ),
    "A26 an application that is not there any more": (
        "signature",
        bearer(sign(claims(application_id="dddddddd-bbbb-4ccc-8ddd-0123456789ab"))),
    ),
    "A9 no application": ("claims", bearer(sign(claims(application_id=ABSENT)))),
    "A9 application is a number": ("claims", bearer(sign(claims(application_id=1)))),
    "A10 expired beyond the leeway": ("expired", bearer(sign(claims(iat=NOW - 961, exp=NOW - 61)))),
    "A11 iat in the future": ("not_yet_valid", bearer(sign(claims(iat=NOW + 61, exp=NOW + 900)))),
    "A11 nbf in the future": ("not_yet_valid", bearer(sign(claims(nbf=NOW + 61)))),
    "A12 no exp, older than fifteen minutes": (
        "expired",
        bearer(sign(claims(iat=NOW - 961, exp=ABSENT))),
    ),
    "A12 no iat": ("claims", bearer(sign(claims(iat=ABSENT)))),
    "A13 exp in 30 days": ("lifetime", bearer(sign(claims(exp=NOW + 30 * 86_400)))),
    "A13 exp a day and a second after iat": ("lifetime", bearer(sign(claims(exp=NOW + 86_401)))),
    "A14 exp string": ("claims", bearer(sign(claims(exp=str(NOW + 900))))),
    "A14 exp a fraction, past": ("expired", bearer(sign(claims(iat=NOW - 961, exp=NOW - 60.5)))),
    "A14 exp a fraction, too far": ("lifetime", bearer(sign(claims(exp=NOW + 86_400.5)))),
    "A14 exp infinite": ("malformed", bearer(sign(claims(exp=float("inf"))))),
    "A14 exp a list": ("claims", bearer(sign(claims(exp=[NOW + 900])))),
    "A14 exp NaN": ("malformed", bearer(sign(claims(exp=float("nan"))))),
    "A14 exp 10^30": ("claims", bearer(sign(claims(exp=10**30)))),
    "A14 exp -1": ("expired", bearer(sign(claims(exp=-1)))),
    "A14 exp bool": ("claims", bearer(sign(claims(exp=True)))),
    "A14 exp null": ("claims", bearer(sign(claims(exp=None)))),
    "A15 iat bool": ("claims", bearer(sign(claims(iat=True)))),
    "A15 iat string": ("claims", bearer(sign(claims(iat=str(NOW))))),
    "A15 iat 10^30": ("claims", bearer(sign(claims(iat=10**30, exp=ABSENT)))),
    "A15 nbf bool": ("claims", bearer(sign(claims(nbf=True)))),
    "A16 key offered in the header": (
        "signature",
        bearer(sign(key="theirs", header={"jwk": {"kty": "RSA"}})),
    ),
    "A17 kid is a path": ("header", bearer(sign(header={"kid": "../key"}))),
    "A17 kid is SQL": ("header", bearer(sign(header={"kid": "' OR 1=1 --"}))),
    "A17 kid is 1 MB": ("too_long", bearer(sign(header={"kid": "k" * 1_000_000}))),
    "A17 kid is a number": ("header", bearer(sign(header={"kid": 7}))),
    "A18 crit": ("header", bearer(sign(header={"crit": ["exp"]}))),
    "A18 b64 false": ("header", bearer(sign(header={"b64": False}))),
    "A18 b64 false and crit": ("header", bearer(sign(header={"b64": False, "crit": ["b64"]}))),
    "A19 two parts": ("malformed", bearer(sign().rpartition(".")[0])),
    "A19 four parts": ("malformed", bearer(f"{sign()}.x")),
    "A19 five dots": ("malformed", bearer(f"{sign()}...")),
    "A19 no signature": ("signature", bearer(sign().rpartition(".")[0] + ".")),
    "A19 only dots": ("malformed", "Bearer .."),
    "A19 padding": ("malformed", bearer(sign() + "==")),
    "A19 white space inside": ("malformed", bearer(sign().replace(".", ". ", 1))),
    "A19 Unicode": ("malformed", bearer(sign() + "\u00e9")),
    "A19 the other alphabet": ("malformed", "Bearer +/+/.+/+/.+/+/"),
    "A20 payload is a list": ("malformed", bearer(sign(b"[1]"))),
    "A20 payload is deep": ("malformed", bearer(sign(b"[" * 5000))),
    "A20 payload has a lone surrogate": (
        "malformed",
        bearer(sign(b'{"application_id": "\\ud800"}')),
    ),
    "A20 payload is not UTF-8": ("malformed", bearer(sign(b"\xff"))),
    "A20 payload is empty": ("malformed", bearer(sign(b""))),
    "A21 JWE": ("malformed", bearer(b64(b'{"alg":"RSA-OAEP","enc":"A256GCM"}') + ".YQ.YQ.YQ.YQ")),
    "A21 enc in the header": ("header", bearer(sign(header={"enc": "A256GCM"}))),
    "A22 zip": ("malformed", bearer(sign(gzip.compress(b"0" * 10_000), header={"zip": "DEF"}))),
    "A22 zip, plain claims": ("header", bearer(sign(header={"zip": "DEF"}))),
    "A23 1 MB": ("too_long", bearer(sign(claims(acl="x" * 1_000_000)))),
    "another scheme": ("scheme", "Digest username=a1b2c3d"),
    "no scheme": ("scheme", sign()),
    "empty": ("scheme", ""),
}


@pytest.mark.parametrize("header", GOOD.values(), ids=GOOD.keys())
def test_good_credentials_name_their_application(caller: Caller, header: str) -> None:
    assert caller.tries(header) is SHOP


@pytest.mark.parametrize(("reason", "header"), BAD.values(), ids=BAD.keys())
def test_bad_credentials_are_answered_401(caller: Caller, reason: str, header: str) -> None:
    assert caller.refused_for(header) == (reason, 401)


def test_a1_no_credentials_are_answered_401(caller: Caller) -> None:
    assert caller.refused_for() == ("missing", 401)


def test_a5_and_h41_two_authorization_headers_are_answered_400(caller: Caller) -> None:
    good = basic("a1b2c3d:s3cret:with-colon-ü")
    assert caller.refused_for(good, bearer(sign())) == ("repeated", 400)


def test_a4_a_stranger_and_a_wrong_secret_get_the_same_answer(caller: Caller) -> None:
    stranger = caller.refused_for(basic("stranger:x"))
    assert stranger == caller.refused_for(basic("a1b2c3d:x")) == ("wrong_secret", 401)


def test_an_unknown_application_and_a_wrong_key_get_the_same_answer(caller: Caller) -> None:
    stranger = caller.refused_for(bearer(sign(claims(application_id=OTHER_ID))))
    assert stranger == caller.refused_for(bearer(sign(key="theirs"))) == ("signature", 401)


def test_with_one_account_for_two_applications_the_first_answers_basic() -> None:
    caller = Caller(SHOP, SIBLING)
    assert caller.tries(basic("a1b2c3d:s3cret:with-colon-ü")) is SHOP


def test_an_application_answers_to_a_secret_that_is_its_own_alone() -> None:
    caller = Caller(SHOP, SIBLING)
    assert caller.tries(basic("a1b2c3d:another")) is SIBLING


ROTATING = Application(
    api_key="a1b2c3d",
    api_secret=Secret("the-new-one"),
    api_secret_previous=Secret("the-old-one"),
    status_url="https://example.com/",
)


@pytest.mark.parametrize("secret", ["the-new-one", "the-old-one"])
def test_either_of_an_account_s_two_secrets_is_good(secret: str) -> None:
    assert Caller(ROTATING).tries(basic(f"a1b2c3d:{secret}")) is ROTATING


@pytest.mark.parametrize("account", ["a1b2c3d:the-newest", "a1b2c3d:", "stranger:the-old-one"])
def test_two_secrets_let_nobody_else_in(account: str) -> None:
    assert Caller(ROTATING).refused_for(basic(account)) == ("wrong_secret", 401)


@pytest.mark.parametrize("account", ["a1b2c3d", "single", "stranger"])
def test_whoever_calls_is_compared_as_often_as_anybody(
    account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[bytes] = []
    monkeypatch.setattr(
        "gateway.api.auth.hmac.compare_digest", lambda known, given: compared.append(known)
    )
    single = Application(api_key="single", api_secret=Secret("s"), status_url="https://a.example/")
    Caller(ROTATING, single).tries(basic(f"{account}:the-new-one"))
    assert len(compared) == 2


def test_who_replaces_the_applications_replaces_what_is_good() -> None:
    caller = Caller(SHOP)
    caller.bears(token := sign())
    caller.authenticator.replace([ROTATING])
    assert caller.refused_for(bearer(token)) == ("signature", 401)
    assert caller.refused_for(basic("a1b2c3d:s3cret:with-colon-ü")) == ("wrong_secret", 401)
    assert caller.tries(basic("a1b2c3d:the-new-one")) is ROTATING


def test_each_application_of_an_account_answers_to_its_own_key() -> None:
    caller = Caller(SHOP, SIBLING)
    assert caller.bears(sign(claims(application_id=OTHER_ID), key="theirs")) is SIBLING


def test_a_token_does_not_speak_for_the_other_application_of_the_account() -> None:
    caller = Caller(SHOP, SIBLING)
    token = sign(claims(application_id=OTHER_ID))
    assert caller.refused_for(bearer(token)) == ("signature", 401)


def test_without_any_key_no_token_is_good() -> None:
    caller = Caller(Application(api_key="a1b2c3d", api_secret=Secret("s")))
    assert caller.refused_for(bearer(sign())) == ("signature", 401)


def test_without_an_api_secret_basic_is_not_good() -> None:
    caller = Caller(Application(application_id=APP_ID, private_key_pem=Secret(private_pem())))
    assert caller.refused_for(basic("a1b2c3d:")) == ("wrong_secret", 401)


def test_a_token_may_be_used_many_times(caller: Caller) -> None:
    token = sign()
    assert {caller.bears(token) is SHOP for _ in range(3)} == {True}


def test_a_token_that_was_good_ends_with_its_life(caller: Caller) -> None:
    token = sign()
    caller.bears(token)
    caller.clock.advance(961)
    assert caller.refused_for(bearer(token)) == ("expired", 401)


def test_a_good_token_does_not_vouch_for_one_that_differs_in_the_signature(
    caller: Caller,
) -> None:
    token = sign()
    caller.bears(token)
    head, _, signature = token.rpartition(".")
    forged = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
    assert caller.refused_for(bearer(forged)) == ("signature", 401)


def test_the_memory_of_tokens_is_bounded(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.api.auth._MAX_VERIFIED", 2)
    for number in range(4):
        caller.bears(sign(claims(jti=str(number))))
    assert len(caller.authenticator._verified) == 2
