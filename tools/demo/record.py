"""What the endpoint, its call log and the ledger say of the day.

Checks, table and page know nothing else: neither the traffic that the driver made up nor what it
meant to happen. Only the sizes of the groups over time were collected while the day was played
(the endpoint keeps no history of them); they are the endpoint's answers, each with the story's
time, and `serving` in them is the driver's boot delay (see world).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from . import people, visit_record
from .cast import MINUTE, STORY_MINUTES, Fleet, metrics_of
from .cloud import Call, Cloud, stamp

#: The calls that change a group.
WRITES = {"UpdateAutoScalingGroup", "SetDesiredCapacity", "PutScheduledUpdateGroupAction"}
#: How the endpoint names every call of the query protocol in its log.
GROUP_CALLS = "POST.autoscaling"


@dataclass
class Record:
    """One played day. Times are RFC 3339 in the story's time."""

    seed: int
    start: str
    quick: bool
    invocations: int
    #: Each fleet's ledger, oldest first.
    ledger: dict[str, list[dict[str, Any]]]
    #: Calls that changed a group: at, by (a function's name or "the driver"), fleet, action, ...
    writes: list[dict[str, Any]]
    #: The groups after each wake-up.
    polls: list[dict[str, Any]]
    #: State changes of each alarm, oldest first.
    alarms: dict[str, list[dict[str, str]]]
    #: Metric values by fleet and short name, by minute after the start.
    series: dict[str, dict[str, list[float | None]]]
    #: The scheduled actions that stand on each group at the end.
    scheduled: dict[str, list[dict[str, Any]]]
    #: What the functions that scale had to say to people: severity and subject.
    notices: list[dict[str, str]]
    #: The alarms' events, and what the router made of them (people.read).
    told: dict[str, Any]
    #: Failed wake-ups.
    troubles: list[str]
    #: The session that moves (visit_record.read); none where the stack keeps none.
    sessions: dict[str, Any] | None = None

    def save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(asdict(self)))

    @classmethod
    def load(cls, path: Path) -> "Record":
        return cls(**json.loads(path.read_text()))


