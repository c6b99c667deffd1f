"""A plan in plain words: what is asked, what becomes of it, and what goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from tests.laboratory.plan import Answer, DispatchPlan, Fault, Plan, StepPlan, Word


def describe(plan: Plan) -> Iterator[str]:
    """Return the lines that tell a plan."""
    store = "SQLite" if plan.form == "sqlite" else "the dict model behind a link"
    many = "one process" if plan.processes == 1 else f"{plan.processes} processes"
    yield f"seed {plan.seed}: {many} on {store}"
    yield (
        f"polls every {plan.tick_s} s; up to {plan.store_turns} turns to the store;"
        f" rare ways {plan.detours:.0%}; the vendor repeats by {plan.rhythm};"
        f" {'with' if plan.has_public_url else 'without'} a public URL"
    )
    for name, value in sorted(plan.environ.items()):
        yield f"{name}={value}"
    for number, dispatch in enumerate(plan.dispatches):
        yield from _dispatch(number, dispatch)
    yield "faults:" if plan.faults else "no faults"
    yield from (f"  {line}" for line in describe_faults(plan))


def describe_faults(plan: Plan) -> Iterator[str]:
    """Return a line for each fault."""
    yield from map(_fault, plan.faults)


def _dispatch(number: int, dispatch: DispatchPlan) -> Iterator[str]:
    key = "with a key" if dispatch.has_key else "without a key"
    copies = f", {dispatch.copies} at once" if dispatch.copies > 1 else ""
    account = ", second account" if dispatch.account else ""
    yield f"d{number} is asked for at {dispatch.at_s} s {key}{copies}{account}"
    for index, step in enumerate(dispatch.steps):
        yield f"  s{index} {_step(step)}"
        yield f"     upstream: {', '.join(map(_answer, step.answers))}"
        yield f"     vendor: {', '.join(map(_word, step.words)) or 'never says a word'}"


def _step(step: StepPlan) -> str:
    if step.expiry_s is None:
        return f"{step.channel}, the last"
    return f"{step.channel}, the next one unless {step.condition} within {step.expiry_s} s"


def _answer(answer: Answer) -> str:
    return f"{answer.kind} after {answer.after_s} s"


def _word(word: Word) -> str:
    extra = f", {word.repeats} times more" if word.repeats else ""
    extra += ", lost at first" if word.unheard else ""
    extra += ", its 200 is lost" if word.loses_answer else ""
    return f"{word.status} after {word.after_s} s{extra}"


def _fault(fault: Fault) -> str:
    said = [f"{fault.at_s:9.3f}  {fault.kind}"]
    plain = {field.name: field.default for field in fields(Fault)}
    for name in ("point", "nth", "turns", "writes", "process", "offset_s", "account"):
        if getattr(fault, name, None) != plain.get(name):
            said.append(f"{name} {getattr(fault, name)}")
    if fault.for_s:
        said.append(f"for {fault.for_s} s")
    said += [name for name in ("is_applied", "by_reload") if getattr(fault, name)]
    return ", ".join(said)
