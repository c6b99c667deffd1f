"""What a run says: each mutant as it is tried, and at the end the figures and who survived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.mutants.drawing import MUTATED, part_of
from tests.mutants.listed import Listed
from tests.mutants.mutant import Mutant
from tests.mutants.trial import Trial, Verdict
from tests.mutants.workshop import ROOT


def progress(number: int, of: int, mutant: Mutant, trial: Trial) -> str:
    """Return one line about a trial."""
    by = f" by {trial.by}" if trial.by else ""
    place = f"{mutant.path}:{mutant.line}"
    return f"[{number}/{of}] {trial.verdict:9} {place} {mutant.kind}: {mutant.change}{by}"


def difference(mutant: Mutant) -> list[str]:
    """Return where a mutant is and what it changes, as a diff of one line."""
    source = (ROOT / mutant.path).read_bytes()
    begin = source.rfind(b"\n", 0, mutant.start) + 1
    end = source.find(b"\n", mutant.end)
    before = source[begin:end]
    after = source[begin : mutant.start] + mutant.after.encode() + source[mutant.end : end]
    one, other = (" ".join(each.decode().split()) for each in (before, after))
    where = f"{mutant.path}:{mutant.line} in {mutant.scope or 'the module'}, {mutant.kind}"
    return [where, f"  - {one}", f"  + {other}"]


def summary(
    trials: Sequence[tuple[Mutant, Trial]], known: Mapping[str, Listed], seed: int
) -> tuple[list[str], int, float]:
    """Return the lines to print, how many survivors are not listed, and the share of the killed.

    The share is of those that a test could notice: what is listed as equivalent is left out.
    """
    killed, total, equal = Counter[str](), Counter[str](), Counter[str]()
    lines, unlisted = [""], 0
    for mutant, trial in trials:
        part, entry = part_of(mutant), known.get(mutant.key)
        total[part] += 1
        if trial.verdict is Verdict.KILLED:
            killed[part] += 1
            if entry is not None:
                lines += [*difference(mutant), f"  is listed, and killed by {trial.by}", ""]
                unlisted += 1
            continue
        equal[part] += entry is not None and entry.is_equivalent
        unlisted += entry is None
        reason = f"not listed; {trial.verdict}" if entry is None else entry.reason
        lines += [
            *difference(mutant),
            f"  {mutant.key}" if entry is None else "",
            f"  {reason}",
            "",
        ]
    lines += [f"{'':24}{'drawn':>8}{'killed':>8}{'equivalent':>12}"]
    for part in (*MUTATED, "all"):
        counted = [
            sum(each.values()) if part == "all" else each[part] for each in (total, killed, equal)
        ]
        lines.append(f"{part:24}{counted[0]:8}{counted[1]:8}{counted[2]:12}")
    share = killed.total() / max(1, total.total() - equal.total())
    lines.append(
        f"seed {seed}: {killed.total()} of {total.total()} killed, {equal.total()} equivalent:"
        f" {share:.1%} of those that can be noticed; {unlisted} to look at"
    )
    return lines, unlisted, share
