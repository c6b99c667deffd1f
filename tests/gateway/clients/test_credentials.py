"""The `Authorization` of our sends."""

from __future__ import annotations

import base64
from typing import Any

import jwt

from gateway.clients.credentials import UpstreamCredentials
from gateway.settings import Application, Secret
from tests.gateway.keys import private_pem, rsa_key
from tests.support.clock import ManualClock

APP_ID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"


def application(app_id: str = APP_ID) -> Application:
    return Application(application_id=app_id, private_key_pem=Secret(private_pem()))


def claims(authorization: str) -> dict[str, Any]:
    return jwt.decode(
        authorization.removeprefix("Bearer "),
        rsa_key().public_key(),
        algorithms=["RS256"],
        options={"verify_exp": False, "verify_iat": False},
    )


def test_a_token_names_the_application_and_lives_fifteen_minutes() -> None:
    clock = ManualClock()
    said = claims(UpstreamCredentials(clock).authorization(application()))
    assert said["application_id"] == APP_ID
    assert said["iat"] == clock.wall_s()
    assert said["exp"] == clock.wall_s() + 900


def test_the_header_of_a_token_is_what_the_vendor_documents() -> None:
    token = UpstreamCredentials(ManualClock()).authorization(application())
    assert jwt.get_unverified_header(token.removeprefix("Bearer ")) == {
        "alg": "RS256",
        "typ": "JWT",
    }


def test_a_token_is_used_again_until_a_minute_before_its_end() -> None:
    clock = ManualClock()
    credentials = UpstreamCredentials(clock)
    first = credentials.authorization(application())
    clock.advance(839)
    assert credentials.authorization(application()) == first


def test_a_token_is_renewed_a_minute_before_its_end() -> None:
    clock = ManualClock()
    credentials = UpstreamCredentials(clock)
    credentials.authorization(application())
    clock.advance(840)
    assert claims(credentials.authorization(application()))["iat"] == clock.wall_s()


def test_a_token_from_the_future_is_not_used_after_the_clock_was_set_back() -> None:
    clock = ManualClock()
    credentials = UpstreamCredentials(clock)
    credentials.authorization(application())
    clock.advance(-60)
    assert claims(credentials.authorization(application()))["iat"] == clock.wall_s()


def test_a_forgotten_token_is_replaced_by_one_that_is_used_again() -> None:
    credentials = UpstreamCredentials(ManualClock())
    first = credentials.authorization(application())
    credentials.forget(application())
    fresh = credentials.authorization(application())
    assert fresh != first
    assert credentials.authorization(application()) == fresh


def test_the_tokens_of_other_applications_are_not_forgotten() -> None:
    credentials = UpstreamCredentials(ManualClock())
    first = credentials.authorization(application())
    account = Application(api_key="a1b2c3d", api_secret=Secret("secret"))
    credentials.forget(account)
    assert credentials.authorization(application()) == first


def test_every_token_has_an_identity_of_its_own() -> None:
    credentials = UpstreamCredentials(ManualClock())
    one = claims(credentials.authorization(application()))
    credentials.forget(application())
    other = claims(credentials.authorization(application()))
    assert one["jti"] != other["jti"]


def test_applications_do_not_share_tokens() -> None:
    credentials = UpstreamCredentials(ManualClock())
    other_id = "bbbbbbbb-bbbb-4ccc-8ddd-0123456789ab"
    credentials.authorization(application())
    other = credentials.authorization(application(other_id))
    assert claims(other)["application_id"] == other_id


def test_a_key_that_was_replaced_signs_no_more() -> None:
    credentials = UpstreamCredentials(ManualClock())
    replaced = Application(application_id=APP_ID, private_key_pem=Secret(private_pem("theirs")))
    credentials.authorization(replaced)
    assert claims(credentials.authorization(application()))["application_id"] == APP_ID


def test_a_send_that_began_before_a_key_was_replaced_leaves_nothing_behind() -> None:
    credentials = UpstreamCredentials(ManualClock())
    replaced = Application(application_id=APP_ID, private_key_pem=Secret(private_pem("theirs")))
    credentials.forget_all()
    credentials.authorization(replaced)
    assert claims(credentials.authorization(application()))["application_id"] == APP_ID


def test_without_a_private_key_the_account_authenticates() -> None:
    account = Application(api_key="a1b2c3d", api_secret=Secret("ü:secret"))
    header = UpstreamCredentials(ManualClock()).authorization(account)
    assert base64.b64decode(header.removeprefix("Basic ")).decode() == "a1b2c3d:ü:secret"
