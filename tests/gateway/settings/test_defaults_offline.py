"""What the offline commands take for granted is what the settings have as defaults."""

from __future__ import annotations

from gateway.settings import load_settings
from tests.gateway.cli.conftest import MINIMAL
from translators.dispatch import USUAL_MAX_STEPS


def test_a_workflow_may_be_as_long_offline_as_in_a_gateway_that_is_not_told_otherwise() -> None:
    assert load_settings(MINIMAL, None).max_steps == USUAL_MAX_STEPS
