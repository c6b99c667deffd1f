"""What must hold between settings, and what is allowed but doubtful."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import pytest

from gateway.settings import (
    load_settings,
)
from tests.gateway.keys import private_pem
from tests.gateway.settings.loading import (
    APP_ID,
    MINIMAL,
    SIGNATURE_SECRET,
    TWO_TABLES,
    fault_of,
    faults_of,
    load,
    toml,
)


class TestApplications:
    def test_an_account_is_needed(self) -> None:
        assert any("VONAGE_APPLICATION_ID with VONAGE_PRIVATE_KEY" in f for f in faults_of({}))

    def test_a_status_url_is_needed(self) -> None:
        environ = {name: text for name, text in MINIMAL.items() if name != "GATEWAY_STATUS_URL"}
        assert [fault.split(" ")[0] for fault in faults_of(environ)] == ["GATEWAY_STATUS_URL"]

    @pytest.mark.parametrize(
        ("missing", "words"),
        [
            ("VONAGE_API_KEY", "VONAGE_API_SECRET is set without VONAGE_API_KEY"),
            ("VONAGE_API_SECRET", "VONAGE_API_KEY or VONAGE_APPLICATION_ID is needed"),
        ],
    )
    def test_half_a_pair_of_credentials_is_a_fault(self, missing: str, words: str) -> None:
        environ = {name: text for name, text in MINIMAL.items() if name != missing}
        assert words in faults_of(environ)[0]

    def test_a_private_key_needs_its_application(self) -> None:
        fault = fault_of(VONAGE_PRIVATE_KEY=private_pem())
        assert fault.startswith("VONAGE_PRIVATE_KEY is set without VONAGE_APPLICATION_ID")

    def test_a_signature_secret_needs_its_account(self) -> None:
        environ = {
            "VONAGE_APPLICATION_ID": APP_ID,
            "VONAGE_PRIVATE_KEY": private_pem(),
            "VONAGE_SIGNATURE_SECRET": SIGNATURE_SECRET,
            "GATEWAY_STATUS_URL": "https://shop.example.com/status",
        }
        (fault,) = faults_of(environ)
        assert fault.startswith("VONAGE_SIGNATURE_SECRET is set without VONAGE_API_KEY")

    def test_a_previous_secret_needs_a_current_one(self) -> None:
        fault = fault_of(VONAGE_SIGNATURE_SECRET="", VONAGE_SIGNATURE_SECRET_PREVIOUS="x" * 32)
        assert fault.startswith("VONAGE_SIGNATURE_SECRET_PREVIOUS is set without")

    def test_tables_describe_applications_in_order(self, tmp_path: Path) -> None:
        settings = load_settings({}, toml(tmp_path, TWO_TABLES))
        assert [each.name for each in settings.applications] == ["a1b2c3d", APP_ID]

    def test_a_table_borrows_nothing_from_elsewhere(self, tmp_path: Path) -> None:
        text = TWO_TABLES.replace('status_url = "https://two.example.com/status"', "")
        faults = faults_of({**MINIMAL, "VONAGE_API_KEY": "other"}, toml(tmp_path, text))
        assert [fault.split(" ")[0] for fault in faults] == ["applications[1].status_url"]

    def test_the_environment_and_the_tables_are_separate_applications(self, tmp_path: Path) -> None:
        settings = load_settings({**MINIMAL, "VONAGE_API_KEY": "other"}, toml(tmp_path, TWO_TABLES))
        assert [each.name for each in settings.applications] == ["other", "a1b2c3d", APP_ID]

    @pytest.mark.parametrize("modes", [("observe", "gateway"), ("split", "paired")])
    def test_callers_with_the_secret_of_two_modes_are_refused_at_start(
        self, tmp_path: Path, modes: tuple[str, str]
    ) -> None:
        one, two = (f'mode = "{mode}"\nstatus_url' for mode in modes)
        text = two.join(one.join(TWO_TABLES.split("status_url", 1)).rsplit("status_url", 1))
        faults = faults_of({}, toml(tmp_path, text))
        assert faults[0].startswith(
            "applications[1].api_secret is that of applications[0].api_secret, whose mode is"
        )

    def test_applications_of_two_modes_may_have_secrets_of_their_own(self, tmp_path: Path) -> None:
        first, second = TWO_TABLES.rsplit('api_secret = "one"', 1)
        text = f'{first}api_secret = "two"\nmode = "observe"{second}'
        assert faults_of({}, toml(tmp_path, text)) == []

    def test_a_previous_secret_of_another_mode_is_refused_too(self, tmp_path: Path) -> None:
        first, second = TWO_TABLES.rsplit('api_secret = "one"', 1)
        text = f'{first}api_secret = "two"\napi_secret_previous = "one"\nmode = "observe"{second}'
        (fault,) = faults_of({}, toml(tmp_path, text))
        assert fault.startswith(
            "applications[1].api_secret_previous is that of applications[0].api_secret, whose mode"
        )

    def test_two_applications_of_one_account_need_ids_of_their_own(self, tmp_path: Path) -> None:
        text = TWO_TABLES.replace(f'application_id = "{APP_ID.upper()}"', "")
        (fault,) = faults_of({}, toml(tmp_path, text))
        assert fault.startswith("applications[1].api_key repeats applications[0].api_key")

    def test_an_application_id_is_there_once(self, tmp_path: Path) -> None:
        text = TWO_TABLES.replace(
            "[[applications]]", f'[[applications]]\napplication_id="{APP_ID}"', 1
        )
        (fault,) = faults_of({}, toml(tmp_path, text))
        assert fault.startswith("applications[1].application_id repeats applications[0]")


class TestProofs:
    """Without a URL per message and without a signature, nothing proves a webhook."""

    def test_an_application_needs_a_public_url_or_a_signature_secret(self) -> None:
        fault = fault_of(GATEWAY_PUBLIC_URL="", VONAGE_SIGNATURE_SECRET="")
        assert fault.startswith("VONAGE_SIGNATURE_SECRET is not set, nor is GATEWAY_PUBLIC_URL")

    def test_an_account_without_a_secret_is_named_where_it_stands(self, tmp_path: Path) -> None:
        text = """
        [[applications]]
        api_key = "second"
        api_secret = "two"
        status_url = "https://two.example.com/status"
        """
        (fault,) = faults_of({**MINIMAL, "GATEWAY_PUBLIC_URL": ""}, toml(tmp_path, text))
        assert fault.startswith("applications[0].signature_secret is not set")

    def test_the_secret_of_a_sister_of_the_same_account_will_do(self, tmp_path: Path) -> None:
        text = TWO_TABLES.replace('public_url = "https://gateway.example.com"', "").replace(
            'api_secret = "one"', f'api_secret = "one"\nsignature_secret = "{SIGNATURE_SECRET}"', 1
        )
        assert faults_of({}, toml(tmp_path, text)) == []

    def test_a_public_url_that_cannot_be_used_is_one_fault(self) -> None:
        fault = fault_of(GATEWAY_PUBLIC_URL="nonsense", VONAGE_SIGNATURE_SECRET="")
        assert fault.startswith("GATEWAY_PUBLIC_URL")


class TestWarnings:
    @pytest.mark.parametrize(
        ("variable", "text", "words"),
        [
            ("VONAGE_SIGNATURE_SECRET", "short", "shorter than the 32 bytes"),
            ("VONAGE_SIGNATURE_SECRET", "", "callbacks are not signed"),
            ("VONAGE_APPLICATION_ID", APP_ID, "JWT are refused"),
            ("GATEWAY_PUBLIC_URL", "", "webhooks reach the gateway only if"),
            ("GATEWAY_SQLITE_SYNCHRONOUS", "normal", "power loss"),
            ("GATEWAY_STATUS_URL", "https://example.com/?a=b", "query string"),
        ],
    )
    def test_what_is_probably_not_meant_is_named(
        self, variable: str, text: str, words: str
    ) -> None:
        (doubt,) = load(**{variable: text}).warnings
        assert words in str(doubt)


class TestObserving:
    OBSERVED: ClassVar = {
        "VONAGE_API_KEY": "a1b2c3d",
        "VONAGE_API_SECRET": "s3cret-of-the-account",
        "GATEWAY_MODE": "observe",
    }

    def test_neither_a_status_url_nor_a_proof_of_webhooks_is_needed(self) -> None:
        assert faults_of(self.OBSERVED) == []

    def test_without_a_status_url_it_is_said_what_is_not_seen(self) -> None:
        (doubt,) = load_settings(self.OBSERVED).warnings
        assert doubt.name == "GATEWAY_STATUS_URL"
        assert "cannot be relayed" in doubt.problem

    def test_who_may_take_over_needs_what_serving_needs(self) -> None:
        faults = faults_of({**self.OBSERVED, "GATEWAY_LEGACY_GONE": "gateway"})
        assert [fault.split(" ")[0] for fault in faults] == [
            "VONAGE_SIGNATURE_SECRET",
            "GATEWAY_STATUS_URL",
        ]
