"""The fleet's stack alone: sizes survive a change because of its UpdatePolicy, and only because of it."""

from __future__ import annotations

from samcli.yamlhelper import yaml_dump, yaml_parse

from .stage import ROOT, Stage

STACK, GROUP = "sizes", "sizes-web"
ANSWERS = {
    "Name": STACK, "GroupName": GROUP, "MinimumInstances": "2", "MaximumInstances": "30", "BootSeconds": "180",
    "TrackingCpuPercent": "70", "TrackingRequests": "420", "ScalingDriver": "tidegate", "InstanceType": "t3.small",
    "ImageId": "ami-12345678", "UserData": "", "SubnetIds": "", "SecurityGroupIds": "", "LoadBalancerFullName": "",
    "TargetGroupFullName": "", "TargetGroupServes": "false", "CacheUrl": "", "CacheSecretArn": "", "InstallDeployAgent": "false",
    "ControlTable": "sizes-control",
}  # fmt: skip


def run(stage: Stage) -> None:
    report = stage.report
    template = yaml_parse((ROOT / "infra/web.yaml").read_text())
    change(stage, template, "180", "create")
    stage.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=7, DesiredCapacity=9)
    change(stage, template, "240", "update")
    report.holds("sizes moved by hand survive a change", sizes(stage) == (7, 9, 30), sizes(stage))
    del template["Resources"]["Group"]["UpdatePolicy"]
    # The endpoint takes the new policy as that of the stack with the change after this one.
    change(stage, template, "300", "update")
    change(stage, template, "360", "update")
    report.holds("without the UpdatePolicy they would not", sizes(stage) == (2, 9, 30), sizes(stage))
    stage.delete(STACK)


def change(stage: Stage, template: dict, warmup: str, verb: str) -> None:
    cloudformation = stage.client("cloudformation")
    given = [{"ParameterKey": k, "ParameterValue": v} for k, v in {**ANSWERS, "WarmupSeconds": warmup}.items()]
    call = getattr(cloudformation, f"{verb}_stack")
    call(StackName=STACK, TemplateBody=yaml_dump(template), Parameters=given, Capabilities=["CAPABILITY_IAM"])
    waiter = cloudformation.get_waiter(f"stack_{verb}_complete")
    waiter.wait(StackName=STACK, WaiterConfig={"Delay": 0.3, "MaxAttempts": 60})


def sizes(stage: Stage) -> tuple[int, int, int]:
    group = stage.group(GROUP)
    return group["MinSize"], group["DesiredCapacity"], group["MaxSize"]
