"""The command line of the demo."""

from __future__ import annotations

import argparse
import random
import sys
import time
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from . import caches, checks, deploy, noop, page, people, record, stage, table, traffic
from . import visit_page
from .cast import AWAY, FUNCTIONS, MINUTE, ROUTER, STORY_MINUTES, SYNC
from .cast import Fleet, clock_time, fleets, local, story_start
from .cloud import Cloud, StageError
from .facts import Facts
from .play import Play
from .told import Told
from .visit import Visit
from .visit_checks import Visited

ROOT = Path(__file__).resolve().parents[2]
#: The day of `make demo`; `make test` plays another one each time.
SEED = 2026
#: The topics that not everybody has, so that the day shows them.
TOPICS = {"EscalationEmail": "lead@example.com", "ChatTopic": "true"}


def main() -> int:
    options = _options()
    try:
        with ExitStack() as ends:
            return _play(options, ends)
    except (StageError, BotoCoreError, ClientError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _play(options: argparse.Namespace, ends: ExitStack) -> int:
    cast = fleets()
    visit = None if options.deployed else _deploy(options, cast, ends)
    cloud = Cloud(options.stack)
    start = story_start(datetime.now(timezone.utc))
    day = {f.name: traffic.of_fleet(f, options.seed) for f in cast}
    stored = stage.set_up(cloud, cast, day, start)
    if options.noop:
        clouds = [visit.home, visit.away] if visit and options.noop == SYNC else [cloud]
        noop.put_in_place_of(clouds, options.noop)
        print(f"  {options.noop} does nothing in this play: its assertions must fail")
    play = Play(cloud, cast, start, day, options.seed, options.quick, visit=visit)
    people.listen(cloud, play.delivery)
    people.silence(cloud, start)
    _tell_what_is_played(play, stored)
    since = time.time()
    play.run(_progress)
    found = record.read(cloud, cast, play, since)
    print(f"  played in {time.time() - since:.0f} s with {play.invocations} invocations")
    result = _report(found, cast, options.out)
    if not (options.deployed or options.endpoint_for):
        print(
            "the endpoint still runs: make status; make explain FLEET=aira-web; make endpoint-stop"
        )
    return result


def _deploy(options: argparse.Namespace, cast: list[Fleet], ends: ExitStack) -> Visit:
    """The stack, the other region's part of it, and a cache for each of the two."""
    print("deploying to the local endpoint, emptied first ...", flush=True)
    began = time.monotonic()
    here, there = (ends.enter_context(caches.server()) for _ in range(2))
    sessions = {"Sessions": "true", "SessionRegions": AWAY, "CacheUrl": here.url}
    answers = {**TOPICS, **sessions}
    deploy.fresh(options.stack, cast, options.endpoint_for, options.code, answers)
    away_answers = {"Sessions": "true", "CacheUrl": there.url}
    deploy.elsewhere(options.stack, AWAY, options.code, away_answers)
    deploy.take_over_environment()
    print(f"  deployed in {time.monotonic() - began:.0f} s")
    home, away = Cloud(options.stack), Cloud(options.stack, AWAY)
    visit = Visit(home, away, {home.region: here, away.region: there})
    ends.callback(visit.close)
    return visit


def _tell_what_is_played(play: Play, stored: str) -> None:
    day = local(play.start)
    print(f"seed {play.seed}; the policy was {stored}")
    print(f"  the story: {day:%A %Y-%m-%d} noon to noon, {day.tzname()}")
    print("  wake-ups are those of the schedules, thinned where nothing can happen")
    print("  played by the driver, because no local endpoint does it: boot time, raising of")
    print("  desired to MinSize, target tracking's scale-in, and CloudWatch's alarms", flush=True)


def _progress(minute: int, play: Play) -> None:
    """A line for each hour, and in between on a terminal."""
    if minute % 60 and not (sys.stdout.isatty() and minute % 5 == 0):
        return
    bar = "#" * (minute * 24 // STORY_MINUTES)
    sizes = "  ".join(f"{n} {g.desired:>2}" for n, g in play.groups.items())
    line = f"  {clock_time(play.start + minute * MINUTE)} [{bar:<24}] instances: {sizes}"
    end = "\n" if minute % 60 == 0 else "\r"
    print(line, end=end, flush=True)


def _report(found: record.Record, cast: list[Fleet], out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    found.save(out / "day.json")
    findings = checks.run(found, cast)
    every = [Facts(found, fleet) for fleet in cast]
    for facts in every:
        table.print_decisions(facts)
    table.print_told(Told(found))
    if found.sessions is not None:
        visit_page.print_steps(Visited(found))
    print()
    for facts in every:
        given, fixed = facts.instance_hours(), facts.fixed_hours()
        print(
            f"{facts.fleet.name}: {given:.0f} instance-hours; a fixed fleet of"
            f" {facts.fixed_size()}, for the day's peak, takes {fixed:.0f} ({1 - given / fixed:.0%}"
            " less)"
        )
    failed = table.print_findings(findings)
    (out / "day.html").write_text(page.render(every, findings))
    print(f"the day as a page: {out / 'day.html'}")
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/demo.py",
        description="Plays one accelerated day through the functions deployed on the local"
        " endpoint, prints what they decided and why, and asserts what a day must show.",
    )
    parser.add_argument(
        "--seed", type=_seed, default=SEED, help=f"the day's dice, or `random` (default {SEED})"
    )
    parser.add_argument("--quick", action="store_true", help="fewer wake-ups in the quiet hours")
    parser.add_argument("--stack", default="tidegate", help="the stack's name")
    parser.add_argument(
        "--deployed",
        action="store_true",
        help="play on the endpoint of AWS_ENDPOINT_URL, freshly deployed by tools/deploy-local;"
        " without the session, which needs two regions and their caches",
    )
    parser.add_argument(
        "--endpoint-for", type=int, default=0, metavar="PID", help="end the endpoint with PID"
    )
    parser.add_argument(
        "--noop",
        choices=(*FUNCTIONS, ROUTER, SYNC),
        help="put a program that does nothing in this function's place; the demo must fail",
    )
    parser.add_argument(
        "--code",
        type=Path,
        metavar="DIR",
        help="programs already built with the feature `story` (NAME/bootstrap)",
    )
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "demo", help="where to write")
    return parser.parse_args()


def _seed(text: str) -> int:
    return random.SystemRandom().randrange(1, 10**6) if text == "random" else int(text)
