"""Test reports in JUnit's form, for every command that writes one.

Names of files and words of payloads go into them, which may be anything; so XML is written by a
library, and what XML 1.0 has no way to write is replaced first. Cases are written one by one, so
that memory does not grow with the input.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET

# All but the characters of XML 1.0, section 2.2.
_UNWRITABLE: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CASES: Final = "cases"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Why a case is not passed."""

    message: str
    kind: str | None = None
    """The rule, where there is one."""
    text: str = ""
    is_error: bool = False
    """Whether the case could not be judged, such as an input that cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test case. It is passed unless it says why not."""

    group: str
    """What build servers group cases by."""
    name: str
    failed: Failed | None = None
    output: str = ""
    """What is to be said besides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What stands around the cases."""

    head: str
    tail: str


def case_xml(case: Case) -> str:
    """Write one case, its line end included."""
    element = ET.Element("testcase", _attributes(classname=case.group, name=case.name))
    if failed := case.failed:
        told = _attributes(type=failed.kind, message=failed.message)
        inner = ET.SubElement(element, "error" if failed.is_error else "failure", told)
        inner.text = _writable(failed.text) or None
    if case.output:
        ET.SubElement(element, "system-out").text = _writable(case.output)
    ET.indent(element, " ", level=2)
    return f"  {ET.tostring(element, encoding='unicode')}\n"


def frame(suite: str, *, tests: int, failures: int, errors: int, output: str = "") -> Frame:
    """Write what stands before and after the cases.

    Args:
        suite: its name: the command's.
        tests: how many cases there are, failures and errors included.
        output: what is to be said of the whole.
    """
    counts = _attributes(tests=str(tests), failures=str(failures), errors=str(errors))
    root = ET.Element("testsuites", counts)
    inner = ET.SubElement(root, "testsuite", {"name": _writable(suite), **counts})
    # No text can look like a comment, so this is where the cases go.
    inner.append(ET.Comment(_CASES))
    if output:
        ET.SubElement(inner, "system-out").text = _writable(output)
    ET.indent(root, " ")
    written = ET.tostring(root, encoding="unicode")
    head, _, tail = written.partition(f"  <!--{_CASES}-->\n")
    return Frame(head=f'<?xml version="1.0" encoding="UTF-8"?>\n{head}', tail=f"{tail}\n")


def _attributes(**values: str | None) -> dict[str, str]:
    return {name: _writable(value) for name, value in values.items() if value is not None}


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
