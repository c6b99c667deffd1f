"""What a setting is when nobody sets it, and how its value is read."""

from __future__ import annotations

import dataclasses
from decimal import Decimal

import pytest

from gateway.settings import (
    Fault,
    Settings,
    SettingsFault,
    load_settings,
)
from gateway.settings.application import Application
from gateway.settings.rows import rows
from tests.gateway.settings.loading import (
    MINIMAL,
    fault_of,
    faults_of,
    load,
)


class TestDefaults:
    def test_the_least_configuration_has_one_application(self) -> None:
        (application,) = load().applications
        assert application.name == "a1b2c3d"

    def test_final_reports_go_to_the_status_url(self) -> None:
        (application,) = load().applications
        assert application.final_report_url == "https://shop.example.com/status"

    @pytest.mark.parametrize(
        ("attribute", "value"),
        [
            ("host", "127.0.0.1"),
            ("port", 8080),
            ("store", "sqlite:///dispatch-gateway.db"),
            ("upstream", "https://api.nexmo.com"),
            ("allow_private_callbacks", False),
            ("max_steps", 100),
            ("max_body", 262_144),
            ("horizon_s", 259_200),
            ("in_doubt_grace_s", 900),
            ("resend_in_doubt", "never"),
            ("sqlite_synchronous", "full"),
            ("workflow_fee", Decimal(0)),
            ("warnings", ()),
        ],
    )
    def test_what_is_not_set_has_its_default(self, attribute: str, value: object) -> None:
        assert getattr(load(), attribute) == value

    @pytest.mark.parametrize("owner", [Settings, Application])
    def test_every_row_reads_its_own_default_back(
        self, owner: type[Settings] | type[Application]
    ) -> None:
        plain = [row for _, row in rows(owner) if row.default not in (None, "", frozenset())]
        assert [row.parse(row.default) for row in plain] == [row.default for row in plain]

    def test_every_setting_is_a_row_of_the_table(self) -> None:
        fields = {field.name for field in dataclasses.fields(Settings)}
        assert fields == {name for name, _ in rows(Settings)} | {"applications", "warnings"}


