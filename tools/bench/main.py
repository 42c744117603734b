"""Arguments, the run, the verdict."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from . import aws, build, report, rounds

ROOT = Path(__file__).resolve().parent.parent.parent
LEAST_ROUNDS = 30


def main() -> int:
    options = arguments()
    folder = ROOT / "build" / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    subjects = build.subjects(ROOT, folder, options.build)
    for extra in options.also:
        name, program = extra.split("=", 1)
        subjects.append(build.variant(name, Path(program)))
    undisturbed = options.realtime and before_all_other_work()
    with aws.Stub(build.program(folder, "aws-stub"), folder) as stub:
        samples = rounds.run(subjects, stub, options.rounds, folder)
    result = {"undisturbed": undisturbed, **report.summary(subjects, samples)}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    print(report.table(result))
    missed = report.missed(result)
    for goal in missed:
        print(f"missed: {goal}")
    return 1 if missed and options.fail else 0


def before_all_other_work() -> bool:
    """Asks for it for this process and what it starts; only root gets it. On a busy machine a
    program that needs one millisecond otherwise waits for four, and all look alike."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    return True


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/bench_start.py", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="starts of each subject (>= 30)")
    parser.add_argument("--no-build", dest="build", action="store_false", help="use what is built")
    parser.add_argument("--no-fail", dest="fail", action="store_false", help="report only")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "bench-start.json")
    parser.add_argument("--also", action="append", default=[], metavar="NAME=PROGRAM",
                        help="another build of spike-step-scaler, measured beside the others")
    parser.add_argument("--no-realtime", dest="realtime", action="store_false",
                        help="do not ask to be scheduled before this machine's other work")
    options = parser.parse_args()
    if options.rounds < LEAST_ROUNDS:
        parser.error(f"medians of fewer than {LEAST_ROUNDS} starts say little")
    return options
