"""One workflow under three services at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.core.state import Terms
from gateway.simulation.as_gateway import run_gateway
from gateway.simulation.as_native import run_native
from gateway.simulation.fates import Fate, ttls_of
from gateway.simulation.trace import Trace
from translators.dispatch import DispatchPlan
from translators.grades import Verdict
from translators.native import translate_native
from translators.rules import Switches

# What a request has to be able to say is the verdict's business; here it only has to be made.
_ALL_ACCEPTED: Final = Switches(accepted=frozenset({"ttl-unavailable", "read-inexpressible"}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """The three runs of one workflow, and what native v1 could do at best."""

    plan: DispatchPlan
    gateway: Trace
    native: Trace
    native_with_ttl: Trace
    ttls: tuple[int | None, ...]
    """The ttl of each message under `native_with_ttl`, in seconds."""
    verdict: Verdict


def simulate(
    plan: DispatchPlan,
    fates: Sequence[Fate],
    *,
    switches: Switches,
    terms: Terms | None = None,
    undeliverable_fails_over: bool = False,
) -> Simulation:
    """Play a workflow under this gateway and under native v1, without and with ttl.

    Args:
        fates: one for each step.
        switches: what the verdict accepts.
        undeliverable_fails_over: assume that v1 fails over on `undeliverable`, too.
    """
    bare, with_ttl = (
        _ttls(plan, with_ttl=wanted, undeliverable_fails_over=undeliverable_fails_over)
        for wanted in (False, True)
    )
    native, native_with_ttl = (
        run_native(plan, fates, ttls=ttls, undeliverable_fails_over=undeliverable_fails_over)
        for ttls in (bare, with_ttl)
    )
    outcome = translate_native(plan, switches, undeliverable_fails_over=undeliverable_fails_over)
    return Simulation(
        plan=plan,
        gateway=run_gateway(plan, fates, terms),
        native=native,
        native_with_ttl=native_with_ttl,
        ttls=with_ttl,
        verdict=outcome.verdict,
    )


def _ttls(
    plan: DispatchPlan, *, with_ttl: bool, undeliverable_fails_over: bool
) -> tuple[int | None, ...]:
    request = translate_native(
        plan,
        _ALL_ACCEPTED,
        with_ttl=with_ttl,
        undeliverable_fails_over=undeliverable_fails_over,
    ).translation.value
    assert request is not None, "with everything accepted there is a request"  # noqa: S101
    return ttls_of(request)
