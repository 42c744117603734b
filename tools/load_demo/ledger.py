"""What the functions decided and what people were told, read back from the endpoint after a run."""

from __future__ import annotations

import json
from typing import Any

from demo.cast import Fleet
from demo.cloud import Cloud
from demo.people import TOPIC_CALLS
from demo.record import parse

from .story import Clock


def decisions(cloud: Cloud, fleet: Fleet, clock: Clock) -> list[dict[str, Any]]:
    """The ledger, oldest first, at real times."""
    entries = (json.loads(item["doc"]["S"]) for item in cloud.items(f"ledger#{fleet.name}"))
    return [_decision(entry, clock) for entry in entries]


def _decision(entry: dict[str, Any], clock: Clock) -> dict[str, Any]:
    passed = (parse(entry["at"]) - clock.start).total_seconds()
    action, seen = entry["action"], entry.get("observed") or {}
    kind = action["kind"]
    if kind == "raise":
        text = f"raise MinSize {seen.get('min')} to {action['min']}"
    elif kind == "lower" and action.get("desired") is not None:
        text = f"lower desired {seen.get('desired')} to {action['desired']}"
    elif kind == "lower":
        text = f"lower MinSize {seen.get('min')} to {action['min']}"
    else:
        text = f"hold at {seen.get('desired')}" if seen else "hold"
    return {
        "at": clock.began + clock.real(passed),
        "function": entry["function"],
        "trigger": entry["signal"],
        "action": text,
        "reason": entry["text"],
    }


def notices(cloud: Cloud, since: float) -> list[dict[str, Any]]:
    """Every message that was published, oldest first."""
    names = {arn: name for name, arn in sorted(cloud.topics.items(), reverse=True)}
    calls = (c for c in cloud.call_log(TOPIC_CALLS, since) if c.action == "Publish")
    found = []
    for call in calls:
        given = call.parameters
        text = given["Message"]
        if given.get("MessageStructure") == "json":
            text = json.loads(text).get("email") or json.loads(text)["default"]
        topic = names.get(given["TopicArn"], given["TopicArn"])
        subject = given.get("Subject", "")
        found.append({"at": call.at, "topic": topic, "subject": subject, "body": text})
    return found
