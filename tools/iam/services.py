"""The calls that AWS services make in a role's name, from the deployed configuration.

No function makes them, so none is seen; each is executed with the role all the same. A call is here
because the deployed stack asks a service for it, never because a statement allows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .calls import Actor, Deed, Names
from demo.cloud import Cloud

#: What an actor is told of a call that the endpoint has not; the denial comes before that.
NO_SUCH_CALL = "InvalidAction"
NO_XRAY = "the endpoint has no X-Ray"
NO_STREAM = "the endpoint takes no stream for a resource, and denies"
OTHER_LOG_ARN = "the endpoint takes a log group for a log stream's resource, and denies"


def of_function(
    root: Actor, cloud: Cloud, function: str, names: Names, key: str, subnet: str = ""
) -> Iterator[Deed]:
    """SNS, Lambda and X-Ray for a function, if it is configured so; the endpoint keeps no subnets."""
    configured = cloud.configurations[function]
    variables = configured["Environment"]["Variables"]
    if "TIDEGATE_WARNING_TOPIC" in variables:
        yield from _notices(root, key)
    failed = cloud.functions.get_function_event_invoke_config(
        FunctionName=configured["FunctionName"], Qualifier="$LATEST"
    )["DestinationConfig"]["OnFailure"]["Destination"]
    yield send(failed, "what failed")
    yield from _log(configured["LoggingConfig"]["LogGroup"], names)
    mapped = cloud.functions.list_event_source_mappings(FunctionName=configured["FunctionName"])
    for mapping in mapped["EventSourceMappings"]:
        yield from _source(root, mapping)
    if subnet:
        yield from network(root, subnet)
    if configured["TracingConfig"]["Mode"] == "Active":
        for action, method, argument in (
            ("PutTraceSegments", "put_trace_segments", {"TraceSegmentDocuments": ["{}"]}),
            ("PutTelemetryRecords", "put_telemetry_records", {"TelemetryRecords": []}),
        ):
            do = _doing("xray", method, argument)
            yield Deed(f"xray:{action}", "*", "", do, blind=NO_XRAY)


def of_schedules(cloud: Cloud) -> Iterator[Deed]:
    """EventBridge Scheduler: the functions that it calls, and its queue."""
    scheduler = cloud.client("scheduler")
    queues = set()
    for listed in scheduler.list_schedules()["Schedules"]:
        target = scheduler.get_schedule(Name=listed["Name"])["Target"]
        yield invoke(target["Arn"])
        queues.add(target["DeadLetterConfig"]["Arn"])
    for queue in sorted(queues):
        yield send(queue, "what failed")


def schedule_role(cloud: Cloud) -> str:
    scheduler = cloud.client("scheduler")
    found = {
        scheduler.get_schedule(Name=s["Name"])["Target"]["RoleArn"]
        for s in scheduler.list_schedules()["Schedules"]
    }
    (role,) = found
    return role


def _notices(root: Actor, key: str) -> Iterator[Deed]:
    """SNS encrypts a notice with the topic's key in the publisher's name."""
    secret = root.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")["CiphertextBlob"]
    make = _doing("kms", "generate_data_key", {"KeyId": key, "KeySpec": "AES_256"})
    yield Deed("kms:GenerateDataKey", key, "the topics' key", make)
    read = _doing("kms", "decrypt", {"CiphertextBlob": secret})
    yield Deed("kms:Decrypt", key, "the topics' key", read)


def _log(group: str, names: Names) -> Iterator[Deed]:
    """Lambda writes the function's log."""
    stream = "iam"
    arn = names.arn("logs", f"log-group:{group}:log-stream:{stream}")
    create = _doing("logs", "create_log_stream", {"logGroupName": group, "logStreamName": stream})
    events = [{"timestamp": 1, "message": "x"}]
    put = _doing(
        "logs",
        "put_log_events",
        {"logGroupName": group, "logStreamName": stream, "logEvents": events},
    )
    yield Deed("logs:CreateLogStream", arn, "own log", create, blind=OTHER_LOG_ARN)
    yield Deed("logs:PutLogEvents", arn, "own log", put, blind=OTHER_LOG_ARN)


def _source(root: Actor, mapping: dict[str, Any]) -> Iterator[Deed]:
    """Lambda takes batches for a function."""
    source = mapping["EventSourceArn"]
    if ":sqs:" in source:
        yield from _batches(source)
        return
    yield from stream(source, shard_iterator(root, source))
    do = _doing("dynamodbstreams", "list_streams", {})
    yield Deed("dynamodb:ListStreams", "*", "", do)
    yield send(mapping["DestinationConfig"]["OnFailure"]["Destination"], "what was given up")


