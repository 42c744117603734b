"""What no function may do elsewhere: rights, programs, logs, queues, keys, machines, secrets. Those
that destroy stand last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from .calls import Deed
from . import probes_of_sessions as sessions
from .probe import Place
from .probe import call as _do
from .stand import STREAM, THEIRS

def rights(place: Place) -> Iterator[Deed]:
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


def programs(place: Place) -> Iterator[Deed]:
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


def others(place: Place) -> Iterator[Deed]:
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


def queue(place: Place) -> Iterator[Deed]:
    """The router's queue, for those whose it is not."""
    yield _do("sqs", "receive_message", place.queue_arn(place.alarms), "alarms on their way",
              QueueUrl=place.alarms, VisibilityTimeout=0)  # fmt: skip


def ruin(place: Place) -> Iterator[Deed]:
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
    yield from sessions.ruin(place)
    name = f"{place.stack}-daytime-scale-up"
    yield _do("lambda", "delete_function", place.function_arn(name), name, FunctionName=name)


def ruins(action: str) -> bool:
    """Whether something is gone afterwards that another probe is aimed at."""
    verbs = ("Delete", "Terminate", "ScheduleKey", "Purge")
    return action.split(":")[1].startswith(verbs) and action != "dynamodb:DeleteItem"
