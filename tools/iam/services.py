"""The calls that AWS services make in a role's name, from the deployed configuration.

No function makes them, so none is seen; each is executed with the role all the same. A call is here
because the deployed stack asks a service for it, never because a statement allows it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .calls import Actor, Deed, Names
from demo.cloud import Cloud

NO_XRAY = "the endpoint has no X-Ray"
OTHER_LOG_ARN = "the endpoint takes a log group for a log stream's resource, and denies"


def of_function(root: Actor, cloud: Cloud, function: str, names: Names, key: str) -> Iterator[Deed]:
    """SNS, Lambda and X-Ray for a function, if it is configured so."""
    configured = cloud.configurations[function]
    yield from _notices(root, key)
    failed = cloud.functions.get_function_event_invoke_config(
        FunctionName=configured["FunctionName"], Qualifier="$LATEST"
    )["DestinationConfig"]["OnFailure"]["Destination"]
    yield send(failed, "what failed")
    yield from _log(configured["LoggingConfig"]["LogGroup"], names)
    mapped = cloud.functions.list_event_source_mappings(FunctionName=configured["FunctionName"])
    for mapping in mapped["EventSourceMappings"]:
        yield from _batches(mapping["EventSourceArn"])
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
