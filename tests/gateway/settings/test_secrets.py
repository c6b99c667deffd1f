"""Secrets and keys: read from files, never shown."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from gateway.settings import (
    Secret,
    load_settings,
)
from tests.gateway.keys import elliptic_pem, private_pem, public_pem
from tests.gateway.settings.loading import (
    APP_ID,
    MINIMAL,
    SIGNATURE_SECRET,
    fault_of,
    faults_of,
    load,
    toml,
)


class TestSecrets:
    def test_a_secret_is_read_from_the_file_its_variable_names(self, tmp_path: Path) -> None:
        path = tmp_path / "secret"
        path.write_text("from-a-file\n")
        environ = {**MINIMAL, "VONAGE_API_SECRET": "", "VONAGE_API_SECRET_FILE": str(path)}
        (application,) = load_settings(environ).applications
        assert application.api_secret == Secret("from-a-file")

    def test_in_the_file_paths_start_at_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "secret").write_text("from-a-file")
        text = 'api_key="k"\napi_secret_file="secret"\nstatus_url="https://example.com/"'
        environ = {"GATEWAY_PUBLIC_URL": "https://gateway.example.com"}
        (application,) = load_settings(environ, toml(tmp_path, text)).applications
        assert application.api_secret == Secret("from-a-file")

    def test_a_secret_set_twice_is_a_fault(self) -> None:
        assert fault_of(VONAGE_API_SECRET_FILE="/x").startswith(
            "VONAGE_API_SECRET and VONAGE_API_SECRET_FILE are both set"
        )

    def test_an_environment_secret_wins_over_a_file_reference(self, tmp_path: Path) -> None:
        path = toml(tmp_path, 'api_secret_file = "/nowhere"')
        (application,) = load_settings(MINIMAL, path).applications
        assert application.api_secret == Secret("s3cret-of-the-account")

    @pytest.mark.parametrize(
        ("content", "words"),
        [(None, "cannot be read"), (b" \n", "names an empty file"), (b"\xff", "not text")],
    )
    def test_an_unusable_secret_file_is_a_fault(
        self, tmp_path: Path, content: bytes | None, words: str
    ) -> None:
        path = tmp_path / "secret"
        path.write_bytes(content or b"")
        path = path if content is not None else tmp_path / "none"
        environ = {**MINIMAL, "VONAGE_API_SECRET": "", "VONAGE_API_SECRET_FILE": str(path)}
        (fault,) = faults_of(environ)
        assert words in fault

    def test_secrets_do_not_show_in_the_settings(self) -> None:
        settings = load(VONAGE_SIGNATURE_SECRET_PREVIOUS="gateway-test-signature-secret-0000")
        shown = f"{settings!r} {settings} {dataclasses.asdict(settings)}"
        assert "s3cret" not in shown
        assert "signature-secret-000" not in shown

    def test_the_current_signature_secret_comes_first(self) -> None:
        previous = "gateway-test-signature-secret-0000"
        (application,) = load(VONAGE_SIGNATURE_SECRET_PREVIOUS=previous).applications
        assert application.signature_secrets == (Secret(SIGNATURE_SECRET), Secret(previous))

    def test_callers_may_use_either_of_an_account_s_two_secrets(self) -> None:
        (application,) = load(VONAGE_API_SECRET_PREVIOUS="the-old-one").applications
        assert application.api_secrets == (Secret("s3cret-of-the-account"), Secret("the-old-one"))

    def test_our_sends_use_the_current_one(self) -> None:
        (application,) = load(VONAGE_API_SECRET_PREVIOUS="the-old-one").applications
        assert application.api_secret == Secret("s3cret-of-the-account")

    def test_the_other_secret_is_read_from_a_file_too(self, tmp_path: Path) -> None:
        (tmp_path / "old").write_text("the-old-one\n")
        loaded = load(VONAGE_API_SECRET_PREVIOUS_FILE=str(tmp_path / "old"))
        assert loaded.applications[0].api_secret_previous == Secret("the-old-one")

    def test_the_other_secret_alone_is_a_fault(self) -> None:
        environ = {**MINIMAL, "VONAGE_API_SECRET": "", "VONAGE_API_SECRET_PREVIOUS": "x"}
        assert "VONAGE_API_SECRET_PREVIOUS is set without VONAGE_API_SECRET" in " ".join(
            faults_of(environ)
        )

    def test_the_other_secret_does_not_show(self) -> None:
        settings = load(VONAGE_API_SECRET_PREVIOUS="the-old-one")
        assert "the-old-one" not in f"{settings!r} {dataclasses.asdict(settings)}"


class TestPrivateKey:
    @pytest.mark.parametrize("line_break", ["\n", "\\n"])
    def test_a_key_can_be_pem_text(self, line_break: str) -> None:
        pem = private_pem().strip().replace("\n", line_break)
        settings = load(VONAGE_APPLICATION_ID=APP_ID, VONAGE_PRIVATE_KEY=pem)
        key = settings.applications[0].private_key_pem
        assert key is not None
        assert key.reveal().strip() == private_pem().strip()

    def test_a_key_can_be_a_path(self, tmp_path: Path) -> None:
        path = tmp_path / "key.pem"
        path.write_text(private_pem())
        settings = load(VONAGE_APPLICATION_ID=APP_ID, VONAGE_PRIVATE_KEY=str(path))
        assert settings.applications[0].private_key_pem is not None

    def test_a_path_to_nowhere_is_a_fault(self) -> None:
        fault = fault_of(VONAGE_APPLICATION_ID=APP_ID, VONAGE_PRIVATE_KEY="/no/such/key")
        assert "cannot be read" in fault

    @pytest.mark.parametrize(
        ("pem", "words"),
        [
            (public_pem, "is a public key"),
            (lambda: private_pem(passphrase=b"x"), "passphrase"),
            (lambda: private_pem("short", bits=1024), "shorter than 2048 bits"),
            (elliptic_pem, "is not an RSA key"),
            (lambda: "-----BEGIN NONSENSE-----", "is not a private key"),
        ],
    )
    def test_another_kind_of_key_is_a_fault(self, pem: object, words: str) -> None:
        assert callable(pem)
        assert words in fault_of(VONAGE_APPLICATION_ID=APP_ID, VONAGE_PRIVATE_KEY=pem())
