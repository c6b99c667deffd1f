"""`docs/conversion.md`: what every v0.1 field and content becomes in v1, and the way back.

Names of v1 are found, not written down: a sample whose values are all different is translated, and
where a value comes out is where its field went. Limits are found by trying.
"""

from __future__ import annotations

from typing import Final

from tests.support.conversion_requests import request_tables
from tests.support.conversion_webhooks import webhook_tables

_INTRODUCTION: Final = """\
<!-- generated from translators/channels.py and the translators: run `make docs` -->

# Conversion matrix

What becomes of every field and of every kind of content. The tables are made by translating
samples with the code that translates real requests, so they cannot say anything else than it does.
Rules are explained in [rules.md](rules.md) and by `dispatch-gateway explain`; the documentation
behind both is cited in [wire.md](wire.md).
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join((_INTRODUCTION, *request_tables(), *webhook_tables()))
