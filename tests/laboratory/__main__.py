"""`python -m tests.laboratory`: run seeds, sum what was run, and look at one of them."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.laboratory import telling
from tests.laboratory.attempt import attempt
from tests.laboratory.describe import describe
from tests.laboratory.draws import draw
from tests.laboratory.ledger import Ledger, Seeds, tree
from tests.laboratory.plan import Plan
from tests.laboratory.points import never
from tests.laboratory.progress import Progress
from tests.laboratory.reporting import FOUND, kept, report, tell_verdict
from tests.laboratory.runner import Runner, findings
from tests.laboratory.tally import Tally

_INTERRUPTED: Final = 130
_TOLD_AT_MOST: Final = 20
_KINDS_AT_MOST: Final = 5
_SHRINK_S: Final = 60.0
_WIDTH: Final = 160


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line says; return the exit code.

    0: no promise was broken; 1: one was, or something that has to happen sometimes never did;
    2: the command line is wrong; 130: interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.do(options)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # who reads has seen enough
        sys.stdout = None
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.laboratory", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="run a range of seeds, on all cores")
    run.add_argument("seeds", type=_seeds, metavar="FIRST..LAST", help="such as 1..3000")
    run.add_argument("--jobs", type=_count, default=_cores(), help="processes (here %(default)s)")
    run.add_argument(
        "--ledger", type=Path, help="keep what is done in this file, and run only what is missing"
    )
    run.add_argument(
        "--no-sometimes",
        action="store_true",
        help="do not fail for what never happened: for ranges too small to ask",
    )
    run.add_argument(
        "--shrink",
        type=float,
        default=_SHRINK_S,
        metavar="SECONDS",
        help="how long to make a plan smaller that broke a promise (%(default)s)",
    )
    run.add_argument("--found", type=Path, default=FOUND, help="where it is kept (%(default)s)")
    run.set_defaults(do=_run)

    replay = commands.add_parser("replay", help="run seeds or kept plans, and tell what happened")
    replay.add_argument("what", nargs="+", metavar="SEED|FILE")
    replay.add_argument("--dispatch", type=int, help="whose timeline is drawn, if not the one")
    replay.add_argument("--quiet", action="store_true", help="only what broke a promise")
    replay.set_defaults(do=_replay)

    show = commands.add_parser("show", help="tell the plan of a seed, or a kept one, in words")
    show.add_argument("what", metavar="SEED|FILE")
    show.add_argument("--json", action="store_true", help="as the document that replay reads")
    show.set_defaults(do=_show)
    for command in (run, replay):
        command.add_argument("--width", type=_count, default=_width(), help=argparse.SUPPRESS)

    sums = commands.add_parser("sum", help="print the sums of a ledger")
    sums.add_argument("--ledger", type=Path, required=True)
    sums.add_argument("--markdown", action="store_true", help="as tables")
    sums.add_argument("--write", action="store_true", help="renew the figures of docs/evidence.md")
    sums.set_defaults(do=_sum)
    return parser


def _seeds(text: str) -> Seeds:
    first, dots, last = text.partition("..")
    if not first.isdecimal() or (dots and not last.isdecimal()):
        raise argparse.ArgumentTypeError("a range is written like 1..3000")
    seeds = Seeds(first=int(first), last=int(last or first))
    if not len(seeds) > 0:
        raise argparse.ArgumentTypeError("the last seed comes before the first")
    return seeds


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("give a number from 1 on")
    return int(text)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _width() -> int:
    return shutil.get_terminal_size((_WIDTH, 0)).columns


def _run(options: argparse.Namespace) -> int:
    seeds: Seeds = options.seeds
    state = tree()
    ledger = Ledger(options.ledger)
    missing = ledger.missing(seeds, state.sources)
    count = sum(len(one) for one in missing)
    _say(f"commit {state.commit}, sources {state.sources}, seeds {seeds}: {count:,} to run")
    progress = Progress(count)
    told = 0

    def heard(done: Tally) -> None:
        nonlocal told
        progress.add(violated=bool(done.found))
        for one in done.found:
            told += 1
            if told <= _TOLD_AT_MOST:
                progress.say(f"seed {one.seed} of commit {state.commit}: {one.told[0]}")

    signal.signal(signal.SIGTERM, _interrupt)
    try:
        Runner(ledger, state, jobs=options.jobs, heard=heard, looked=progress.look).run(missing)
    except KeyboardInterrupt:
        progress.close()
        left = sum(len(one) for one in ledger.missing(seeds, state.sources))
        _say(
            f"interrupted with {left:,} seeds left",
            *telling.summary(ledger.within(seeds, state.sources)),
        )
        return _INTERRUPTED
    progress.close()
    return _conclude(ledger.within(seeds, state.sources), options)


def _conclude(tally: Tally, options: argparse.Namespace) -> int:
    _say(*telling.summary(tally))
    absent = [] if options.no_sometimes else never(tally.counts)
    for what in absent:
        _say(f"never: {what}")
    for kind, found in findings(tally).items():
        named = ", ".join(str(one.seed) for one in found[:_TOLD_AT_MOST])
        _say(f"{len(found)} seeds broke a promise ({kind}): {named}")
    for found in list(findings(tally).values())[:_KINDS_AT_MOST]:
        _say("")
        for line in report(
            found[0].seed,
            tree().commit,
            shrink_s=options.shrink,
            width=options.width,
            folder=options.found,
        ):
            _say(line)
    if tally.found or absent:
        return 1
    _say("no promise was broken")
    return 0


def _replay(options: argparse.Namespace) -> int:
    broken = 0
    for what in options.what:
        verdict = attempt(_plan(what))
        broken += bool(verdict.violations)
        if verdict.violations or not options.quiet:
            name = f"{what} of commit {tree().commit}"
            lines = tell_verdict(verdict, name, width=options.width, number=options.dispatch)
            _say(*lines)
    return 1 if broken else 0


def _show(options: argparse.Namespace) -> int:
    plan = _plan(options.what)
    _say(*([plan.to_json()] if options.json else describe(plan)))
    return 0


def _plan(what: str) -> Plan:
    return draw(int(what)) if what.isdecimal() else kept(Path(what))


def _sum(options: argparse.Namespace) -> int:
    ledger = Ledger(options.ledger)
    if not ledger.chunks:
        _say(f"{options.ledger} has no seeds")
        return 1
    if options.write:
        page = telling.EVIDENCE.read_text(encoding="utf-8")
        telling.EVIDENCE.write_text(telling.renew(page, telling.markdown(ledger)), encoding="utf-8")
    elif options.markdown:
        _say(telling.markdown(ledger))
    else:
        _say(*telling.sums(ledger))
    return 0


def _interrupt(*what: Any) -> NoReturn:
    raise KeyboardInterrupt


def _say(*lines: str) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    # Sets of strings are in another order in every process. Nothing should depend on that; what
    # does by mistake shall at least happen again.
    if "PYTHONHASHSEED" not in os.environ:
        again = [sys.executable, "-m", "tests.laboratory", *sys.argv[1:]]
        os.execve(sys.executable, again, {**os.environ, "PYTHONHASHSEED": "0"})  # noqa: S606
    sys.exit(main())
