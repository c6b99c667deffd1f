"""What the options of `translate` ask for. Imported when it runs: its help needs none of this."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.cli.main import stop
from gateway.cli.parameters import named, template_names
from gateway.cli.telling import findings_screen, tell
from gateway.cli.translate import Options
from gateway.folding import columns_of
from gateway.offline.apart import (
    Overwriting,
    is_same,
    keep_apart,
    refuse_one_file_for_two,
)
from gateway.offline.baseline import Baseline, BaselineFault, load_baseline
from gateway.offline.conversions import Origin, Target, Terms, read_plan
from gateway.offline.documents import Document, place
from gateway.offline.inputs import Input, Trouble, find_inputs
from gateway.offline.reports import ReportForm, full
from gateway.offline.results import Form
from gateway.offline.run import Work
from gateway.offline.selection import Selection
from gateway.offline.translating import Order
from translators.rules import Switches

if TYPE_CHECKING:
    from gateway.offline.record import Workflow


def make_order(
    options: Options, selection: Selection, baseline: Baseline, *, is_single: bool
) -> Order:
    """Return what the options ask for.

    Args:
        is_single: whether the whole input is one document.
    """
    form, report = _forms(options, is_single=is_single)
    terms = Terms(
        origin=Origin(options["origin"]),
        target=Target(options["target"] or "steps"),
        switches=Switches(
            accepted=frozenset(named(options["accept"])),
            refused=frozenset(named(options["refuse"])),
        ),
        default_locale=options["default_locale"],
        authentication_templates=template_names(options["authentication_templates"]),
        max_steps=options["max_steps"] or None,
        with_ttl=options["ttl"],
        undeliverable_fails_over=options["assume"] == "undeliverable-fails-over",
        pass_v1_codes=options["pass_v1_codes"],
        reply_as_text=options["reply_as_text"],
        user_id_form=options["user_id_form"] or "both",
        as_invalid_template=options["template_rejection"] == "invalid-template",
        dispatch_uuid=str(options["dispatch_uuid"]) if options["dispatch_uuid"] else None,
    )
    work = Work(
        terms=terms,
        form=form,
        report=ReportForm(report),
        selection=selection,
        keeps_keys=options["write_baseline"] is not None,
        workflow=_workflow(options["workflow"], terms),
        result_columns=None if options["output"] else columns_of(sys.stdout),
        screen=findings_screen(),
    )
    return Order(
        work=work,
        output=options["output"],
        jobs=options["jobs"] or os.cpu_count() or 1,
        baseline=baseline,
        new_baseline=options["write_baseline"],
    )


def _forms(options: Options, *, is_single: bool) -> tuple[Form | None, str]:
    """Return how results and findings are written."""
    form = options["form"] or ("json" if is_single else "jsonl")
    if form in ("github", "junit"):
        return None, form
    if options["check"] or form == "text":
        return (None if options["check"] else Form.TEXT), "text"
    # A single document's findings are shown in full beside the result; of many, the first few.
    return Form(form), "text" if is_single else "brief"


def look_for(paths: Sequence[str], options: Options) -> list[Input | Trouble]:
    """Return what is to be read.

    Ends the command if it would overwrite any of that.
    """
    output, new_baseline = options["output"], options["write_baseline"]
    consulted = [options["baseline"], options["workflow"]]
    written = [output]  # none is standard output
    try:
        refuse_one_file_for_two(output, [*consulted, new_baseline])
        refuse_one_file_for_two(new_baseline, [options["workflow"]])
        if new_baseline is not None:
            written.append(new_baseline)
        return keep_apart(list(find_inputs(paths)), paths, written=written, consulted=consulted)
    except Overwriting as fault:
        stop([fault])


def make_selection(options: Options) -> tuple[Selection, Baseline]:
    """Return which findings count, and the baseline with where its findings were.

    Ends the command if the baseline cannot be used. One that this run will write anew may not be
    there yet.
    """
    path, new_path = options["baseline"], options["write_baseline"]
    is_new = path and new_path and is_same(path, new_path) and not path.exists()
    try:
        baseline = load_baseline(path) if path and not is_new else {}
    except BaselineFault as fault:
        stop([fault])
    selection = Selection(
        selected=named(options["select"]),
        ignored=named(options["ignore"]),
        accepted=frozenset(baseline),
        is_strict=options["strict"],
    )
    return selection, baseline


def _workflow(path: Path | None, terms: Terms) -> Workflow | None:
    """Read the request that recorded statuses belong to; ends the command if it is none."""
    if path is None:
        return None
    try:
        document = Document(path=str(path), line=None, raw=path.read_bytes())
    except OSError as error:
        stop([f"{path}: cannot be read: {(error.strerror or str(error)).lower()}"])
    plan = read_plan(terms, document.raw)
    if plan.value is None:
        screen = findings_screen()
        tell("\n\n".join(full(each, screen) for each in place(document, plan.errors)))
        stop([f"{path}: is no request that statuses could belong to"])
    from gateway.offline.record import Workflow  # noqa: PLC0415 - brings the machine

    return Workflow(path=str(path), plan=plan.value)
