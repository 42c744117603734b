"""The policy that the stack gives to applications, tried on a role that has nothing else.

No function wears it, so its calls are those of the store (`shared/sessions`, and the item contract of
docs/sessions.md): it joins the parts of a session, writes its own part, counts scores, looks at the
epoch and reads the cache's password.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from demo.cloud import Cloud

from .calls import Actor, Deed
from .probe import NO_KEYS, Place
from .probe import call as _do
from .probe import key as _key
from .probe import put as _put
from .probes_of_sessions import SCORE, SESSION
from .services import stream
from .stand import THEIRS

NAME = "application"


def role(root: Actor, cloud: Cloud) -> str:
    """A role with the stack's policy alone; its ARN."""
    stack = cloud.client("cloudformation").describe_stacks(StackName=cloud.stack)["Stacks"][0]
    policy = next(
        o["OutputValue"] for o in stack["Outputs"] if o["OutputKey"] == "SessionPolicyArn"
    )
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam = root.client("iam")
    made = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument=document)["Role"]
    iam.attach_role_policy(RoleName=NAME, PolicyArn=policy)
    return str(made["Arn"])


def calls(place: Place) -> list[Deed]:
    """What the store does."""
    found = []
    for pk, sk in ((SESSION, "ap-northeast-2"), (SCORE, "kim#ap-northeast-2")):
        found += [_query(place, pk), _put_in(place, pk, sk)]
    found.append(_get(place, SCORE, "kim#ap-northeast-2"))
    pk, table = "session-epoch", place.table
    found.append(_do("dynamodb", "get_item", place.table_arn(), "the epoch", keys=(pk,),
                     TableName=table, Key=_key(pk, "e")))  # fmt: skip
    secret = place.cache_secret
    found.append(_do("secretsmanager", "get_secret_value", secret, "the cache's password",
                     SecretId=secret))  # fmt: skip
    return found


def probes(place: Place) -> Iterator[Deed]:
    """What an application has no business with."""
    blind = {"blind": NO_KEYS}
    yield replace(_put_in(place, "beat", "ap-northeast-2"), **blind)
    yield replace(_query(place, "beat"), **blind)
    yield replace(_get(place, SESSION, "ap-northeast-2"), **blind)
    table, arn = place.session_table, place.table_arn(place.session_table)
    one: dict[str, Any] = {"TableName": table, "Key": _key(SESSION, "x")}
    yield _do("dynamodb", "delete_item", arn, "a session", keys=(SESSION,), **one)
    yield _do("dynamodb", "update_item", arn, "a session", keys=(SESSION,), **one,
              UpdateExpression="SET written = :x",
              ExpressionAttributeValues={":x": {"S": "x"}})  # fmt: skip
    yield _do("dynamodb", "scan", arn, "all sessions", TableName=table)
    yield _do("dynamodb", "describe_table", arn, "the sessions", TableName=table)
    yield _do("dynamodb", "update_table", arn, "the sessions", TableName=table,
              DeletionProtectionEnabled=False)  # fmt: skip
    yield from _of_the_control_table(place)
    yield from _theirs(place)
    yield from (replace(d, blind="") for d in stream(place.stream, place.shard_iterator))
    yield _do("secretsmanager", "get_secret_value", place.theirs["secret"], "a secret",
              SecretId=place.theirs["secret"])  # fmt: skip
    yield _do("sqs", "receive_message", place.queue_arn(place.failures), "changes that were given up",
              QueueUrl=place.failures, VisibilityTimeout=0)  # fmt: skip


def _of_the_control_table(place: Place) -> Iterator[Deed]:
    for pk, sk in (("session-epoch", "e"), ("policy", "v#00000009"), ("fleet#aira-web", "memory")):
        yield replace(_put(place, pk, sk), blind="")
    for pk, sk in (("policy", "v#00000001"), ("fleet#aira-web", "memory")):
        yield _do("dynamodb", "get_item", place.table_arn(), f"{pk} {sk}", keys=(pk,),
                  blind=NO_KEYS, TableName=place.table, Key=_key(pk, sk))  # fmt: skip
    yield _do("dynamodb", "query", place.table_arn(), "policy", keys=("policy",),
              TableName=place.table, KeyConditionExpression="pk = :pk",
              ExpressionAttributeValues={":pk": {"S": "policy"}})  # fmt: skip


def _theirs(place: Place) -> Iterator[Deed]:
    arn = place.table_arn(THEIRS)
    for pk in (SESSION, SCORE):
        yield _do("dynamodb", "put_item", arn, f"{pk}, a table of others", keys=(pk,),
                  TableName=THEIRS, Item=_key(pk, "x"))  # fmt: skip
    yield _do("dynamodb", "query", arn, "sessions, a table of others", keys=(SESSION,),
              TableName=THEIRS, KeyConditionExpression="pk = :pk",
              ExpressionAttributeValues={":pk": {"S": SESSION}})  # fmt: skip
    for pk in (SCORE, "session-epoch"):
        yield _do("dynamodb", "get_item", arn, f"{pk}, a table of others", keys=(pk,),
                  TableName=THEIRS, Key=_key(pk, "x"))  # fmt: skip


def _query(place: Place, pk: str) -> Deed:
    table = place.session_table
    return _do("dynamodb", "query", place.table_arn(table), pk.split("#")[0], keys=(pk,),
               TableName=table, KeyConditionExpression="pk = :pk", ConsistentRead=True,
               ExpressionAttributeValues={":pk": {"S": pk}})  # fmt: skip


def _put_in(place: Place, pk: str, sk: str) -> Deed:
    table = place.session_table
    return _do("dynamodb", "put_item", place.table_arn(table), pk.split("#")[0], keys=(pk,),
               TableName=table, Item=_key(pk, sk))  # fmt: skip


def _get(place: Place, pk: str, sk: str) -> Deed:
    table = place.session_table
    return _do("dynamodb", "get_item", place.table_arn(table), pk.split("#")[0], keys=(pk,),
               TableName=table, Key=_key(pk, sk))  # fmt: skip
