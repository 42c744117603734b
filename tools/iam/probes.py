"""What no function may do.

Each probe is a real call on something that is there. A role must be denied it; the account's root
must get it done, or the probe reaches nothing. Where the endpoint cannot judge (leading keys), that
is said, and the simulator does. Those that destroy stand last: root tries them in this order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .calls import CLOUDWATCH, Deed
from .probe import NO_KEYS, RESTORE, Place
from .probe import call as _do
from .probe import key as _key
from .probe import put as _put
from .probes_elsewhere import others, programs, queue, rights, ruin
from . import probes_of_sessions as sessions
from .stand import ELSEWHERE, NEIGHBOUR, THEIRS


def of_function(place: Place, lowers: bool) -> list[Deed]:
    """All of a function's probes; who does not lower may also not write what lowering needs."""
    groups = [] if lowers else list(_lowering(place))
    parts = (groups, _groups(place), _keys(place), _alarm_keys(place), _tables(place))
    parts += (_people(place), rights(place), programs(place), others(place), queue(place))
    parts += (sessions.of_others(place),)
    return [deed for part in (*parts, ruin(place)) for deed in part]


def of_router(place: Place) -> list[Deed]:
    """All of the router's: it touches no group, and of the control table only what is its own."""
    parts = (_lowering(place), _raising(place), _observing(place), _groups(place), _keys(place))
    parts += (_fleet_keys(place), _tables(place), _people(place), _tags(place), rights(place))
    parts += (programs(place), others(place), sessions.of_others(place), ruin(place))
    deeds = [deed for part in parts for deed in part]
    allowed = {("dynamodb:Query", "ledger#aira-web")}
    return [_of_router(d) for d in deeds if (d.action, d.what) not in allowed]


def of_sync(place: Place) -> list[Deed]:
    """All of session-sync's: nothing of groups, alarms and people, and no session."""
    parts = (_lowering(place), _raising(place), _observing(place), _groups(place), _keys(place))
    parts += (_alarm_keys(place), _tables(place), _people(place), rights(place), programs(place))
    parts += (others(place), queue(place), sessions.of_sync(place), ruin(place))
    return [sessions.as_sync(deed) for part in parts for deed in part]


def _of_router(deed: Deed) -> Deed:
    """Where the endpoint can tell for the router and not for others, and the other way round."""
    if deed.action == "dynamodb:GetItem":
        return replace(deed, blind="")
    if deed.action == "dynamodb:BatchGetItem":
        return replace(deed, blind=NO_KEYS)
    return deed


def of_schedules(place: Place) -> list[Deed]:
    """The schedules' role may call the functions and set events aside."""
    group = place.names.groups["aira-web"]
    mine = [
        _do("lambda", "invoke", place.function_arn(THEIRS), "a function of others",
            FunctionName=THEIRS, InvocationType="DryRun", action="InvokeFunction"),
        _do("sqs", "send_message", place.queue_arn(place.theirs["queue"]), "a queue of others",
            QueueUrl=place.theirs["queue"], MessageBody="{}"),
        _do("autoscaling", "set_desired_capacity", group, "aira-web",
            AutoScalingGroupName="aira-web", DesiredCapacity=8),
        _do("autoscaling", "update_auto_scaling_group", group, "aira-web",
            AutoScalingGroupName="aira-web", MinSize=2),
        _do("autoscaling", "describe_auto_scaling_groups", "*", ""),
        _put(place, "policy", "v#00000009"),
        _do("dynamodb", "get_item", place.table_arn(), "memory", keys=("fleet#aira-web",),
            TableName=place.table, Key=_key("fleet#aira-web", "memory")),
    ]  # fmt: skip
    own = {"dynamodb:PutItem", "dynamodb:GetItem"}
    seen = [replace(d, blind="") if d.action in own else d for d in mine]
    rest = [*_people(place), *rights(place), *programs(place), *others(place)]
    rest += [replace(d, blind="") if d.blind == NO_KEYS else d for d in sessions.of_others(place)]
    return seen + [d for d in rest if d.action not in ("lambda:InvokeFunction", "sqs:SendMessage")]


