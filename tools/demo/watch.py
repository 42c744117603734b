"""The alarms that people have on the two fleets, played as CloudWatch would.

What no local endpoint does, and the driver therefore plays: an alarm looks at the minute that has
just ended, changes its state when all of its last periods are beyond the threshold (or not all of
them any more), the state is set at the endpoint, and the change is told once (see delivery).

Most of them follow the played day: response times and refused requests follow the requests that
each booted instance gets, unhealthy hosts are instances that boot, target tracking's own alarms
follow CPU. Three have a script: a hottest instance that goes up and down around its threshold, a
backlog of jobs by night, and a disk that fills. Their values are no metrics at the endpoint: nobody
but people look at them.
"""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Callable

from .cast import MINUTE, Fleet, Metric, errors_of
from .world import Minute, written

#: CloudWatch's words, by sign: for the API, and how a reason says that it holds or does not.
OPERATORS = {
    ">": ("GreaterThanThreshold", "greater than"),
    ">=": ("GreaterThanOrEqualToThreshold", "greater than or equal to"),
    "<": ("LessThanThreshold", "less than"),
}
#: What target tracking keeps CPU at, and how much lower it wants it before it trims.
TRACKING_TARGET, TRACKING_LOW = 70.0, 63.0


@dataclass(frozen=True)
class Watch:
    """An alarm, and the value that a minute has for it."""

    fleet: Fleet
    name: str
    metric: Metric
    sign: str
    threshold: float
    periods: int
    text: str
    value: Callable[[Minute, int], float]

    @property
    def operator(self) -> str:
        return OPERATORS[self.sign][0]

    def breaches(self, value: float) -> bool:
        if self.sign == "<":
            return value < self.threshold
        return value > self.threshold or (self.sign == ">=" and value == self.threshold)


@dataclass(frozen=True)
class Change:
    """An alarm has changed its state."""

    fleet: str
    alarm: str
    state: str
    at: datetime
    reason: str
    #: What an EventBridge event tells of it (`detail`).
    detail: dict[str, Any]


@dataclass
class Watched:
    """An alarm's state, as CloudWatch would keep it."""

    watch: Watch
    state: str = "OK"
    recent: list[tuple[datetime, float]] = field(default_factory=list)
    previous: dict[str, Any] = field(default_factory=dict)

    def see(self, minute: Minute, number: int) -> str | None:
        """Takes in a minute. The new state, when it changes."""
        value = round(self.watch.value(minute, number), 2)
        self.recent = [*self.recent, (minute.at, value)][-self.watch.periods :]
        if len(self.recent) < self.watch.periods:
            return None
        breaching = all(self.watch.breaches(value) for _, value in self.recent)
        state = "ALARM" if breaching else "OK"
        return state if state != self.state else None

    def change(self, state: str, at: datetime) -> Change:
        """The change to `state`, in CloudWatch's words."""
        text, data = self._reason(state)
        after = {"value": state, "reason": text, "reasonData": data, "timestamp": written(at)}
        detail = {
            "alarmName": self.watch.name,
            "state": after,
            "previousState": self.previous or {"value": self.state},
            "configuration": {
                "metrics": [{"id": "m1", "metricStat": self._stat(), "returnData": True}],
                "description": self.watch.text,
            },
        }
        self.state, self.previous = state, after
        return Change(self.watch.fleet.name, self.watch.name, state, at, text, detail)

    def _stat(self) -> dict[str, Any]:
        metric = self.watch.metric
        named = {
            "namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimensions
        }  # fmt: skip
        return {"metric": named, "period": 60, "stat": metric.statistic}

    def _reason(self, state: str) -> tuple[str, str]:
        newest = self.recent[::-1]
        shown = newest if state == "ALARM" else newest[:1]
        listed = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in shown)
        verb = ("" if state == "ALARM" else "not ") + OPERATORS[self.watch.sign][1]
        noun, was = ("datapoints", "were") if len(shown) > 1 else ("datapoint", "was")
        text = (
            f"Threshold Crossed: {len(shown)} {noun} [{listed}] {was} {verb} the threshold"
            f" ({self.watch.threshold})."
        )
        data = {
            "version": "1.0",
            "queryDate": written(newest[0][0] + MINUTE),
            "startDate": written(newest[-1][0]),
            "statistic": self.watch.metric.statistic,
            "period": 60,
            "recentDatapoints": [value for _, value in self.recent],
            "threshold": self.watch.threshold,
            "evaluatedDatapoints": [{"timestamp": written(at), "value": v} for at, v in newest],
        }
        return text, json.dumps(data)


# --- which there are --------------------------------------------------------------------------


