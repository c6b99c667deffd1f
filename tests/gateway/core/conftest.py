"""Let a failing playbook show both sides of its comparison."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.support.playbook")
