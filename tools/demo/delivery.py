"""How an alarm's change gets to the router: rule, queue, event source mapping, function.

CloudWatch's alarms call no rule at the endpoint, and like AWS it takes no events of a source
`aws.*` from anybody else. So the driver puts the same events under a source of its own, and lets
the deployed rule take that source too: nothing else of the rule is changed, and whether the rule as
it was deployed matches the true event is asked of the endpoint (TestEventPattern). From the rule
on everything is the deployed path. The endpoint does not wait 2 s to gather a batch: what was put
together mostly comes together.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .cast import ROUTER
from .cloud import Cloud, StageError, stamp
from .watch import Change

TRUE_SOURCE, STORY_SOURCE = "aws.cloudwatch", "story.cloudwatch"
DETAIL_TYPE = "CloudWatch Alarm State Change"
#: Entries that one PutEvents call takes.
AT_ONCE = 10
#: Real seconds after which a queue that is not empty is an error.
PATIENCE = 30.0


@dataclass
class Delivery:
    """The path from EventBridge to the router."""

    cloud: Cloud
    #: Events that were put, twice delivered ones twice.
    sent: int = 0
    #: Whether the rule as it was deployed matches each of them under its true source.
    unmatched: list[str] = field(default_factory=list)

    @cached_property
    def queue(self) -> str:
        """The ARN of the queue that the router is fed from."""
        name = self.cloud.function_name(ROUTER)
        found = self.cloud.functions.list_event_source_mappings(FunctionName=name)
        arns = [m["EventSourceArn"] for m in found["EventSourceMappings"]]
        queues = [arn for arn in arns if ":sqs:" in arn]
        if len(queues) != 1:
            raise StageError(f"{name} should be fed by one queue, is by {queues}")
        return str(queues[0])

    @cached_property
    def url(self) -> str:
        name = self.queue.rsplit(":", 1)[-1]
        return str(self.cloud.queues.get_queue_url(QueueName=name)["QueueUrl"])

    @cached_property
    def rule(self) -> dict[str, Any]:
        """The deployed rule that fills the queue, as it was deployed."""
        events = self.cloud.events
        names = events.list_rule_names_by_target(TargetArn=self.queue)["RuleNames"]
        rules = [events.describe_rule(Name=name) for name in names]
        found = [rule for rule in rules if TRUE_SOURCE in rule.get("EventPattern", "")]
        if len(found) != 1:
            raise StageError(f"one rule should fill {self.queue}, {len(found)} do")
        return dict(found[0])

    def open(self) -> None:
        """Lets the rule take the story's source too."""
        pattern = json.loads(self.rule["EventPattern"])
        pattern["source"] = [*pattern["source"], STORY_SOURCE]
        self.cloud.events.put_rule(
            Name=self.rule["Name"], EventPattern=json.dumps(pattern), State="ENABLED"
        )

    def send(self, changes: list[Change]) -> None:
        """Puts them together, and waits until the router has taken them."""
        entries = [self._entry(change) for change in changes]
        for first in range(0, len(entries), AT_ONCE):
            batch = entries[first : first + AT_ONCE]
            answer = self.cloud.events.put_events(Entries=batch)
            if answer["FailedEntryCount"]:
                raise StageError(f"PutEvents refused: {answer['Entries']}")
        self.sent += len(entries)
        self._wait()

    def _entry(self, change: Change) -> dict[str, Any]:
        region, account = self.cloud.region, self.cloud.account
        arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{change.alarm}"
        event = {
            "version": "0",
            "id": f"{self.sent:08x}-0000-0000-0000-000000000000",
            "source": TRUE_SOURCE,
            "detail-type": DETAIL_TYPE,
            "account": account,
            "time": stamp(change.at),
            "region": region,
            "resources": [arn],
            "detail": change.detail,
        }
        asked = {"EventPattern": self.rule["EventPattern"], "Event": json.dumps(event)}
        if not self.cloud.events.test_event_pattern(**asked)["Result"]:
            self.unmatched.append(change.alarm)
        return {
            "Source": STORY_SOURCE,
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(change.detail),
            "Resources": [arn],
        }

    def _wait(self) -> None:
        """Until the queue is empty: a message leaves it when the router has answered."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            asked = self.cloud.queues.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
            if not any(int(asked["Attributes"][name]) for name in names):
                return
            time.sleep(0.01)
        raise StageError(
            f"the router has not taken its events in {PATIENCE:.0f} s; the endpoint's log says why"
        )
