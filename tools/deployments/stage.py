"""An endpoint of the test's own, deploys by the SAM CLI, and what is said of them.

What must stay true: a deploy here is the one of tools/deploy-local, with the answers of an environment
of samconfig.toml; only an endpoint that this test started is used and ended.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from demo import deploy as tools
from refusals import strip
from samcli.yamlhelper import yaml_dump, yaml_parse
from template_parts import environment

ROOT = Path(__file__).resolve().parents[2]
EDGE_REGION = "us-east-1"


@dataclass
class Report:
    """Sentences that hold, and those that do not."""

    failed: int = 0
    passed: int = 0
    began: float = field(default_factory=time.monotonic)

    def holds(self, sentence: str, true: bool, seen: object = "") -> None:
        self.passed += true
        self.failed += not true
        print(f"{'ok  ' if true else 'FAIL'} {sentence}" + ("" if true else f"; seen: {seen}"), flush=True)

    def part(self, name: str) -> None:
        print(f"-- {name} ({time.monotonic() - self.began:.0f} s)", flush=True)


@dataclass
class Stage:
    """Where stacks are deployed to, and from which programs."""

    run: Path
    code: Path
    report: Report

    def start(self) -> None:
        os.environ["TIDEGATE_RUN"] = str(self.run)
        tools.begin(os.getpid())
        tools.take_over_environment()

    def stop(self) -> None:
        subprocess.run([ROOT / "tools" / "endpoint", "stop"], stdout=subprocess.DEVNULL, check=False)

    def client(self, service: str, region: str = "") -> Any:
        return boto3.client(service, region_name=region or None)

    def deploy(self, stack: str, name: str, answers: dict[str, str], update: bool = False) -> dict[str, str]:
        """Deploys with an environment's answers and these; the outputs."""
        given = {**environment(name), **answers}
        words = [word for n, value in given.items() for word in ("--set", f"{n}={value}")]
        command = [str(ROOT / "tools" / "deploy-local"), stack, "--code", str(self.code), *words]
        done = subprocess.run([*command, *(["--update"] if update else [])], capture_output=True, text=True)
        if done.returncode:
            print(done.stdout[-2000:], done.stderr[-4000:], file=sys.stderr)
            raise SystemExit(f"deployments: {stack} was not {'changed' if update else 'deployed'}")
        return self.outputs(stack)

    def deploy_edge(self, stack: str, answers: dict[str, str]) -> dict[str, str]:
        """infra/edge.yaml by its own environment, without what the endpoint cannot take."""
        folder = self.run / "edge"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        template = yaml_parse((ROOT / "infra/edge.yaml").read_text())
        list(strip(template))
        (folder / "edge.yaml").write_text(yaml_dump(template))
        bucket = f"tidegate-artifacts-{EDGE_REGION}"
        self.client("s3", EDGE_REGION).create_bucket(Bucket=bucket)
        given = {**environment("edge"), **answers}
        command = [
            str(ROOT / ".tools/sam/bin/sam"), "deploy", "--config-file", str(ROOT / "samconfig.toml"),
            "--config-env", "edge", "--stack-name", stack, "--template-file", str(folder / "edge.yaml"),
            "--s3-bucket", bucket, "--no-resolve-s3", "--no-confirm-changeset",
        ]  # fmt: skip
        if answers:
            command += ["--parameter-overrides", *(f"{n}={value}" for n, value in given.items())]
        polled = {**os.environ, "SAM_CLI_POLL_DELAY": "0.5"}
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=polled, check=False)
        if done.returncode:
            print(done.stdout[-3000:], done.stderr[-3000:], file=sys.stderr)
            raise SystemExit(f"deployments: {stack} was not deployed")
        return self.outputs(stack, EDGE_REGION)

    def outputs(self, stack: str, region: str = "") -> dict[str, str]:
        found = self.client("cloudformation", region).describe_stacks(StackName=stack)["Stacks"][0]
        return {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", [])}

    def parameters(self, stack: str) -> dict[str, str]:
        found = self.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        return {p["ParameterKey"]: p["ParameterValue"] for p in found["Parameters"]}

    def variables(self, function: str) -> dict[str, str]:
        found = self.client("lambda").get_function_configuration(FunctionName=function)
        return dict(found["Environment"]["Variables"])

    def delete(self, stack: str, region: str = "") -> None:
        cloudformation = self.client("cloudformation", region)
        cloudformation.delete_stack(StackName=stack)
        cloudformation.get_waiter("stack_delete_complete").wait(
            StackName=stack, WaiterConfig={"Delay": 1, "MaxAttempts": 90}
        )

    def resources(self, stack: str, region: str = "") -> Iterator[tuple[str, str, str]]:
        """Type, name in its file, and physical id of everything, nested stacks' too."""
        cloudformation = self.client("cloudformation", region)
        for found in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]:
            yield found["ResourceType"], found["LogicalResourceId"], found["PhysicalResourceId"]
            if found["ResourceType"] == "AWS::CloudFormation::Stack":
                yield from self.resources(found["PhysicalResourceId"], region)

    def group(self, name: str) -> dict[str, Any]:
        """A group with all that belongs to it."""
        groups = self.client("autoscaling")
        found = groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        if not found:
            return {}
        actions = groups.describe_scheduled_actions(AutoScalingGroupName=name)["ScheduledUpdateGroupActions"]
        policies = groups.describe_policies(AutoScalingGroupName=name)["ScalingPolicies"]
        return {**found[0], "policies": policies, "actions": actions}

    def leftovers(self, prefixes: tuple[str, ...]) -> set[str]:
        """Functions, schedules, alarms, topics and queues with such names."""
        names = {f["FunctionName"] for f in self.client("lambda").list_functions()["Functions"]}
        names |= {s["Name"] for s in self.client("scheduler").list_schedules()["Schedules"]}
        names |= {a["AlarmName"] for a in self.client("cloudwatch").describe_alarms()["MetricAlarms"]}
        names |= {t["TopicArn"].rsplit(":", 1)[1] for t in self.client("sns").list_topics()["Topics"]}
        names |= {q.rsplit("/", 1)[1] for q in self.client("sqs").list_queues().get("QueueUrls", [])}
        return {n for n in names if n.startswith(prefixes)}