# --- Auto Scaling -----------------------------------------------------------------------------


def _lowering(place: Place) -> Iterator[Deed]:
    for name in ("aira-web", "aira-api"):
        arn = place.names.groups[name]
        yield _do("autoscaling", "set_desired_capacity", arn, name,
                  AutoScalingGroupName=name, DesiredCapacity=8)  # fmt: skip
        yield _do("autoscaling", "put_scheduled_update_group_action", arn, name,
                  AutoScalingGroupName=name, ScheduledActionName="probe",
                  MinSize=2, Recurrence="0 0 * * *")  # fmt: skip


def _raising(place: Place) -> Iterator[Deed]:
    for name in ("aira-web", "aira-api"):
        yield _do("autoscaling", "update_auto_scaling_group", place.names.groups[name], name,
                  AutoScalingGroupName=name, MinSize=2)  # fmt: skip


def _observing(_place: Place) -> Iterator[Deed]:
    for method in ("describe_auto_scaling_groups", "describe_policies",
                   "describe_scaling_activities", "describe_scheduled_actions"):  # fmt: skip
        yield _do("autoscaling", method, "*", "")
    action, parameters = CLOUDWATCH["GetMetricData"]
    yield _do("cloudwatch", action, "*", "", **parameters)


def _groups(place: Place) -> Iterator[Deed]:
    """Groups of others, and what Tidegate never does to its own."""
    arns = place.names.groups
    for name in (THEIRS, NEIGHBOUR):
        yield _do("autoscaling", "update_auto_scaling_group", arns[name], name,
                  AutoScalingGroupName=name, MinSize=0)  # fmt: skip
        yield _do("autoscaling", "set_desired_capacity", arns[name], name,
                  AutoScalingGroupName=name, DesiredCapacity=2)  # fmt: skip
        yield _do("autoscaling", "put_scheduled_update_group_action", arns[name], name,
                  AutoScalingGroupName=name, ScheduledActionName="probe",
                  MinSize=2, Recurrence="0 0 * * *")  # fmt: skip
    for name in ("aira-web", "aira-api"):
        arn = arns[name].replace(place.names.region, ELSEWHERE)
        where = f"{name} in {ELSEWHERE}"
        yield _do("autoscaling", "update_auto_scaling_group", arn, where, region=ELSEWHERE,
                  AutoScalingGroupName=name, MinSize=0)  # fmt: skip
        yield _do("autoscaling", "set_desired_capacity", arn, where, region=ELSEWHERE,
                  AutoScalingGroupName=name, DesiredCapacity=2)  # fmt: skip
    yield from _own_group(place)


