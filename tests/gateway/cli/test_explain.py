"""`dispatch-gateway explain`: the list, the pages, and how they are shown."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from gateway.cli.main import run
from gateway.offline.explaining import WIDEST, Look, list_rules, tell_rule
from tests.gateway.cli.terminal import PROGRAM, run_in_terminal
from translators.rule_table import ALL_RULES, RULE_GROUPS
from translators.rules import Rule

# What is never cut: code, severity, switch and the longest name.
NARROWEST_LIST = 56
PAGE = """\
REQ144 address-as-number  warning

Why       Published samples write ids and numbers without quotes; leading zeros are lost that way.
Remedy    Write addresses as strings.
Switch    accepted by default; --refuse address-as-number or GATEWAY_REFUSE=address-as-number
          refuses it
Found at  /workflow/0/to/number
Source    docs/wire.md section 1.3; since 0.1.0

In: a v0.1 dispatch
  {
    "template": "failover",
    "workflow": [
      {
        "from": {"type": "sms", "number": "447700900001"},
        "to": {"type": "sms", "number": 447700900000},
                                        ^~~~~~~~~~~~
        "message": {"content": {"type": "text", "text": "Hello"}}
      }
    ]
  }

Said
  6:39: warning REQ144 /workflow/0/to/number: is a JSON number; write it as a string

Out: the v1 calls, and when each gives way to the next
  {
    "messages": [
      {
        "to": "447700900000",
        "from": "447700900001",
        "channel": "sms",
        "message_type": "text",
        "text": "Hello"
      }
    ],
    "failover": [null]
  }
