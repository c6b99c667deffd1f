"""`dispatch-gateway explain`: whatever code a report shows; a rule with an example at work."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

import click

from gateway.cli.parameters import RuleName, RuleUse
from gateway.folding import columns_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gateway.offline.entries import Entries, Entry
    from gateway.offline.explaining import Look
    from translators.rules import Rule

_GUESSES: Final = 3
_EPILOG: Final = """\b
Examples:
  dispatch-gateway explain
  dispatch-gateway explain REQ163
  dispatch-gateway explain text-too-long caption-dropped
  dispatch-gateway explain NAT
  dispatch-gateway explain CMP407 DIFF-11 1360 N3
  dispatch-gateway explain DIFF
  dispatch-gateway explain | grep -e --accept
  dispatch-gateway explain REQ144 --format json | jq -r .rules[0].example.input |
    dispatch-gateway translate -

The list shows what each rule is reported as: note (carried over, written
differently), warning (approximated or dropped, and named), error (cannot be
carried over). Where a rule can be switched, it shows the option that does it.

Exit codes: 0 explained; 2 no such rule; 3 an internal error; 130 interrupted;
141 the reader of the output went away; 143 terminated.
"""


class CodeName(RuleName):
    """A rule, or any other code that a report shows; what is neither is answered with a guess."""

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Return the codes that begin like this; those that are no rules once one is typed."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415

        rules = super().shell_complete(ctx, param, incomplete)
        others = [
            CompletionItem(each.code, help=each.name)
            for each in _entries().every
            if incomplete and each.code.startswith(incomplete.upper())
        ]
        return rules + others

    def _convert(self, word: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from translators.rule_table import family, find  # noqa: PLC0415

        if find(word) is None and not family(word) and _entries().find(word):
            return word
        return super()._convert(word, param, ctx)

    def _likely(self, word: str) -> list[str]:
        """Return what a word was probably meant to name: rules first, but for codes."""
        others = [f"{each.code} {each.name}" for each in _entries().near(word)]
        rules = super()._likely(word)
        is_code = any(character.isdigit() for character in word) and bool(others)
        return (others + rules if is_code else rules + others)[:_GUESSES]


@click.command("explain", epilog=_EPILOG)
@click.argument("rules", nargs=-1, type=CodeName(RuleUse.CHOOSE), metavar="[CODE]...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For people, or for machines.",
)
def command(rules: tuple[str, ...], form: str) -> None:
    """Explain the codes of reports, or list the rules.

    CODE is the code of a rule, its name, or the beginning of codes: REQ, REQ1, NAT. A code or a
    name gives a page, with a small input and what becomes of it; a beginning gives a list.
    Without a CODE all rules are listed. Any other code that a report shows has a page as well.

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
    from gateway.offline.entries import list_entries, tell_entry  # noqa: PLC0415
    from gateway.offline.explaining import list_rules, tell_rule  # noqa: PLC0415
    from translators.rule_table import ALL_RULES, RULES_BY_CODE, family  # noqa: PLC0415

    if not words:
        yield from list_rules(ALL_RULES, look)
    for number, word in enumerate(words):
        if number:
            yield "\n"
        if rule := RULES_BY_CODE.get(word):
            yield from tell_rule(rule, look)
        elif rules := family(word):
            yield from list_rules(rules, look)
        else:
            found = _entries().find(word)
            yield from tell_entry(found[0], look) if len(found) == 1 else list_entries(found, look)


def _as_json(words: Sequence[str]) -> str:
    import json  # noqa: PLC0415

    from gateway.offline.entries import entry_object  # noqa: PLC0415
    from gateway.offline.explaining import rule_object  # noqa: PLC0415

    told = [rule_object(rule, with_example=rule.code in words) for rule in _named(words)]
    found: dict[str, object] = {"rules": told}
    if others := _others(words):
        found["codes"] = [entry_object(each) for each in others]
    return json.dumps(found, ensure_ascii=False, indent=2)


def _named(words: Sequence[str]) -> list[Rule]:
    """Return the rules that are asked for, each once, in the order asked for."""
    from translators.rule_table import ALL_RULES, family  # noqa: PLC0415

    if not words:
        return list(ALL_RULES)
    return list(dict.fromkeys(rule for word in words for rule in family(word)))


def _others(words: Sequence[str]) -> list[Entry]:
    """Return what is asked for and no rule, each once, in the order asked for."""
    from translators.rule_table import family  # noqa: PLC0415

    asked = [word for word in words if not family(word)]
    return list(dict.fromkeys(each for word in asked for each in _entries().find(word)))


@cache
def _entries() -> Entries:
    """Return every code that a report can show and that is no rule."""
    from gateway.compare.kind_entries import kind_entries  # noqa: PLC0415
    from gateway.offline.entries import Entries  # noqa: PLC0415
    from gateway.offline.error_entries import error_entries, grade_entries  # noqa: PLC0415
    from gateway.offline.known_differences import known_differences  # noqa: PLC0415

    every = (*kind_entries(), *known_differences(), *grade_entries(), *error_entries())
    return Entries(every=every)
