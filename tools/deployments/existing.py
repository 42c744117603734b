"""A group that is there already: only the controller comes, and the group stays as it was."""

from __future__ import annotations

from typing import Any

from .stage import Stage

STACK, GROUP = "beside", "their-web"
ANSWERS = {"ExistingGroupName": GROUP, "SchedulesState": "DISABLED", "WebGroupName": "never-made"}


def run(stage: Stage) -> None:
    report = stage.report
    make_group(stage)
    networks = vpcs(stage)
    before = plain(stage.group(GROUP))
    outputs = stage.deploy(STACK, "existing-group", ANSWERS)
    kinds = {kind for kind, _, _ in stage.resources(STACK)}
    for part in ("AutoScaling", "EC2", "ElastiCache", "ElasticLoadBalancingV2", "WAFv2", "S3"):
        report.holds(f"nothing of {part} is made", not any(k.startswith(f"AWS::{part}::") for k in kinds), kinds)
    report.holds("no network is made", vpcs(stage) == networks)
    report.holds("the group is as it was", plain(stage.group(GROUP)) == before, stage.group(GROUP))
    report.holds("the policy names it", f'[fleets."{GROUP}"]' in seed(stage, outputs), seed(stage, outputs))
    report.holds("the requests alarm watches its load balancer", outputs["RequestsHighAlarm"] == f"{GROUP}-requests-high", outputs)

    stage.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=4, DesiredCapacity=8)
    moved = plain(stage.group(GROUP))
    changed = stage.deploy(STACK, "existing-group", {**ANSWERS, "CpuHighPercent": "61", "DryRun": "false"}, update=True)
    alarm = stage.client("cloudwatch").describe_alarms(AlarmNames=[f"{GROUP}-cpu-high"])["MetricAlarms"][0]
    report.holds("a changed answer reaches the alarm", alarm["Threshold"] == 61, alarm["Threshold"])
    report.holds("and the functions", "dry_run = false" in seed(stage, changed), seed(stage, changed))
    report.holds("sizes moved by hand survive the change", plain(stage.group(GROUP)) == moved, stage.group(GROUP))
    report.holds("the control table is the same", changed["ControlTableName"] == outputs["ControlTableName"], changed)

    stage.delete(STACK)
    report.holds("deleted, the group is as it was left", plain(stage.group(GROUP)) == moved, stage.group(GROUP))
    tables = stage.client("dynamodb").list_tables()["TableNames"]
    report.holds("the control table stays", outputs["ControlTableName"] in tables, tables)
    left = stage.leftovers((STACK, f"{GROUP}-"))
    report.holds("nothing else is left", not left, left)


def make_group(stage: Stage) -> None:
    """With sizes, a tag, a policy and a scheduled action of its own."""
    ec2, groups = stage.client("ec2"), stage.client("autoscaling")
    ec2.create_launch_template(LaunchTemplateName=GROUP, LaunchTemplateData={"InstanceType": "t3.small", "ImageId": "ami-12345678"})
    groups.create_auto_scaling_group(
        AutoScalingGroupName=GROUP, MinSize=3, MaxSize=20, DesiredCapacity=5, AvailabilityZones=["ap-northeast-2a"],
        LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "$Latest"},
        Tags=[{"Key": "team", "Value": "web", "ResourceId": GROUP, "ResourceType": "auto-scaling-group", "PropagateAtLaunch": True}],
    )  # fmt: skip
    tracking = {"TargetValue": 55.0, "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"}}
    groups.put_scaling_policy(AutoScalingGroupName=GROUP, PolicyName="theirs", PolicyType="TargetTrackingScaling", TargetTrackingConfiguration=tracking)
    groups.put_scheduled_update_group_action(AutoScalingGroupName=GROUP, ScheduledActionName="theirs", Recurrence="0 7 * * *", MinSize=3)


def plain(group: dict[str, Any]) -> dict[str, Any]:
    """Without what moves by itself."""
    return {k: v for k, v in group.items() if k not in ("Instances", "ResponseMetadata")}


def seed(stage: Stage, outputs: dict[str, str]) -> str:
    return stage.variables(outputs["NightFunction"])["TIDEGATE_SEED_POLICY"]


def vpcs(stage: Stage) -> set[str]:
    return {v["VpcId"] for v in stage.client("ec2").describe_vpcs()["Vpcs"]}
