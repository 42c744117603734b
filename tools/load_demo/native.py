"""Native step scaling, played after EC2's rules: what the group would do without Tidegate.

The same alarm and the same step table as Tidegate's policy. While the alarm is in ALARM its policy
runs every minute; instances that warm are no base and are not asked for twice; a percentage is
rounded towards zero, but by no less than one. The way down is a second alarm with -10 %, as in AWS's own
example, and waits while anything warms.
<https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-simple-step.html>
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Sequence


def adjusted(base: int, percent: float) -> int:
    """A percentage of the base, as EC2 rounds it."""
    change = base * percent / 100.0
    if 0 < abs(change) < 1:
        return 1 if change > 0 else -1
    return int(change)


def step_for(steps: Sequence[dict[str, Any]], above: float) -> float:
    """The percentage for a metric so much above its alarm's threshold; 0 below."""
    for step in steps:
        if step["from"] <= above and ("to" not in step or above < step["to"]):
            return float(step["add"])
    return 0.0


@dataclass
class StepScaling:
    """A group under two step scaling policies. The newest instance is the first that goes."""

    steps: Sequence[dict[str, Any]]
    threshold: float
    warmup: timedelta
    least: int
    most: int
    #: Launch times of the instances that should be there, by id, oldest first.
    launched: dict[str, datetime] = field(default_factory=dict)
    _made: int = 0

    def begin(self, now: datetime) -> None:
        """The smallest fleet, long there."""
        self._set(self.least, now - timedelta(days=1))

    @property
    def ids(self) -> list[str]:
        return list(self.launched)

    def minute(self, now: datetime, value: float, is_high: bool, is_low: bool) -> str | None:
        """What the policies make of a minute; the reason, when capacity changes."""
        warm = [name for name, at in self.launched.items() if at + self.warmup <= now]
        before = len(self.launched)
        if is_high:
            percent = step_for(self.steps, value - self.threshold)
            change = adjusted(len(warm), percent)
            wanted = max(before, len(warm) + change)
            why = f"{value:.1f} is {value - self.threshold:.1f} above {self.threshold:.0f}:"
            why += f" {percent:+.0f} % of {len(warm)} that are warm"
        elif is_low and len(warm) == before:
            wanted, why = before + adjusted(before, -10.0), "the low alarm: -10 %"
        else:
            return None
        wanted = min(self.most, max(self.least, wanted))
        self._set(wanted, now)
        return why if wanted != before else None

    def _set(self, wanted: int, now: datetime) -> None:
        while len(self.launched) > wanted:
            self.launched.popitem()
        while len(self.launched) < wanted:
            self._made += 1
            self.launched[f"i-native{self._made:04d}"] = now
