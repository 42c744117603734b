"""Who listens, and what they were told.

Three queues stand for people: one is subscribed to every topic, one to the urgent matters of one
fleet by a filter policy, and one is a second target of the rule and gets what everybody would get
who wires alarms to a topic one to one.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from .cast import MINUTE, ROUTER
from .cloud import Call, Cloud, stamp
from .delivery import Delivery
from .watch import BACKLOG, SILENCE

EVERYTHING = "story-notices"
ON_CALL = "story-on-call"
ONE_TO_ONE = "story-one-to-one"
#: What the one who is on call for a fleet subscribes with.
FILTER = {"severity": ["critical"], "fleet": ["aira-web"]}
#: How the endpoint names every call of SNS in its log.
TOPIC_CALLS = "POST.sns"


def listen(cloud: Cloud, delivery: Delivery) -> None:
    """Subscribes the queues."""
    topics = sorted(set(cloud.topics.values()))
    everything, on_call = (_queue(cloud, q, "sns", topics) for q in (EVERYTHING, ON_CALL))
    sns = cloud.client("sns")
    for topic in topics:
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=everything)
        policy = {"FilterPolicy": json.dumps(FILTER)}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=on_call, Attributes=policy)
    rule = delivery.rule
    target = {"Id": ONE_TO_ONE, "Arn": _queue(cloud, ONE_TO_ONE, "events", [rule["Arn"]])}
    cloud.events.put_targets(Rule=rule["Name"], Targets=[target])


def silence(cloud: Cloud, start: datetime) -> None:
    """An operator asks for silence while the jobs' tables are rebuilt."""
    begins, ends = (start + m * MINUTE for m in (SILENCE.start, SILENCE.stop))
    document = {
        "id": "s-0badcafe",
        "matchers": f'alarm = "{BACKLOG}"',
        "starts": stamp(begins),
        "ends": stamp(ends),
        "author": "kim",
        "comment": "The jobs' tables are rebuilt.",
    }
    expires = int((ends + timedelta(days=365)).timestamp())
    item = {
        "pk": {"S": "alarm-silences"},
        "sk": {"S": document["id"]},
        "doc": {"S": json.dumps(document)},
        "expires_at": {"N": str(expires)},
    }
    cloud.tables.put_item(TableName=cloud.control_table, Item=item)


def _queue(cloud: Cloud, name: str, service: str, sources: list[str]) -> str:
    """A queue that the sources may send to; its ARN."""
    url = cloud.queues.create_queue(QueueName=name)["QueueUrl"]
    asked = cloud.queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = str(asked["Attributes"]["QueueArn"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": f"{service}.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": sources}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    cloud.queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return arn


# --- afterwards -------------------------------------------------------------------------------


def read(cloud: Cloud, delivery: Delivery, clock: list[Call], since: float) -> dict[str, Any]:
    """What was told: by the queues, the call log and the router's own records."""
    names = {arn: name for name, arn in sorted(cloud.topics.items(), reverse=True)}
    return {
        "sent": delivery.sent,
        "unmatched": delivery.unmatched,
        "events": [_event(body) for body in _bodies(cloud, ONE_TO_ONE)],
        "received": [_received(body, names) for body in _bodies(cloud, EVERYTHING)],
        "on_call": [_received(body, names) for body in _bodies(cloud, ON_CALL)],
        "published": _published(cloud, clock, since, names),
        "runs": [line for line in cloud.log_lines(ROUTER) if "outcomes" in line],
    }


def _bodies(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    url = cloud.queues.get_queue_url(QueueName=name)["QueueUrl"]
    found = []
    while True:
        asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0}
        messages = cloud.queues.receive_message(**asked).get("Messages", [])
        for message in messages:
            found.append(json.loads(message["Body"]))
            cloud.queues.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if not messages:
            return found


def _event(body: dict[str, Any]) -> dict[str, str]:
    """An alarm's change as the rule passed it on."""
    detail = body["detail"]
    state = detail["state"]
    at = datetime.fromisoformat(state["timestamp"].replace("+0000", "+00:00"))
    return {"at": stamp(at), "alarm": detail["alarmName"], "state": state["value"]}


def _received(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """What a subscriber got."""
    attributes = {n: a["Value"] for n, a in (body.get("MessageAttributes") or {}).items()}
    return {
        "topic": names.get(body["TopicArn"], body["TopicArn"]),
        "subject": body.get("Subject") or "",
        "text": body["Message"],
        "attributes": attributes,
    }


def _published(
    cloud: Cloud, clock: list[Call], since: float, names: dict[str, str]
) -> list[dict[str, Any]]:
    """Every Publish of the story with its time, as it was asked for, oldest first."""
    found = []
    for call in cloud.call_log(TOPIC_CALLS, since):
        before = [c for c in clock if c.at <= call.at]
        if call.action != "Publish" or not before:
            continue
        given = call.parameters
        attributes = {
            value: given[key.replace(".Name", ".Value.StringValue")]
            for key, value in given.items()
            if key.startswith("MessageAttributes.entry.") and key.endswith(".Name")
        }
        forms = json.loads(given["Message"]) if given.get("MessageStructure") == "json" else {}
        published = {
            "at": before[-1].parameters["Item"]["now"]["S"],
            "real": call.at,
            "topic": names.get(given["TopicArn"], given["TopicArn"]),
            "subject": given.get("Subject", ""),
            "text": given["Message"],
            "forms": forms,
            "attributes": attributes,
        }
        found.append(published)
    return found