"""


def explained(*arguments: str, capsys: pytest.CaptureFixture[str]) -> str:
    assert run(["explain", *arguments]) == 0
    return capsys.readouterr().out


def as_json(*arguments: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out = explained(*arguments, "--format", "json", capsys=capsys)
    rules: list[dict[str, Any]] = json.loads(out)["rules"]
    return rules


def page_of(rule: Rule) -> str:
    return "\n".join(tell_rule(rule, Look()))


def by_code(rule: Rule) -> str:
    return rule.code


def test_the_list_has_a_line_for_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys=capsys).splitlines()
    listed = [line.split()[0] for line in lines if line.startswith("  ")]
    assert listed == [rule.code for rule in ALL_RULES]


def test_the_list_is_grouped(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys=capsys).splitlines()
    headings = [line for line in lines if line and not line.startswith(" ")]
    assert headings == [group.subject for group in RULE_GROUPS]


def test_the_list_shows_what_can_be_switched(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys=capsys).splitlines()
    accepted = [line.split()[3] for line in lines if " --accept " in line]
    assert accepted[:2] == ["failover-on-last-step", "mms-media"]


def test_the_beginning_of_codes_lists_those(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained("sts25", capsys=capsys).splitlines()
    assert lines[0] == "v1 inbound webhooks"
    assert {line.split()[0][:5] for line in lines[1:]} == {"STS25"}


def test_a_page_tells_a_rule_and_shows_it_at_work(capsys: pytest.CaptureFixture[str]) -> None:
    assert explained("REQ144", capsys=capsys) == PAGE


@pytest.mark.parametrize("word", ["req144", "address-as-number", "Address-As-Number"])
def test_a_rule_is_found_by_code_or_name_in_any_case(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert explained(word, capsys=capsys) == PAGE


def test_several_rules_are_told_in_the_order_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained("REQ169", "REQ144,STS210", capsys=capsys).splitlines()
    titles = [line.split()[0] for line in lines if line[:3] in ("REQ", "STS")]
    assert titles == ["REQ169", "REQ144", "STS210"]


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_a_page_tells_why_and_what_to_do(rule: Rule) -> None:
    words = " ".join(page_of(rule).split())
    assert [text for text in (rule.why, rule.remedy, rule.source) if text not in words] == []


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_a_page_is_no_wider_than_it_may_be(rule: Rule) -> None:
    assert [line for line in page_of(rule).splitlines() if len(line) > WIDEST] == []


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_the_line_that_is_marked_is_shown_whole(rule: Rule) -> None:
    assert [line for line in page_of(rule).splitlines() if line.lstrip().startswith("…")] == []


@pytest.mark.parametrize("rule", ALL_RULES, ids=by_code)
def test_a_page_shows_what_is_said(rule: Rule) -> None:
    said = page_of(rule).partition("\nSaid\n")[2]
    assert f" {rule.severity} {rule.code} " in said.splitlines()[0]


def test_a_switch_that_accepts_is_shown_at_work(capsys: pytest.CaptureFixture[str]) -> None:
    page = explained("mms-media", capsys=capsys)
    assert "Out: nothing: the gateway answers 400 and sends no message" in page
    accepted = page.partition("with --accept mms-media\n")[2]
    assert '"message_type": "video"' in accepted


def test_a_finding_about_what_comes_out_is_marked_there(capsys: pytest.CaptureFixture[str]) -> None:
    out = explained("RPT302", capsys=capsys).partition("\nOut: ")[2].splitlines()
    marked = out[[line.strip() for line in out].index("^~~~~~") - 1]
    assert '"price": "free"' in marked


def test_what_cannot_be_decoded_is_shown_and_marked(capsys: pytest.CaptureFixture[str]) -> None:
    assert '"Caf\N{REPLACEMENT CHARACTER}"}' in explained("not-utf-8", capsys=capsys)


def test_an_empty_input_is_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert "  (no bytes at all)\n" in explained("body-empty", capsys=capsys)


def test_settings_an_example_needs_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    page = explained("workflow-too-long", capsys=capsys)
    assert "In: a v0.1 dispatch; with GATEWAY_MAX_STEPS=1\n" in page


def test_an_unknown_rule_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "text-to-long"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "no rule is called 'text-to-long'; did you mean REQ163 text-too-long" in err


def test_machines_get_the_whole_table(capsys: pytest.CaptureFixture[str]) -> None:
    rules = as_json(capsys=capsys)
    assert [rule["code"] for rule in rules] == [rule.code for rule in ALL_RULES]
    assert set(rules[0]) == {
        *("code", "name", "severity", "switch", "why", "remedy", "pointer", "since", "source")
    }


def test_machines_get_an_example_that_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    (rule,) = as_json("REQ144", capsys=capsys)
    assert rule["example"]["diagnostics"] == [
        {
            "rule": "REQ144",
            "severity": "warning",
            "pointer": "/workflow/0/to/number",
            "line": 6,
            "column": 39,
            "detail": "is a JSON number; write it as a string",
        }
    ]


def test_machines_get_an_example_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    (rule,) = as_json("REQ163", capsys=capsys)
    document = json.loads(rule["example"]["input"])
    assert len(document["workflow"][0]["message"]["content"]["text"]) > 1000


def test_a_beginning_of_codes_gives_machines_no_examples(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert [rule for rule in as_json("RPT", capsys=capsys) if "example" in rule] == []


@pytest.mark.parametrize("width", [20, 60, 100, 200])
def test_the_list_is_cut_to_the_terminal(width: int) -> None:
    lines = list_rules(ALL_RULES, Look(width=width))
    assert [line for line in lines if len(line) > max(width, NARROWEST_LIST)] == []


def test_piped_output_is_plain() -> None:
    done = subprocess.run(
        [PROGRAM, "explain", "REQ144"], capture_output=True, text=True, check=True
    )
    assert done.stdout == PAGE


def test_a_terminal_gets_colour() -> None:
    with run_in_terminal([PROGRAM, "explain", "REQ144"]) as terminal:
        assert "\x1b[33m\x1b[1mwarning\x1b[0m" in terminal.rest()


def test_no_color_is_honoured() -> None:
    command = [PROGRAM, "explain", "REQ144"]
    with run_in_terminal(command, NO_COLOR="1") as terminal:
        assert terminal.rest() == PAGE


def test_lines_fit_a_narrow_terminal() -> None:
    command = [PROGRAM, "explain"]
    with run_in_terminal(command, columns=60, NO_COLOR="1") as terminal:
        lines = terminal.rest().splitlines()
    assert len(lines) > len(ALL_RULES)
    assert [line for line in lines if len(line) > 60] == []


def test_nothing_of_the_server_is_imported() -> None:
    code = (
        "import sys; from gateway.cli.main import run; run(['explain', 'REQ144', 'NAT502']);"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {
        "httptools",
        "pydantic",
        "rich",
        "starlette",
        "structlog",
        "gateway.settings",
        "socket",
    }
    assert heavy & set(done.stderr.split()) == set()
