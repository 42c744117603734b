"""The command line of the load demo."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from demo.cloud import StageError

from . import charts, page, results, summary
from .cast import POLICY_FILE
from .programs import ROOT, Missing
from .results_claims import claims
from .results_record import RecordError
from .run import Settings, play

VARIANTS = ("fixed", "native", "tidegate")
#: Minutes of the story and how many users there are from then on; at the last one it ends. `step` is
#: the number of users that the step goes to.
STAGES = "0:5,5:{step},28:{third},47:5,56:"
SEED = 2026


def main() -> int:
    options = _options()
    try:
        stages = parse_stages(options.stages or _default_stages(options.users))
        _play_all(options, stages)
        return _show(options.out)
    except (Missing, RecordError, StageError, BotoCoreError, ClientError, ValueError) as error:
        print(f"load-demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _default_stages(users: int) -> str:
    return STAGES.format(step=users, third=max(5, users * 3 // 8))


def parse_stages(text: str) -> tuple[tuple[float, int], ...]:
    """`0:5,4:400,24:` as pairs; the last one has no users and ends it.

    Raises ValueError, with the reason, where times do not grow or there is no end.
    """
    found: list[tuple[float, int]] = []
    for word in text.split(","):
        minute, colon, users = word.partition(":")
        try:
            pair = (float(minute), int(users or 0))
        except ValueError as error:
            raise ValueError(f"stages: {word!r} is not MINUTE:USERS") from error
        if not colon or pair[1] < 0 or (found and pair[0] <= found[-1][0]):
            raise ValueError(f"stages: {word!r}: minutes must grow, as in 0:5,4:400,24:")
        found.append(pair)
    if len(found) < 2 or found[0][0] != 0 or found[-1][1] != 0:
        raise ValueError("stages: begin at minute 0 and end with a minute alone, as in 0:5,24:")
    return tuple(found)


def _play_all(options: argparse.Namespace, stages: tuple[tuple[float, int], ...]) -> None:
    variants = options.variants.split(",")
    unknown = [v for v in variants if v not in VARIANTS]
    if unknown:
        raise ValueError(f"no variant {unknown[0]}; there are {', '.join(VARIANTS)}")
    if options.out.exists() and not options.add:
        shutil.rmtree(options.out)
    every = [(n, v) for n in range(options.first, options.first + options.runs) for v in variants]
    length = stages[-1][0] * options.minute_secs
    print(
        f"load-demo: {len(every)} runs of {length / 60:.1f} minutes each, and half a minute before"
        f" each; a minute of the controllers takes {options.minute_secs:g} s",
        flush=True,
    )
    for done, (number, variant) in enumerate(every, 1):
        began = time.monotonic()
        print(f"{variant}, run {number} ({done} of {len(every)})", flush=True)
        settings = Settings(
            variant=variant,
            number=number,
            stages=stages,
            minute_secs=options.minute_secs,
            seed=options.seed + number - 1,
            timeout=options.timeout,
            think=options.think,
            size=options.size,
            periods=options.alarm_periods,
            balance=options.balance,
            with_browser=not options.no_browser,
            program=options.aira,
            code=options.code,
            policy=options.policy,
            out=options.out / f"{variant}-{number}",
        )
        file = play(settings)
        print(f"  {file} in {time.monotonic() - began:.0f} s", flush=True)


def _show(folder: Path) -> int:
    """The comparison of all runs that are in the folder; 1 when a claim does not hold."""
    comparison = results.read(folder)
    print(f"\n{summary.terminal(comparison)}", end="")
    file = folder / "comparison.html"
    file.write_text(page.render(comparison), encoding="utf-8")
    charts.pictures(comparison, folder / "pictures")
    print(f"load-demo: the comparison as a page: {file}")
    return 0 if all(claim.holds for claim in claims(comparison)) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/load_demo.py",
        description="A small real fleet under real load on this machine, with a fixed size, under"
        " native step scaling and under Tidegate, and a page that compares them.",
    )
    add = parser.add_argument
    add("--variants", default=",".join(VARIANTS), help="which, with commas between")
    add("--runs", type=int, default=1, help="runs of each variant (default 1)")
    add("--first", type=int, default=1, help="the number of the first run")
    add("--users", type=int, default=400, help="users that the load steps to (default 400)")
    add("--stages", help="MINUTE:USERS,..., a minute alone ends it; in the controllers' minutes")
    add("--minute-secs", type=float, default=6.0, help="real seconds of a controllers' minute")
    add("--timeout", type=float, default=60.0, help="after it a question is abandoned (60 s)")
    add("--think", default="5-10", help="seconds between an answer and the next question")
    add("--size", type=int, default=2, help="instances to begin with (2, the policy's minimum)")
    add("--alarm-periods", type=int, default=2, help="minutes that the spike alarm waits for (2)")
    add("--balance", default="leastconn", help="HAProxy's algorithm")
    add("--seed", type=int, default=SEED)
    add("--no-browser", action="store_true", help="without the browser")
    add("--aira", type=Path, default=ROOT / "target" / "workload" / "aira" / "bootstrap")
    add("--code", type=Path, default=ROOT / "target" / "functions-story")
    add("--policy", type=Path, default=POLICY_FILE, help="another policy for its fleet aira-web")
    add("--out", type=Path, default=ROOT / "build" / "load-demo")
    add("--add", action="store_true", help="keep the runs that are in the folder")
    options = parser.parse_args()
    # Prometheus takes a relative path for one beside its settings.
    options.out = options.out.resolve()
    return options