def parse(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def read(cloud: Cloud, fleets: list[Fleet], play: Any, since: float) -> Record:
    """Reads everything back; `since` is the real time at which the play began."""
    start = play.start
    clock = [c for c in cloud.call_log("PutItem", since) if _is_clock(c)]
    told = people.read(cloud, play.delivery, clock, since)
    record = Record(
        seed=play.seed,
        start=stamp(start),
        quick=play.quick,
        invocations=play.invocations,
        ledger={f.name: _ledger(cloud, f) for f in fleets},
        writes=_writes(cloud, {f.name for f in fleets}, clock, since),
        polls=play.polls,
        alarms={
            name: _history(cloud, name) for f in fleets for name in (f.spike_alarm, f.veto_alarm)
        },
        series={f.name: _series(cloud, f, start) for f in fleets},
        scheduled={f.name: _scheduled(cloud, f) for f in fleets},
        notices=_notices(told),
        told=told,
        troubles=[f"{stamp(t.at)} {t.function}: {t.what}" for t in play.troubles],
        sessions=visit_record.read(play.visit, since) if play.visit else None,
    )
    if record.sessions is not None:
        every = json.dumps(asdict(record))
        record.sessions["search"] = visit_record.search(play.visit, every)
    return record


def _ledger(cloud: Cloud, fleet: Fleet) -> list[dict[str, Any]]:
    return [json.loads(item["doc"]["S"]) for item in cloud.items(f"ledger#{fleet.name}")]


def _scheduled(cloud: Cloud, fleet: Fleet) -> list[dict[str, Any]]:
    answer = cloud.groups.describe_scheduled_actions(AutoScalingGroupName=fleet.name)
    kept = (
        "ScheduledActionName",
        "MinSize",
        "MaxSize",
        "DesiredCapacity",
        "Recurrence",
        "TimeZone",
    )
    return [
        {key: action[key] for key in kept if key in action}
        for action in answer["ScheduledUpdateGroupActions"]
    ]


def _notices(told: dict[str, Any]) -> list[dict[str, str]]:
    """The messages that are not of a group of alarms.

    The stack's own alarms about the router go straight to a topic, and say that they are quiet when
    they are judged for the first time: that is no matter for people.
    """
    return [
        {"severity": message["topic"], "subject": message["subject"]}
        for message in told["received"]
        if "group" not in message["attributes"] and not message["subject"].startswith("OK: ")
    ]


def _series(cloud: Cloud, fleet: Fleet, start: datetime) -> dict[str, list[float | None]]:
    metrics = metrics_of(fleet)
    queries = [
        {
            "Id": short,
            "MetricStat": {
                "Metric": {
                    "Namespace": metric.namespace,
                    "MetricName": metric.name,
                    "Dimensions": [{"Name": n, "Value": v} for n, v in metric.dimensions.items()],
                },
                "Period": 60,
                "Stat": metric.statistic,
            },
        }
        for short, metric in metrics.items()
    ]
    answer = cloud.metrics.get_metric_data(
        MetricDataQueries=queries,
        StartTime=start,
        EndTime=start + timedelta(minutes=STORY_MINUTES),
    )
    found: dict[str, list[float | None]] = {}
    for result in answer["MetricDataResults"]:
        values: list[float | None] = [None] * STORY_MINUTES
        for at, value in zip(result["Timestamps"], result["Values"]):
            minute = int((at - start) / MINUTE)
            if 0 <= minute < STORY_MINUTES:
                values[minute] = float(value)
        found[result["Id"]] = values
    return found


def _history(cloud: Cloud, alarm: str) -> list[dict[str, str]]:
    """State changes with the story's time, which stands in the reason's newest data point."""
    answer = cloud.metrics.describe_alarm_history(
        AlarmName=alarm, HistoryItemType="StateUpdate", ScanBy="TimestampAscending", MaxRecords=100
    )
    found = []
    for item in answer["AlarmHistoryItems"]:
        state = json.loads(item["HistoryData"])["newState"]
        written = re.search(r"\((\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d):(\d\d)\)", state["stateReason"])
        if written is None:
            continue  # the quiet beginning
        day, month, year, hour, minute, second = (int(x) for x in written.groups())
        at = datetime(2000 + year, month, day, hour, minute, second, tzinfo=timezone.utc) + MINUTE
        change = {"at": stamp(at), "state": state["stateValue"], "reason": state["stateReason"]}
        found.append(change)
    return found


# --- the call log -----------------------------------------------------------------------------


def _writes(
    cloud: Cloud, fleets: set[str], clock: list[Call], since: float
) -> list[dict[str, Any]]:
    group_calls = [c for c in cloud.call_log(GROUP_CALLS, since) if c.action in WRITES]
    callers = _callers(group_calls, cloud.call_log("Invoke", since))
    found = []
    for call in group_calls:
        name = str(call.parameters.get("AutoScalingGroupName", ""))
        before = [c for c in clock if c.at <= call.at]
        if name not in fleets or not before:
            continue
        written = {
            "at": before[-1].parameters["Item"]["now"]["S"],
            "by": callers.get(call.key, "the driver"),
            "fleet": name,
            "action": call.action,
        }
        for short, key in (("min", "MinSize"), ("max", "MaxSize"), ("desired", "DesiredCapacity")):
            if key in call.parameters:
                written[short] = int(call.parameters[key])
        found.append(written)
    return found


def _is_clock(call: Call) -> bool:
    return bool(call.parameters.get("Item", {}).get("pk", {}).get("S") == "story")


def _callers(calls: list[Call], invocations: list[Call]) -> dict[str, str]:
    """Whose access key is whose: a function's calls are followed by the log of its invocation.

    The driver's own key is the one that also invokes.
    """
    own = {call.key for call in invocations}
    found: dict[str, str] = {}
    for call in calls:
        if call.key in own or call.key in found:
            continue
        after = [i for i in invocations if i.at >= call.at]
        if after:
            found[call.key] = after[0].resource
    return found
