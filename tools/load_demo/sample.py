"""Made-up records for the tests: of the right shape, and near what a run looks like.

Nothing in them was measured, and no page made from them is shown to anybody.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

BEGAN = 1_800_000_000.0
CONCURRENCY = 12
STAGES: list[list[Any]] = [[0, 5], [60, 400], [240, 5], [300, None]]
#: When capacity follows the step, in seconds after it, and to how many instances.
SIZES = {
    "tidegate": [(0, 2), (17, 8), (31, 12), (215, 7), (235, 3)],
    "native": [(0, 2), (32, 4), (62, 6), (92, 9), (122, 12), (250, 8)],
    "fixed": [(0, 2)],
}
BOOT_SECS = 15


def record(variant: str = "tidegate", number: int = 1, **changes: Any) -> dict[str, Any]:
    """A whole run; `changes` replace fields of the record."""
    chance = random.Random(f"{variant}-{number}")
    seconds = _seconds(variant)
    found = {
        "variant": variant,
        "number": number,
        "seed": 100 + number,
        "minute_secs": 6.0,
        "began": BEGAN,
        "ended": BEGAN + 330,
        "stages": STAGES,
        "timeout": 60.0,
        "machine": {"cpus": 2, "model": "A processor <of> 2 & more", "memory_gb": 24,
                    "kernel": "6.1.0"},
        "limits": {"concurrency": CONCURRENCY, "min": 2, "max": 16, "boot_secs": 150},
        "seconds": seconds,
        "questions": _questions(variant, seconds, chance),
        "alarms": _alarms(variant),
        "notices": _notices(variant),
        "decisions": _decisions(variant),
        "instances": _instances(variant),
        "sessions": {"checks": 812, "turns": 9120, "missing": 0, "wrong": 0, "signed_out": 0,
                     "cuts": 0},
        "browser": _browser() if variant == "tidegate" else None,
        "locust_cpu": {"mean": 0.31, "max_10s": 0.58 + number / 100},
        "faults": [],
    }
    return {**found, **changes}


def comparison(folder: Path, numbers: int = 3) -> Path:
    """A folder with the records of all variants."""
    for variant in SIZES:
        for number in range(1, numbers + 1):
            write(folder, record(variant, number))
    return folder


def write(folder: Path, made: dict[str, Any]) -> Path:
    """A record in its place; answers the file."""
    path = folder / f"{made['variant']}-{made['number']}" / "run.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made))
    return path


def _users(second: int) -> int:
    if second >= 300:
        return 0
    wanted = [users for at, users in STAGES[:3] if at <= second][-1]
    return min(wanted, 5 + 50 * (second - 60)) if 60 <= second < 240 else wanted


def _wanted(variant: str, second: int) -> int:
    return [size for after, size in SIZES[variant] if after <= max(second - 60, 0)][-1]


def _seconds(variant: str) -> dict[str, list[float]]:
    names = "at users wanted in_service booting draining in_flight requests refused demand".split()
    found: dict[str, list[float]] = {name: [] for name in names}
    for second in range(330):
        users, wanted = _users(second), _wanted(variant, second)
        before = _wanted(variant, second - BOOT_SECS)
        serving = min(wanted, before)
        free, demand = serving * CONCURRENCY, users * 0.27
        refused = max(0.0, demand - free)
        row = (BEGAN + second, users, wanted, serving, wanted - serving, max(0, before - wanted),
               min(free, demand), (min(free, demand) / 2.4 + refused), refused, demand)
        for name, value in zip(names, row):
            found[name].append(round(value, 2))
    return found


def _questions(variant: str, seconds: dict[str, list[float]],
               chance: random.Random) -> list[dict[str, Any]]:
    found = []
    for second, users in enumerate(seconds["users"]):
        crowded = seconds["demand"][second] / (seconds["in_service"][second] * CONCURRENCY)
        pace = users / (10 * max(1.0, crowded))
        for _ in range(int(pace) + (chance.random() < pace % 1)):
            found.append(_question(BEGAN + second + chance.random(), crowded, chance))
    return sorted(found, key=lambda question: question["asked"])


def _question(asked: float, crowded: float, chance: random.Random) -> dict[str, Any]:
    answer = chance.gauss(2.4, 0.5)
    refused = 0
    while crowded > 1 and chance.random() > 1 / crowded and refused < 30:
        refused += 1
    took = max(1.2, answer) + refused * 2.2
    done = took < 60
    return {"asked": asked, "took": round(min(took, 60.0), 3),
            "outcome": "done" if done else "abandoned",
            "first_token": round(chance.uniform(0.3, 0.95), 3) if done else None,
            "tries": refused + 1, "refused": refused, "broken": 0}


def _alarms(variant: str) -> list[dict[str, Any]]:
    if variant == "fixed":
        return []
    return [
        {"at": BEGAN + 70, "alarm": "aira-demand", "state": "ALARM",
         "reason": "demand 96 > 20 in 1 of 1 minutes"},
        {"at": BEGAN + 77, "alarm": "aira-refused", "state": "ALARM", "reason": "refused > 0"},
        {"at": BEGAN + 125, "alarm": "aira-refused", "state": "OK", "reason": "refused = 0"},
        {"at": BEGAN + 250, "alarm": "aira-demand", "state": "OK", "reason": "demand 1 < 20"},
    ]


def _notices(variant: str) -> list[dict[str, Any]]:
    if variant != "tidegate":
        return []
    return [{"at": BEGAN + 78, "topic": "tidegate-notices", "subject": "aira: surge <spike>",
             "body": "Demand is 4.1 times the plan.\nRaised from 2 to 8."}]


def _decisions(variant: str) -> list[dict[str, Any]]:
    if variant == "fixed":
        return []
    found = [{"at": BEGAN + second, "function": "spike-step-scaler", "trigger": "schedule",
              "action": "hold", "reason": f"nothing to do & quiet, minute {second // 6}"}
             for second in range(6, 300, 12)]
    last = 2
    for after, size in SIZES[variant][1:]:
        found.append({"at": BEGAN + 60 + after, "function": "spike-step-scaler",
                      "trigger": "alarm aira-demand",
                      "action": f"{'raise' if size > last else 'lower'} {last} to {size}",
                      "reason": f"demand needs {size} instances"})
        last = size
    return sorted(found, key=lambda decision: decision["at"])


def _instances(variant: str) -> list[dict[str, Any]]:
    found = [_instance(number, BEGAN - 30) for number in range(2)]
    for after, size in SIZES[variant][1:]:
        at = BEGAN + 60 + after
        here = [instance for instance in found if instance["told"] is None]
        found += [_instance(len(found) + number, at) for number in range(size - len(here))]
        for instance in here[: max(0, len(here) - size)]:
            instance.update(told=at, gone=at + 4.5, exit=0)
    return found


def _instance(number: int, asked: float) -> dict[str, Any]:
    return {"id": f"i-{number:08x}", "asked": asked, "serving": asked + BOOT_SECS, "told": None,
            "gone": None, "exit": None, "cut": 0}


def _browser() -> dict[str, Any]:
    return {"turns": 31, "reloads": 6, "lost_sessions": 0, "missing_turns": 0, "streamed": True,
            "longest_answer_secs": 21.4, "ended_here": True, "ended_there": True, "faults": [],
            "steps": [[BEGAN + 2, "signed in"], [BEGAN + 9, "asked: how are <you>?"]]}
