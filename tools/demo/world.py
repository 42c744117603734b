"""What no local endpoint does, and the driver therefore plays. All of it stands here.

- **Boot.** The endpoint's instances are InService as soon as they are asked for. The driver keeps
  the time at which it first saw each instance and counts it as serving `boot` later. CPU, requests
  per target and the healthy host count follow the serving instances, so the functions meet the
  delay through the metrics. What they read of the group itself (InService at once) is the
  endpoint's word and is not altered: "the day's floor serves" comes earlier than on AWS.
- **MinSize above desired.** AWS raises desired to a raised MinSize; the endpoint does not.
- **Target tracking** of the `floor` fleet, its scale-in only: when CPU was below 90 % of the
  target for 15 of 15 minutes, desired goes to what CPU asks for, never below MinSize. Its
  scale-out and the `owner` fleet's scale-out net are not played, so every raise is Tidegate's.
- **Alarms.** The driver evaluates them by the minute (2 of 2), writes the state with SetAlarmState
  and delivers the Lambda action's payload once for each transition, built from the payloads
  in events/. The `5xx` alarms are played as given times in ALARM; they end in
  INSUFFICIENT_DATA, because a load balancer without errors publishes no error count. (The endpoint
  stamps an alarm's state with the real time, far from the story's: the 15 minutes that a veto
  alarm counts after it is OK again cannot be shown here and are proved on the strict fakes.)
"""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .cast import CPU_AT_CAPACITY, MINUTE, Fleet, Metric, metrics_of, spike_metric

EVENTS = Path(__file__).resolve().parents[2] / "events" / "spike-step-scaler"
TRACKING_TARGET = 70.0
#: EvaluationPeriods of the spike alarms.
PERIODS = 2
#: Unhealthy minutes that target tracking waits for before it scales in.
TRACKING_MINUTES = 15


@dataclass
class Group:
    """One group as the driver has seen it."""

    fleet: Fleet
    boot: timedelta
    #: When each instance was first seen; those of the start have long been there.
    first_seen: dict[str, datetime] = field(default_factory=dict)
    min_size: int = 0
    desired: int = 0

    def see(self, described: dict[str, Any], now: datetime) -> None:
        """Takes in what the endpoint says of it."""
        self.min_size = described["MinSize"]
        self.desired = described["DesiredCapacity"]
        ids = [i["InstanceId"] for i in described["Instances"]]
        new_since = now if self.first_seen else now - timedelta(days=1)
        self.first_seen = {i: self.first_seen.get(i, new_since) for i in ids}

    def serving(self, now: datetime) -> int:
        """Instances that have booted."""
        return sum(1 for seen in self.first_seen.values() if seen + self.boot <= now)


@dataclass
class Minute:
    """What a load balancer and EC2 measured of one minute."""

    at: datetime
    requests: int
    serving: int
    booting: int
    cpu: float

    def use(self, fleet: Fleet) -> float:
        """Requests as a share of what the serving instances serve well."""
        return self.requests / (max(1, self.serving) * fleet.capacity)

    @property
    def per_target(self) -> float:
        return self.requests / max(1, self.serving)

    def points(self, fleet: Fleet) -> list[tuple[Metric, datetime, float]]:
        """As metric data."""
        metrics = metrics_of(fleet)
        values = {
            "requests": float(self.requests),
            "healthy": float(self.serving),
            "per_target": round(self.per_target, 2),
            "cpu": round(self.cpu, 2),
        }
        return [(metrics[name], self.at, value) for name, value in values.items()]

    def spike_value(self, fleet: Fleet) -> float:
        return self.per_target if fleet.spike_metric == "requests" else self.cpu


def measure(group: Group, at: datetime, requests: int) -> Minute:
    """CPU follows the traffic of each serving instance and cannot read above 100."""
    serving = group.serving(at)
    measured = Minute(at, requests, serving, len(group.first_seen) - serving, 0.0)
    measured.cpu = min(100.0, CPU_AT_CAPACITY * measured.use(group.fleet))
    return measured


