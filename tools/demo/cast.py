"""The two fleets, the policy they run under, and the story's calendar.

The numbers that a fleet is scaled by are read from policy.toml, the document that the functions
get, so that the driver and the functions cannot disagree about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import tomlkit

POLICY_FILE = Path(__file__).with_name("policy.toml")
ZONE = ZoneInfo("Asia/Seoul")
MINUTE = timedelta(minutes=1)
#: The story lasts from noon to noon.
STORY_MINUTES = 24 * 60
#: CPU that an instance shows when it serves exactly its `capacity_per_instance`.
CPU_AT_CAPACITY = 70.0

#: The functions that scale.
FUNCTIONS = ("nightly-scale-down", "daytime-scale-up", "spike-step-scaler")
#: The one that tells people.
ROUTER = "alarm-router"
#: The one that keeps the cache of each region in step with its sessions.
SYNC = "session-sync"
#: The region that the story begins in is the endpoint's; its sessions live in this one too.
AWAY = "ap-northeast-1"


@dataclass(frozen=True)
class Fleet:
    """One Auto Scaling group with its load balancer's names, its alarms and its policy."""

    name: str
    mode: str  # "owner": Tidegate alone lowers; "floor": target tracking trims above MinSize
    max_size: int
    #: Requests per minute at the middle of the day.
    peak: int
    #: Which metric its spike alarm watches: requests per target, or CPU percent.
    spike_metric: str
    spike_threshold: float
    target_group: str
    policy: dict[str, Any]

    load_balancer = "app/aira/50dc6c495c0c9188"

    @property
    def capacity(self) -> float:
        """Requests per minute that one instance serves well."""
        return float(self.policy["capacity_per_instance"])

    @property
    def headroom(self) -> float:
        return float(self.policy["night"]["headroom"])

    @property
    def day_floor(self) -> int:
        return int(self.policy["day"]["floor"])

    @property
    def night_floor(self) -> int:
        return int(self.policy["night"]["floor"])

    @property
    def spike_alarm(self) -> str:
        return str(self.policy["spike"][0]["alarm"])

    @property
    def veto_alarm(self) -> str:
        return str(self.policy["lower"]["veto_alarms"][0])

    @property
    def bake(self) -> timedelta:
        return timedelta(seconds=int(self.policy["lower"]["bake_secs"]))

    @property
    def stabilization(self) -> timedelta:
        return timedelta(seconds=int(self.policy["spike"][0]["stabilization_secs"]))

    @property
    def target_dimensions(self) -> dict[str, str]:
        return {"LoadBalancer": self.load_balancer, "TargetGroup": self.target_group}


@dataclass(frozen=True)
class Metric:
    """A CloudWatch metric of one fleet with the statistic that is read of it."""

    namespace: str
    name: str
    statistic: str
    dimensions: dict[str, str]
    unit: str


def metrics_of(fleet: Fleet) -> dict[str, Metric]:
    """Everything that a load balancer and EC2 would publish of a fleet, by a short name."""
    balancer, group = fleet.target_dimensions, {"AutoScalingGroupName": fleet.name}
    elb = "AWS/ApplicationELB"
    return {
        "requests": Metric(elb, "RequestCount", "Sum", balancer, "Count"),
        "healthy": Metric(elb, "HealthyHostCount", "Minimum", balancer, "Count"),
        "per_target": Metric(elb, "RequestCountPerTarget", "Sum", balancer, "Count"),
        "cpu": Metric("AWS/EC2", "CPUUtilization", "Average", group, "Percent"),
    }


def errors_of(fleet: Fleet) -> Metric:
    """What the alarm that forbids lowering watches."""
    elb, dimensions = "AWS/ApplicationELB", fleet.target_dimensions
    return Metric(elb, "HTTPCode_Target_5XX_Count", "Sum", dimensions, "Count")


def spike_metric(fleet: Fleet) -> Metric:
    return metrics_of(fleet)["per_target" if fleet.spike_metric == "requests" else "cpu"]


def policy_document() -> str:
    return POLICY_FILE.read_text()


def fleets() -> list[Fleet]:
    """The cast: one fleet in each mode."""
    policies = tomlkit.parse(policy_document()).unwrap()["fleets"]
    web, api = "targetgroup/aira-web/73e2d6bc24d8a067", "targetgroup/aira-api/9b1f0c6a835f6e8b"
    return [
        Fleet("aira-web", "owner", 60, 3300, "requests", 600.0, web, policies["aira-web"]),
        Fleet("aira-api", "floor", 60, 3000, "cpu", 70.0, api, policies["aira-api"]),
    ]


def story_start(today: datetime) -> datetime:
    """Noon of the last weekday whose whole story, the next weekday's noon included, is over.

    The story lies in the past on purpose: the endpoint judges alarms on fresh data by itself, and
    wrongly (it merges dimensions), so fresh data must not be what the story puts. Not far in the
    past, because it drops metrics after two weeks, and last week's traffic is read too.
    """
    local = today.astimezone(ZONE)
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    for back in range(1, 8):
        start = noon - timedelta(days=back)
        ends = start + timedelta(minutes=STORY_MINUTES)
        if start.weekday() <= 3 and ends + timedelta(hours=1) < local:
            return start.astimezone(timezone.utc)
    raise AssertionError("every week has a Thursday")


def local(at: datetime) -> datetime:
    return at.astimezone(ZONE)


def clock_time(at: datetime) -> str:
    """Local time for people: `22:30`."""
    return local(at).strftime("%H:%M")
