"""The template and its nested stacks, and how to find one's way in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tomlkit
from cfn_values import walk
from samcli.cli.types import CfnParameterOverridesType
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = "AWS::Serverless::Function"
#: A function of a nested stack, where SAM's transform does not work.
PLAIN_FUNCTION = "AWS::Lambda::Function"
ROOT_FILE, ROLES, WEB = "template.yaml", "infra/roles.yaml", "infra/web.yaml"
SPIKE, WATCH = "infra/spike-alarms.yaml", "infra/observability.yaml"
TICKS, FAILURES = "infra/tick-alarms.yaml", "infra/function-alarms.yaml"
ROUTER, SCHEDULES = "infra/alarm-router.yaml", "infra/schedules.yaml"
TRIGGERS, FLEET = "infra/triggers.yaml", "infra/fleet.yaml"
DELIVERY = "infra/delivery.yaml"
# Called by an operator's commands alone, with a person's credentials: docs/iam.md has what they need,
# and a test of the commands holds it.
OPERATORS_CALLS = {"attach.rs"}
#: Their roles are taken by AWS, instances and workflows, never by a function of ours.
NOT_OUR_ROLES = {"infra/network.yaml", WEB, DELIVERY}
SESSIONS, SYNC = "infra/sessions.yaml", "infra/session-sync.yaml"
SESSION_WATCH = "infra/session-watch.yaml"

#: What Lambda does for a function in a VPC.
NETWORK = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}
#: What Lambda does to read a table's stream.
STREAM = {
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
}
#: AWS defines no resource for these, or (DescribeAlarms) one that only the stored policy names, or
#: (the network's) asks for them on every resource.
NO_RESOURCE = {
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeInstanceRefreshes",
    "autoscaling:DescribePolicies",
    "autoscaling:DescribeScalingActivities",
    "autoscaling:DescribeScheduledActions",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "dynamodb:ListStreams",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    *NETWORK,
}
#: Made by Lambda or an SDK on a function's behalf, so no call in our code shows them.
NOT_OUR_CALLS = {
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "lambda:InvokeFunction",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
    *NETWORK,
    *STREAM,
}


def load() -> dict[str, dict]:
    files = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]
    return {str(f.relative_to(ROOT)): yaml_parse(f.read_text()) for f in files}


def environments() -> dict[str, dict[str, str]]:
    """The answers of each environment of samconfig.toml, as the SAM CLI reads them."""
    found = {}
    for name, environment in tomlkit.parse((ROOT / "samconfig.toml").read_text()).items():
        given = environment.get("deploy", {}).get("parameters", {}) if isinstance(environment, dict) else {}
        words = [str(word) for word in given.get("parameter_overrides", [])]
        if words:
            found[name] = CfnParameterOverridesType().convert(words, None, None)
    return found


def environment(name: str) -> dict[str, str]:
    return dict(environments()[name])


def of_type(templates: dict, kind: str) -> dict[str, dict]:
    """By name; where two files give a name to one each, the second bears its file's."""
    found: dict[str, dict] = {}
    for file, template in templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == kind:
                found[f"{name} of {file}" if name in found else name] = resource
    return found


def functions(templates: dict) -> dict[str, dict]:
    """By the name of the folder that their code is in."""
    found = {**of_type(templates, FUNCTION), **of_type(templates, PLAIN_FUNCTION)}
    return {folder_of(f): f["Properties"] for f in found.values()}


def folder_of(function: dict) -> str:
    properties = function["Properties"]
    return Path(properties.get("CodeUri") or properties["Code"]).name


def called_function(templates: dict, file: str, node: dict) -> str:
    """The folder of the function that a nested stack's resource names, as its own or by a parameter."""
    name = node["Ref"] if "Ref" in node else attribute_of(node)
    resources = templates[file]["Resources"]
    if name in resources:
        return folder_of(resources[name])
    outer, given = stack_of(templates, file)
    return called_function(templates, outer, given[name])


def stack_of(templates: dict, file: str) -> tuple[str, dict]:
    """The file that nests this one, and the parameters that it gives."""
    for outer, template in templates.items():
        for resource in template["Resources"].values():
            url = resource.get("Properties", {}).get("TemplateURL")
            if url and str(Path(outer).parent / url) == file:
                return outer, resource["Properties"]["Parameters"]
    raise KeyError(f"no stack nests {file}")


def schedules(templates: dict) -> Iterator[tuple[str, str, dict]]:
    """Function, name and properties of every schedule."""
    for file, template in templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == "AWS::Scheduler::Schedule":
                properties = resource["Properties"]
                yield called_function(templates, file, properties["Target"]["Arn"]), name, properties


def attribute_of(node: dict) -> str:
    """The resource whose attribute is meant."""
    path = node["Fn::GetAtt"]
    return path.split(".")[0] if isinstance(path, str) else path[0]


def callers(templates: dict, kind: str) -> dict[str, set[str]]:
    """Nested resources of a kind that call functions, by the function's folder."""
    found: dict[str, set[str]] = {}
    for file, template in templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == kind and file != ROOT_FILE:
                called = called_function(templates, file, resource["Properties"]["FunctionName"])
                found.setdefault(called, set()).add(name)
    return found


def statements(templates: dict) -> Iterator[tuple[str, dict]]:
    """The statements of roles and managed policies, those in an `If` too."""
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", FUNCTION)
    for kind in kinds:
        for name, resource in of_type(templates, kind).items():
            granted = {k: v for k, v in resource["Properties"].items() if not k.startswith("Assume")}
            for node in walk(granted):
                if node.get("Effect") == "Allow":
                    yield name, node


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def variables_of(templates: dict) -> dict:
    return templates[ROOT_FILE]["Globals"]["Function"]["Environment"]["Variables"]


def shared_statements(templates: dict) -> list:
    return templates[ROLES]["Resources"]["Shared"]["Properties"]["PolicyDocument"]["Statement"]


def properties_of(templates: dict, file: str, name: str) -> dict:
    return templates[file]["Resources"][name]["Properties"]
