"""`dispatch-gateway explain`: one rule with an example at work, or all of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.parameters import RuleName, RuleUse
from gateway.folding import columns_of

if TYPE_CHECKING:
    from gateway.offline.explaining import Look
    from translators.rules import Rule

_EPILOG: Final = """\b
Examples:
  dispatch-gateway explain
  dispatch-gateway explain REQ163
  dispatch-gateway explain text-too-long caption-dropped
  dispatch-gateway explain NAT
  dispatch-gateway explain | grep -e --accept
  dispatch-gateway explain REQ144 --format json | jq -r .rules[0].example.input |
    dispatch-gateway translate -

The list shows what each rule is reported as: note (carried over, written
differently), warning (approximated or dropped, and named), error (cannot be
carried over). Where a rule can be switched, it shows the option that does it.

Exit codes: 0 explained; 2 no such rule; 3 an internal error; 130 interrupted;
141 the reader of the output went away; 143 terminated.
"""


@click.command("explain", epilog=_EPILOG)
@click.argument("rules", nargs=-1, type=RuleName(RuleUse.CHOOSE), metavar="[RULE]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for machines.",
)
def command(rules: tuple[str, ...], form: str) -> None:
    """Explain rules, or list them.

    RULE is the code of a rule, its name, or the beginning of codes: REQ, REQ1, NAT. A code or a
    name gives a page, with a small input and what becomes of it; a beginning gives a list.
    Without a RULE all are listed.

    What examples show is translated while you wait, by the code that translates your payloads.
    """
    # Imported here: `--help` stays fast.
    from gateway.offline.explaining import Look  # noqa: PLC0415

    words = [word for each in rules for word in each.split(",")]
    if form == "json":
        click.echo(_as_json(words))
        return
    is_watched = sys.stdout.isatty()
    look = Look(
        width=columns_of(sys.stdout),
        has_colour=is_watched and not os.environ.get("NO_COLOR"),
    )
    # The text is coloured already, or not at all.
    click.echo("\n".join(_as_text(words, look)), color=look.has_colour)


def _as_text(words: Sequence[str], look: Look) -> Iterator[str]:
    from gateway.offline.explaining import list_rules, tell_rule  # noqa: PLC0415
    from translators.rule_table import ALL_RULES, RULES_BY_CODE, family  # noqa: PLC0415

    if not words:
        yield from list_rules(ALL_RULES, look)
    for number, word in enumerate(words):
        if number:
            yield "\n"
        rule = RULES_BY_CODE.get(word)
        yield from list_rules(family(word), look) if rule is None else tell_rule(rule, look)


def _as_json(words: Sequence[str]) -> str:
    import json  # noqa: PLC0415

    from gateway.offline.explaining import rule_object  # noqa: PLC0415

    told = [rule_object(rule, with_example=rule.code in words) for rule in _named(words)]
    return json.dumps({"rules": told}, ensure_ascii=False, indent=2)


def _named(words: Sequence[str]) -> list[Rule]:
    """Return the rules that are asked for, each once, in the order asked for."""
    from translators.rule_table import ALL_RULES, family  # noqa: PLC0415

    if not words:
        return list(ALL_RULES)
    return list(dict.fromkeys(rule for word in words for rule in family(word)))
