"""What the formats for people say in the same words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.compare.harm import harm_words
from gateway.compare.report_model import Apart, FindingLine, Gravity, Report
from gateway.compare.timelines import title_of
from gateway.compare.verdict import Answer
from gateway.offline.words import counted, number, share

ANSWERS: Final[Mapping[Answer, str]] = {
    Answer.GO: "Go",
    Answer.NOT_YET: "Not yet",
    Answer.NO: "No",
    Answer.NONE: "No answer",
}
GRAVITIES: Final[Mapping[Gravity, str]] = {
    Gravity.CRITICAL: "wrong recipient or content",
    Gravity.SEMANTIC: "differs in meaning",
    Gravity.EXPLAINED: "a numbered known difference",
    Gravity.IGNORED: "ignored by somebody, until a day",
    Gravity.COSMETIC: "written differently, same meaning",
}
OUTCOMES: Final[Mapping[str, str]] = {
    "identical": "nothing differs, not even an instant",
    "equivalent": "instants differ within the tolerances, and nothing else",
    "explained": "every difference is a known one, with a number, or is ignored",
    "cosmetic": "the same is told in another form",
    "semantic": "something else was sent or told, or at another time",
    "cut": "the recording ended before the workflow was over; no evidence",
    "not-comparable": "too little is known of one side; nothing is said about it",
}
WRITE_MISSING: Final = (
    "`--write-missing FILE` writes a synthetic trace for each; `compare replay FILE` says what"
    " this gateway does there."
)
_HALF: Final = 0.5


def headline(report: Report) -> str:
    """Write the answer with what it rests on, in a sentence or two."""
    evidence, apart = report.evidence, report.apart
    if report.answer is Answer.NONE and apart is not None:
        served = f"this gateway served {'it' if apart.workflows == 1 else 'them'} itself"
        of = counted(apart.workflows, "workflow")
        return f"No answer: Dispatch decided none of {of}; {served}."
    if apart is not None and apart.critical and not evidence.semantic:
        own = f"{number(apart.critical)} of {counted(apart.workflows, 'workflow')} of its own"
        return f"No: this gateway sent {own} to a wrong recipient, or with the wrong content."
    if not evidence.compared and evidence.cut:
        return "Not yet: every workflow was cut before it was over, or could not be compared."
    if not evidence.compared:
        return "Not yet: no workflow could be compared."
    all_of = f"{counted(evidence.compared, 'workflow')} of {counted(evidence.shapes, 'shape')}"
    answer = ANSWERS[report.answer]
    if evidence.semantic:
        part = f"{number(evidence.semantic)} of {counted(evidence.compared, 'workflow')}"
        differ = "differs" if evidence.semantic == 1 else "differ"
        text = f"{answer}: {part} {differ} in meaning"
        if evidence.critical:
            to_whom = "with the wrong recipient or content"
            text += f", {number(evidence.critical)} of them {to_whom}"
        return f"{text}."
    text = f"{answer}: {all_of}, and none differs in meaning"
    if report.answer is Answer.GO:
        return f"{text}; at 95 % confidence, fewer than {bound(report)} would."
    return f"{text}, but that is not enough to tell."


def coverage(report: Report) -> str:
    """Say how much of the shapes this traffic never showed."""
    if not any(line.branches for line in report.shapes):
        return "No workflow could be compared, so nothing is known of any branch."
    if not report.evidence.unseen:
        return "Nothing: this traffic took every branch of every shape in it."
    branches = counted(report.evidence.unseen, "branch", "branches")
    return (
        f"{branches} of these shapes never came up in this traffic, so nothing is known about them."
    )


def period(report: Report) -> str:
    """Say which days the evidence is of; empty if no trace tells."""
    known = report.evidence.period
    if known is None:
        return ""
    first, last = (f"{each[:10]} {each[11:16]}" for each in known)
    return f"accepted at {first} UTC" if first == last else f"accepted from {first} to {last} UTC"


def bound(report: Report) -> str:
    """Write the upper bound: `1 in 3,104`, or `60 %` where that would be one in one."""
    upper = report.evidence.upper_bound
    if not upper:
        return "unknown"
    return f"1 in {number(int(1 / upper))}" if upper <= _HALF else f"{upper:.0%}".replace("%", " %")


def figures(report: Report) -> list[tuple[str, str, str]]:
    """Return the evidence as title, figure and what it means."""
    evidence = report.evidence
    compared = number(evidence.compared)
    rest = evidence.workflows - evidence.compared - evidence.cut
    unknown = [f"{number(rest)} could not be"] * (rest > 0)
    unknown += [f"{number(evidence.cut)} {was(evidence.cut)} cut"] * (evidence.cut > 0)
    left_out = f"; {', '.join(unknown)}" if unknown else ""
    weighing = share(evidence.semantic, evidence.compared)
    if evidence.upper_bound is None or evidence.upper_bound >= 1:
        certainty = ("of the workflows", weighing, "differ in meaning")
    else:
        certainty = ("at 95 %", f"< {bound(report)}", "would differ; by the rule of three")
    return [
        ("workflows", compared, f"compared{left_out}"),
        ("shapes", number(evidence.shapes), "of workflow among them"),
        ("differ in meaning", number(evidence.semantic), f"{number(evidence.critical)} critically"),
        certainty,
        ("explained", number(evidence.explained), "by a numbered known difference"),
        ("never seen", number(evidence.unseen), "branches this traffic did not take"),
    ]


def was(count: int) -> str:
    """Return the verb for so many, of what is over."""
    return "was" if count == 1 else "were"


def finding_title(finding: FindingLine) -> str:
    """Name a finding: `CMP405 failover-early, step 1`."""
    step = "" if finding.step is None else f", step {finding.step + 1}"
    return f"{finding.code} {finding.name}{step}"


def finding_words(finding: FindingLine, sides: tuple[str, str]) -> str:
    """Say what the two sides did."""
    told = f"{sides[0][0].upper()}{sides[0][1:]}: {finding.reference or 'nothing'}."
    told += f" {sides[1][0].upper()}{sides[1][1:]}: {finding.candidate or 'nothing'}."
    return f"{finding.detail} {told}" if finding.detail else told


def sample_words(finding: FindingLine, lead: FindingLine) -> str:
    """Say where a sample is, of what shape if not of the lead's, and whom it harmed."""
    sample = finding.sample
    if sample is None:
        return ""
    is_told = sample.place in ("", lead.first)
    place = "One of them" if is_told else f"One of them, at {sample.place}"
    of = f", {finding.shape}" if finding.shape != lead.shape else ""
    sides = title_of(sample.reference), title_of(sample.candidate)
    harmed = harm_words(sample.harm, sample.reference, sample.candidate, sides)
    return f"{place}{of}{':' if harmed else '.'} {harmed}".rstrip()


