"""The picture of the scaling policy: how much a breach adds, and what is kept by day and by night.

Steps are drawn from the policy that the template composes, not from a copy of it.
"""

from __future__ import annotations

import re
from typing import Any

from cfn_values import walk

CALM, HOT, SOFT, INK, GRID = "#1f6f8b", "#c0392b", "#5b6b7b", "#1b2733", "#d5dde4"
LEFT, RIGHT = 70, 562
MINUTES = 24 * 60


def policy(drawing: Any, templates: dict) -> str:
    asked = {n: p.get("Default") for n, p in templates["template.yaml"]["Parameters"].items()}
    d = drawing(938, "Tidegate's scaling policy")
    steps(d, asked, step_bounds(templates))
    plan(d, asked)
    return d.svg()


def step_bounds(templates: dict) -> list[tuple[int, int | None, str]]:
    """From, to and the parameter of each step of the CPU's table, as the composed policy has them."""
    texts = [v for t in templates.values() for node in walk(t) for v in of_text(node) if "cpu-high" in v and "steps" in v]
    (document,) = set(texts)
    table = next(line for line in document.splitlines() if line.strip().startswith("steps"))
    found = re.findall(r"from = (\d+)(?:, to = (\d+))?, add = \$\{(\w+)\}", table)
    if len(found) != 3:
        raise SystemExit(f"pictures: the steps are others than drawn: {table}")
    return [(int(low), int(high) if high else None, name) for low, high, name in found]


def of_text(node: dict) -> list[str]:
    value = node.get("Fn::Sub")
    return [v for v in (value if isinstance(value, list) else [value]) if isinstance(v, str)]


def steps(d: Any, asked: dict, bounds: list[tuple[int, int | None, str]]) -> None:
    d.text(20, 36, "In a breach: percent added, each time", True, HOT)
    high = max(asked[name] for _, _, name in bounds)
    top, base = 90, 310
    width = (RIGHT - LEFT) / len(bounds)
    requests = [0, asked["RequestsMuchHigher"], asked["RequestsFarHigher"]]
    for place, (low, _, name) in enumerate(bounds):
        x, y = LEFT + place * width, base - (base - top) * asked[name] / high
        d.lines.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{base - y:g}" fill="#fdecea" stroke="{HOT}" stroke-width="2"/>')
        d.text(x + width / 2, y - 10, f"+{asked[name]} %", True, HOT, "middle")
        d.text(x, base + 28, f"{asked['CpuHighPercent'] + low} %", False, INK, "start")
        d.text(x, base + 58, f"{asked['RequestsPerTargetHigh'] + requests[place]}", False, INK, "start")
    d.lines.append(f'<path d="M{LEFT} {base}H{RIGHT}" stroke="{INK}" stroke-width="2"/>')
    d.text(LEFT - 8, base + 28, "CPU", False, SOFT, "end")
    d.text(LEFT - 8, base + 58, "req.", False, SOFT, "end")
    d.text(20, base + 96, "from: mean CPU, or requests a target and minute", False, SOFT)
    d.text(20, base + 124, f"again each minute; {asked['GrowthTenMinutesPercent']} % in 10 min at most", False, SOFT)


def plan(d: Any, asked: dict) -> None:
    d.text(20, 500, "The plan: instances kept, Monday to Friday", True, CALM)
    top, base = 560, 770
    day, night = asked["DayFloor"], max(asked["NightFloor"], asked["MinimumInstances"])
    starts, ends = minute(asked["DayStarts"]), minute(asked["NightStarts"])
    scale = (base - top) / max(day, night, 1)

    def x(at: float) -> float:
        return LEFT + (RIGHT - LEFT) * at / MINUTES

    def y(instances: float) -> float:
        return base - scale * instances

    for hour in range(0, 25, 6):
        d.lines.append(f'<path d="M{x(hour * 60):g} {top - 12}V{base}" stroke="{GRID}" stroke-width="1"/>')
        d.text(x(hour * 60), base + 28, f"{hour}:00", False, INK, "middle")
    path = f"M{x(0):g} {y(night):g}H{x(starts):g}V{y(day):g}H{x(ends):g}" + "".join(down(asked, x, y, day, night, ends))
    path += f"H{x(MINUTES):g}"
    d.lines.append(f'<path d="{path}V{base}H{x(0):g}z" fill="#e3eef3" stroke="none"/>')
    d.lines.append(f'<path d="{path}" fill="none" stroke="{CALM}" stroke-width="4"/>')
    d.lines.append(f'<path d="M{LEFT} {base}H{RIGHT}" stroke="{INK}" stroke-width="2"/>')
    d.text((x(starts) + x(ends)) / 2, y(day) + 30, f"{day} by {asked['DayStarts']}", True, CALM, "middle")
    d.text(x(0) + 6, y(night) - 10, f"{night}, at least {asked['MinimumInstances']}", True, CALM)
    d.text(20, base + 66, f"Down: at most {asked['LowerStepPercent']} % (or 1), {asked['BakeSeconds'] // 60} min apart,", False, SOFT)
    d.text(20, base + 94, f"{asked['StabilizationSeconds'] // 60} min after a breach, to {asked['Headroom']} x what the load needs.", False, SOFT)
    d.text(20, base + 122, f"night from {asked['NightStarts']}; day's capacity is asked for a boot earlier", False, SOFT)
    d.text(20, base + 150, f"{asked['BudgetMaximum']} instances are never passed", False, SOFT)


def down(asked: dict, x: Any, y: Any, size: int, floor: int, at: float) -> list[str]:
    """The evening, as fast as it may be: a step, then the bake."""
    made = []
    while size > floor:
        size = max(floor, size - max(1, int(size * asked["LowerStepPercent"] / 100)))
        made.append(f"V{y(size):g}")
        at += asked["BakeSeconds"] / 60
        if size > floor:
            made.append(f"H{x(min(at, MINUTES)):g}")
    return made


def minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
