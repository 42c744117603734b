"""What the local endpoint's CloudFormation cannot create, each with the reason, and how it is taken out.

What must stay true: only what stands here is taken out of a template that is deployed there, and the
test of the deployments tries every entry: one that the endpoint has learnt must go from this list.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cfn_values import walk

#: Types that it refuses, and what is not seen on it because of that.
REFUSED_TYPES = {
    "AWS::Chatbot::SlackChannelConfiguration": "no chat applications: messages are seen at the topic",
    "AWS::CloudWatch::CompositeAlarm": "no composite alarms: the router gets their payloads from events/",
    "AWS::CodeDeploy::Application": "no CodeDeploy: bundles reach no instance there",
    "AWS::CodeDeploy::DeploymentGroup": "no CodeDeploy: bundles reach no instance there",
    "AWS::EC2::EIP": "no addresses of NAT gateways",
    "AWS::EC2::FlowLog": "no network, so no flows",
    "AWS::EC2::NatGateway": "no network, so no way out of it",
    "AWS::EC2::SecurityGroupEgress": "rules inside a group only; who may speak to whom is read from the template",
    "AWS::IAM::OIDCProvider": "no identity providers: the role's trust is read from the template",
    "AWS::Route53::HealthCheck": "no health checks: records stand without them",
    "AWS::WAFv2::LoggingConfiguration": "no logs of the firewall",
    "AWS::WAFv2::WebACLAssociation": "a firewall of its own, before nothing",
}
#: A resource of one of these types is nothing without the one that it leads to.
NOTHING_WITHOUT = {"AWS::EC2::Route"}


@dataclass(frozen=True)
class LeftOut:
    """Something that a template asks for and the endpoint does not get."""

    what: str
    why: str


def strip(template: dict) -> Iterator[LeftOut]:
    """Takes out what the endpoint cannot take; says what and why."""
    resources = template.get("Resources", {})
    gone = set()
    for name, resource in list(resources.items()):
        why = refusal(resource)
        if why:
            del resources[name]
            gone.add(name)
            yield LeftOut(name, why)
        elif resource["Type"] in ("AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy"):
            yield from _strip_tls(resources, name)
    yield from _forget(template, gone)


def refusal(resource: dict) -> str | None:
    if resource["Type"] in REFUSED_TYPES:
        return f"the endpoint has no {resource['Type']}: {REFUSED_TYPES[resource['Type']]}"
    if resource["Type"] == "AWS::CloudWatch::Alarm" and "Metrics" in resource.get("Properties", {}):
        return "the endpoint has no metric-math alarms"
    return None


def _strip_tls(resources: dict, name: str) -> Iterator[LeftOut]:
    document = resources[name]["Properties"]["PolicyDocument"]
    kept = [s for s in document["Statement"] if not is_tls_only(s)]
    if len(kept) == len(document["Statement"]):
        return
    document["Statement"] = kept
    if not kept:
        del resources[name]
    yield LeftOut(f"{name}, TLS only", "the endpoint speaks HTTP and enforces it")


def is_tls_only(statement: dict) -> bool:
    bools = statement.get("Condition", {}).get("Bool", {})
    return statement["Effect"] == "Deny" and str(bools.get("aws:SecureTransport")).lower() == "false"


def _forget(template: dict, gone: set[str]) -> Iterator[LeftOut]:
    """Who names what is gone names nothing any more."""
    resources = template.get("Resources", {})
    for name, resource in list(resources.items()):
        if gone & named(resource.get("Properties", {})) and resource["Type"] in NOTHING_WITHOUT:
            del resources[name]
            yield LeftOut(name, "what it leads to was left out")
            continue
        for key in _forget_in(resource.get("Properties", {}), gone):
            yield LeftOut(f"{name}, {key}", "what it names was left out")
        waits = resource.get("DependsOn", [])
        kept = [w for w in ([waits] if isinstance(waits, str) else waits) if w not in gone]
        resource.pop("DependsOn", None)
        if kept:
            resource["DependsOn"] = kept
    for name, output in template.get("Outputs", {}).items():
        if gone & named(output):
            output["Value"] = "left out"
            yield LeftOut(f"the output {name}", "what it names was left out")


def _forget_in(node, gone: set[str]) -> Iterator[str]:
    """Drops the innermost property of a mapping, or item of a list, that names what is gone."""
    if isinstance(node, dict):
        for key, value in list(node.items()):
            if _is_name(value) and gone & named(value):
                del node[key]
                yield key
            else:
                yield from _forget_in(value, gone)
    elif isinstance(node, list):
        for value in list(node):
            if _is_name(value) and gone & named(value):
                node.remove(value)
                yield "an item"
            else:
                yield from _forget_in(value, gone)


def _is_name(node) -> bool:
    return isinstance(node, dict) and len(node) == 1 and next(iter(node)) in ("Ref", "Fn::GetAtt", "Fn::Sub", "Fn::If")


def named(node) -> set[str]:
    """The resources that a value refers to."""
    found = set()
    for part in walk(node):
        if isinstance(part.get("Ref"), str):
            found.add(part["Ref"])
        path = part.get("Fn::GetAtt")
        if path:
            found.add(path.split(".")[0] if isinstance(path, str) else path[0])
        text = part.get("Fn::Sub")
        text = text[0] if isinstance(text, list) else text
        for piece in (text or "").split("${")[1:]:
            found.add(piece.split("}")[0].split(".")[0])
    return found
