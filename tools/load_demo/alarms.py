"""CloudWatch's alarms, played as those of the demo's day are (demo.watch): each looks at the minute that
has just ended and is told once of a change. Here they are the fleet's, with the payload of the files
in events/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from demo.cast import Fleet
from demo.watch import Change, Watch, Watched
from demo.world import written

from .cast import metrics

EVENTS = Path(__file__).resolve().parents[2] / "events" / "spike-step-scaler"


def spike(of: Fleet, periods: int = 2) -> Watched:
    """The one that the step table belongs to: so many minutes above."""
    text = "Answers wanted per instance are high."
    return _alarm(of, of.spike_alarm, "each", ">=", of.spike_threshold, periods, text)


def low(of: Fleet) -> Watched:
    """The one that native step scaling lowers by: half as much, for a quarter of an hour."""
    text = "Answers wanted per instance are low."
    return _alarm(of, f"{of.name}-wanted-low", "each", "<", of.spike_threshold / 2, 15, text)


def errors(of: Fleet) -> Watched:
    """Refused requests: people are told, and nothing is lowered meanwhile."""
    return _alarm(of, of.veto_alarm, "errors", ">=", 50.0, 2, "Requests end with 5xx.")


def _alarm(
    of: Fleet, name: str, metric: str, sign: str, threshold: float, periods: int, text: str
) -> Watched:
    def value(minute: Any, _: int) -> float:
        return float(getattr(minute, metric))

    terms = (sign, threshold, periods, text, value)
    return Watched(Watch(of, name, metrics(of)[metric], *terms))


def payload(of: Watched, change: Change, account: str, region: str) -> dict[str, Any]:
    """What the alarm's Lambda action carries."""
    file = "alarm.json" if change.state == "ALARM" else "alarm-ok.json"
    event: dict[str, Any] = json.loads((EVENTS / file).read_text())
    event["alarmArn"] = f"arn:aws:cloudwatch:{region}:{account}:alarm:{change.alarm}"
    event["accountId"], event["region"] = account, region
    event["time"] = written(change.at)
    inside = event["alarmData"]
    inside["alarmName"] = change.alarm
    inside["previousState"] = {**inside["previousState"], **change.detail["previousState"]}
    inside["state"] = change.detail["state"]
    told = change.detail["configuration"]["metrics"][0]["metricStat"]
    inside["configuration"]["metrics"][0]["metricStat"].update(told)
    inside["configuration"]["description"] = of.watch.text
    return event
