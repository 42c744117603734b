"""What no function may do.

Each probe is a real call on something that is there. A role must be denied it; the account's root
must get it done, or the probe reaches nothing. Where the endpoint cannot judge (leading keys), that
is said, and the simulator does. Those that destroy stand last: root tries them in this order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

from .calls import CLOUDWATCH, Actor, Deed, Names, keyed
from .stand import ELSEWHERE, NEIGHBOUR, STREAM, THEIRS

#: The endpoint leaves the condition on leading keys unread, and so lets these through.
NO_KEYS = "the endpoint does not know dynamodb:LeadingKeys"
#: What root is told of a call that the endpoint has not; the denial comes before that.
NO_SUCH_CALL = "InvalidAction"
RESTORE = "tidegate-restore"


@dataclass(frozen=True)
class Place:
    """What the probes are aimed at."""

    names: Names
    stack: str
    table: str  # the control table's name
    topic: str  # our warning topic
    dead_letters: str  # its URL
    alarms: str  # the router's queue's URL
    key: str  # the topics' key
    policy: str  # a managed policy of the roles
    log_group: str  # of another function
    own: Any  # the role that is tried
    other_role: str
    theirs: dict[str, Any]

    def table_arn(self, name: str = "") -> str:
        return self.names.table(name or self.table)

    def queue_arn(self, url: str) -> str:
        return self.names.arn("sqs", url.rsplit("/", 1)[1])

    def function_arn(self, name: str) -> str:
        return self.names.arn("lambda", f"function:{name}")


def of_function(place: Place, lowers: bool) -> list[Deed]:
    """All of a function's probes; who does not lower may also not write what lowering needs."""
    groups = [] if lowers else list(_lowering(place))
    parts = (groups, _groups(place), _keys(place), _alarm_keys(place), _tables(place))
    parts += (_people(place), _rights(place), _programs(place), _others(place), _queue(place))
    return [deed for part in (*parts, _ruin(place)) for deed in part]


def of_router(place: Place) -> list[Deed]:
    """All of the router's: it touches no group, and of the control table only what is its own."""
    parts = (_lowering(place), _raising(place), _observing(place), _groups(place), _keys(place))
    parts += (_fleet_keys(place), _tables(place), _people(place), _tags(place), _rights(place))
    parts += (_programs(place), _others(place), _ruin(place))
    deeds = [deed for part in parts for deed in part]
    allowed = {("dynamodb:Query", "ledger#aira-web")}
    return [_of_router(d) for d in deeds if (d.action, d.what) not in allowed]


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
    rest = [*_people(place), *_rights(place), *_programs(place), *_others(place)]
    return seen + [d for d in rest if d.action not in ("lambda:InvokeFunction", "sqs:SendMessage")]


def _do(
    service: str,
    method: str,
    resource: str,
    what: str,
    *,
    action: str = "",
    region: str = "",
    keys: tuple[str, ...] = (),
    blind: str = "",
    fresh: str = "",
    **parameters: Any,
) -> Deed:
    """A call by boto3's names; IAM's names follow from them unless given.

    `fresh` names a parameter that gets another value each time.
    """
    named = action or "".join(word.capitalize() for word in method.split("_"))
    context = keyed(*keys) if keys else ()
    if region:
        context += (("aws:RequestedRegion", (region,)),)

    def do(actor: Actor) -> str:
        new = {fresh: uuid4().hex} if fresh else {}
        return actor.call(service, method, region, **parameters, **new)

    return Deed(f"{service}:{named}", resource, what, do, context, blind)


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _put(place: Place, pk: str, sk: str) -> Deed:
    return _do("dynamodb", "put_item", place.table_arn(), f"{pk} {sk}", keys=(pk,),
               blind=NO_KEYS, TableName=place.table, Item=_key(pk, sk))  # fmt: skip


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


