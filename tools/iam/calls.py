"""A request as IAM sees it, and sending it again with other credentials.

What must stay true: a request that cannot be read is an error and never left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from .cast import ROUTER
from .recorder import Recorded, Request

#: The words for "you may not" in the services' protocols.
DENIED = re.compile(r"^(AccessDenied(Exception)?|AuthorizationError|UnauthorizedOperation)$")
KEPT = {"content-type", "x-amz-target", "smithy-protocol", "accept"}


#: The functions' CloudWatch calls by boto3's names.
CLOUDWATCH: dict[str, tuple[str, dict[str, Any]]] = {
    "DescribeAlarms": ("describe_alarms", {"AlarmNames": ["aira-web-cpu-high"]}),
    "GetMetricData": (
        "get_metric_data",
        {
            "StartTime": 0,
            "EndTime": 60,
            "MetricDataQueries": [
                {
                    "Id": "m",
                    "MetricStat": {
                        "Metric": {"Namespace": "AWS/EC2", "MetricName": "CPUUtilization"},
                        "Period": 60,
                        "Stat": "Sum",
                    },
                }
            ],
        },
    ),
}


class Unreadable(Exception):
    """A request of a function that this tool cannot read."""


class Actor:
    """Somebody who acts: a role's session, or the account's root."""

    def __init__(self, url: str, region: str, keys: dict[str, str] | None = None) -> None:
        self.url, self.region = url, region
        self._keys = keys or {}
        self._session: Any = boto3.Session(region_name=region)
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = "") -> Any:
        key = (service, region or self.region)
        if key not in self._clients:
            once = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=30)
            self._clients[key] = self._session.client(
                service,
                endpoint_url=self.url,
                region_name=key[1],
                config=once,
                aws_access_key_id=self._keys.get("AccessKeyId"),
                aws_secret_access_key=self._keys.get("SecretAccessKey"),
                aws_session_token=self._keys.get("SessionToken"),
            )
        return self._clients[key]

    def call(self, service: str, method: str, region: str = "", **parameters: Any) -> str:
        """The error's code; empty when it was done."""
        try:
            getattr(self.client(service, region), method)(**parameters)
        except ClientError as error:
            return str(error.response["Error"]["Code"]) or "no code"
        return ""

    def send(self, request: Request) -> str:
        """Sends a recorded request again, signed anew. The answer as of `call`."""
        headers = {n: v for n, v in request.headers.items() if n in KEPT}
        service = scope_of(request)
        sent: Any = AWSRequest(
            request.method, self.url + request.path, data=request.body, headers=headers
        )
        SigV4Auth(self._credentials, service, self.region).add_auth(sent)
        prepared = urllib.request.Request(
            sent.url, request.body, dict(sent.headers), method=request.method
        )
        try:
            with urllib.request.urlopen(prepared, timeout=30):
                return ""
        except urllib.error.HTTPError as error:
            return error_code(error.read(), dict(error.headers))

    @cached_property
    def _credentials(self) -> Any:
        if not self._keys:
            return self._session.get_credentials()
        keys = self._keys
        return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


@dataclass(frozen=True)
class Deed:
    """Something that a role may or may not do, for both judges."""

    action: str  # as in a policy: service:Action
    resource: str  # an ARN, or * where AWS has no resource
    what: str  # for people
    do: Callable[[Actor], str] = field(compare=False, repr=False)
    #: Leading keys and other condition keys of the request.
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()
    #: Why the endpoint judges it wrongly; empty when it can be trusted.
    blind: str = ""

    @property
    def label(self) -> str:
        return f"{self.action} {self.what}"


@dataclass
class Seen:
    """A call that a function was seen to make, and how often."""

    function: str
    deed: Deed
    #: The name of the port's call, where the action alone is not it.
    port: str
    times: int = 0
    #: How often the endpoint denied it while the function lived.
    denied: int = 0


