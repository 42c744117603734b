"""The local endpoint: clients, what the deploy made there, and its call log.

What must stay true: nothing here talks to anything but a loopback address.
"""

from __future__ import annotations

import json
import os
import re
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, Iterator
from urllib.parse import urlparse

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

from .cast import FUNCTIONS, ROUTER, SYNC


class StageError(Exception):
    """The stage is not as the story needs it; the message says what to do."""


@dataclass(frozen=True)
class Call:
    """One API call as the endpoint logged it."""

    id: str
    at: float  # real time, epoch seconds
    service: str
    action: str
    key: str  # the caller's access key id
    resource: str
    parameters: dict[str, Any]


class Cloud:
    """The endpoint, seen by the driver, in one of its regions."""

    def __init__(self, stack: str, region: str | None = None) -> None:
        self.stack = stack
        self.url = os.environ.get("AWS_ENDPOINT_URL", "")
        if urlparse(self.url).hostname not in ("127.0.0.1", "localhost", "::1"):
            raise StageError(
                "AWS_ENDPOINT_URL is not a loopback address: the demo plays on a local endpoint"
                " only (make demo starts one)"
            )
        self.session: Any = boto3.Session(region_name=region)
        self.region = self.session.region_name or "ap-northeast-2"

    def client(self, service: str) -> Any:
        quick = Config(retries={"max_attempts": 2}, connect_timeout=3, read_timeout=70)
        return self.session.client(service, endpoint_url=self.url, config=quick)

    @cached_property
    def groups(self) -> Any:
        return self.client("autoscaling")

    @cached_property
    def metrics(self) -> Any:
        return self.client("cloudwatch")

    @cached_property
    def tables(self) -> Any:
        return self.client("dynamodb")

    @cached_property
    def functions(self) -> Any:
        return self.client("lambda")

    @cached_property
    def events(self) -> Any:
        return self.client("events")

    @cached_property
    def queues(self) -> Any:
        return self.client("sqs")

    @cached_property
    def logs(self) -> Any:
        return self.client("logs")

    @cached_property
    def account(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def function_name(self, function: str) -> str:
        return f"{self.stack}-{function}"

    @cached_property
    def configurations(self) -> dict[str, dict[str, Any]]:
        """Each function as it is deployed."""
        found = {}
        for function in (*FUNCTIONS, ROUTER):
            name = self.function_name(function)
            try:
                found[function] = self.functions.get_function_configuration(FunctionName=name)
            except ClientError as error:
                raise StageError(f"the function {name} is not deployed: {error}") from error
        return found

    @cached_property
    def variables(self) -> dict[str, str]:
        """What the functions are told by their environment."""
        return dict(self.configurations[FUNCTIONS[0]]["Environment"]["Variables"])

    @property
    def control_table(self) -> str:
        return self.variables["TIDEGATE_CONTROL_TABLE"]

    @cached_property
    def session_function(self) -> dict[str, Any]:
        """session-sync as it is deployed in this region."""
        name = self.function_name(SYNC)
        try:
            return dict(self.functions.get_function_configuration(FunctionName=name))
        except ClientError as error:
            raise StageError(f"{name} is not deployed in {self.region}: {error}") from error

    @property
    def session_table(self) -> str:
        """The session table, the same name in every region."""
        return str(self.session_function["Environment"]["Variables"]["TIDEGATE_SESSION_TABLE"])

    @property
    def topics(self) -> dict[str, str]:
        """The topics that the router knows, by name; `chat` is one of them."""
        variables = self.configurations[ROUTER]["Environment"]["Variables"]
        found = {}
        for name, arn in variables.items():
            words = re.fullmatch(r"TIDEGATE_([A-Z]+)_TOPIC", name)
            if words and arn:
                found[words[1].lower()] = arn
        return found

    # --- calls that the story makes over and over -----------------------------------------------

    def invoke(self, function: str, event: dict[str, Any]) -> tuple[dict[str, Any], str | None]:
        """The answer, and what went wrong."""
        answer = self.functions.invoke(
            FunctionName=self.function_name(function), Payload=json.dumps(event).encode()
        )
        payload = answer["Payload"].read()
        try:
            body = json.loads(payload)
        except ValueError:
            body = {}
        failed = answer.get("FunctionError")
        return body if isinstance(body, dict) else {}, payload.decode()[:500] if failed else None

    def describe(self, names: list[str]) -> dict[str, dict[str, Any]]:
        """The groups by name."""
        answer = self.groups.describe_auto_scaling_groups(AutoScalingGroupNames=names)
        return {g["AutoScalingGroupName"]: g for g in answer["AutoScalingGroups"]}

    def items(self, pk: str) -> list[dict[str, Any]]:
        """Every item under a key of the control table, in order."""
        found: list[dict[str, Any]] = []
        pages = self.tables.get_paginator("query").paginate(
            TableName=self.control_table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": pk}},
            ConsistentRead=True,
        )
        for page in pages:
            found.extend(page["Items"])
        return found

    def log(self, function: str) -> list[str]:
        """All that a function logged, oldest first."""
        group = f"/aws/lambda/{self.function_name(function)}"
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [str(e["message"]) for page in pages for e in page["events"]]

    def log_lines(self, function: str) -> list[dict[str, Any]]:
        """The JSON objects that a function logged, oldest first."""
        found: list[dict[str, Any]] = []
        for line in self.log(function):
            if line.startswith("{"):
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
        return found

    # --- the call log ---------------------------------------------------------------------------

    def call_log(self, event: str, since: float) -> list[Call]:
        """Logged calls of one kind since a real time, oldest first.

        The endpoint's LookupEvents gives the newest 50 and no further page, so its end time is
        moved back; boto3 would cut that to whole seconds, hence the request by hand.
        """
        found: dict[str, Call] = {}
        until: float | None = None
        while True:
            page = [_call(raw) for raw in self._lookup(event, since, until)]
            fresh = [call for call in page if call.id not in found]
            if not fresh:
                return sorted(found.values(), key=lambda call: call.at)
            found.update((call.id, call) for call in fresh)
            until = min(call.at for call in page)

    def _lookup(self, event: str, since: float, until: float | None) -> Iterator[dict[str, Any]]:
        body: dict[str, Any] = {
            "LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": event}],
            "StartTime": since,
            "MaxResults": 50,
        }
        if until is not None:
            body["EndTime"] = until
        target = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        request: Any = AWSRequest("POST", self.url + "/", data=json.dumps(body), headers=headers)
        credentials = self.session.get_credentials()
        SigV4Auth(credentials, "cloudtrail", self.region).add_auth(request)
        sent = urllib.request.Request(
            request.url, request.data.encode(), dict(request.headers), method="POST"
        )
        with urllib.request.urlopen(sent, timeout=30) as answer:
            yield from json.load(answer)["Events"]


def _call(raw: dict[str, Any]) -> Call:
    detail = json.loads(raw["CloudTrailEvent"])
    parameters = detail.get("requestParameters") or {}
    resources = raw.get("Resources") or [{}]
    return Call(
        id=raw["EventId"],
        at=float(raw["EventTime"]),
        service=str(raw["EventSource"]).split(".")[0],
        action=str(parameters.get("Action") or raw["EventName"]),
        key=str(raw.get("AccessKeyId", "")),
        resource=str(resources[0].get("ResourceName", "")),
        parameters=parameters,
    )


def stamp(at: datetime) -> str:
    """RFC 3339 in UTC, as the control table and the schedules write it."""
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