def _rights(place: Place) -> Iterator[Deed]:
    role, arn = place.own.name, place.own.arn
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]})  # fmt: skip
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
         "Action": "sts:AssumeRole"}]})  # fmt: skip
    yield _do("iam", "put_role_policy", arn, "own role", RoleName=role, PolicyName="probe",
              PolicyDocument=document)  # fmt: skip
    yield _do("iam", "delete_role_policy", arn, "own role", RoleName=role, PolicyName="probe")
    yield _do("iam", "attach_role_policy", arn, "own role", RoleName=role,
              PolicyArn=place.policy)  # fmt: skip
    yield _do("iam", "detach_role_policy", arn, "own role", RoleName=role,
              PolicyArn=place.policy)  # fmt: skip
    yield _do("iam", "create_policy_version", place.policy, "the shared policy",
              PolicyArn=place.policy, PolicyDocument=document)  # fmt: skip
    yield _do("iam", "update_assume_role_policy", place.theirs["role"], "a role of others",
              RoleName=THEIRS, PolicyDocument=trust.replace(
                  '"Service": "lambda.amazonaws.com"',
                  f'"AWS": "arn:aws:iam::{place.names.account}:root"'))  # fmt: skip
    user = f"arn:aws:iam::{place.names.account}:user/probe"
    yield _do("iam", "create_user", user, "probe", UserName="probe")
    for target, what in ((place.other_role, "another's role"),
                         (place.theirs["role"], "a role of others")):  # fmt: skip
        yield _do("sts", "assume_role", target, what, RoleArn=target, RoleSessionName="probe")


# --- programs, logs, queues -------------------------------------------------------------------


def _programs(place: Place) -> Iterator[Deed]:
    for function in ("nightly-scale-down", "spike-step-scaler"):
        name = f"{place.stack}-{function}"
        yield _do("lambda", "invoke", place.function_arn(name), function, FunctionName=name,
                  InvocationType="DryRun", action="InvokeFunction")  # fmt: skip
    name = f"{place.stack}-daytime-scale-up"
    arn = place.function_arn(name)
    yield _do("lambda", "get_function_configuration", arn, name, FunctionName=name)
    yield _do("lambda", "update_function_configuration", arn, name, FunctionName=name,
              Description="x")  # fmt: skip
    yield _do("lambda", "add_permission", arn, name, FunctionName=name, StatementId="probe",
              Action="lambda:InvokeFunction", Principal="events.amazonaws.com")  # fmt: skip
    schedule = place.names.arn("scheduler", f"schedule/default/{place.stack}-tick")
    yield _do("scheduler", "get_schedule", schedule, "tick", Name=f"{place.stack}-tick")
    rule = place.names.arn("events", "rule/probe")
    yield _do("events", "put_rule", rule, "probe", Name="probe",
              ScheduleExpression="rate(1 minute)")  # fmt: skip
    stack = place.names.arn("cloudformation", f"stack/{place.stack}/x")
    yield _do("cloudformation", "describe_stacks", stack, place.stack, StackName=place.stack)


