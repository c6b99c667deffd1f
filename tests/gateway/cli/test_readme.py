"""What the README says of the routes is what the gateway answers."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
COMPOSITION = ROOT / "gateway" / "app.py"
ROW = re.compile(r"^\| `(?:GET|POST) (/[^`]*)`", re.MULTILINE)


def test_the_table_of_routes_is_complete() -> None:
    routes = re.findall(r'Route\("([^"]+)"', COMPOSITION.read_text("utf-8"))
    assert sorted(ROW.findall((ROOT / "README.md").read_text("utf-8"))) == sorted(
        {route.rstrip("/") for route in routes}
    )
