"""Tests of what people look at: the dashboard, the alarms, the runbook. Run by `make test`.

Each check must also find the faults that are put into a copy on purpose (MUTATIONS).
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from watch import alarms, dashboard, grafana
from watch.world import World, read

MODULES = [dashboard, alarms, grafana]
Check = Callable[[World], Iterator[str]]


def faults_of(check: Check, world: World, most: int | None = None) -> list[str]:
    """What a check finds, so many at most; that it cannot even read something is a fault too."""
    try:
        return list(islice(check(world), most))
    except (ValueError, KeyError) as error:
        return [f"{type(error).__name__}: {error}"]


def with_fault(world: World, change: Callable[[World], object]) -> World:
    """A copy that the change was done to; a change that changes nothing proves nothing."""
    twin = copy.deepcopy(replace(world, deployed={}, worked_out={}))
    change(twin)
    if twin == world:
        raise SystemExit("watch: a fault that is no change")
    return twin


def main() -> int:
    world = read()
    failed = 0
    checks: dict[str, Check] = {c.__name__: c for module in MODULES for c in module.CHECKS}
    for name, check in checks.items():
        faults = faults_of(check, world)
        failed += bool(faults)
        print(f"{'FAIL' if faults else 'ok  '} {name.replace('_', ' ')}")
        for fault in faults:
            print(f"       {fault}")
    mutations = [m for module in MODULES for m in module.MUTATIONS]
    for name, what, change in mutations:
        found = faults_of(checks[name], with_fault(world, change), most=1)
        failed += not found
        print(f"{'ok  ' if found else 'FAIL'} finds {what}")
    print(f"watch: {len(checks) + len(mutations) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
