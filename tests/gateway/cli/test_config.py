"""`config check` and `config show`."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli.main import run

Output = pytest.CaptureFixture[str]


class TestCheck:
    def test_good_settings_end_with_0(self, capsys: Output) -> None:
        assert run(["config", "check"]) == 0
        out, err = capsys.readouterr()
        assert (out, err) == ("The settings can be used. Applications: 1.\n", "")

    def test_faults_end_with_2_and_are_all_named(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_PORT", "x")
        environment.setenv("GATEWAY_LINKS", "y")
        assert run(["config", "check"]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert [line.split(" ")[0] for line in err.splitlines()] == [
            "GATEWAY_PORT",
            "GATEWAY_LINKS",
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

    def test_a_file_is_read(self, tmp_path: Path, capsys: Output) -> None:
        path = tmp_path / "gateway.toml"
        path.write_text("prot = 1")
        assert run(["config", "check", "--config", str(path)]) == 2
        assert capsys.readouterr().err == "prot is not a setting; did you mean port?\n"

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
        assert line.startswith(variable)

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
        assert capsys.readouterr().err.endswith("did you mean trailing-null?\n")

    def test_a_rule_cannot_be_switched_both_ways(
        self, environment: pytest.MonkeyPatch, capsys: Output
    ) -> None:
        environment.setenv("GATEWAY_ACCEPT", "trailing-null")
        environment.setenv("GATEWAY_REFUSE", "trailing-null")
        assert run(["config", "check"]) == 2
        assert "GATEWAY_ACCEPT and GATEWAY_REFUSE" in capsys.readouterr().err


class TestShow:
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
        assert err.startswith("GATEWAY_PORT")
