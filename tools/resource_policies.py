"""The policies that templates put on functions, topics, queues and buckets, and what they answer.

A small, exact reading of IAM for the few words that our policies use. Whatever it does not know
(an operator, a set, a variable) is an error, never a guess. Principals of the account itself are
not asked: their own roles decide, and tools/iam.py tries those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate

from cfn_values import PSEUDO, Values
from template_parts import as_list

ACCOUNT, REGION = PSEUDO["AWS::AccountId"], PSEUDO["AWS::Region"]

#: What `Ref` and `Arn` of a resource are, by type: the property with its name, and its ARN.
NAMED = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch:{region}:{account}:alarm:{name}"),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName", "cloudwatch:{region}:{account}:alarm:{name}"),
    "AWS::Events::Rule": ("Name", "events:{region}:{account}:rule/{name}"),
    "AWS::SNS::Topic": ("TopicName", "sns:{region}:{account}:{name}"),
    "AWS::SQS::Queue": ("QueueName", "sqs:{region}:{account}:{name}"),
    "AWS::S3::Bucket": ("BucketName", "s3:::{name}"),
    "AWS::CloudFront::Distribution": ("Id", "cloudfront::{account}:distribution/{name}"),
}
#: Of these `Ref` is the ARN.
REF_IS_ARN = {"AWS::SNS::Topic"}


class Unknown(Exception):
    """A word of IAM that is not read here."""


class Resolved(Values):
    """A template whose own resources have names and ARNs."""

    def __init__(self, template: dict):
        wanted = {n: p for n, p in template.get("Parameters", {}).items() if "Default" not in p}
        super().__init__(template, {name: _answer(name) for name in wanted})
        self.resources = template["Resources"]

    def arn(self, name: str) -> str:
        resource = self.resources[name]
        if resource["Type"] not in NAMED:
            return f"arn:aws:unknown:{REGION}:{ACCOUNT}:{name}"
        key, pattern = NAMED[resource["Type"]]
        own = self.value(resource.get("Properties", {}).get(key, name.lower()))
        return "arn:aws:" + pattern.format(region=REGION, account=ACCOUNT, name=own)

    def _ref(self, name, local):
        if name not in self.resources:
            return super()._ref(name, local)
        kind = self.resources[name]["Type"]
        return self.arn(name) if kind in REF_IS_ARN else self.arn(name).rsplit(":", 1)[1].split("/")[-1]

    def _fn_getatt(self, path, _local):
        name, attribute = path.split(".", 1) if isinstance(path, str) else path
        return self.arn(name) if attribute == "Arn" else f"{name}.{attribute}"

    def _fn_sub(self, argument, local):
        text = super()._fn_sub(argument, local)
        return re.sub(r"\$\{(\w+)(\.Arn)?\}", lambda m: self._named(m.group(1), m.group(2)), text)

    def _named(self, name: str, arn: str | None) -> str:
        return self.arn(name) if arn else str(self._ref(name, None))


def _answer(parameter: str) -> str:
    """Something of the form that the parameter's name promises."""
    if parameter.endswith("Arn"):
        return f"arn:aws:service:{REGION}:{ACCOUNT}:{parameter.removesuffix('Arn').lower()}"
    return {"MoreAlarmPrefix": "team-", "RouteAlarms": "true"}.get(parameter, parameter.lower())


@dataclass(frozen=True)
class Held:
    """A policy on one thing."""

    where: str
    resource: str
    document: dict


def held(file: str, template: dict) -> Iterator[Held]:
    """Every resource policy of a template; a permission is written as the statement that Lambda makes of it."""
    values = Resolved(template)
    for name, resource in template["Resources"].items():
        kind, where = resource["Type"], f"{file}:{name}"
        if kind == "AWS::Lambda::Permission":
            permission = values.value(resource["Properties"])
            yield Held(where, FUNCTION, {"Version": "2012-10-17", "Statement": [_statement(permission)]})
        targets = {"AWS::SNS::TopicPolicy": "Topics", "AWS::SQS::QueuePolicy": "Queues", "AWS::S3::BucketPolicy": "Bucket"}
        if kind in targets:
            document = values.value(resource["Properties"]["PolicyDocument"])
            yield Held(where, as_list(document["Statement"][0]["Resource"])[0], document)


FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:called"


def _statement(permission: dict) -> dict:
    conditions: dict[str, dict] = {}
    if "SourceAccount" in permission:
        conditions["StringEquals"] = {"AWS:SourceAccount": permission["SourceAccount"]}
    if "SourceArn" in permission:
        conditions["ArnLike"] = {"AWS:SourceArn": permission["SourceArn"]}
    made = {"Effect": "Allow", "Principal": {"Service": permission["Principal"]}, "Action": permission["Action"]}
    return {**made, "Resource": FUNCTION, **({"Condition": conditions} if conditions else {})}


# --- the judgement ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """A service, or an ARN of IAM, that wants to do something."""

    principal: str
    action: str
    resource: str
    context: dict[str, str]


def allows(document: dict, request: Request) -> bool:
    """Whether the policy lets the request through: some statement allows it and none denies it."""
    fitting = [s for s in as_list(document["Statement"]) if fits(s, request)]
    return any(s["Effect"] == "Allow" for s in fitting) and not any(s["Effect"] == "Deny" for s in fitting)


def fits(statement: dict, request: Request) -> bool:
    odd = set(statement) - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
    if odd:
        raise Unknown(f"{', '.join(sorted(odd))} in a statement")
    return (
        _is_meant(statement["Principal"], request.principal)
        and any(_like(pattern.lower(), request.action.lower()) for pattern in as_list(statement["Action"]))
        and any(_like(pattern, request.resource) for pattern in as_list(statement["Resource"]))
        and all(_holds(*item, request.context) for item in statement.get("Condition", {}).items())
    )


def _is_meant(principal, who: str) -> bool:
    if principal == "*":
        return True
    if set(principal) - {"Service", "AWS"}:
        raise Unknown(f"principal {principal}")
    accounts = [a.removesuffix("root") for a in as_list(principal.get("AWS", [])) if a.endswith(":root")]
    if len(accounts) != len(as_list(principal.get("AWS", []))):
        raise Unknown(f"principal {principal}")
    return who in as_list(principal.get("Service", [])) or who.startswith(tuple(accounts) or ("-",))


def _holds(operator: str, wanted: dict, context: dict[str, str]) -> bool:
    compare = OPERATORS.get(operator)
    if compare is None:
        raise Unknown(f"operator {operator}")
    given = {key.lower(): value for key, value in context.items()}
    for key, patterns in wanted.items():
        if key.lower() not in given:
            return False
        if not any(compare(str(pattern), given[key.lower()]) for pattern in as_list(patterns)):
            return False
    return True


def _like(pattern: str, value: str) -> bool:
    if "${" in pattern or "[" in pattern:
        raise Unknown(f"pattern {pattern}")
    return re.match(translate(pattern), value) is not None


def _arn_like(pattern: str, value: str) -> bool:
    """Part by part: a star of one part reaches into no other, but in the last."""
    parts, given = pattern.split(":", 5), value.split(":", 5)
    return len(parts) == len(given) == 6 and all(map(_like, parts, given))


OPERATORS = {
    "StringEquals": lambda pattern, value: pattern == value,
    "StringLike": _like,
    "ArnLike": _arn_like,
    "ArnEquals": _arn_like,
    "Bool": lambda pattern, value: pattern.lower() == value.lower(),
}