def is_denial(code: str) -> bool:
    return bool(DENIED.match(code))


def scope_of(request: Request) -> str:
    """The service that the request was signed for."""
    found = re.search(r"Credential=[^/]+/\d+/[^/]+/([a-z0-9-]+)/", request.headers["authorization"])
    if found is None:
        raise Unreadable(f"no signature: {request.method} {request.path}")
    return found.group(1)


def error_code(body: bytes, headers: dict[str, str]) -> str:
    """The code in an answer of any of the services' protocols."""
    text = body.decode("utf-8", "replace")
    for pattern in (r"<Code>([A-Za-z.]+)</Code>", r'"__type":\s*"(?:[^"#]*#)?([A-Za-z.]+)"'):
        if found := re.search(pattern, text):
            return found.group(1)
    # CBOR: the type is a plain text inside.
    found = re.search(r"__type\W*(?:[a-z.]+#)?([A-Za-z]+)", text)
    return found.group(1) if found else headers.get("x-amzn-errortype", "no code")


# --- reading ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Names:
    """What the ARNs are made of."""

    account: str
    region: str
    groups: dict[str, str]  # ARNs by name

    def arn(self, service: str, rest: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{rest}"

    def table(self, name: str) -> str:
        return self.arn("dynamodb", f"table/{name}")


def keyed(*keys: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return (("dynamodb:LeadingKeys", keys),)


def read(recorded: Iterable[Recorded], names: Names) -> list[Seen]:
    """Every different call, in the order of first sight. Two ports may make the same one for IAM."""
    found: dict[tuple[str, Deed, str], Seen] = {}
    for one in recorded:
        deed, port = _deed(one.request, names)
        if one.function == ROUTER:
            port = _of_router(port, one.request)
        seen = found.setdefault((one.function, deed, port), Seen(one.function, deed, port))
        seen.times += 1
        seen.denied += one.status == 403 and not one.refused
    return list(found.values())


def _deed(request: Request, names: Names) -> tuple[Deed, str]:
    service = scope_of(request)
    reader = {
        "autoscaling": _of_autoscaling,
        "dynamodb": _of_dynamodb,
        "monitoring": _of_cloudwatch,
        "secretsmanager": _of_secret,
        "sns": _of_sns,
    }.get(service)
    if reader is None:
        raise Unreadable(f"a function called {service}: {request.method} {request.path}")
    return reader(request, names)


def _of_router(port: str, request: Request) -> str:
    """The router's ports make calls of the same names as others."""
    if port == "DescribeAlarms":
        return f"{port} {'firing' if b'StateValue' in request.body else 'named'}"
    if port == "Publish":
        topic = parse_qs(request.body.decode())["TopicArn"][0]
        return f"{port} {'chat' if topic.endswith('-chat') else 'alarm'}"
    return port


def _again(request: Request) -> Callable[[Actor], str]:
    return lambda actor: actor.send(request)


def _of_autoscaling(request: Request, names: Names) -> tuple[Deed, str]:
    form = parse_qs(request.body.decode())
    action = form["Action"][0]
    if action.startswith("Describe"):
        return Deed(f"autoscaling:{action}", "*", "", _again(request)), action
    group = form["AutoScalingGroupName"][0]
    resource = names.groups[group]
    return Deed(f"autoscaling:{action}", resource, group, _again(request)), action


def _of_sns(request: Request, _names: Names) -> tuple[Deed, str]:
    form = parse_qs(request.body.decode())
    action, topic = form["Action"][0], form["TopicArn"][0]
    return Deed(f"sns:{action}", topic, topic.rsplit("-", 1)[1], _again(request)), action


def _of_cloudwatch(request: Request, _names: Names) -> tuple[Deed, str]:
    """The endpoint asks nobody's rights for a call in CBOR, as the functions make them, so the
    same call is also made in the protocol that it reads."""
    action = request.path.rsplit("/", 1)[1]
    if action == "ListTagsForResource":
        return _of_tags(request)
    if action not in CLOUDWATCH:
        raise Unreadable(f"a function called CloudWatch's {action}")
    method, parameters = CLOUDWATCH[action]

    def do(actor: Actor) -> str:
        return actor.send(request) or actor.call("cloudwatch", method, **parameters)

    return Deed(f"cloudwatch:{action}", "*", "", do), action


def _of_secret(request: Request, _names: Names) -> tuple[Deed, str]:
    action = request.headers["x-amz-target"].rsplit(".", 1)[1]
    secret = json.loads(request.body)["SecretId"]
    what = "the cache's password"
    return Deed(f"secretsmanager:{action}", secret, what, _again(request)), f"{action} cache"


#: The endpoint looks for no alarm in this call, and a right over alarms is then none.
NO_ALARM = "the endpoint takes no alarm for a resource when it is asked for tags, and denies"


def _of_tags(request: Request) -> tuple[Deed, str]:
    """The alarm's name stands in the CBOR as plain text."""
    found = re.search(rb"arn:aws:cloudwatch:[a-z0-9-]+:\d+:alarm:[A-Za-z0-9._-]+", request.body)
    if found is None:
        raise Unreadable("a function asked for the tags of no alarm")
    arn, action = found.group().decode(), "ListTagsForResource"

    def do(actor: Actor) -> str:
        return actor.send(request) or actor.call(
            "cloudwatch", "list_tags_for_resource", ResourceARN=arn
        )

    return Deed(f"cloudwatch:{action}", arn, "an alarm", do, (), NO_ALARM), action


#: What the router keeps, by the beginning of its key.
KEPT_BY_ROUTER = {
    "alarm-groups": "alarm-groups",
    "alarm-silences": "silences",
    "alarm-spent": "spent",
}


def _thing(key: str, item: dict[str, Any]) -> str:
    """What an item is, by its keys. The ledger's sort keys are times: one stands for all."""
    kind = key.split("#")[0]
    sort = item["sk"]["S"].split("#")[0] if "sk" in item else ""
    if kind == "fleet":
        return sort
    if kind == "alarm-group":
        return {"member": "member", "lease": "group lease"}.get(sort, "group")
    return KEPT_BY_ROUTER.get(kind, kind)


def _of_dynamodb(request: Request, names: Names) -> tuple[Deed, str]:
    action = request.headers["x-amz-target"].rsplit(".", 1)[1]
    body = json.loads(request.body)
    if action == "BatchGetItem":
        return _of_batch(request, body, names)
    item = body.get("Key") or body.get("Item") or {}
    queried = body.get("ExpressionAttributeValues", {}).get(":pk")
    key = (item.get("pk") or queried)["S"]
    thing = _thing(key, item)
    # Groups are many; one of them stands for all.
    what = f"{key} {thing}" if key.startswith("fleet#") else thing
    table = names.table(body["TableName"].rsplit("/", 1)[-1])
    deed = Deed(f"dynamodb:{action}", table, what, _again(request), keyed(_one_key(key)))
    return deed, f"{action} {thing}"


def _one_key(key: str) -> str:
    kind, _, _ = key.partition("#")
    return f"{kind}#one" if kind in ("alarm-group", "alarm-spent") else key


def _of_batch(request: Request, body: dict[str, Any], names: Names) -> tuple[Deed, str]:
    ((table, wanted),) = body["RequestItems"].items()
    things = {_thing(key["pk"]["S"], key) for key in wanted["Keys"]}
    keys = tuple(sorted({_one_key(key["pk"]["S"]) for key in wanted["Keys"]}))
    (thing,) = things
    arn = names.table(table.rsplit("/", 1)[-1])
    return Deed("dynamodb:BatchGetItem", arn, thing, _again(request), keyed(*keys)), (
        f"BatchGetItem {thing}"
    )
