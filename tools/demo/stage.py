"""Sets the stage on a freshly deployed stack: the second group, sizes at noon, the alarms that the
policy names, the policy itself, and last week's traffic.

The stack brings aira-web with its scale-out net and its own alarms. Everything made here is made
by plain API calls, as an operator would do it.
"""

from __future__ import annotations

import os
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Iterable

from .cast import (
    MINUTE,
    POLICY_FILE,
    STORY_MINUTES,
    Fleet,
    Metric,
    errors_of,
    metrics_of,
    spike_metric,
)
from .cloud import Cloud, StageError, stamp
from .traffic import Traffic
from .watch import Watch

ROOT = Path(__file__).resolve().parents[2]
#: Where cargo leaves the operator's tool.
TOOLS = [ROOT / "target" / profile / "tidegate-ops" for profile in ("release", "debug")]
#: Values that one PutMetricData call carries.
BATCH = 500
#: Last week's traffic is put for the hours that a night or a forecast compares with.
PAST_FROM, PAST_UNTIL = 9 * 60, 21 * 60 + 30


def set_up(cloud: Cloud, fleets: list[Fleet], day: dict[str, Traffic], start: datetime) -> str:
    """Everything. The answer says how the policy was stored."""
    _refuse_a_used_stage(cloud)
    for fleet in fleets:
        _group(cloud, fleet)
        _alarms(cloud, fleet)
        _last_week(cloud, fleet, day[fleet.name], start)
    return store_policy(cloud, POLICY_FILE)


def put_clock(cloud: Cloud, now: datetime) -> None:
    """What time the functions take it to be."""
    item = {"pk": {"S": "story"}, "sk": {"S": "clock"}, "now": {"S": stamp(now)}}
    cloud.tables.put_item(TableName=cloud.control_table, Item=item)


def put_metrics(cloud: Cloud, points: Iterable[tuple[Metric, datetime, float]]) -> None:
    """Publishes values with the story's time stamps."""
    by_namespace: dict[str, list[dict[str, Any]]] = {}
    for metric, at, value in points:
        datum = {
            "MetricName": metric.name,
            "Dimensions": [{"Name": n, "Value": v} for n, v in metric.dimensions.items()],
            "Timestamp": at,
            "Value": value,
            "Unit": metric.unit,
        }
        by_namespace.setdefault(metric.namespace, []).append(datum)
    for namespace, data in by_namespace.items():
        for first in range(0, len(data), BATCH):
            batch = data[first : first + BATCH]
            cloud.metrics.put_metric_data(Namespace=namespace, MetricData=batch)


def _refuse_a_used_stage(cloud: Cloud) -> None:
    if cloud.items("story"):
        raise StageError(
            "this endpoint has already played a story, and metrics cannot be taken back:"
            " start it anew (make demo does)"
        )


def _group(cloud: Cloud, fleet: Fleet) -> None:
    sizes = {"MinSize": fleet.day_floor, "MaxSize": fleet.max_size}
    if fleet.name not in cloud.describe([fleet.name]):
        if fleet.mode == "owner":
            raise StageError(f"the stack has no group {fleet.name}; deploy it first")
        _second_group(cloud, fleet, sizes)
    sizes["DesiredCapacity"] = fleet.day_floor
    cloud.groups.update_auto_scaling_group(AutoScalingGroupName=fleet.name, **sizes)


def _second_group(cloud: Cloud, fleet: Fleet, sizes: dict[str, int]) -> None:
    """A group whose target tracking may scale in: that is what makes it a `floor` fleet."""
    data = {"InstanceType": "t3.small", "ImageId": "ami-0123456789abcdef0"}
    template = cloud.client("ec2").create_launch_template(
        LaunchTemplateName=fleet.name, LaunchTemplateData=data
    )["LaunchTemplate"]
    cloud.groups.create_auto_scaling_group(
        AutoScalingGroupName=fleet.name,
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplateId"], "Version": "1"},
        AvailabilityZones=[cloud.region + zone for zone in "ab"],
        **sizes,
    )
    cloud.groups.put_scaling_policy(
        AutoScalingGroupName=fleet.name,
        PolicyName=f"{fleet.name}-tracking",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "TargetValue": 70.0,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
        },
    )


