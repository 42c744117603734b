"""Deploys the stack into a further region, on that region's replica of the session table.

    tools/deploy_region.py REGION [--stack NAME] [--primary R] [--live] [--set Name=Value ...] [--code DIR]

Behind `make deploy-region`. The first region's stack gives the answers; what belongs to a region
(groups, load balancers, networks, caches, anything with an ARN or an id) is not copied, and has to be
given with --set where the first region has it. What must stay true: nothing is deployed before the
first region's stack, its table and the replica's stream were found.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

ROOT = Path(__file__).resolve().parent.parent
#: Belongs to a region, whatever it looks like.
OWN = {
    "ExistingGroupName", "MoreGroupNames", "LoadBalancerFullName", "TargetGroupFullName", "CacheUrl",
    "CacheNodeIds", "CacheSecretArn", "CacheSubnetIds", "CacheSecurityGroupIds", "CertificateArn", "CloudFrontPrefixListId",
    "MoreTopics", "PublicSubnetIds", "SecurityGroupIds", "SubnetIds", "VpcId", "Zones",
}  # fmt: skip
#: A value that names something of one region.
REGIONAL = re.compile(r"(^|[=,])(arn:[a-z-]+:[a-z0-9-]+:[a-z]|(subnet|sg|vpc|rtb|eni)-[0-9a-f]{8})|\.amazonaws\.com\b")
#: What is shown of a NoEcho parameter, whatever it is; and an image in place of the SSM parameter that names it.
UNREADABLE = re.compile(r"\*{4}$|ami-[0-9a-f]+$")


class Wrong(Exception):
    """Why nothing was deployed, for people."""


@dataclass(frozen=True)
class First:
    """The first region's stack."""

    stack: str
    region: str
    arn: str
    parameters: dict[str, str]
    outputs: dict[str, str]


def main() -> int:
    options = arguments()
    if not options.live:
        os.environ.update(local_environment())
    try:
        primary = options.primary or os.environ.get("AWS_REGION") or boto3.Session().region_name or ""
        given = dict(pair(word) for word in options.set)
        first = first_stack(options.stack, primary, options.region)
        stream = stream_of(first, options.region)
        values = answers(first, options.region, given) | {"SessionStreamArn": stream}
        print(f"deploy-region: {first.stack} of {primary}, its sessions in {options.region} by {stream}")
        return deploy(options, values)
    except Wrong as error:
        print(f"deploy-region: {error}", file=sys.stderr)
        return 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("region")
    parser.add_argument("--stack", default="tidegate")
    parser.add_argument("--primary", default="", help="the first region; the environment's unless given")
    parser.add_argument("--live", action="store_true", help="AWS, with your credentials")
    parser.add_argument("--set", action="append", default=[], metavar="Name=Value")
    parser.add_argument("--code", default="", help="programs already built, for the local endpoint")
    return parser.parse_args()


def local_environment() -> dict[str, str]:
    done = subprocess.run([ROOT / "tools" / "endpoint", "env"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr.strip() or "deploy-region: no local endpoint")
    exports = re.findall(r"^export ([A-Z_]+)=(.*)$", done.stdout, re.MULTILINE)
    return dict(exports)


def pair(word: str) -> tuple[str, str]:
    name, found, value = word.partition("=")
    if not found or not re.fullmatch(r"[A-Za-z0-9]+", name):
        raise Wrong(f"--set takes Name=Value, got {word!r}")
    return name, value


# --- what there is ----------------------------------------------------------------------------


def first_stack(stack: str, primary: str, region: str) -> First:
    """The first region's stack, which must keep sessions in `region`, too."""
    if region == primary:
        raise Wrong(f"{region} is the first region itself; sam deploy updates it")
    try:
        found = boto3.client("cloudformation", region_name=primary).describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in error.response["Error"]["Message"]:
            raise Wrong(f"DescribeStacks in {primary}: {error}") from None
        raise Wrong(f"there is no stack {stack} in {primary}: deploy the first region first (or name it: PRIMARY=...)") from None
    first = First(
        stack,
        primary,
        found["StackId"],
        {p["ParameterKey"]: p.get("ParameterValue", "") for p in found.get("Parameters", [])},
        {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])},
    )
    if "SessionTableName" not in first.outputs:
        raise Wrong(f"{stack} in {primary} keeps no sessions: deploy it with Sessions=true CacheUrl=... SessionRegions={region}")
    return first


