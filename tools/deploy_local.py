"""Deploys template.yaml to the local endpoint, through the SAM CLI; run by tools/deploy-local.

A copy of the template is deployed: its functions' code is the folder of built programs, and what
the endpoint cannot take is taken out, each named on the way. With sessions on, the session table then
gets what the template asks for and the endpoint leaves away. What must stay true: nothing is taken
out and nothing is added that is not printed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import boto3
from cfn_values import walk
from refusals import strip
from samcli.yamlhelper import yaml_dump, yaml_parse

ROOT = Path(__file__).resolve().parent.parent
BUCKET = "tidegate-artifacts"
#: The endpoint's own region; with AWS_REGION set to another one the stack is deployed there.
HOME = "ap-northeast-2"

def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("stack")
    parser.add_argument("--code", type=Path, required=True)
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--set", action="append", default=[], metavar="Name=Value")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--sessions-of", default="tidegate", metavar="STACK")
    options = parser.parse_args()
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
    if not endpoint.startswith("http://127.0.0.1:"):
        print("deploy-local: AWS_ENDPOINT_URL is not the local endpoint", file=sys.stderr)
        return 2
    run = Path(os.environ["TIDEGATE_RUN"])
    began = time.monotonic()
    folder = prepare(run / "deploy", options.code.resolve())
    parameters = write_parameters(folder, answers(options))
    make_bucket(bucket())
    if not options.update:
        delete_stack(options.stack)
    if not sam_deploy(folder, parameters, options.stack, run / "deploy.log"):
        return 1
    outputs = stack_outputs(options.stack)
    if "SessionTableName" in outputs:
        complete_table(folder, json.loads(parameters.read_text()), outputs["SessionTableName"])
    written = run / ("outputs.json" if region() == HOME else f"outputs-{region()}.json")
    written.write_text(json.dumps(outputs, indent=2) + "\n")
    print(f"deploy-local: {options.stack} in {time.monotonic() - began:.1f} s; outputs in {written}")
    print(json.dumps({k: v for k, v in outputs.items() if k != "SeedPolicy"}, indent=2))
    return 0


# --- the copy ---------------------------------------------------------------------------------


def prepare(folder: Path, code: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "infra").mkdir(parents=True)
    for source in [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]:
        name = source.relative_to(ROOT)
        template = yaml_parse(source.read_text())
        for left in strip(template):
            print(f"deploy-local: left out of {name}: {left.what} ({left.why})")
        point_at(template, code)
        (folder / name).write_text(yaml_dump(template))
    return folder


def point_at(template: dict, code: Path) -> None:
    """Sets the functions' code to the built programs instead of their sources."""
    for resource in template.get("Resources", {}).values():
        key = {"AWS::Serverless::Function": "CodeUri", "AWS::Lambda::Function": "Code"}.get(resource["Type"])
        if key:
            name = Path(resource["Properties"][key]).name
            program = code / name / "bootstrap"
            if not program.exists():
                raise SystemExit(f"deploy-local: {program} is missing")
            resource["Properties"][key] = str(program.parent)


def answers(options) -> dict[str, str]:
    values = {}
    for pair in options.set:
        name, found, value = pair.partition("=")
        if not found or not re.fullmatch(r"[A-Za-z0-9]+", name):
            raise SystemExit(f"deploy-local: --set takes Name=Value, got {pair!r}")
        values[name] = value
    if options.policy:
        values["PolicyDocument"] = options.policy.read_text()
    if values.get("Sessions") == "true" and region() != HOME and "SessionStreamArn" not in values:
        values["SessionStreamArn"] = stream_of(options.sessions_of)
    return values


def stream_of(stack: str) -> str:
    """The stream of this region's replica of the table that the stack made in the endpoint's own region."""
    table = f"{stack}-sessions"
    dynamodb = boto3.client("dynamodb")
    try:
        stream = dynamodb.describe_table(TableName=table)["Table"]["LatestStreamArn"]
    except dynamodb.exceptions.ResourceNotFoundException:
        raise SystemExit(f"deploy-local: there is no {table} in {region()}: deploy {stack} in {HOME} first, with"
                         f" --set SessionRegions={region()}") from None  # fmt: skip
    print(f"deploy-local: the sessions of {stack}, by {stream}")
    return stream


