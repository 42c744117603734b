"""What the alarm router lives through: every topic is told, and every call of its ports is made.

Alarms of a fleet, of nobody and of four teams go off in one batch, while their tags cannot be read;
then a tag puts one of them into another group; then a critical one stays unresolved; then all is
over, some of it unheard, so that the tick has to notice.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import tomlkit
from demo import stage
from demo.cast import POLICY_FILE, Fleet
from demo.cloud import Cloud, StageError, stamp

from .cast import ROUTER, TEAMS
from .recorder import Recorder

MINUTE = timedelta(minutes=1)
GONE = "iam-nobody-warning"
POLICY = {"pk": {"S": "policy"}, "sk": {"S": "v#00000009"}}


def play(cloud: Cloud, recorder: Recorder, cast: list[Fleet], at: datetime) -> int:
    """Everything; the answer is how often the router was woken."""
    incident = Incident(cloud, recorder, cast[0].name, at)
    incident.run()
    return incident.woken


class Incident:
    """One problem, from the first alarm to the last message."""

    def __init__(self, cloud: Cloud, recorder: Recorder, fleet: str, at: datetime) -> None:
        self.cloud, self.recorder, self.at, self.woken = cloud, recorder, at, 0
        in_fleet = {"AutoScalingGroupName": fleet}
        self.alarms: dict[str, dict[str, str]] = {
            "iam-fleet-critical": in_fleet,
            "iam-fleet-warning": in_fleet,
            GONE: {"Thing": "x"},
            **{f"iam-{team}": {"Thing": team} for team in TEAMS},
        }

    def run(self) -> None:
        self._arrange()
        self.recorder.refused.add(b"ListTagsForResource")
        self._wake(self._batch("ALARM"))
        self.recorder.refused.clear()
        self.cloud.metrics.tag_resource(
            ResourceARN=self._arn("iam-fleet-warning"), Tags=[{"Key": "service", "Value": "other"}]
        )
        self._wake(self._batch("ALARM"))
        for _ in range(3):
            self._tick()
        # One that fires no more is asked for by its name; this one is gone.
        self.cloud.metrics.delete_alarms(AlarmNames=[GONE])
        self._tick()
        self._put_states("OK")
        self._tick()
        self._wake(self._batch("OK"))
        for _ in range(3):
            self._tick()
        self.cloud.tables.delete_item(TableName=self.cloud.control_table, Key=POLICY)

    def _arrange(self) -> None:
        document = tomlkit.parse(POLICY_FILE.read_text()).unwrap()
        routes = [{"match": {"alarm": f"iam-{team}"}, "topic": team} for team in TEAMS]
        routes.append({"match": {"severity": "critical"}, "topic": "critical"})
        terms = {"group_wait_secs": 0, "escalate_after_secs": 60, "inhibit": []}
        document["alarms"] = {**terms, "routes": routes}
        item = {**POLICY, "version": {"N": "9"}, "doc": {"S": tomlkit.dumps(document)}}
        self.cloud.tables.put_item(TableName=self.cloud.control_table, Item=item)
        for team in TEAMS:
            self.cloud.client("sns").create_topic(Name=team)
        for name, dimensions in self.alarms.items():
            self.cloud.metrics.put_metric_alarm(
                AlarmName=name, Namespace="AWS/EC2", MetricName="CPUUtilization",
                Dimensions=[{"Name": n, "Value": v} for n, v in dimensions.items()],
                Statistic="Average", Period=60, EvaluationPeriods=1, Threshold=70.0,
                ComparisonOperator="GreaterThanThreshold",
            )  # fmt: skip
        self._put_states("ALARM")

    def _put_states(self, state: str) -> None:
        for name in self.alarms:
            if state == "OK" and name == GONE:
                continue
            self.cloud.metrics.set_alarm_state(AlarmName=name, StateValue=state, StateReason="iam")

    def _arn(self, name: str) -> str:
        return f"arn:aws:cloudwatch:{self.cloud.region}:{self.cloud.account}:alarm:{name}"

    def _batch(self, state: str) -> dict[str, Any]:
        """As the queue brings them."""
        return {"Records": [self._record(n, d, state) for n, d in self.alarms.items()]}

    def _record(self, name: str, dimensions: dict[str, str], state: str) -> dict[str, Any]:
        metric = {"namespace": "AWS/EC2", "name": "CPUUtilization", "dimensions": dimensions}
        detail = {
            "alarmName": name,
            "state": {"value": state, "reason": "iam", "timestamp": stamp(self.at)},
            "configuration": {"metrics": [{"id": "m", "metricStat": {"metric": metric}}]},
        }
        event = {
            "version": "0",
            "source": "aws.cloudwatch",
            "detail-type": "CloudWatch Alarm State Change",
            "account": self.cloud.account,
            "region": self.cloud.region,
            "time": stamp(self.at),
            "resources": [self._arn(name)],
            "detail": detail,
        }
        queue = f"arn:aws:sqs:{self.cloud.region}:{self.cloud.account}:{self.cloud.stack}-alarms"
        sender = {"eventSource": "aws:sqs", "eventSourceARN": queue}
        return {**sender, "messageId": str(uuid4()), "body": json.dumps(event)}

    def _tick(self) -> None:
        self._wake({"schedule": "tick", "scheduled_time": stamp(self.at), "execution_id": "iam"})

    def _wake(self, event: dict[str, Any]) -> None:
        stage.put_clock(self.cloud, self.at)
        answer, failed = self.cloud.invoke(ROUTER, event)
        self.woken += 1
        if failed or answer.get("batchItemFailures"):
            raise StageError(f"{ROUTER} at {stamp(self.at)}: {failed or answer}")
        self.at += MINUTE
