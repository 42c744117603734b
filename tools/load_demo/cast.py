"""The one fleet of the load demo, its metrics and its alarms.

What it is scaled by is read from policy.toml, which the functions get, so that the driver and the
functions cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import tomlkit

from demo.cast import Fleet, Metric

POLICY_FILE = Path(__file__).with_name("policy.toml")
#: Answers that run at once on an instance; the next one is refused.
CONCURRENCY = 12
#: People who were told to come again wait so long, the mean of Aira's Retry-After.
RETRY_SECS = 2.0
MAX_SIZE = 16


def fleet(policy_file: Path = POLICY_FILE) -> Fleet:
    """The fleet as the stack makes it, under a policy."""
    policy = tomlkit.parse(policy_file.read_text()).unwrap()["fleets"]["aira-web"]
    group = "targetgroup/aira-web/73e2d6bc24d8a067"
    return Fleet("aira-web", "owner", MAX_SIZE, 0, "wanted", 9.0, group, policy)


def metrics(of: Fleet) -> dict[str, Metric]:
    """What is put into CloudWatch each minute."""
    balancer, group = of.target_dimensions, {"AutoScalingGroupName": of.name}
    elb = "AWS/ApplicationELB"
    return {
        "wanted": Metric("Aira", "AnswersWanted", "Average", group, "Count"),
        "each": Metric("Aira", "AnswersWantedPerInstance", "Average", group, "Count"),
        "healthy": Metric(elb, "HealthyHostCount", "Minimum", balancer, "Count"),
        "errors": Metric(elb, "HTTPCode_Target_5XX_Count", "Sum", balancer, "Count"),
    }


@dataclass(frozen=True)
class Minute:
    """What was measured of one minute of the story, which began at `at`."""

    number: int
    at: datetime
    wanted: float
    healthy: int
    errors: float

    @property
    def each(self) -> float:
        """Answers wanted per healthy instance."""
        return self.wanted / max(1, self.healthy)


def steps(of: Fleet) -> list[dict[str, Any]]:
    """The step table of the policy."""
    return list(of.policy["spike"][0]["steps"])