class TestValues:
    @pytest.mark.parametrize(
        ("variable", "text", "attribute", "value"),
        [
            ("GATEWAY_PORT", " 9000 ", "port", 9000),
            ("GATEWAY_PORT", "0", "port", 0),
            ("GATEWAY_SEND_TIMEOUT", "0.1", "send_timeout_s", 0.1),
            ("GATEWAY_CALLBACK_TIMEOUT", "0.1", "callback_timeout_s", 0.1),
            ("GATEWAY_RETENTION_DAYS", "1", "retention_days", 1.0),
            ("GATEWAY_ALLOW_PRIVATE_CALLBACKS", "Yes", "allow_private_callbacks", True),
            ("GATEWAY_ALLOW_PRIVATE_CALLBACKS", "0", "allow_private_callbacks", False),
            ("GATEWAY_SEND_TIMEOUT", "2.5", "send_timeout_s", 2.5),
            ("GATEWAY_WORKFLOW_FEE", "0.002", "workflow_fee", Decimal("0.002")),
            ("GATEWAY_REFUSE", "trailing-null, mms-text,", "refuse", {"trailing-null", "mms-text"}),
            ("GATEWAY_CALLBACK_PORTS", "9000,9001", "callback_ports", {9000, 9001}),
            ("GATEWAY_LINKS", "Workflow", "links", "workflow"),
            ("GATEWAY_ORDER_PATIENCE", "0", "order_patience", 0.0),
            ("GATEWAY_ORDER_PATIENCE", "2.5", "order_patience", 2.5),
            ("GATEWAY_ORDER_PATIENCE", " Strict", "order_patience", "strict"),
            (
                "GATEWAY_PUBLIC_URL",
                "https://g.example.com/x/",
                "public_url",
                "https://g.example.com/x",
            ),
            ("GATEWAY_UPSTREAM", "http://127.0.0.1:8901/", "upstream", "http://127.0.0.1:8901"),
            ("GATEWAY_STORE", "sqlite:////var/lib/g.db", "store", "sqlite:////var/lib/g.db"),
            ("GATEWAY_STANDARD_WEBHOOKS", "on", "standard_webhooks", True),
            ("GATEWAY_DEFAULT_LOCALE", "", "default_locale", None),
        ],
    )
    def test_a_variable_is_read(
        self, variable: str, text: str, attribute: str, value: object
    ) -> None:
        assert getattr(load(**{variable: text}), attribute) == value

    @pytest.mark.parametrize(
        ("variable", "text", "words"),
        [
            ("GATEWAY_PORT", "65536", "from 0 to 65535"),
            ("GATEWAY_PORT", "8080.5", "whole number"),
            ("GATEWAY_PORT", "NaN", "whole number"),
            ("GATEWAY_PORT", "1" * 5000, "whole number"),
            ("GATEWAY_PORT", "tcp://10.0.0.1:80", "enableServiceLinks"),
            ("GATEWAY_HORIZON", "-1", "from 60"),
            ("GATEWAY_ORDER_PATIENCE", "-1", "from 0 to 86400, or strict"),
            ("GATEWAY_ORDER_PATIENCE", "none", "from 0 to 86400, or strict"),
            ("GATEWAY_SEND_TIMEOUT", "1e999", "number within its limits"),
            ("GATEWAY_RETENTION_DAYS", "0.5", "from 1 to 3650"),
            ("GATEWAY_WORKFLOW_FEE", "-0.1", "amount"),
            ("GATEWAY_ALLOW_PRIVATE_CALLBACKS", "maybe", "neither true nor false"),
            ("GATEWAY_RESEND_IN_DOUBT", "always", "never or last-step-once"),
            ("GATEWAY_CALLBACK_PORTS", "80,x", "not a list of port numbers; write numbers from 1"),
            ("GATEWAY_HOST", "a\x1b[1m", "control characters"),
            ("GATEWAY_STORE", "sqlite:///:memory:", "keeps nothing"),
            ("GATEWAY_STORE", "sqlite://host/x.db", "not the URL of a store"),
            ("GATEWAY_STORE", "sqlite:///", "does not name a file"),
            ("GATEWAY_STORE", "sqlite:///x.db?mode=ro", "does not name a file"),
            ("GATEWAY_STORE", "dispatch-gateway.db", "not the URL of a store"),
            ("GATEWAY_STORE", "redis://localhost", "not available in this version"),
            ("GATEWAY_STORE", "rediss://localhost", "not available in this version"),
            ("GATEWAY_STORE", "redis+cluster://a:1,b:2", "not available in this version"),
            ("GATEWAY_PUBLIC_URL", "https://g.example.com/?x=1", "query string"),
            ("GATEWAY_PUBLIC_URL", "g.example.com", "as in https://gateway.example.com."),
            ("GATEWAY_UPSTREAM", "api.nexmo.com", "as in https://api.nexmo.com."),
            ("GATEWAY_PUBLIC_URL", "ftp://g.example.com", "http or https"),
            ("GATEWAY_UPSTREAM", "https://api.nexmo.com/v1/messages", "leave the path out"),
            ("GATEWAY_STATUS_URL", "https://user:pass@example.com/", "credentials"),
            ("GATEWAY_STATUS_URL", "https://example.com/#x", "fragment"),
            (
                "GATEWAY_STATUS_URL",
                "https://h.example:99999/",
                "a port out of range; write 1 to 65535",
            ),
            ("GATEWAY_STATUS_URL", "https://h.example:0/", "a port out of range; write 1 to 65535"),
            ("GATEWAY_STATUS_URL", "https://h.example:x/", "a port out of range; write 1 to 65535"),
            ("GATEWAY_STATUS_URL", "https://[h]/", "is not an http or https URL"),
            ("GATEWAY_STATUS_URL", "https://example.com/a b", "not a URL"),
            ("VONAGE_APPLICATION_ID", "shop", "not a UUID"),
        ],
    )
    def test_an_unusable_value_is_a_fault_that_says_what_to_do(
        self, variable: str, text: str, words: str
    ) -> None:
        fault = fault_of(**{variable: text})
        assert fault.startswith(f"{variable} ")
        assert words in fault

    def test_all_faults_come_at_once(self) -> None:
        faults = faults_of({"GATEWAY_PORT": "x", "GATEWAY_LINKS": "y", "GATEWAY_FOO": "z"})
        assert [fault.split(" ")[0] for fault in faults] == [
            "GATEWAY_FOO",
            "GATEWAY_PORT",
            "GATEWAY_LINKS",
            "VONAGE_API_KEY",
            "GATEWAY_STATUS_URL",
        ]

    def test_faults_are_raised_together(self) -> None:
        with pytest.raises(SettingsFault) as raised:
            load_settings({})
        assert len(raised.value.faults) == 2

    def test_a_fault_never_repeats_the_value(self) -> None:
        canary = "canary-4711"
        faults = faults_of(
            {
                variable: canary
                for _, row in (*rows(Settings), *rows(Application))
                for variable in (row.variable,)
            }
        )
        assert canary not in "\n".join(faults)

    def test_checks_of_higher_layers_add_their_faults(self) -> None:
        fault = Fault(name="GATEWAY_UPSTREAM", problem="is refused", remedy="use another")
        with pytest.raises(SettingsFault) as raised:
            load_settings({**MINIMAL, "GATEWAY_PORT": "x"}, checks=[lambda settings: [fault]])
        assert fault in raised.value.faults
        assert len(raised.value.faults) == 2


class TestModes:
    def test_the_gateway_serves_by_default(self) -> None:
        (application,) = load().applications
        assert application.mode == "gateway"

    def test_a_mode_that_does_not_exist_is_a_fault(self) -> None:
        assert fault_of(GATEWAY_MODE="shadow").startswith("GATEWAY_MODE is not one of")

    def test_the_path_of_the_legacy_endpoint_is_left_out(self) -> None:
        fault = fault_of(GATEWAY_LEGACY="https://api.nexmo.com/v0.1/dispatch")
        assert fault.startswith("GATEWAY_LEGACY ends in /v0.1/dispatch; leave the path out")

    def test_a_short_trace_key_is_a_fault(self) -> None:
        assert "is shorter than 16 characters" in fault_of(GATEWAY_TRACE_KEY="guessable")
