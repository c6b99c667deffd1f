"""Values of options and arguments that more than one command takes."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn, assert_never

import click
from click.shell_completion import CompletionItem

# The rule table is imported where it is needed: a help page does not pay for it.
if TYPE_CHECKING:
    from translators.rules import Rule


class RuleUse(StrEnum):
    """What a command does with the rules it is given."""

    CHOOSE = "choose"
    """Chooses rules, or all whose codes begin alike, such as REQ or REQ1; the value is either."""
    ACCEPT = "accept"
    """Accepts what a rule refuses by default; the value is the rule's name."""
    REFUSE = "refuse"
    """Refuses what a rule accepts by default; the value is the rule's name."""


class RuleName(click.ParamType[str]):
    """A rule by its code or by its name, in any case; what is neither is answered with a guess.

    Several can stand together, separated by commas; so does the value then.
    """

    name = "rule"

    def __init__(self, use: RuleUse) -> None:
        self._use = use

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the codes, names or beginnings of codes, as the rule table writes them."""
        words = value.replace(",", " ").split()
        if not words:
            self.fail("no rule is named; 'dispatch-gateway explain' lists them", param, ctx)
        return ",".join(self._convert(word, param, ctx) for word in words)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Return the codes and names that begin like this; names only once something is typed."""
        from translators.rule_table import ALL_RULES  # noqa: PLC0415

        takes_codes = self._use is RuleUse.CHOOSE
        rules = [rule for rule in ALL_RULES if self._takes(rule)]
        codes = [
            CompletionItem(rule.code, help=f"{rule.name} ({rule.severity})")
            for rule in rules
            if takes_codes and rule.code.startswith(incomplete.upper())
        ]
        names = [
            CompletionItem(rule.name, help=f"{rule.code} ({rule.severity})")
            for rule in rules
            if (incomplete or not takes_codes) and rule.name.startswith(incomplete.lower())
        ]
        return codes + names

    def _convert(self, word: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from translators.rule_table import family, find  # noqa: PLC0415

        rule = find(word)
        if rule is None:
            if self._use is RuleUse.CHOOSE and family(word):
                return word.rstrip("*").upper()
            self._refuse_unknown(word, param, ctx)
        if self._use is RuleUse.CHOOSE:
            return rule.code
        self._check_switch(rule, param, ctx)
        return rule.name

    def _takes(self, rule: Rule) -> bool:
        from translators.rules import Tolerance  # noqa: PLC0415

        match self._use:
            case RuleUse.CHOOSE:
                return True
            case RuleUse.ACCEPT:
                return rule.tolerance is Tolerance.REFUSE
            case RuleUse.REFUSE:
                return rule.tolerance is Tolerance.ACCEPT
            case _:
                assert_never(self._use)

    def _check_switch(
        self, rule: Rule, param: click.Parameter | None, ctx: click.Context | None
    ) -> None:
        """Refuse a switch that would turn nothing."""
        if self._takes(rule):
            return
        title = f"{rule.code} {rule.name}"
        if rule.tolerance is None:
            self.fail(
                f"{title} has no switch; 'dispatch-gateway explain' shows which have", param, ctx
            )
        state = "accepted" if self._use is RuleUse.ACCEPT else "refused"
        self.fail(f"{title} is {state} already", param, ctx)

    def _refuse_unknown(
        self, word: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        from translators.findings import show  # noqa: PLC0415
        from translators.rule_table import near  # noqa: PLC0415

        likely = " or ".join(f"{rule.code} {rule.name}" for rule in near(word))
        guess = f"did you mean {likely}?" if likely else "'dispatch-gateway explain' lists them"
        self.fail(f"no rule is called {show(word)}; {guess}", param, ctx)
