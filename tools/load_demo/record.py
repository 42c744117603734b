"""The record of a run, joined from what Locust, the browser, the balancer, Prometheus, the driver and
the ledger have written; `results_record` reads it."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable

from load_report import figures
from load_report.run import Question, Run

from .fleet import Fleet
from .prometheus import Prometheus
from .upkeep import Second


def machine() -> dict[str, Any]:
    """What this ran on."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpus": os.cpu_count(),
        "model": models[0] if models else platform.machine(),
        "memory_gb": round(memory / 2**30),
        "kernel": platform.release(),
    }


def of_users(run: Run) -> dict[str, Any]:
    """What Locust's users saw: their questions, the looks at their histories, Locust's own CPU."""
    told = figures.of(run)
    names = ("turns", "missing", "wrong", "signed_out")
    sums = {name: sum(getattr(check, name) for check in run.checks) for name in names}
    cpu = {"mean": round(told.cpu_mean, 3), "max_10s": round(told.cpu_max, 3)}
    return {
        "questions": [_question(question) for question in run.questions],
        "sessions": {"checks": told.checks, **sums, "cuts": told.cut},
        "locust_cpu": cpu,
    }


def _question(question: Question) -> dict[str, Any]:
    found = asdict(question)
    outcome = "done" if found.pop("is_done") else "abandoned"
    return {**found, "outcome": outcome}


def per_second(
    seen: list[Second], run: Run, prometheus: Prometheus, demand: str
) -> dict[str, list[float]]:
    """Parallel lists, one value for each second."""
    if not seen:
        return {}
    begin, finish = seen[0].at, seen[-1].at
    users = _at((second.at, float(second.users)) for second in run.seconds)
    running = _at(prometheus.series("sum(aira_answers_in_flight)", begin, finish))
    wanted = _at(prometheus.series(demand, begin, finish))
    return {
        "at": [round(s.at, 2) for s in seen],
        "users": [users(s.at) for s in seen],
        "wanted": [s.wanted for s in seen],
        "in_service": [s.healthy for s in seen],
        "booting": [s.booting for s in seen],
        "draining": [s.draining for s in seen],
        "in_flight": [running(s.at) for s in seen],
        "requests": [s.requests for s in seen],
        "refused": [s.refused for s in seen],
        "demand": [round(wanted(s.at), 2) for s in seen],
    }


def _at(series: Any) -> Callable[[float], float]:
    """The newest value that is not newer; asked with growing times."""
    values = list(series)
    state = {"next": 0, "value": 0.0}

    def value(at: float) -> float:
        while state["next"] < len(values) and values[int(state["next"])][0] <= at:
            state["value"] = values[int(state["next"])][1]
            state["next"] += 1
        return state["value"]

    return value


def instances(fleet: Fleet) -> list[dict[str, Any]]:
    """Each with its times."""
    names = ("id", "asked", "serving", "told", "gone", "exit", "cut")
    return [{name: getattr(i, name) for name in names} for i in fleet.every.values()]


def browser(folder: Path) -> dict[str, Any] | None:
    """The browser's own record; none if it wrote none."""
    file = folder / "browser.json"
    return dict(json.loads(file.read_text())) if file.exists() else None


def save(record: dict[str, Any], folder: Path) -> Path:
    """Writes it whole or not at all."""
    draft = folder / "run.json.new"
    draft.write_text(json.dumps(record))
    return draft.replace(folder / "run.json")