def write_parameters(folder: Path, values: dict[str, str]) -> Path:
    # A JSON text is a YAML text; SAM reads parameters with line breaks only from a file.
    path = folder / "parameters.yaml"
    path.write_text(json.dumps(values or {"SchedulesState": "ENABLED"}, indent=2) + "\n")
    return path


# --- the endpoint -----------------------------------------------------------------------------


def region() -> str:
    return boto3.session.Session().region_name


def bucket() -> str:
    """A function's code comes from a bucket of its own region."""
    return BUCKET if region() == HOME else f"{BUCKET}-{region()}"


def make_bucket(name: str) -> None:
    s3 = boto3.client("s3")
    # The one region whose name S3 does not take here.
    elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region()}}
    where = {} if region() == "us-east-1" else elsewhere
    try:
        s3.create_bucket(Bucket=name, **where)
    except (s3.exceptions.BucketAlreadyOwnedByYou, s3.exceptions.BucketAlreadyExists):
        pass


def complete_table(folder: Path, given: dict[str, str], table: str) -> None:
    """Replicas and time to live, which a GlobalTable has from its template on AWS and not here."""
    if given.get("SessionStreamArn"):
        return  # Another region made it.
    dynamodb = boto3.client("dynamodb")
    for other in filter(None, given.get("SessionRegions", "").split(",")):
        replicas = dynamodb.describe_table(TableName=table)["Table"].get("Replicas", [])
        if other not in [replica["RegionName"] for replica in replicas]:
            dynamodb.update_table(TableName=table, ReplicaUpdates=[{"Create": {"RegionName": other}}])
            print(f"deploy-local: added to {table}: a replica in {other} (the endpoint's GlobalTable has none)")
    if dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]["TimeToLiveStatus"] != "ENABLED":
        asked = time_to_live(folder)
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=asked)
        print(f"deploy-local: added to {table}: a time to live by {asked['AttributeName']} (the endpoint's GlobalTable has none)")


def time_to_live(folder: Path) -> dict:
    """As the template asks for it."""
    template = yaml_parse((folder / "infra" / "sessions.yaml").read_text())
    return next(n["TimeToLiveSpecification"] for n in walk(template) if "TimeToLiveSpecification" in n)


def delete_stack(stack: str) -> None:
    """So that a deploy begins with nothing, unless it is to update what is there."""
    cloudformation = boto3.client("cloudformation")
    try:
        cloudformation.describe_stacks(StackName=stack)
    except cloudformation.exceptions.ClientError:
        return
    print(f"deploy-local: deleting the older {stack}; its control table stays")
    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )


def sam_deploy(folder: Path, parameters: Path, stack: str, log: Path) -> bool:
    command = [
        str(ROOT / ".tools" / "sam" / "bin" / "sam"), "deploy",
        "--config-file", str(ROOT / "samconfig.toml"), "--config-env", "local",
        "--template-file", str(folder / "template.yaml"), "--stack-name", stack, "--s3-bucket", bucket(),
        "--parameter-overrides", f"file://{parameters}",
    ]  # fmt: skip
    with log.open("w") as out:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            env={**os.environ, "SAM_CLI_POLL_DELAY": "0.5"},  # it asks every 5 s otherwise
        )  # fmt: skip
    if done.returncode == 0:
        return True
    print(f"deploy-local: sam deploy failed ({log}):", file=sys.stderr)
    print("\n".join(log.read_text().splitlines()[-25:]), file=sys.stderr)
    for event in failed_events(stack):
        print(f"  {event}", file=sys.stderr)
    return False


def failed_events(stack: str) -> list[str]:
    cloudformation = boto3.client("cloudformation")
    found = []
    for summary in cloudformation.list_stacks()["StackSummaries"]:
        if not summary["StackName"].startswith(stack):
            continue
        for event in cloudformation.describe_stack_events(StackName=summary["StackId"])["StackEvents"]:
            if "FAILED" in event["ResourceStatus"]:
                found.append(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}")
    return found


def stack_outputs(stack: str) -> dict[str, str]:
    found = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
    night = boto3.client("lambda").get_function_configuration(FunctionName=outputs["NightFunction"])
    return {
        "StackName": stack,
        "Endpoint": os.environ["AWS_ENDPOINT_URL"],
        **outputs,
        # What holds until a policy is stored; make status and make explain need it too.
        "SeedPolicy": night["Environment"]["Variables"]["TIDEGATE_SEED_POLICY"],
    }


if __name__ == "__main__":
    sys.exit(main())
