"""What the caller was told of the end, on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from gateway.compare.comparison import Finding, Tolerances
from gateway.compare.course import Attempt, Course, Listed, Report, status_word
from gateway.compare.kinds import (
    CHANNEL_SPELLING,
    COST,
    HREF_DIFFERENT,
    REPORT_DIFFERENT,
    REPORT_EXTRA,
    REPORT_MISSING,
    DifferenceKind,
)
from translators.usage import Usage, price_of

# As one schema of Dispatch spells it. Source: docs/wire.md section 5.4.
MISSPELT: Final = {"viber_sevice_msg": "viber_service_msg"}


def compare_reports(
    reference: Course, candidate: Course, tolerances: Tolerances
) -> Iterator[Finding]:
    """Compare the final reports of a workflow that ended alike on both sides."""
    there, here = reference.report, candidate.report
    if there is None or here is None:
        return
    if len(reference.reports) != len(candidate.reports):
        yield _of_number(len(reference.reports), len(candidate.reports))
    if not (there.has_body and here.has_body):
        return
    if len(there.listed) != len(here.listed):
        yield _whole(
            REPORT_DIFFERENT,
            f"lists {len(there.listed)} messages",
            f"lists {len(here.listed)}",
            cause=f"lists {len(there.listed)}, not {len(here.listed)}",
        )
        return
    for index, (shown, shows) in enumerate(zip(there.listed, here.listed, strict=True)):
        attempt, own = reference.attempts[index], candidate.attempts[index]
        yield from _entries(attempt, shown, shows, there.at_ms, tolerances.report_ms)
        if _is_another(attempt, shown) and not _is_another(own, shows):
            yield _of_step(
                REPORT_DIFFERENT, attempt, "names another message", "names the one told", cause="id"
            )
    if any(shown.href != shows.href for shown, shows in _with_forms(there, here)):
        yield _whole(HREF_DIFFERENT, "another form", "the bare id", cause="href")
    if beyond(there) != beyond(here):
        yield _whole(
            COST,
            f"the total is {_signed(beyond(there))} beside its messages",
            f"{_signed(beyond(here))} beside them",
            cause="total",
        )


def beyond(report: Report) -> Decimal | None:
    """Return by how much the total exceeds the sum of its messages; `None` without a total.

    As in our own reports, charges in other currencies than the total's stay out of the sum.
    Source: docs/wire.md section 6.6.
    """
    if report.total is None:
        return None
    charges = [each.charge for each in report.listed if each.charge is not None]
    own = [each for each in charges if each.currency == report.total.currency]
    amounts = [price_of(each) or Decimal(0) for each in own]
    return (price_of(report.total) or Decimal(0)) - sum(amounts, Decimal(0))


def charges_by(attempt: Attempt, at_ms: int, slack_ms: int) -> list[Usage | None]:
    """Return the charges that a report at about `at_ms` may show for a message."""
    return [attempt.charge_at(instant) for instant in _instants(attempt, at_ms, slack_ms)]


def same_charge(one: Usage | None, other: Usage | None) -> bool:
    """Tell whether two charges are the same amount."""
    if one is None or other is None:
        return one is other
    amounts = (price_of(one), price_of(other))
    return one.currency == other.currency and (
        amounts[0] == amounts[1] if None not in amounts else one.price == other.price
    )


def _entries(
    attempt: Attempt, shown: Listed, shows: Listed, at_ms: int, slack_ms: int
) -> Iterator[Finding]:
    """Compare one message of the reports.

    Where the reference's report agrees with what the reference told by then, the other report
    differs only because its instant does.
    """
    known = {attempt.status_at(instant) for instant in _instants(attempt, at_ms, slack_ms)}
    if shown.status != shows.status and shown.status not in known:
        yield _of_step(
            REPORT_DIFFERENT,
            attempt,
            f"shows {status_word(shown.status)}",
            f"shows {status_word(shows.status)}",
            cause=f"{status_word(shown.status)}, not {status_word(shows.status)}",
        )
    if shown.channel != shows.channel:
        is_spelling = MISSPELT.get(shown.channel) == shows.channel
        kind = CHANNEL_SPELLING if is_spelling else REPORT_DIFFERENT
        yield _of_step(kind, attempt, "another channel", shows.channel, cause="channel")
    charges = charges_by(attempt, at_ms, slack_ms)
    is_known = any(same_charge(shown.charge, each) for each in charges)
    if not same_charge(shown.charge, shows.charge) and not is_known:
        yield _of_step(
            COST,
            attempt,
            f"charges {_said(shown.charge)}",
            f"charges {_said(shows.charge)}",
            cause="untold" if shown.charge and shows.charge is None else "charge",
        )


def _is_another(attempt: Attempt, listed: Listed) -> bool:
    """Tell whether the report names a message of which nothing was told."""
    told = {each.message for each in attempt.told if each.message}
    return bool(told) and listed.message is not None and listed.message not in told


def _instants(attempt: Attempt, at_ms: int, slack_ms: int) -> list[int]:
    """Return the instants near `at_ms` between which more comes to be known of a message."""
    near = [told.at_ms for told in attempt.told if abs(told.at_ms - at_ms) <= slack_ms]
    return [at_ms - slack_ms, at_ms, *near]


def _with_forms(there: Report, here: Report) -> Iterator[tuple[Listed, Listed]]:
    """Yield the messages with the form of their `href` alone, if they have an id to take out."""
    for shown, shows in zip(there.listed, here.listed, strict=True):
        yield _form(shown), _form(shows)


def _form(listed: Listed) -> Listed:
    href = listed.href.replace(listed.message, "*") if listed.message else listed.href
    return Listed(message=None, status="", channel="", href=href, charge=None)


def _of_number(there: int, here: int) -> Finding:
    kind = REPORT_EXTRA if there > here else REPORT_MISSING
    return _whole(kind, f"told {there} final reports", f"tells {here}", cause="number")


def _whole(kind: DifferenceKind, reference: str, candidate: str, *, cause: str) -> Finding:
    return Finding(
        kind=kind, reference=reference, candidate=candidate, detail=kind.why, cause=cause
    )


def _of_step(
    kind: DifferenceKind, attempt: Attempt, reference: str, candidate: str, *, cause: str
) -> Finding:
    return Finding(
        kind=kind,
        step=attempt.step,
        reference=reference,
        candidate=candidate,
        detail=kind.why,
        cause=cause,
    )


def _said(charge: Usage | None) -> str:
    return "nothing" if charge is None else f"{charge.price} {charge.currency}"


def _signed(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:+f}" if amount else "nothing"
