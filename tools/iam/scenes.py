"""What the functions live through, so that they make every call that they can make.

A day played like the demo's, with fewer wake-ups and both fleets owned by Tidegate alone, so that
desired capacity is lowered in both. The backstop is taken away before the night, so that the
nightly function writes it too; the night's last steps are taken for it. Then what makes people be
told: a policy that cannot be used (a warning) and an Auto Scaling that refuses to answer for some
minutes (critical). Memories are taken away between the functions, because a notice that one has
sent is not sent again by another.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from demo import stage, traffic
from demo.cast import MINUTE, STORY_MINUTES, Fleet, story_start
from demo.cloud import Cloud, StageError, stamp
from demo.play import Play
from demo.schedule import DAYTIME, NIGHTLY, TICK, Wake
from demo.schedule import plan as whole_plan

from . import incident, sessions
from .cast import SCALERS
from .recorder import Recorder

SEED = 2026
#: Minutes after noon.
NIGHT_BEGINS = 10 * 60
NIGHT_WAKES = range(NIGHT_BEGINS + 40, NIGHT_BEGINS + 101, 20)
DAY_WAKES = range(19 * 60 + 50, 20 * 60 + 1, 5)
#: Longer than an outage is borne in silence.
OUTAGE = timedelta(minutes=5)
WAKES = {"nightly-scale-down": "night", "daytime-scale-up": "day", "spike-step-scaler": "tick"}


@dataclass(frozen=True)
class Few:
    """The wake-ups of this day."""

    spike_from: int
    settle_from: int
    settle_until: int

    def wakes(self, minute: int) -> list[Wake]:
        if minute in NIGHT_WAKES:
            return [NIGHTLY]
        if minute in DAY_WAKES:
            return [DAYTIME]
        spike = self.spike_from <= minute < self.settle_from and minute % 2 == 0
        settle = self.settle_from <= minute < self.settle_until and minute % 10 == 0
        return [TICK] if spike or settle else []


class Life(Play):
    """The day, with few wake-ups and no backstop when the night begins."""

    @property
    def plan(self) -> Any:
        dense = whole_plan([t.spike for t in self.day.values()], True)
        return Few(dense.spike_from, dense.settle_from, min(dense.settle_until, NIGHT_BEGINS))

    def _wake(self, wake: Wake, now: datetime) -> None:
        minute = int((now - self.start) / MINUTE)
        for fleet in self.fleets:
            if minute == NIGHT_WAKES.start:
                self.cloud.groups.delete_scheduled_action(
                    AutoScalingGroupName=fleet.name, ScheduledActionName="tidegate-restore"
                )
            if minute == DAY_WAKES.start:
                # The steps that a whole night would have taken.
                floor = {"MinSize": fleet.night_floor, "DesiredCapacity": fleet.night_floor}
                self.cloud.groups.update_auto_scaling_group(
                    AutoScalingGroupName=fleet.name, **floor
                )
        super()._wake(wake, now)


def play(cloud: Cloud, recorder: Recorder, cast: list[Fleet]) -> int:
    """Everything; the answer is how often a function was woken."""
    start = story_start(datetime.now(timezone.utc))
    day = {f.name: traffic.of_fleet(f, SEED) for f in cast}
    stage.set_up(cloud, cast, day, start)
    _own_both(cloud, cast)
    _fail_later(cloud)
    life = Life(cloud, [replace(f, mode="owner") for f in cast], start, day, SEED)
    life.run(lambda *_: None)
    if life.troubles:
        raise StageError(f"a wake-up was not answered: {life.troubles[0]}")
    at = start + STORY_MINUTES * MINUTE
    for function in SCALERS:
        at = _policy_fault(cloud, cast, function, at)
        at = _outage(cloud, recorder, cast, function, at)
    woken = life.invocations + 3 * len(SCALERS)
    return woken + incident.play(cloud, recorder, cast, at) + sessions.play(cloud, at)


def dead_letters(cloud: Cloud) -> int:
    """How many events waited in the queue of what failed."""
    queues = cloud.client("sqs")
    url = queues.get_queue_url(QueueName=f"{cloud.stack}-dead-letters")["QueueUrl"]
    found = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
    return len(found.get("Messages", []))


def _own_both(cloud: Cloud, cast: list[Fleet]) -> None:
    """Target tracking may no longer scale in where it could."""
    for fleet in cast:
        for policy in cloud.groups.describe_policies(AutoScalingGroupName=fleet.name)[
            "ScalingPolicies"
        ]:
            tracking = {**policy["TargetTrackingConfiguration"], "DisableScaleIn": True}
            cloud.groups.put_scaling_policy(
                AutoScalingGroupName=fleet.name,
                PolicyName=policy["PolicyName"],
                PolicyType="TargetTrackingScaling",
                TargetTrackingConfiguration=tracking,
            )


def _fail_later(cloud: Cloud) -> None:
    """An event that each scaling function refuses: after two retries it is in the queue."""
    for function in SCALERS:
        cloud.functions.invoke(
            FunctionName=cloud.function_name(function),
            InvocationType="Event",
            Payload=json.dumps({"schedule": "never"}).encode(),
        )


def _policy_fault(cloud: Cloud, cast: list[Fleet], function: str, at: datetime) -> datetime:
    _forget(cloud, cast)
    key = {"pk": {"S": "policy"}, "sk": {"S": "v#00000002"}}
    item = {**key, "version": {"N": "2"}, "doc": {"S": "version = 1\nnonsense = true\n"}}
    cloud.tables.put_item(TableName=cloud.control_table, Item=item)
    _invoke(cloud, function, at)
    cloud.tables.delete_item(TableName=cloud.control_table, Key=key)
    return at + MINUTE


def _outage(
    cloud: Cloud, recorder: Recorder, cast: list[Fleet], function: str, at: datetime
) -> datetime:
    _forget(cloud, cast)
    recorder.refused.add(b"Action=DescribeAutoScalingGroups")
    _invoke(cloud, function, at, fails=True)
    _invoke(cloud, function, at + OUTAGE, fails=True)
    recorder.refused.clear()
    return at + OUTAGE + MINUTE


def _invoke(cloud: Cloud, function: str, at: datetime, fails: bool = False) -> None:
    stage.put_clock(cloud, at)
    event = {"schedule": WAKES[function], "scheduled_time": stamp(at), "execution_id": "iam"}
    answer, failed = cloud.invoke(function, event)
    if bool(failed) != fails:
        raise StageError(f"{function} at {stamp(at)}: {failed or answer}")


def _forget(cloud: Cloud, cast: list[Fleet]) -> None:
    for fleet in cast:
        key = {"pk": {"S": f"fleet#{fleet.name}"}, "sk": {"S": "memory"}}
        cloud.tables.delete_item(TableName=cloud.control_table, Key=key)
