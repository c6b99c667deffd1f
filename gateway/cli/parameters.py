"""Values of options and arguments that more than one command takes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, assert_never

import click
from click.shell_completion import CompletionItem

SOURCE: Final = click.Path(readable=False)
"""Something to read: a file, a directory or `-`. Whether it can be read is found when it is."""

# The rule table is imported where it is needed: a help page does not pay for it.
if TYPE_CHECKING:
    from translators.rules import Rule


Command = TypeVar("Command", bound=Callable[..., Any])


class OutputFile(click.Path):
    """A file to write; tried before anything is read, so that no work is lost.

    Args:
        takes_standard_output: whether `-` is standard output, for which the value is `None`.
    """

    def __init__(self, *, takes_standard_output: bool = True) -> None:
        super().__init__(dir_okay=False, path_type=Path)
        self._takes_standard_output = takes_standard_output

    def convert(  # type: ignore[override] # what click makes of `None` is `None`, as of no option
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | None:
        """Return the path; `None` for standard output."""
        if value == "-":
            if self._takes_standard_output:
                return None
            self.fail("standard output is for the results; name a file", param, ctx)
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if ctx is None or not ctx.resilient_parsing:
            _try_to_write(path)
        return path


def output_option(command: Command) -> Command:
    """Add `-o`; its value is the file, or `None` for standard output."""
    return click.option(
        "-o",
        "--output",
        type=OutputFile(),
        metavar="FILE",
        help="Write here instead of to standard output (-); the file appears when it is whole.",
    )(command)


def _try_to_write(path: Path) -> None:
    from gateway.cli.endings import end_unwritten  # noqa: PLC0415 - help needs neither
    from gateway.offline.output import check_output  # noqa: PLC0415

    try:
        check_output(path)
    except OSError as error:
        end_unwritten(error)


class RuleUse(StrEnum):
    """What a command does with the rules it is given."""

    CHOOSE = "choose"
    """Chooses rules, or all whose codes begin alike, such as REQ or REQ1; the value is either."""
    ACCEPT = "accept"
    """Accepts what a rule with a switch is about; the value is the rule's name."""
    REFUSE = "refuse"
    """Refuses what a rule with a switch is about; the value is the rule's name."""


_MOST_LISTED: Final = 5
_SHOWN_LENGTH: Final = 40


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
        rules = [rule for rule in ALL_RULES if self._turns(rule)]
        codes = [
            CompletionItem(rule.code, help=f"{rule.name} ({rule.severity})")
            for rule in rules
            if (incomplete or takes_codes) and rule.code.startswith(incomplete.upper())
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
            if rules := family(word):
                self._refuse_beginning(word.rstrip("*").upper(), rules, param, ctx)
            self._refuse_unknown(word, param, ctx)
        if self._use is RuleUse.CHOOSE:
            return rule.code
        if rule.tolerance is None:
            told = f"{rule.code} {rule.name} has no switch"
            self.fail(f"{told}; 'dispatch-gateway explain' shows which have", param, ctx)
        opposite = RuleUse.REFUSE if self._use is RuleUse.ACCEPT else RuleUse.ACCEPT
        given = ctx.params.get(opposite, ()) if ctx else ()
        if any(rule.name in each.split(",") for each in given):
            self.fail(f"{rule.code} {rule.name} is accepted and refused; do one", param, ctx)
        # What is so by default may be said, as GATEWAY_ACCEPT and GATEWAY_REFUSE take it.
        return rule.name

    def _turns(self, rule: Rule) -> bool:
        """Tell whether naming the rule changes anything."""
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

    def _refuse_beginning(
        self,
        word: str,
        rules: Sequence[Rule],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> NoReturn:
        """Refuse what names several rules where one is wanted."""
        switched = [f"{rule.code} {rule.name}" for rule in rules if rule.tolerance]
        told = ", ".join(switched[:_MOST_LISTED]) or "none"
        more = len(switched) - _MOST_LISTED
        others = f" and {more} more" if more > 0 else ""
        told = f"those of {word} with a switch: {told}{others}"
        self.fail(f"takes one rule, by its code or its name; {told}", param, ctx)

    def _likely(self, word: str) -> list[str]:
        """Return what a word was probably meant to name, the likeliest first."""
        from translators.rule_table import near  # noqa: PLC0415

        return [f"{rule.code} {rule.name}" for rule in near(word)]

    def _refuse_unknown(
        self, word: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> NoReturn:
        likely = " or ".join(self._likely(word))
        guess = f"did you mean {likely}?" if likely else "'dispatch-gateway explain' lists them"
        self.fail(f"no rule is called {_cut(word)}; {guess}", param, ctx)


def _cut(word: str) -> str:
    return ascii(word) if len(word) <= _SHOWN_LENGTH else f"{word[:_SHOWN_LENGTH]!a}…"


def named(values: Iterable[str]) -> tuple[str, ...]:
    """Return all rules that the values of such an option name, each value perhaps several."""
    return tuple(word for value in values for word in value.split(","))


class ScenarioName(click.ParamType[str]):
    """A scenario by its name, with the step it is for before an equals sign, or without."""

    name = "scenario"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem[str]]:
        """Return the scenarios that begin like this, each with the step that was typed."""
        from gateway.simulation.scenarios import SCENARIOS  # noqa: PLC0415

        step, equals, begun = incomplete.rpartition("=")
        return [
            CompletionItem(f"{step}{equals}{name}") for name in SCENARIOS if name.startswith(begun)
        ]


def templates_option(command: Command) -> Command:
    """Add `--authentication-templates`; its value is for `template_names`."""
    return click.option(
        "--authentication-templates",
        metavar="NAMES",
        help="As GATEWAY_AUTHENTICATION_TEMPLATES does: names, separated by commas.",
    )(command)


def template_names(value: str | None) -> frozenset[str]:
    """Return the names in a list separated by commas."""
    return frozenset(name.strip() for name in (value or "").split(",") if name.strip())


def switch_options(command: Command) -> Command:
    """Add `--accept`, `--refuse` and `--default-locale`: how the gateway is set up.

    The values of the first two are for `named`.
    """
    for option in (
        click.option("--default-locale", metavar="LOCALE", help="As GATEWAY_DEFAULT_LOCALE does."),
        click.option(
            "--refuse",
            multiple=True,
            type=RuleName(RuleUse.REFUSE),
            metavar="RULE",
            help="Refuse what this rule accepts by default, as GATEWAY_REFUSE does.",
        ),
        click.option(
            "--accept",
            multiple=True,
            type=RuleName(RuleUse.ACCEPT),
            metavar="RULE",
            help="Carry over what this rule refuses by default, as GATEWAY_ACCEPT does.",
        ),
    ):
        command = option(command)
    return command
