"""What operators are told to look at when the upstream cannot be reached."""

from __future__ import annotations

import pytest

from gateway.workers.obstacles import unreachable


@pytest.mark.parametrize(
    ("fault", "place"),
    [
        ("connection-refused", "firewall"),
        ("name-unresolved", "name resolution"),
        ("proxy-refused", "GATEWAY_EGRESS_PROXY"),
        ("proxy-login-refused", "GATEWAY_EGRESS_PROXY"),
        ("certificate-expired", "clock"),
        ("certificate-unknown-issuer", "GATEWAY_CA_FILE"),
    ],
)
def test_the_remedy_names_where_the_fault_is(fault: str, place: str) -> None:
    obstacle = unreachable(fault)
    assert fault in obstacle.why
    assert place in obstacle.remedy