def tracked_desired(group: Group, minutes: list[Minute]) -> int | None:
    """Where target tracking would lower desired to; none when it would leave it."""
    recent = minutes[-TRACKING_MINUTES:]
    low = 0.9 * TRACKING_TARGET
    if len(recent) < TRACKING_MINUTES or any(m.cpu >= low for m in recent):
        return None
    asked = math.ceil(group.desired * recent[-1].cpu / TRACKING_TARGET)
    wanted = max(group.min_size, asked, 1)
    return wanted if wanted < group.desired else None


# --- alarms -----------------------------------------------------------------------------------


@dataclass
class Alarm:
    """A spike alarm's state, as CloudWatch would keep it."""

    fleet: Fleet
    state: str = "OK"
    previous: dict[str, Any] = field(default_factory=dict)

    def evaluate(self, minutes: list[Minute]) -> str | None:
        """The new state, when it changes: ALARM on 2 of 2 breaching minutes."""
        recent = [m.spike_value(self.fleet) for m in minutes[-PERIODS:]]
        if len(recent) < PERIODS:
            return None
        breaching = all(value >= self.fleet.spike_threshold for value in recent)
        state = "ALARM" if breaching else "OK"
        return state if state != self.state else None


def reason(alarm: Alarm, state: str, minutes: list[Minute]) -> tuple[str, str]:
    """CloudWatch's words for a transition, and the same as data."""
    recent = [(m.at, round(m.spike_value(alarm.fleet), 2)) for m in minutes[-PERIODS:]][::-1]
    shown = recent if state == "ALARM" else recent[:1]
    listed = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in shown)
    verb = "greater than or equal to" if state == "ALARM" else "not greater than or equal to"
    noun = "datapoints" if len(shown) > 1 else "datapoint"
    were = "were" if len(shown) > 1 else "was"
    threshold = alarm.fleet.spike_threshold
    text = (
        f"Threshold Crossed: {len(shown)} {noun} [{listed}] {were} {verb} the threshold"
        f" ({threshold})."
    )
    data = {
        "version": "1.0",
        "queryDate": written(recent[0][0] + MINUTE),
        "startDate": written(recent[-1][0]),
        "statistic": spike_metric(alarm.fleet).statistic,
        "period": 60,
        "recentDatapoints": [value for _, value in reversed(recent)],
        "threshold": threshold,
        "evaluatedDatapoints": [{"timestamp": written(at), "value": v} for at, v in recent],
    }
    return text, json.dumps(data)


def payload(
    alarm: Alarm, state: str, minutes: list[Minute], now: datetime, account: str, region: str
) -> dict[str, Any]:
    """The Lambda action's payload for a transition, in the shape of the file in events/."""
    file = "alarm.json" if state == "ALARM" else "alarm-ok.json"
    event: dict[str, Any] = json.loads((EVENTS / file).read_text())
    text, data = reason(alarm, state, minutes)
    metric = spike_metric(alarm.fleet)
    name = alarm.fleet.spike_alarm
    event["alarmArn"] = f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
    event["accountId"], event["region"] = account, region
    event["time"] = written(now)
    inside = event["alarmData"]
    inside["alarmName"] = name
    after = {"value": state, "reason": text, "reasonData": data, "timestamp": written(now)}
    inside["previousState"] = alarm.previous or {**inside["previousState"], "value": alarm.state}
    inside["state"] = after
    stat = inside["configuration"]["metrics"][0]["metricStat"]
    stat["metric"] = {
        "namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimensions
    }  # fmt: skip
    stat["stat"] = metric.statistic
    inside["configuration"]["description"] = f"{metric.name} of {alarm.fleet.name} is high."
    alarm.previous = copy.deepcopy(after)
    return event


def written(at: datetime) -> str:
    """As CloudWatch writes times in this payload: an offset without a colon."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