def stream_of(first: First, region: str) -> str:
    """The stream of the region's replica of the session table."""
    table = first.outputs["SessionTableName"]
    try:
        found = boto3.client("dynamodb", region_name=region).describe_table(TableName=table)["Table"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise Wrong(f"DescribeTable in {region}: {error}") from None
        raise Wrong(no_replica(first, table, region)) from None
    if found.get("TableStatus") not in ("ACTIVE", "UPDATING"):
        raise Wrong(f"the replica of {table} in {region} is {found.get('TableStatus')}: try again when it is ACTIVE")
    stream = found.get("LatestStreamArn", "")
    if not stream:
        raise Wrong(f"{table} in {region} has no stream: is it a replica of the table in {first.region}?")
    return str(stream)


def no_replica(first: First, table: str, region: str) -> str:
    """Why there is no replica, by the table of the first region."""
    try:
        found = boto3.client("dynamodb", region_name=first.region).describe_table(TableName=table)["Table"]
    except ClientError as error:
        return f"there is no table {table}, neither in {region} nor in {first.region}: {error}"
    states = {r["RegionName"]: r.get("ReplicaStatus", "ACTIVE") for r in found.get("Replicas", [])}
    if region in states:
        return f"the replica of {table} in {region} is {states[region]}: try again when it is ACTIVE"
    asked = [r for r in first.parameters.get("SessionRegions", "").split(",") if r]
    more = ",".join([*asked, region])
    return f"{table} has no replica in {region} yet: deploy {first.stack} in {first.region} with SessionRegions={more} first, one new region at a time"


# --- the answers ------------------------------------------------------------------------------


def is_own(name: str, value: str) -> bool:
    return name in OWN or bool(REGIONAL.search(value))


def answers(first: First, region: str, given: dict[str, str]) -> dict[str, str]:
    """The first region's answers without those that belong to it, with the given ones."""
    parameters = {name: value for name, value in first.parameters.items() if name != "SessionStreamArn"}
    own = {name: value for name, value in parameters.items() if value and is_own(name, value)}
    missing = sorted(name for name in own if name not in given)
    if missing:
        words = " ".join(f"{name}=..." for name in missing)
        raise Wrong(f"{first.region} has what every region has its own of; give {region}'s: SET='{words}' (NAME= for none)")
    hidden = sorted(n for n, value in parameters.items() if UNREADABLE.match(value) and n not in given)
    if hidden:
        print(f"deploy-region: not copied, since their value is not shown: {', '.join(hidden)}; SET gives them")
    copied = {name: value for name, value in parameters.items() if name not in {*own, *hidden}}
    shared = {"PrimaryRegion": first.region, "SessionRegions": others(first, region), **provider(first)}
    return {**copied, **shared, **given}


def provider(first: First) -> dict[str, str]:
    """GitHub's identity provider, of which an account has one: the first region made it."""
    if not first.parameters.get("GitHubRepository") or first.parameters.get("GitHubProviderArn"):
        return {}
    _, partition, _, _, account, _ = first.arn.split(":", 5)
    return {"GitHubProviderArn": f"arn:{partition}:iam::{account}:oidc-provider/token.actions.githubusercontent.com"}


def others(first: First, region: str) -> str:
    """The other regions, as seen from this one."""
    asked = [r for r in first.parameters.get("SessionRegions", "").split(",") if r]
    return ",".join([first.region, *(r for r in asked if r not in (region, first.region))])


# --- deploying --------------------------------------------------------------------------------


def deploy(options: argparse.Namespace, values: dict[str, str]) -> int:
    if not options.live:
        sets = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        command = [str(ROOT / "tools" / "deploy-local"), options.stack, "--region", options.region, *sets]
        command += ["--code", options.code] if options.code else []
        return subprocess.run(command, cwd=ROOT).returncode
    built = ROOT / ".aws-sam" / "build" / "template.yaml"
    if not built.exists():
        raise Wrong("nothing is built: sam build")
    path = ROOT / ".aws-sam" / f"region-{options.region}.json"
    path.write_text(json.dumps(values, indent=2) + "\n")
    return subprocess.run(sam(options, built, path), cwd=ROOT).returncode


def sam(options: argparse.Namespace, built: Path, parameters: Path) -> list[Any]:
    return [
        ROOT / ".tools" / "sam" / "bin" / "sam", "deploy", "--region", options.region, "--stack-name", options.stack,
        "--template-file", built, "--resolve-s3", "--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND",
        "--parameter-overrides", f"file://{parameters}",
    ]  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
