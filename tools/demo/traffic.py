"""A believable day of requests for each fleet, from a seed.

A curve through the hours, a slow wander, a little noise from minute to minute, and one spike whose
time, height and length come from the seed. The spike only falls after its top (faster than the
noise can rise), so that its alarm fires once, as the alarm of a real surge mostly does.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from .cast import STORY_MINUTES, Fleet

#: Hours after noon, and requests as a share of the fleet's peak.
# fmt: off
CURVES = {
    "aira-web": [
        (0.0, 1.0), (2.5, 0.98), (5.0, 0.95), (7.0, 0.88), (9.0, 0.74), (10.0, 0.66),
        (11.0, 0.55), (12.0, 0.42), (13.0, 0.30), (14.0, 0.20), (15.0, 0.15), (16.5, 0.13),
        (18.0, 0.16), (19.0, 0.22), (19.9, 0.33), (20.2, 0.55), (20.6, 1.10), (20.8, 1.25),
        (21.2, 1.05), (22.0, 0.96), (24.0, 1.0),
    ],
    "aira-api": [
        (0.0, 1.0), (2.5, 1.0), (5.0, 0.96), (7.0, 0.92), (9.0, 0.82), (10.0, 0.74),
        (11.0, 0.62), (12.0, 0.48), (13.0, 0.34), (14.0, 0.22), (15.0, 0.16), (16.5, 0.14),
        (18.0, 0.16), (19.0, 0.22), (19.9, 0.31), (20.2, 0.55), (20.6, 1.20), (20.8, 1.35),
        (21.2, 1.10), (22.0, 0.98), (24.0, 1.0),
    ],
}
# fmt: on
#: Noise from minute to minute, as a share of the curve; bounded, never beyond.
NOISE = 0.015
#: The spike's plateau loses this much of its height each minute.
DECLINE = 0.015


@dataclass(frozen=True)
class Spike:
    """Minutes after noon, and requests per minute on top of the curve."""

    starts: int
    lasts: int
    height: float

    def at(self, minute: int) -> float:
        """Two minutes up, a plateau that sinks slowly, then a quick end."""
        age = minute - self.starts
        if age < 0:
            return 0.0
        if age < 2:
            return self.height * (age + 1) / 3
        sunk = (1 - DECLINE) ** (min(age, self.lasts) - 2)
        return self.height * sunk * math.exp(-max(0, age - self.lasts) / 2.5)


@dataclass(frozen=True)
class Traffic:
    """Requests of every minute of the story, and of the same minutes a week before."""

    spike: Spike
    requests: list[int]
    week_before: list[int]


def of_fleet(fleet: Fleet, seed: int) -> Traffic:
    """The same seed gives the same day."""
    dice = random.Random(f"{seed}:{fleet.name}")
    # The two fleets meet the same surge, a few minutes apart: one service calls the other.
    shared = random.Random(f"{seed}:spike")
    starts = shared.randint(5 * 60, 7 * 60 - 15) + dice.randint(0, 6)
    day_capacity = fleet.day_floor * fleet.capacity
    height = day_capacity * shared.uniform(2.2, 2.8) - fleet.peak * 0.9
    spike = Spike(starts, shared.randint(14, 22), height)
    base = _curve(fleet, dice)
    requests = [round(base[m] + spike.at(m)) for m in range(STORY_MINUTES)]
    return Traffic(spike, requests, [round(r) for r in _curve(fleet, dice)])


def _curve(fleet: Fleet, dice: random.Random) -> list[float]:
    scale = fleet.peak * dice.uniform(0.96, 1.04)
    waves = [(dice.uniform(0, math.tau), dice.uniform(40, 120)) for _ in range(2)]
    points = CURVES[fleet.name]

    def one(minute: int) -> float:
        wander = sum(0.01 * math.sin(phase + minute / period) for phase, period in waves)
        noise = dice.uniform(-NOISE, NOISE)
        return scale * _between(points, minute / 60) * (1 + wander + noise)

    return [one(m) for m in range(STORY_MINUTES)]


def _between(points: list[tuple[float, float]], hour: float) -> float:
    """Cosine interpolation: no corners, no overshoot."""
    for (h0, v0), (h1, v1) in zip(points, points[1:]):
        if h0 <= hour <= h1:
            share = (1 - math.cos(math.pi * (hour - h0) / (h1 - h0))) / 2
            return v0 + (v1 - v0) * share
    return points[-1][1]
