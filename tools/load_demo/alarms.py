"""CloudWatch's alarms, played: each looks at the minute that has just ended and is told once of a
change. In its words, and with the payload of the files in events/."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.world import written

from .cast import Metric, Minute, Terms
from .story import MINUTE, Clock

EVENTS = Path(__file__).resolve().parents[2] / "events" / "spike-step-scaler"
WORDS = {">=": "greater than or equal to", "<": "less than"}


@dataclass(frozen=True)
class Change:
    """An alarm has changed its state; `detail` is what an EventBridge event tells of it."""

    alarm: str
    state: str
    at: datetime
    reason: str
    detail: dict[str, Any]
    fleet: str = "aira-web"


@dataclass
class Alarm:
    """An alarm with its state."""

    terms: Terms
    metric: Metric
    state: str = "OK"
    recent: list[tuple[datetime, float]] = field(default_factory=list)
    previous: dict[str, Any] = field(default_factory=dict)

    def see(self, minute: Minute, clock: Clock) -> str | None:
        """Takes in a minute; the new state, when it changes."""
        value = round(minute.value(self.terms.metric), 2)
        self.recent = [*self.recent, (clock.minute(minute.number), value)][-self.terms.periods :]
        if len(self.recent) < self.terms.periods:
            return None
        breaching = all(self._breaches(value) for _, value in self.recent)
        state = "ALARM" if breaching else "OK"
        return state if state != self.state else None

    def _breaches(self, value: float) -> bool:
        below = value < self.terms.threshold
        return below if self.terms.sign == "<" else not below

    def change(self, state: str, at: datetime) -> Change:
        """The change to `state`."""
        text, data = self._reason(state)
        after = {"value": state, "reason": text, "reasonData": data, "timestamp": written(at)}
        stat = {
            "metric": {
                "namespace": self.metric.namespace,
                "name": self.metric.name,
                "dimensions": self.metric.dimensions,
            },
            "period": 60,
            "stat": self.metric.statistic,
        }
        detail = {
            "alarmName": self.terms.name,
            "state": after,
            "previousState": self.previous or {"value": self.state},
            "configuration": {
                "metrics": [{"id": "m1", "metricStat": stat, "returnData": True}],
                "description": self.terms.text,
            },
        }
        self.previous, self.state = copy.deepcopy(after), state
        return Change(self.terms.name, state, at, text, detail)

    def payload(self, change: Change, account: str, region: str) -> dict[str, Any]:
        """What the alarm's Lambda action carries."""
        file = "alarm.json" if change.state == "ALARM" else "alarm-ok.json"
        event: dict[str, Any] = json.loads((EVENTS / file).read_text())
        event["alarmArn"] = f"arn:aws:cloudwatch:{region}:{account}:alarm:{change.alarm}"
        event["accountId"], event["region"] = account, region
        event["time"] = written(change.at)
        inside = event["alarmData"]
        inside["alarmName"] = change.alarm
        before = change.detail["previousState"]
        inside["previousState"] = {**inside["previousState"], **before}
        inside["state"] = change.detail["state"]
        metric = change.detail["configuration"]["metrics"][0]["metricStat"]
        inside["configuration"]["metrics"][0]["metricStat"].update(metric)
        inside["configuration"]["description"] = self.terms.text
        return event

    def _reason(self, state: str) -> tuple[str, str]:
        newest = self.recent[::-1]
        shown = newest if state == "ALARM" else newest[:1]
        listed = ", ".join(f"{value} ({at:%d/%m/%y %H:%M:%S})" for at, value in shown)
        noun = "datapoints" if len(shown) > 1 else "datapoint"
        verb = "were" if len(shown) > 1 else "was"
        holds = "" if state == "ALARM" else "not "
        text = (
            f"Threshold Crossed: {len(shown)} {noun} [{listed}] {verb}"
            f" {holds}{WORDS[self.terms.sign]} the threshold ({self.terms.threshold})."
        )
        data = {
            "version": "1.0",
            "queryDate": written(newest[0][0] + MINUTE),
            "startDate": written(newest[-1][0]),
            "statistic": self.metric.statistic,
            "period": 60,
            "recentDatapoints": [value for _, value in self.recent],
            "threshold": self.terms.threshold,
            "evaluatedDatapoints": [{"timestamp": written(at), "value": v} for at, v in newest],
        }
        return text, json.dumps(data)
