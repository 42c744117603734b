"""The run: workers in processes of their own, then the report."""

from __future__ import annotations

import multiprocessing
import queue
import sys
import time
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from . import cost, place, report, work
from .meter import Call
from .options import Options, parse
from .work import Place

#: Seconds that the workers may take to create their sessions.
MOST_BEFORE = 600.0


def main(about: str, words: list[str] | None = None) -> int:
    options = parse(sys.argv[1:] if words is None else words, about)
    try:
        return _live(options) if options.live else _local(options)
    except (place.NoPlace, BotoCoreError, ClientError) as error:
        print(f"load-sessions: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("load-sessions: interrupted; sessions that were begun run out by themselves", file=sys.stderr)
        return 130


def _local(options: Options) -> int:
    with place.local() as where:
        print(f"load-sessions: {where.table} on a local endpoint of this run ({where.endpoint}), which is no DynamoDB")
        return _run(options, where)


def _live(options: Options) -> int:
    where, regions = place.live(options)
    options = replace(options, regions=max(options.regions, regions))
    dear = cost.at_most(options)
    print(f"load-sessions: {where.table} in {where.region}: {cost.sentence(options, dear)}")
    if not _agreed(options, dear.dollars):
        return 2
    return _run(options, where)


def _agreed(options: Options, dollars: float) -> bool:
    if options.accept_cost >= 0:
        if dollars <= options.accept_cost:
            return True
        print(f"load-sessions: more than --accept-cost {options.accept_cost:g}: not begun", file=sys.stderr)
        return False
    if not sys.stdin.isatty():
        print("load-sessions: nobody to ask: --accept-cost DOLLARS says what it may cost", file=sys.stderr)
        return False
    typed = input(f"Type the table's name to load it ({options.table}): ")
    if typed.strip() != options.table:
        print("load-sessions: not begun", file=sys.stderr)
        return False
    return True


def _run(options: Options, where: Place) -> int:
    calls = _work(options, where)
    during = [c for c in calls if report.phase(c, options.seconds) == "load"]
    found = report.lines(during, options.seconds)
    print(f"{options.workers} workers, {options.seconds:g} s, {options.sessions} sessions of {options.fields} x"
          f" {options.value_bytes} bytes each")  # fmt: skip
    print(report.table(found))
    for path in report.write(options.out, calls, options.seconds):
        print(f"load-sessions: {path}")
    if not during:
        print("load-sessions: not one call was made", file=sys.stderr)
        return 1
    return 0


def _work(options: Options, where: Place) -> list[Call]:
    """All workers' calls. They begin the load together, when every one has its sessions."""
    processes = multiprocessing.get_context("spawn")
    ready, go, began = processes.Semaphore(0), processes.Event(), processes.Value("d", 0.0)
    answers = processes.Queue()
    arguments = (options, where, ready, go, began, answers)
    workers = [processes.Process(target=_worker, args=(n, *arguments), daemon=True) for n in range(options.workers)]
    for worker in workers:
        worker.start()
    waited = 0.0
    for _ in workers:
        while not ready.acquire(timeout=1):
            waited += 1
            if waited > MOST_BEFORE or any(worker.exitcode for worker in workers):
                raise place.NoPlace("the workers did not get ready; what they said is above")
    began.value = time.monotonic() + 0.2
    go.set()
    found = [call for worker in workers for call in _answer(answers, workers)]
    for worker in workers:
        worker.join()
    return [replace(call, at=call.at - began.value) for call in found]


def _answer(answers: Any, workers: list[Any]) -> list[Call]:
    while True:
        try:
            return answers.get(timeout=1)
        except queue.Empty:
            if any(worker.exitcode for worker in workers):
                raise place.NoPlace("a worker died; what it said is above") from None


def _worker(number: int, options: Options, where: Place, ready: Any, go: Any, began: Any, answers: Any) -> None:
    """In its own process."""

    def start() -> float:
        ready.release()
        go.wait()
        return began.value

    answers.put(work.run(options, where, number, start))