def of_fleet(fleet: Fleet, seed: int, tracking: list[str]) -> list[Watch]:
    """A fleet's alarms; `tracking` are the names of target tracking's own."""
    elb, target = "AWS/ApplicationELB", fleet.target_dimensions
    group = {"AutoScalingGroupName": fleet.name}
    latency = Metric(elb, "TargetResponseTime", "p95", target, "Seconds")
    refused = Metric(
        elb, "HTTPCode_ELB_5XX_Count", "Sum", {"LoadBalancer": fleet.load_balancer}, "Count"
    )
    waiting = Metric("Aira/Web", "Waiting", "Average", group, "Count")
    unhealthy = Metric(elb, "UnHealthyHostCount", "Maximum", target, "Count")
    requests = Metric(elb, "RequestCount", "Sum", target, "Count")
    cpu = Metric("AWS/EC2", "CPUUtilization", "Average", group, "Percent")

    def seconds(minute: Minute, _: int) -> float:
        use = minute.use(fleet)
        return 0.25 + 0.15 * min(use, 1.0) + 2.5 * max(0.0, use - 1.0)

    def refusals(minute: Minute, _: int) -> float:
        return max(0.0, minute.requests - 1.4 * minute.serving * fleet.capacity)

    def named(what: str, *rest: Any) -> Watch:
        return Watch(fleet, f"{fleet.name}-{what}", *rest)

    slow = "Answers take too long for 5 % of the requests."
    found = [
        named("latency-critical", latency, ">", 1.5, 2, slow, seconds),
        named("latency-warning", latency, ">", 0.8, 2, slow, seconds),
        named("refused-critical", refused, ">=", 100.0, 1,
              "The load balancer answers requests by itself, with an error.", refusals),
        named("cpu-warning", cpu, ">=", 85.0, 2, "CPU is high.", lambda m, _: m.cpu),
        named("waiting-warning", waiting, ">=", 50.0, 1,
              "Requests wait for a free worker.",
              lambda m, _: 400.0 * max(0.0, m.use(fleet) - 1.0)),
        named("unhealthy-hosts-warning", unhealthy, ">=", 1.0, 2,
              "Hosts do not pass their health check.", lambda m, _: float(m.booting)),
        named("requests-low-warning", requests, "<", 0.18 * fleet.peak, 5,
              "Hardly any requests come in.", lambda m, _: float(m.requests)),
        *_tracking(fleet, cpu, tracking),
        *_scripted(fleet, group, seed),
    ]  # fmt: skip
    return found


def _tracking(fleet: Fleet, cpu: Metric, names: list[str]) -> list[Watch]:
    """Target tracking's own alarms: for its own use, but every rule on alarms sees them."""
    found = []
    for name in names:
        high = "-AlarmHigh-" in name
        terms: tuple[Any, ...] = (">", TRACKING_TARGET, 3) if high else ("<", TRACKING_LOW, 15)
        text = "Made by target tracking. DO NOT EDIT OR DELETE."
        found.append(Watch(fleet, name, cpu, *terms, text, lambda m, _: m.cpu))
    return found


def _scripted(fleet: Fleet, group: dict[str, str], seed: int) -> list[Watch]:
    dice = random.Random(f"{seed}:alarms")
    if fleet.name == "aira-api":
        flaps = Metric("AWS/EC2", "CPUUtilization", "Maximum", group, "Percent")
        backlog = Metric("Aira/Jobs", "Backlog", "Maximum", group, "Count")
        starts = 2 * 60 + dice.randint(0, 20)
        # Up and down, two or three minutes each.
        flips = [starts]
        for _ in range(11):
            flips.append(flips[-1] + dice.randint(1, 2))
        up = {m for begin, end in zip(flips[::2], flips[1::2]) for m in range(begin, end)}
        late = 15 * 60 + dice.randint(5, 12)
        return [
            Watch(fleet, "aira-api-hottest-cpu-warning", flaps, ">=", 90.0, 1,
                  "One instance is far busier than the others.",
                  lambda _, n: 93.5 if n in up else 82.0),
            Watch(fleet, BACKLOG, backlog, ">=", 500.0, 1, "Jobs pile up.",
                  lambda _, n: 1840.0 if late <= n < late + 35 else 12.0),
        ]  # fmt: skip
    disk = Metric("CWAgent", "disk_used_percent", "Maximum", {**group, "path": "/"}, "Percent")
    full = 22 * 60 + 30 + dice.randint(0, 10)
    return [
        Watch(fleet, DISK, disk, ">=", 85.0, 1, "A disk fills up.",
              lambda _, n: 91.0 if full <= n < full + 26 else 55.0),
    ]  # fmt: skip


#: Silenced by an operator for the time of its work, minutes after noon.
BACKLOG = "aira-api-jobs-backlog-warning"
SILENCE = range(15 * 60, 16 * 60)
#: Its ALARM is delivered twice, its OK never: both happen.
DISK = "aira-web-disk-warning"


def delivered(change: Change) -> list[Change]:
    """How often a change's event comes: mostly once."""
    if change.alarm != DISK:
        return [change]
    return [change, change] if change.state == "ALARM" else []


# --- the alarm that forbids lowering ----------------------------------------------------------

#: No errors are no data, and no data are good here.
NO_ERRORS = (
    "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were"
    " treated as [NonBreaching]."
)


def veto_change(fleet: Fleet, state: str, at: datetime, reason: str) -> Change:
    """Its change in an event; its times are played (see play)."""
    metric = errors_of(fleet)
    named = {
        "namespace": metric.namespace, "name": metric.name, "dimensions": metric.dimensions
    }  # fmt: skip
    stat = {"metric": named, "period": 60, "stat": metric.statistic}
    detail = {
        "alarmName": fleet.veto_alarm,
        "state": {"value": state, "reason": reason, "timestamp": written(at)},
        "previousState": {"value": "OK" if state == "ALARM" else "ALARM"},
        "configuration": {
            "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
            "description": f"{fleet.name} answers with errors.",
        },
    }
    return Change(fleet.name, fleet.veto_alarm, state, at, reason, detail)