def shard_iterator(root: Actor, arn: str) -> str:
    """A place in a stream."""
    streams = root.client("dynamodbstreams")
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    found = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )
    return str(found["ShardIterator"])


def stream(arn: str, iterator: str) -> Iterator[Deed]:
    """A table's stream is read."""
    what = f"the stream of {arn.split('/')[1]}"

    def begin(actor: Actor) -> str:
        shard = {"ShardId": "shardId-00000000000000000000-00000000", "StreamArn": arn}
        code = actor.call(
            "dynamodbstreams", "get_shard_iterator", **shard, ShardIteratorType="LATEST"
        )
        # No such shard: who may not is told so before.
        return "" if code in ("ResourceNotFoundException", "ValidationException") else code

    describe = _doing("dynamodbstreams", "describe_stream", {"StreamArn": arn})
    records = _doing("dynamodbstreams", "get_records", {"ShardIterator": iterator})
    for action, do in (
        ("DescribeStream", describe), ("GetShardIterator", begin), ("GetRecords", records),
    ):  # fmt: skip
        yield Deed(f"dynamodb:{action}", arn, what, do, blind=NO_STREAM)


def network(root: Actor, subnet: str) -> Iterator[Deed]:
    """Lambda's own place in a network."""

    def with_one(method: str, **more: Any) -> Any:
        def do(actor: Actor) -> str:
            made = root.client("ec2").create_network_interface(SubnetId=subnet)
            one = made["NetworkInterface"]["NetworkInterfaceId"]
            code = actor.call("ec2", method, NetworkInterfaceId=one, **more)
            return "" if code == NO_SUCH_CALL else code

        return do

    plain = (
        ("CreateNetworkInterface", _doing("ec2", "create_network_interface", {"SubnetId": subnet})),
        ("DescribeNetworkInterfaces", _doing("ec2", "describe_network_interfaces", {})),
        ("DescribeSubnets", _doing("ec2", "describe_subnets", {})),
        ("DeleteNetworkInterface", with_one("delete_network_interface")),
        (
            "AssignPrivateIpAddresses",
            with_one("assign_private_ip_addresses", SecondaryPrivateIpAddressCount=1),
        ),
        (
            "UnassignPrivateIpAddresses",
            with_one("unassign_private_ip_addresses", PrivateIpAddresses=["172.31.0.9"]),
        ),
    )
    for action, do in plain:
        yield Deed(f"ec2:{action}", "*", "the network", do)


def _batches(queue: str) -> Iterator[Deed]:
    """Lambda takes batches out of a function's queue."""
    what = queue.rsplit(":", 1)[1]

    def delete(actor: Actor) -> str:
        # Nothing is received here: a handle that is none is refused only by who may delete.
        code = actor.call(
            "sqs", "delete_message", QueueUrl=_url(actor, queue), ReceiptHandle="none"
        )
        return "" if code.endswith("ReceiptHandleIsInvalid") else code

    def receive(actor: Actor) -> str:
        return actor.call(
            "sqs", "receive_message", QueueUrl=_url(actor, queue), VisibilityTimeout=0
        )

    def look(actor: Actor) -> str:
        return actor.call("sqs", "get_queue_attributes", QueueUrl=_url(actor, queue))

    yield Deed("sqs:ReceiveMessage", queue, what, receive)
    yield Deed("sqs:DeleteMessage", queue, what, delete)
    yield Deed("sqs:GetQueueAttributes", queue, what, look)


def _url(actor: Actor, queue: str) -> str:
    account, name = queue.split(":")[4:6]
    return f"{actor.url}/{account}/{name}"


def send(queue: str, what: str) -> Deed:
    def do(actor: Actor) -> str:
        return actor.call(
            "sqs", "send_message", QueueUrl=_url(actor, queue), MessageBody="{}"
        )

    return Deed("sqs:SendMessage", queue, what, do)


def invoke(function: str) -> Deed:
    # A dry run asks for the right and runs nothing.
    do = _doing("lambda", "invoke", {"FunctionName": function, "InvocationType": "DryRun"})
    return Deed("lambda:InvokeFunction", function, function.rsplit(":", 1)[1], do)


def _doing(service: str, method: str, parameters: dict[str, Any]) -> Any:
    return lambda actor: actor.call(service, method, **parameters)