def _own_group(place: Place) -> Iterator[Deed]:
    arn, group = place.names.groups["aira-web"], {"AutoScalingGroupName": "aira-web"}
    tag = {"ResourceId": "aira-web", "ResourceType": "auto-scaling-group", "Key": "tidegate:hold"}
    yield _do("autoscaling", "create_or_update_tags", arn, "aira-web",
              Tags=[{**tag, "Value": "none", "PropagateAtLaunch": False}])  # fmt: skip
    yield _do("autoscaling", "delete_tags", arn, "aira-web", Tags=[tag])
    yield _do("autoscaling", "put_scaling_policy", arn, "aira-web", **group, PolicyName="probe",
              PolicyType="SimpleScaling", AdjustmentType="ExactCapacity",
              ScalingAdjustment=1)  # fmt: skip
    yield _do("autoscaling", "delete_policy", arn, "aira-web", **group, PolicyName="probe")
    yield _do("autoscaling", "put_lifecycle_hook", arn, "aira-web", **group,
              LifecycleHookName="probe",
              LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")  # fmt: skip
    yield _do("autoscaling", "delete_lifecycle_hook", arn, "aira-web", **group,
              LifecycleHookName="probe")  # fmt: skip
    yield _do("autoscaling", "start_instance_refresh", arn, "aira-web", **group)
    yield _do("autoscaling", "delete_scheduled_action", arn, f"aira-web {RESTORE}", **group,
              ScheduledActionName=RESTORE)  # fmt: skip
    yield _do("autoscaling", "suspend_processes", arn, "aira-web", **group,
              ScalingProcesses=["Launch"])  # fmt: skip
    yield _do("autoscaling", "terminate_instance_in_auto_scaling_group", arn, "an instance",
              InstanceId=place.theirs["instance"], ShouldDecrementDesiredCapacity=True)  # fmt: skip
    yield _do("autoscaling", "execute_policy", arn, "aira-web", **group, PolicyName="probe")


# --- the control table ------------------------------------------------------------------------


def _keys(place: Place) -> Iterator[Deed]:
    """Items of the control table that are not a function's: on AWS the leading key tells."""
    table, arn = place.table, place.table_arn()

    def on(method: str, pk: str, sk: str, **more: Any) -> Deed:
        return _do("dynamodb", method, arn, f"{pk} {sk}", keys=(pk,), blind=NO_KEYS,
                   TableName=table, Key=_key(pk, sk), **more)  # fmt: skip

    change = {
        "UpdateExpression": "SET doc = :x",
        "ExpressionAttributeValues": {":x": {"S": "x"}},
    }
    yield _put(place, "policy", "v#00000009")
    yield on("get_item", "policy", "v#00000001")
    yield on("update_item", "policy", "v#00000009", **change)
    yield on("delete_item", "policy", "v#00000009")
    yield on("get_item", "ledger#aira-web", "x")
    yield on("update_item", "ledger#aira-web", "x", **change)
    yield on("delete_item", "ledger#aira-web", "x")
    yield on("get_item", "story", "clock")
    yield _put(place, "story", "clock")
    yield _put(place, "somebody", "else")
    both = [{"Put": {"TableName": table, "Item": _key(pk, "v#00000009")}}
            for pk in ("fleet#aira-web", "policy")]  # fmt: skip
    yield _do("dynamodb", "transact_write_items", arn, "policy in a transaction with a fleet",
              action="PutItem", keys=("fleet#aira-web", "policy"), blind=NO_KEYS,
              TransactItems=both)  # fmt: skip
    for pk in ("fleet#aira-web", "ledger#aira-web", "story"):
        yield _do("dynamodb", "query", arn, pk, keys=(pk,), blind=NO_KEYS, TableName=table,
                  KeyConditionExpression="pk = :pk",
                  ExpressionAttributeValues={":pk": {"S": pk}})  # fmt: skip


def _alarm_keys(place: Place) -> Iterator[Deed]:
    """What the router keeps."""
    yield _put(place, "alarm-silences", "s-probe")
    yield _put(place, "alarm-groups", "probe")
    yield _put(place, "alarm-group#probe", "state")
    yield _do("dynamodb", "query", place.table_arn(), "alarm-groups", keys=("alarm-groups",),
              blind=NO_KEYS, TableName=place.table, KeyConditionExpression="pk = :pk",
              ExpressionAttributeValues={":pk": {"S": "alarm-groups"}})  # fmt: skip


def _fleet_keys(place: Place) -> Iterator[Deed]:
    """What the scaling functions keep, silences, and a table of others under the router's keys."""
    yield _put(place, "fleet#aira-web", "memory")
    yield _put(place, "ledger#aira-web", "probe")
    yield _put(place, "alarm-silences", "s-probe")
    yield _do("dynamodb", "update_item", place.table_arn(), "fleet#aira-web lease",
              keys=("fleet#aira-web",), blind=NO_KEYS, TableName=place.table,
              Key=_key("fleet#aira-web", "lease"), UpdateExpression="SET wanted = :x",
              ExpressionAttributeValues={":x": {"BOOL": True}})  # fmt: skip
    yield _do("dynamodb", "put_item", place.table_arn(THEIRS), "alarm-groups, a table of others",
              keys=("alarm-groups",), TableName=THEIRS, Item=_key("alarm-groups", "x"))  # fmt: skip


def _tables(place: Place) -> Iterator[Deed]:
    table, arn, theirs = place.table, place.table_arn(), place.table_arn(THEIRS)
    yield _do("dynamodb", "scan", arn, "control table", TableName=table)
    yield _do("dynamodb", "describe_table", arn, "control table", TableName=table)
    yield _do("dynamodb", "batch_get_item", arn, "control table", keys=("policy",),
              RequestItems={table: {"Keys": [_key("policy", "v#00000001")]}})  # fmt: skip
    yield _do("dynamodb", "batch_write_item", arn, "control table", keys=("policy",),
              RequestItems={
                  table: [{"PutRequest": {"Item": _key("policy", "v#00000009")}}]
              })  # fmt: skip
    yield _do("dynamodb", "update_time_to_live", arn, "control table", TableName=table,
              TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"})  # fmt: skip
    yield _do("dynamodb", "update_table", arn, "control table", TableName=table,
              DeletionProtectionEnabled=False)  # fmt: skip
    yield _do("dynamodb", "get_item", theirs, "a table of others", keys=("fleet#aira-web",),
              TableName=THEIRS, Key=_key("fleet#aira-web", "x"))  # fmt: skip
    for pk in ("fleet#aira-web", "ledger#aira-web"):
        yield _do("dynamodb", "put_item", theirs, f"{pk}, a table of others", keys=(pk,),
                  TableName=THEIRS, Item=_key(pk, "x"))  # fmt: skip
    yield _do("dynamodb", "query", theirs, "a table of others", keys=("policy",),
              TableName=THEIRS, KeyConditionExpression="pk = :pk",
              ExpressionAttributeValues={":pk": {"S": "policy"}})  # fmt: skip


# --- notices, alarms, rights ------------------------------------------------------------------


def _people(place: Place) -> Iterator[Deed]:
    ours, theirs = place.topic, place.theirs["topic"]
    alarm = place.names.arn("cloudwatch", "alarm:aira-web-cpu-high")
    yield _do("sns", "publish", theirs, "a topic of others", TopicArn=theirs, Message="x")
    yield _do("sns", "subscribe", ours, "our topic", TopicArn=ours, Protocol="sqs",
              Endpoint=place.queue_arn(place.theirs["queue"]))  # fmt: skip
    yield _do("sns", "set_topic_attributes", ours, "our topic", TopicArn=ours,
              AttributeName="DisplayName", AttributeValue="x")  # fmt: skip
    yield _do("cloudwatch", "set_alarm_state", alarm, "aira-web-cpu-high",
              AlarmName="aira-web-cpu-high", StateValue="OK", StateReason="x")  # fmt: skip
    yield _do("cloudwatch", "put_metric_alarm", alarm, "aira-web-cpu-high",
              AlarmName="aira-web-cpu-high", Namespace="x", MetricName="x", Statistic="Sum",
              Period=60, EvaluationPeriods=1, Threshold=1.0,
              ComparisonOperator="GreaterThanThreshold")  # fmt: skip
    yield _do("cloudwatch", "disable_alarm_actions", alarm, "aira-web-cpu-high",
              AlarmNames=["aira-web-cpu-high"])  # fmt: skip
    yield _do("cloudwatch", "put_metric_data", "*", "", Namespace="AWS/Other",
              MetricData=[{"MetricName": "x", "Value": 1.0}])  # fmt: skip


def _tags(place: Place) -> Iterator[Deed]:
    arn = f"arn:aws:cloudwatch:{ELSEWHERE}:{place.names.account}:alarm:{THEIRS}"
    yield _do("cloudwatch", "list_tags_for_resource", arn, f"an alarm in {ELSEWHERE}",
              region=ELSEWHERE, ResourceARN=arn)  # fmt: skip
    ours = place.names.arn("cloudwatch", "alarm:aira-web-cpu-high")
    yield _do("cloudwatch", "tag_resource", ours, "aira-web-cpu-high", ResourceARN=ours,
              Tags=[{"Key": "severity", "Value": "info"}])  # fmt: skip
