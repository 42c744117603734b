"""Tests of infra/monitoring: Prometheus rules and Grafana dashboards. Run by `make test`.

    .tools/monitoring/bin/python tools/check_monitoring.py [--deep]

Each check must also find the faults that are put into a copy on purpose (MUTATIONS). Where promtool
is found it is asked too; with --deep every alert is changed as well, to see a unit test fail.
"""

from __future__ import annotations

import argparse
import copy
import sys
from collections.abc import Callable, Iterator
from itertools import islice

from monitoring import alerts, dashboards, promtool
from monitoring.files import Files, read

MODULES = [alerts, dashboards]
Check = Callable[[Files], Iterator[str]]


def faults_of(check: Check, files: Files, most: int | None = None) -> list[str]:
    """What a check finds, so many at most; that it cannot even read something is a fault too."""
    try:
        return list(islice(check(files), most))
    except (ValueError, KeyError) as error:
        return [f"{type(error).__name__}: {error}"]


def with_fault(files: Files, change: Callable[[Files], object]) -> Files:
    """A copy that the change was done to; a change that changes nothing proves nothing."""
    twin = copy.deepcopy(files)
    change(twin)
    if twin == files:
        raise SystemExit("monitoring: a fault that is no change")
    return twin


def told(name: str, faults: list[str]) -> int:
    """Prints a check's result; 1 when it failed."""
    print(f"{'FAIL' if faults else 'ok  '} {name.replace('_', ' ')}")
    for fault in faults:
        print(f"       {fault}")
    return bool(faults)


def ask_promtool(files: Files, deep: bool) -> int:
    """Prometheus's own word, where it can be had."""
    program = promtool.found()
    if program is None:
        print("SKIPPED promtool: it is neither on PATH nor could tools/setup-promtool unpack it here;")
        print("        the rules' unit tests (infra/monitoring/prometheus/tests) were NOT run")
        return 0
    failed = told("Prometheus takes the configuration and the rules, and their unit tests pass", list(promtool.agrees(program)))
    if deep:
        failed += told("every alert that is changed fails a unit test", list(promtool.survivors(program, files)))
    return failed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--deep", action="store_true")
    options = parser.parse_args()
    files = read()
    checks: dict[str, Check] = {c.__name__: c for module in MODULES for c in module.CHECKS}
    failed = sum(told(name, faults_of(check, files)) for name, check in checks.items())
    mutations = [m for module in MODULES for m in module.MUTATIONS]
    for name, what, change in mutations:
        found = faults_of(checks[name], with_fault(files, change), most=1)
        failed += not found
        print(f"{'ok  ' if found else 'FAIL'} finds {what}")
    failed += ask_promtool(files, options.deep)
    print(f"monitoring: {len(checks) + len(mutations)} checks and faults, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