def excuse(finding: FindingLine) -> str:
    """Say why a finding does not weigh; empty if it does."""
    if finding.ignored:
        return f"Ignored: {finding.ignored}."
    return f"Explained by {finding.known}." if finding.known else ""


APART_TITLE: Final = "Served by this gateway itself"
OWN_SIDES: Final = ("this gateway", "this gateway, replayed")
APART_NOTE: Final = (
    "No evidence: a replay of what this gateway decided compares it with itself. What differs here"
    " was decided by another version or under other settings, or is a fault of this gateway."
)


def apart_figures(apart: Apart) -> list[tuple[str, str, str]]:
    """Return what stands apart as title, figure and what it means."""
    unknown = apart.workflows - apart.compared - apart.cut
    left = [f"{number(unknown)} could not be"] * (unknown > 0)
    left += [f"{number(apart.cut)} {was(apart.cut)} cut"] * (apart.cut > 0)
    told = f"compared with their replays{'; ' if left else ''}{', '.join(left)}"
    return [
        ("workflows", number(apart.compared), told),
        ("differ in meaning", number(apart.semantic), f"{number(apart.critical)} critically"),
    ]


def private_note(command: str = "report") -> str:
    """Say why the report can be passed on."""
    return (
        "Traces hold pseudonyms only: no number, text, URL or reference of a person is in this"
        f" report. Made by dispatch-gateway compare {command}."
    )
