"""The record of a run, joined from what Locust, the browser, the balancer, Prometheus, the driver and
the ledger have written; `results_record` reads it."""

from __future__ import annotations

import csv
import json
import os
import platform
from pathlib import Path
from typing import Any, Callable

from .fleet import Fleet
from .prometheus import Prometheus
from .upkeep import Second

#: Locust's CPU is judged over so many seconds: one second alone says little.
CPU_WINDOW = 10


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


def rows(file: Path) -> list[dict[str, str]]:
    """A CSV file with a head."""
    with file.open(newline="") as lines:
        return list(csv.DictReader(lines))


def questions(folder: Path) -> list[dict[str, Any]]:
    """Every question that Locust's users asked."""
    return [
        {
            "asked": float(row["asked"]),
            "took": float(row["took"]),
            "outcome": row["outcome"],
            "first_token": float(row["first_token"]) if row["first_token"] else None,
            "tries": int(row["tries"]),
            "refused": int(row["refused"]),
            "broken": int(row["broken"]),
        }
        for row in rows(folder / "questions.csv")
    ]


def sessions(folder: Path) -> dict[str, int]:
    """What the looks at the histories found."""
    checks = rows(folder / "checks.csv")
    names = ("turns", "missing", "wrong", "signed_out")
    sums = {name: sum(int(row[name]) for row in checks) for name in names}
    return {"checks": len(checks), **sums, "cuts": len(rows(folder / "cuts.csv"))}


def locust_cpu(folder: Path) -> dict[str, float]:
    """Shares of one core: the mean, and the highest of ten seconds."""
    shares = [float(row["cpu"]) for row in rows(folder / "users.csv")]
    if not shares:
        return {"mean": 0.0, "max_10s": 0.0}
    span = min(CPU_WINDOW, len(shares))
    means = [sum(shares[n : n + span]) / span for n in range(len(shares) - span + 1)]
    return {"mean": round(sum(shares) / len(shares), 3), "max_10s": round(max(means), 3)}


def per_second(
    seen: list[Second], folder: Path, prometheus: Prometheus, demand: str
) -> dict[str, list[float]]:
    """Parallel lists, one value for each second."""
    if not seen:
        return {}
    begin, finish = seen[0].at, seen[-1].at
    users = _at(((float(r["at"]), float(r["users"])) for r in rows(folder / "users.csv")))
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
