"""What the local endpoint cannot create is exactly what tools/refusals.py lists."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError
from refusals import REFUSED_TYPES, refusal
from template_parts import load

from .stage import Stage

METRIC_MATH = {
    "Type": "AWS::CloudWatch::Alarm",
    "Properties": {
        "Metrics": [{"Id": "a", "Expression": "1"}],
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 1,
    },
}


def run(stage: Stage) -> None:
    report = stage.report
    used = [r for t in load().values() for r in t["Resources"].values()]
    types = {r["Type"] for r in used}
    for kind, why in sorted(REFUSED_TYPES.items()):
        report.holds(f"a template has {kind}", kind in types, "nothing needs its entry any more")
        report.holds(f"{kind}: the reason is a sentence", len(why.split()) > 3, why)
    refused = refusals(stage, {f"R{n}": {"Type": kind} for n, kind in enumerate(sorted(REFUSED_TYPES))})
    for kind in sorted(REFUSED_TYPES):
        report.holds(f"the endpoint refuses {kind}", kind in refused, "it has learnt it: take the entry out")
    report.holds("the endpoint takes a queue", not refusals(stage, {"Q": {"Type": "AWS::SQS::Queue"}}))
    report.holds("the endpoint refuses metric math in an alarm", "metric math" in refusals(stage, {"A": METRIC_MATH}))
    report.holds("metric math is left out", refusal(METRIC_MATH) is not None)


def refusals(stage: Stage, resources: dict) -> str:
    """What CloudFormation says against a stack of these; empty when it is made."""
    cloudformation = stage.client("cloudformation")
    body = json.dumps({"Resources": resources})
    name = "refused-" + "-".join(sorted(resources))[:20]
    try:
        cloudformation.create_stack(StackName=name, TemplateBody=body)
        waiter = cloudformation.get_waiter("stack_create_complete")
        waiter.wait(StackName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 50})
    except ClientError as error:
        return str(error)
    except Exception:  # noqa: BLE001  a waiter's failure is told by the stack's events
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
        return " ".join(e.get("ResourceStatusReason", "") for e in events)
    cloudformation.delete_stack(StackName=name)
    return ""
