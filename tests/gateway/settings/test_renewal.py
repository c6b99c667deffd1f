"""What a running gateway takes over of settings that are read anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.settings import Secret, Settings, load_settings
from gateway.settings.renewal import renew
from tests.gateway.settings.loading import APP_ID, SIGNATURE_SECRET, TWO_TABLES, load, toml

NEW_SECRET = "gateway-test-signature-secret-0002"


def tables(folder: Path, text: str = TWO_TABLES) -> Settings:
    return load_settings({}, toml(folder, text))


def signed(text: str = TWO_TABLES) -> str:
    """Return the tables with a signature secret in the second."""
    return text.replace("inbound_url", f'signature_secret = "{SIGNATURE_SECRET}"\ninbound_url')


@pytest.mark.parametrize(
    ("variables", "changed"),
    [
        ({"VONAGE_SIGNATURE_SECRET": NEW_SECRET}, ("VONAGE_SIGNATURE_SECRET",)),
        ({"VONAGE_SIGNATURE_SECRET_PREVIOUS": NEW_SECRET}, ("VONAGE_SIGNATURE_SECRET",)),
        ({"VONAGE_API_SECRET": "another"}, ("VONAGE_API_SECRET",)),
        ({"VONAGE_API_SECRET_PREVIOUS": "another"}, ("VONAGE_API_SECRET_PREVIOUS",)),
    ],
)
def test_secrets_are_taken_over_and_named(
    variables: dict[str, str], changed: tuple[str, ...]
) -> None:
    running, read = load(), load(**variables)
    renewal = renew(running, read)
    assert renewal.settings == read
    assert [each.variables for each in renewal.renewed] == [changed]
    assert renewal.accounts == frozenset({"a1b2c3d"})
    assert renewal.needs_restart == ()


def test_settings_that_are_the_same_change_nothing() -> None:
    renewal = renew(load(), load())
    assert (renewal.settings, renewal.renewed, renewal.needs_restart) == (load(), (), ())


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("GATEWAY_PORT", "8082", "GATEWAY_PORT"),
        ("GATEWAY_HOST", "0.0.0.0", "GATEWAY_HOST"),
        ("GATEWAY_STORE", "sqlite:///other.db", "GATEWAY_STORE"),
        ("GATEWAY_UPSTREAM", "https://api-eu.vonage.com", "GATEWAY_UPSTREAM"),
        ("GATEWAY_TRACE_KEY", "a-key-of-sixteen-characters", "GATEWAY_TRACE_KEY"),
        (
            "GATEWAY_STATUS_URL",
            "https://elsewhere.example.com/",
            "GATEWAY_STATUS_URL of application a1b2c3d",
        ),
        ("GATEWAY_MODE", "observe", "GATEWAY_MODE of application a1b2c3d"),
    ],
)
def test_what_is_no_secret_of_an_application_needs_a_restart(
    variable: str, value: str, named: str
) -> None:
    renewal = renew(load(), load(**{variable: value, "VONAGE_API_SECRET": "another"}))
    assert named in renewal.needs_restart
    assert renewal.settings == load(VONAGE_API_SECRET="another")


def test_an_application_with_another_key_keeps_its_secrets(tmp_path: Path) -> None:
    running = tables(tmp_path)
    text = TWO_TABLES.replace('"a1b2c3d"', '"other"').replace('"one"', '"two"')
    renewal = renew(running, tables(tmp_path, text))
    assert renewal.settings == running
    assert renewal.needs_restart == (
        "application a1b2c3d, which is gone",
        f"VONAGE_API_KEY of application {APP_ID}",
        "application other, which is new",
    )


def test_one_application_can_change_alone(tmp_path: Path) -> None:
    running = tables(tmp_path)
    renewal = renew(running, tables(tmp_path, signed()))
    first, second = renewal.settings.applications
    assert first == running.applications[0]
    assert second.signature_secrets == (Secret(SIGNATURE_SECRET),)
    assert [each.application.name for each in renewal.renewed] == [APP_ID]


def test_an_application_that_is_gone_keeps_running_and_is_named(tmp_path: Path) -> None:
    running = tables(tmp_path)
    text = TWO_TABLES.rpartition("[[applications]]")[0]
    renewal = renew(running, tables(tmp_path, text))
    assert renewal.settings == running
    assert renewal.needs_restart == (f"application {APP_ID}, which is gone",)


def test_new_secrets_that_two_running_modes_would_share_are_refused(tmp_path: Path) -> None:
    apart = TWO_TABLES.replace("inbound_url", 'mode = "observe"\ninbound_url')
    head, _, tail = apart.rpartition('api_secret = "one"')
    running = tables(tmp_path, f'{head}api_secret = "two"{tail}')
    renewal = renew(running, tables(tmp_path))  # one mode and one secret for both
    assert [fault.name for fault in renewal.faults] == ["VONAGE_API_SECRET"]
