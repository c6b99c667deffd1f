"""Where values come from: environment, file, secrets in files; and names that mean nothing."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from gateway.settings import (
    Origin,
    Secret,
    load_settings,
    read_settings,
)
from tests.gateway.settings.loading import (
    MINIMAL,
    TWO_TABLES,
    fault_of,
    faults_of,
    load,
    toml,
)


class TestUnknownNames:
    def test_an_unknown_variable_with_our_prefix_is_a_fault(self) -> None:
        assert "docs/settings.md" in fault_of(GATEWAY_QUUX_ZZZ="1")

    def test_a_misspelt_variable_is_answered_with_the_right_one(self) -> None:
        assert fault_of(GATEWAY_HORIZN="1").endswith("did you mean GATEWAY_HORIZON?")

    def test_a_misspelt_prefix_is_noticed(self) -> None:
        assert fault_of(GATWAY_HORIZON="1").endswith("did you mean GATEWAY_HORIZON?")

    def test_a_misspelt_variable_of_the_account_is_answered_with_the_nearest(self) -> None:
        # The previous secret, which is not set, is similar; the current one is more so.
        assert fault_of(VONAGE_SIGNATURE_SECRT="x") == (
            "VONAGE_SIGNATURE_SECRT is not a setting; did you mean VONAGE_SIGNATURE_SECRET?"
        )

    @pytest.mark.parametrize("name", ["VONAGE_API_SIGNATURE_SECRET", "VONAGE_API_KEYS"])
    def test_a_variable_that_only_resembles_what_is_set_is_left_alone(self, name: str) -> None:
        assert load(**{name: "x"}).warnings == ()

    @pytest.mark.parametrize("name", ["VONAGE_NUMBER", "MY_GATEWAY_PORT", "PATH", "VIRTUAL_ENV"])
    def test_variables_of_other_programs_are_not_our_business(self, name: str) -> None:
        assert load(**{name: "x"}).port == 8080

    def test_the_variables_of_the_process_are_known(self) -> None:
        assert load(GATEWAY_DEBUG="1").port == 8080

    def test_service_links_of_kubernetes_are_explained(self) -> None:
        assert "enableServiceLinks" in fault_of(GATEWAY_SERVICE_HOST="10.0.0.1")

    def test_an_unknown_key_in_the_file_is_a_fault(self, tmp_path: Path) -> None:
        (fault,) = faults_of(MINIMAL, toml(tmp_path, "horizn = 60"))
        assert fault == "horizn is not a setting; did you mean horizon?"

    @pytest.mark.parametrize("key", ["PORT", "GATEWAY_PORT", "gateway_port"])
    def test_a_key_written_like_a_variable_is_answered_with_the_key(
        self, tmp_path: Path, key: str
    ) -> None:
        (fault,) = faults_of(MINIMAL, toml(tmp_path, f"{key} = 1"))
        assert fault == f"{key} is not a setting; did you mean port?"

    def test_an_unknown_key_in_a_table_is_a_fault(self, tmp_path: Path) -> None:
        faults = faults_of({}, toml(tmp_path, TWO_TABLES + 'statusurl = "x"'))
        assert faults == ["applications[1].statusurl is not a setting; did you mean status_url?"]

    def test_a_setting_of_the_gateway_in_a_table_is_a_fault(self, tmp_path: Path) -> None:
        (fault,) = faults_of({}, toml(tmp_path, TWO_TABLES + "port = 1"))
        assert fault.startswith("applications[1].port is not a setting")


class TestFile:
    def test_keys_have_the_names_of_the_variables(self, tmp_path: Path) -> None:
        path = toml(tmp_path, "port = 9000\nworkflow_fee = 0.002\nrefuse = ['mms-text']")
        settings = load_settings(MINIMAL, path)
        assert (settings.port, settings.workflow_fee, sorted(settings.refuse)) == (
            9000,
            Decimal("0.002"),
            ["mms-text"],
        )

    def test_the_environment_wins(self, tmp_path: Path) -> None:
        path = toml(tmp_path, "port = 9000")
        assert load_settings({**MINIMAL, "GATEWAY_PORT": "9001"}, path).port == 9001

    def test_the_environment_can_name_the_file(self, tmp_path: Path) -> None:
        path = toml(tmp_path, "port = 9000")
        assert load(GATEWAY_CONFIG=str(path)).port == 9000

    def test_an_account_at_the_top_of_the_file_is_an_application(self, tmp_path: Path) -> None:
        text = 'api_key = "k"\napi_secret = "s"\nstatus_url = "https://example.com/s"'
        environ = {"GATEWAY_PUBLIC_URL": "https://gateway.example.com"}
        (application,) = load_settings(environ, toml(tmp_path, text)).applications
        assert application.api_secret == Secret("s")

    @pytest.mark.parametrize(
        "line", ["port = true", "host = 5", "accept = [1]", "accept = 3", "links = 1979-05-27"]
    )
    def test_a_value_of_the_wrong_type_is_a_fault(self, tmp_path: Path, line: str) -> None:
        (fault,) = faults_of(MINIMAL, toml(tmp_path, line))
        assert fault.startswith(f"{line.split(' ', maxsplit=1)[0]} is not ")

    def test_ports_can_be_a_list(self, tmp_path: Path) -> None:
        path = toml(tmp_path, "callback_ports = [9000, 9001]")
        assert sorted(load_settings(MINIMAL, path).callback_ports) == [9000, 9001]

    def test_the_path_of_a_secret_must_be_text(self, tmp_path: Path) -> None:
        environ = {**MINIMAL, "VONAGE_API_SECRET": ""}
        (fault,) = faults_of(environ, toml(tmp_path, "api_secret_file = 3"))
        assert fault.startswith("api_secret_file is not a path")

    def test_a_file_that_is_not_toml_is_named_with_reason_and_position(
        self, tmp_path: Path
    ) -> None:
        (fault,) = faults_of({}, toml(tmp_path, "port = 1\nport 2"))
        assert "is not TOML: expected '=' after a key" in fault
        assert "(line 2, column 6); mend the file." in fault

    @pytest.mark.parametrize("text", ["[canary]\n[canary]", 'a = "canary\x01"', "a = canary"])
    def test_what_is_not_toml_is_not_repeated(self, tmp_path: Path, text: str) -> None:
        (fault,) = faults_of({}, toml(tmp_path, text))
        assert "(line " in fault
        assert "canary" not in fault

    def test_a_missing_file_is_the_only_fault(self, tmp_path: Path) -> None:
        (fault,) = faults_of({}, tmp_path / "none.toml")
        assert "cannot be read (No such file or directory)" in fault

    def test_a_file_in_another_encoding_is_a_fault(self, tmp_path: Path) -> None:
        path = tmp_path / "gateway.toml"
        path.write_bytes(b"host = '\xe4'")
        (fault,) = faults_of({}, path)
        assert "UTF-8" in fault

    def test_applications_must_be_tables(self, tmp_path: Path) -> None:
        (fault,) = faults_of(MINIMAL, toml(tmp_path, "applications = 3"))
        assert "[[applications]]" in fault


class TestOrigins:
    def test_each_value_says_where_it_came_from(self, tmp_path: Path) -> None:
        reading = read_settings({**MINIMAL, "GATEWAY_PORT": "1"}, toml(tmp_path, "links='both'"))
        origins = {entry.label: entry.origin for entry in reading.entries}
        assert (origins["GATEWAY_PORT"], origins["links"], origins["GATEWAY_HOST"]) == (
            Origin.ENVIRONMENT,
            Origin.FILE,
            Origin.DEFAULT,
        )


def test_what_stands_outside_of_the_tables_and_has_no_credentials_is_of_none(
    tmp_path: Path,
) -> None:
    file = tmp_path / "gateway.toml"
    file.write_text(f"request_rate = 3\n{TWO_TABLES}")
    said = (
        "stands outside of the [[applications]] tables, where it would describe one more"
        " application, which has no credentials; move it into each table that it is meant for."
    )
    assert faults_of({"GATEWAY_MODE": "observe"}, file) == [
        f"GATEWAY_MODE {said}",
        f"request_rate {said}",
    ]
