"""`config check` and `config show`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.checks import read_checked
from gateway.cli.main import run

Output = pytest.CaptureFixture[str]


class TestCheck:
    def test_good_settings_end_with_0(self, capsys: Output) -> None:
        assert run(["config", "check"]) == 0
        out, err = capsys.readouterr()
        assert (out, err) == ("The settings can be used. Applications: 1.\n", "")

    def test_the_help_says_what_is_not_checked(self, capsys: Output) -> None:
        run(["config", "check", "--help"])
        assert "The store is not opened" in capsys.readouterr().out

    def test_faults_end_with_2_and_are_all_named(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_PORT", "x")
        environment.setenv("GATEWAY_LINKS", "y")
        assert run(["config", "check"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert [line.split(" ")[:2] for line in err.splitlines()] == [
            ["dispatch-gateway:", "GATEWAY_PORT"],
            ["dispatch-gateway:", "GATEWAY_LINKS"],
        ]

    def test_doubts_are_named_and_end_with_0(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_SQLITE_SYNCHRONOUS", "normal")
        assert run(["config", "check"]) == 0
        assert "doubtful: GATEWAY_SQLITE_SYNCHRONOUS" in capsys.readouterr().err

    def test_doubts_end_with_1_when_strict(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("GATEWAY_SQLITE_SYNCHRONOUS", "normal")
        assert run(["config", "check", "--strict"]) == 1

    def test_a_format_is_for_what_is_found_live(self, capsys: Output) -> None:
        assert run(["config", "check", "--format", "json"]) == 2
        assert "--format is for what --live finds" in capsys.readouterr().err

    def test_a_file_is_read(self, tmp_path: Path, capsys: Output) -> None:
        path = tmp_path / "gateway.toml"
        path.write_text("prot = 1")
        assert run(["config", "check", "--config", str(path)]) == 2
        assert capsys.readouterr().err == (
            "dispatch-gateway: prot is not a setting; did you mean port?\n"
        )

    def test_a_missing_file_is_wrong_usage(self) -> None:
        assert run(["config", "check", "--config", "/no/such/file.toml"]) == 2

    @pytest.mark.parametrize(
        ("variable", "url"),
        [
            ("GATEWAY_STATUS_URL", "http://127.0.0.1:8080/"),
            ("GATEWAY_FINAL_REPORT_URL", "http://169.254.169.254/"),
            ("GATEWAY_INBOUND_URL", "https://example.com:22/"),
            ("GATEWAY_UPSTREAM", "http://localhost:8901"),
        ],
    )
    def test_a_url_that_would_not_be_called_is_a_fault(
        self, environment: pytest.MonkeyPatch, capsys: Output, variable: str, url: str
    ) -> None:
        environment.setenv(variable, url)
        assert run(["config", "check"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"dispatch-gateway: {variable}")

    def test_a_private_address_is_answered_with_the_setting_that_allows_it(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_UPSTREAM", "http://127.0.0.1:8901")
        run(["config", "check"])
        assert capsys.readouterr().err == (
            "dispatch-gateway: GATEWAY_UPSTREAM is refused: the host is not on the public internet;"
            " use one that is, or set GATEWAY_ALLOW_PRIVATE_CALLBACKS=true if this gateway serves a"
            " closed network.\n"
        )

    def test_an_address_that_nothing_allows_is_not_answered_with_a_setting(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_STATUS_URL", "http://169.254.169.254/")
        run(["config", "check"])
        assert capsys.readouterr().err.endswith("public internet; use one that is.\n")

    def test_a_port_is_answered_with_the_settings_that_allow_it(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_STATUS_URL", "https://example.com:22/")
        environment.setenv("GATEWAY_CALLBACK_PORTS", "9000")
        run(["config", "check"])
        assert capsys.readouterr().err == (
            "dispatch-gateway: GATEWAY_STATUS_URL of application a1b2c3d is refused: its port is"
            " not allowed; use 80, 443, 8080, 8443 or 9000, add it to GATEWAY_CALLBACK_PORTS, or"
            " set GATEWAY_ALLOW_PRIVATE_CALLBACKS=true for a closed network.\n"
        )

    def test_private_addresses_can_be_allowed(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("GATEWAY_STATUS_URL", "http://127.0.0.1:9000/")
        environment.setenv("GATEWAY_ALLOW_PRIVATE_CALLBACKS", "true")
        assert run(["config", "check"]) == 0

    def test_a_status_url_of_our_own_is_a_fault(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_STATUS_URL", "https://gateway.example.com/webhooks/status")
        assert run(["config", "check"]) == 2
        assert "it would call itself" in capsys.readouterr().err

    @pytest.mark.parametrize("switch", ["GATEWAY_ACCEPT", "GATEWAY_REFUSE"])
    def test_a_switch_that_no_rule_has_is_a_fault(
        self, environment: pytest.MonkeyPatch, capsys: Output, switch: str
    ) -> None:
        environment.setenv(switch, "trailing-nul")
        assert run(["config", "check"]) == 2
        assert capsys.readouterr().err == (
            f"dispatch-gateway: {switch} names trailing-nul, which is no rule with a switch;"
            " did you mean trailing-null?\n"
        )

    def test_an_entry_that_cannot_be_a_rule_is_not_repeated(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_REFUSE", "447700 900000")
        assert run(["config", "check"]) == 2
        assert "447700" not in capsys.readouterr().err

    def test_a_rule_can_be_switched_by_its_code(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("GATEWAY_REFUSE", "REQ144,trailing-null")
        reading = read_checked(None, {})
        assert reading.faults == ()
        assert reading.settings.refuse == {"address-as-number", "trailing-null"}

    def test_a_rule_cannot_be_switched_both_ways_by_code_and_name(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_ACCEPT", "REQ144")
        environment.setenv("GATEWAY_REFUSE", "address-as-number")
        assert run(["config", "check"]) == 2
        assert "in one of them: address-as-number." in capsys.readouterr().err

    def test_a_rule_cannot_be_switched_both_ways(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_ACCEPT", "trailing-null")
        environment.setenv("GATEWAY_REFUSE", "trailing-null")
        assert run(["config", "check"]) == 2
        assert "GATEWAY_ACCEPT and GATEWAY_REFUSE" in capsys.readouterr().err


class TestStore:
    def test_its_directory_must_exist(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_STORE", "sqlite:////no/such/place/gateway.db")
        assert run(["config", "check"]) == 2
        assert capsys.readouterr().err.startswith(
            "dispatch-gateway: GATEWAY_STORE names a file in a directory that does not exist; "
        )

    def test_its_directory_must_be_writable(
        self, environment: pytest.MonkeyPatch, capsys: Output, tmp_path: Path
    ) -> None:
        environment.setenv("GATEWAY_STORE", f"sqlite:///{tmp_path}/gateway.db")
        environment.setattr("os.access", lambda *_: False)  # the tests may run as root
        assert run(["config", "check"]) == 2
        assert "GATEWAY_STORE names a file that cannot be written" in capsys.readouterr().err

    def test_a_directory_is_not_a_file(
        self, environment: pytest.MonkeyPatch, capsys: Output, tmp_path: Path
    ) -> None:
        environment.setenv("GATEWAY_STORE", f"sqlite:///{tmp_path}")
        assert run(["config", "check"]) == 2
        assert "GATEWAY_STORE names a directory" in capsys.readouterr().err


class TestShow:
    def test_its_summary_is_not_cut_off(self, capsys: Output) -> None:
        run(["config", "--help"])
        assert "Print every setting; secrets are masked.\n" in capsys.readouterr().out

    def test_a_default_that_is_no_value_is_told(self, capsys: Output) -> None:
        run(["config", "show"])
        (line,) = [
            line for line in capsys.readouterr().out.splitlines() if "FINAL_REPORT_URL" in line
        ]
        assert line.split(maxsplit=1)[1].split("  ")[0] == "(the status URL)"

    def test_a_note_is_shown_without_the_marks_of_a_page(self, capsys: Output) -> None:
        run(["config", "show"])
        assert "(https://api.nexmo.com) " in capsys.readouterr().out

    def test_each_setting_has_its_value_and_origin(
        self, environment: pytest.MonkeyPatch, tmp_path: Path, capsys: Output
    ) -> None:
        path = tmp_path / "gateway.toml"
        path.write_text("links = 'workflow'")
        environment.setenv("GATEWAY_PORT", "9000")
        assert run(["config", "show", "--config", str(path)]) == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert ["GATEWAY_PORT", "9000", "environment"] in rows
        assert ["links", "workflow", "file"] in rows
        assert ["GATEWAY_HOST", "127.0.0.1", "default"] in rows

    def test_secrets_are_masked(self, capsys: Output) -> None:
        run(["config", "show"])
        out = capsys.readouterr().out
        assert "s3cret" not in out
        assert "signature-secret-0001" not in out
        assert ["VONAGE_API_SECRET", "********", "environment"] in [
            line.split() for line in out.splitlines()
        ]

    def test_faults_are_shown_beside_what_was_read(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_PORT", "x")
        assert run(["config", "show"]) == 2
        out, err = capsys.readouterr()
        assert "GATEWAY_LINKS" in out
        assert err.startswith("dispatch-gateway: GATEWAY_PORT")