def _alarms(cloud: Cloud, fleet: Fleet) -> None:
    """The spike alarm, unless the stack made it, and the alarm that forbids lowering."""
    spike = fleet.spike_alarm
    metric = spike_metric(fleet)
    there = cloud.metrics.describe_alarms(AlarmNames=[spike, fleet.veto_alarm])["MetricAlarms"]
    names = {alarm["AlarmName"] for alarm in there}
    function = cloud.configurations["spike-step-scaler"]["FunctionArn"]
    if spike not in names:
        actions = {"AlarmActions": [function], "OKActions": [function]}
        alarm(cloud, spike, metric, fleet.spike_threshold, **actions)
    if fleet.veto_alarm not in names:
        alarm(cloud, fleet.veto_alarm, errors_of(fleet), 50.0)


def tracking_alarms(cloud: Cloud, fleet: Fleet) -> list[str]:
    """The names of the alarms that target tracking made for itself."""
    prefix = f"TargetTracking-{fleet.name}-"
    there = cloud.metrics.describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return sorted(alarm["AlarmName"] for alarm in there)


def people_alarm(cloud: Cloud, watch: Watch) -> None:
    """One of the alarms that people have; target tracking's own are there already."""
    if watch.name.startswith("TargetTracking-"):
        return
    more: dict[str, Any] = {
        "ComparisonOperator": watch.operator,
        "EvaluationPeriods": watch.periods,
        "AlarmDescription": watch.text,
    }
    alarm(cloud, watch.name, watch.metric, watch.threshold, **more)


def alarm(cloud: Cloud, name: str, metric: Metric, threshold: float, **more: Any) -> None:
    statistic = "ExtendedStatistic" if metric.statistic.startswith("p") else "Statistic"
    terms: dict[str, Any] = {
        "EvaluationPeriods": 2,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        statistic: metric.statistic,
        **more,
    }
    cloud.metrics.put_metric_alarm(
        AlarmName=name,
        Namespace=metric.namespace,
        MetricName=metric.name,
        Dimensions=[{"Name": n, "Value": v} for n, v in metric.dimensions.items()],
        Period=60,
        Threshold=threshold,
        TreatMissingData="missing",
        **terms,
    )


def _last_week(cloud: Cloud, fleet: Fleet, traffic: Traffic, start: datetime) -> None:
    first = start - timedelta(days=7)
    requests = metrics_of(fleet)["requests"]
    minutes = range(PAST_FROM, min(PAST_UNTIL, STORY_MINUTES))
    put_metrics(
        cloud, ((requests, first + m * MINUTE, float(traffic.week_before[m])) for m in minutes)
    )


def store_policy(cloud: Cloud, file: Path) -> str:
    """Stores the policy: with the operator's tool where it is built, else as the tool would."""
    tool = next((path for path in TOOLS if _is_current(path)), None)
    if tool is not None:
        command = [str(tool), "policy-put", "--yes", str(file)]
        environment = {**os.environ, "TIDEGATE_CONTROL_TABLE": cloud.control_table}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return "stored with tidegate-ops policy-put, which checks it first"
        raise StageError(f"tidegate-ops policy-put failed: {done.stderr.strip() or done.stdout}")
    item = {
        "pk": {"S": "policy"},
        "sk": {"S": "v#00000001"},
        "version": {"N": "1"},
        "doc": {"S": file.read_text()},
        "at": {"S": stamp(datetime.now().astimezone())},
    }
    cloud.tables.put_item(TableName=cloud.control_table, Item=item)
    return "stored by a plain put_item (a build of tidegate-ops is not at hand)"


def _is_current(tool: Path) -> bool:
    """Built, and since the sources last changed: an older one may know another document."""
    sources = [p for folder in ("ops", "shared") for p in (ROOT / folder).rglob("*.rs")]
    return tool.exists() and tool.stat().st_mtime > max(p.stat().st_mtime for p in sources)