def _others(place: Place) -> Iterator[Deed]:
    """Logs, queues, keys, machines and secrets."""
    for group in (place.log_group, f"/aws/lambda/{THEIRS}"):
        arn = place.names.arn("logs", f"log-group:{group}")
        events = [{"timestamp": 1, "message": "x"}]
        yield _do("logs", "create_log_stream", f"{arn}:log-stream:x", group, fresh="logStreamName",
                  logGroupName=group)  # fmt: skip
        yield _do("logs", "put_log_events", f"{arn}:log-stream:{STREAM}", group,
                  logGroupName=group, logStreamName=STREAM, logEvents=events)  # fmt: skip
        yield _do("logs", "filter_log_events", f"{arn}:*", group, logGroupName=group)
    theirs, ours = place.theirs["queue"], place.dead_letters
    yield _do("sqs", "send_message", place.queue_arn(theirs), "a queue of others",
              QueueUrl=theirs, MessageBody="{}")  # fmt: skip
    yield _do("sqs", "send_message", place.queue_arn(place.alarms), "alarms on their way",
              QueueUrl=place.alarms, MessageBody="{}")  # fmt: skip
    yield _do("sqs", "receive_message", place.queue_arn(ours), "what failed", QueueUrl=ours)
    yield _do("kms", "generate_data_key", place.theirs["key"], "a key of others",
              KeyId=place.theirs["key"], KeySpec="AES_256")  # fmt: skip
    yield _do("kms", "encrypt", place.key, "the topics' key", KeyId=place.key, Plaintext=b"x")
    yield _do("kms", "create_grant", place.key, "the topics' key", KeyId=place.key,
              GranteePrincipal=place.own.arn, Operations=["Decrypt"])  # fmt: skip
    machine = place.names.arn("ec2", f"instance/{place.theirs['instance']}")
    yield _do("ec2", "describe_instances", "*", "")
    yield _do("ec2", "stop_instances", machine, "an instance",
              InstanceIds=[place.theirs["instance"]])  # fmt: skip
    things = "arn:aws:s3:::tidegate-artifacts"
    yield _do("s3", "get_object", f"{things}/{THEIRS}", "an artifact",
              Bucket="tidegate-artifacts", Key=THEIRS)  # fmt: skip
    yield _do("s3", "put_object", f"{things}/probe", "an artifact", Bucket="tidegate-artifacts",
              Key="probe", Body=b"x")  # fmt: skip
    parameter = place.names.arn("ssm", f"parameter/{THEIRS}")
    yield _do("ssm", "get_parameter", parameter, "a parameter", Name=f"/{THEIRS}")
    yield _do("secretsmanager", "get_secret_value", place.theirs["secret"], "a secret",
              SecretId=place.theirs["secret"])  # fmt: skip


def _queue(place: Place) -> Iterator[Deed]:
    """The router's queue, for those whose it is not."""
    yield _do("sqs", "receive_message", place.queue_arn(place.alarms), "alarms on their way",
              QueueUrl=place.alarms, VisibilityTimeout=0)  # fmt: skip


def _ruin(place: Place) -> Iterator[Deed]:
    """What could not be made good again."""
    arns, ours = place.names.groups, place.dead_letters
    log = place.names.arn("logs", f"log-group:{place.log_group}")
    machine = place.names.arn("ec2", f"instance/{place.theirs['instance']}")
    yield _do("logs", "delete_log_group", f"{log}:*", place.log_group,
              logGroupName=place.log_group)  # fmt: skip
    yield _do("cloudwatch", "delete_alarms",
              place.names.arn("cloudwatch", "alarm:aira-web-cpu-high"), "aira-web-cpu-high",
              AlarmNames=["aira-web-cpu-high"])  # fmt: skip
    yield _do("sqs", "purge_queue", place.queue_arn(ours), "what failed", QueueUrl=ours)
    yield _do("sns", "delete_topic", place.topic, "our topic", TopicArn=place.topic)
    yield _do("kms", "schedule_key_deletion", place.key, "the topics' key", KeyId=place.key)
    yield _do("ec2", "terminate_instances", machine, "an instance",
              InstanceIds=[place.theirs["instance"]])  # fmt: skip
    for name in (THEIRS, "aira-api"):
        yield _do("autoscaling", "delete_auto_scaling_group", arns[name], name,
                  AutoScalingGroupName=name, ForceDelete=True)  # fmt: skip
    yield _do("dynamodb", "delete_table", place.table_arn(THEIRS), THEIRS, TableName=THEIRS)
    yield _do("dynamodb", "delete_table", place.table_arn(), "control table",
              TableName=place.table)  # fmt: skip
    name = f"{place.stack}-daytime-scale-up"
    yield _do("lambda", "delete_function", place.function_arn(name), name, FunctionName=name)


def ruins(action: str) -> bool:
    """Whether something is gone afterwards that another probe is aimed at."""
    return action.split(":")[1].startswith(("Delete", "Terminate", "ScheduleKey", "Purge"))
