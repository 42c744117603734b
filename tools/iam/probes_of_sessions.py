"""What nobody may do to sessions, and what session-sync may not do at all.

session-sync reads the stream and no item but the beats and the epoch; the others have nothing to do
with sessions. What must stay true: these are real calls on what is there, as in probes.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from .calls import Deed
from .probe import NO_KEYS, Place
from .probe import call as _do
from .probe import key as _key
from .services import network, stream
from .stand import THEIRS

#: The endpoint does not say which function a call comes from.
NO_SOURCE = "the endpoint does not know lambda:SourceFunctionArn"
SESSION = "session#" + 64 * "0"
SCORE = "score#board#0"


def of_others(place: Place) -> Iterator[Deed]:
    """For those who have nothing to do with sessions."""
    # They have no right over this table at all, so the endpoint can tell.
    yield from (replace(deed, blind="") for deed in _items(place, ("beat", SESSION)))
    yield from _epoch(place)
    yield from _readings(place)
    yield from _stream(place.stream, place.shard_iterator)
    secret = place.cache_secret
    yield _do("secretsmanager", "get_secret_value", secret, "the cache's password", SecretId=secret)


def of_sync(place: Place) -> Iterator[Deed]:
    """For session-sync: items of others in both tables, streams of others, and the network."""
    yield from _items(place, (SESSION, SCORE))
    yield from _readings(place)
    yield from _theirs(place)
    for deed in network(place.actor, place.subnet):
        # The same calls, by the program.
        source = ("lambda:SourceFunctionArn", (place.function_arn(f"{place.stack}-session-sync"),))
        yield replace(deed, what=f"{deed.what}, by the program", context=(source,), blind=NO_SOURCE)


def as_sync(deed: Deed) -> Deed:
    """What the endpoint can tell for session-sync, which has fewer actions on the control table."""
    is_session = deed.what.startswith(("session#", "score#"))
    own = {"dynamodb:PutItem", "dynamodb:Query" if is_session else "dynamodb:GetItem"}
    return replace(deed, blind="") if deed.blind == NO_KEYS and deed.action not in own else deed


def _items(place: Place, keys: tuple[str, ...]) -> Iterator[Deed]:
    """Writes and queries, which only the leading key tells apart from session-sync's own."""
    table, arn = place.session_table, place.table_arn(place.session_table)
    for pk in keys:
        yield _do("dynamodb", "put_item", arn, f"{pk} x", keys=(pk,), blind=NO_KEYS,
                  TableName=table, Item=_key(pk, "x"))  # fmt: skip
        yield _do("dynamodb", "query", arn, f"{pk} all", keys=(pk,), blind=NO_KEYS,
                  TableName=table, KeyConditionExpression="pk = :pk",
                  ExpressionAttributeValues={":pk": {"S": pk}})  # fmt: skip


def _stream(arn: str, iterator: str) -> Iterator[Deed]:
    """A denial of it is none of the endpoint's faults."""
    return (replace(deed, blind="") for deed in stream(arn, iterator))


def _epoch(place: Place) -> Iterator[Deed]:
    table, arn, pk = place.table, place.table_arn(), "session-epoch"
    yield _do("dynamodb", "get_item", arn, pk, keys=(pk,), blind=NO_KEYS, TableName=table,
              Key=_key(pk, "e"))  # fmt: skip
    yield _do("dynamodb", "put_item", arn, pk, keys=(pk,), blind=NO_KEYS, TableName=table,
              Item=_key(pk, "e"))  # fmt: skip


def _readings(place: Place) -> Iterator[Deed]:
    """What nobody does with the session table, and its queue."""
    table, arn = place.session_table, place.table_arn(place.session_table)

    def on(method: str, what: str, **more: Any) -> Deed:
        return _do("dynamodb", method, arn, f"the sessions, {what}", TableName=table, **more)

    yield on("get_item", "one", keys=(SESSION,), Key=_key(SESSION, "x"))
    yield on("delete_item", "one", keys=(SESSION,), Key=_key(SESSION, "x"))
    yield on("update_item", "one", keys=(SESSION,), Key=_key(SESSION, "x"),
             UpdateExpression="SET written = :x",
             ExpressionAttributeValues={":x": {"S": "x"}})  # fmt: skip
    yield on("scan", "all")
    yield on("describe_table", "the table")
    yield on("update_table", "the table", DeletionProtectionEnabled=False)
    yield on("update_time_to_live", "the table",
             TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"})  # fmt: skip
    failures = place.failures
    yield _do("sqs", "receive_message", place.queue_arn(failures), "changes that were given up",
              QueueUrl=failures, VisibilityTimeout=0)  # fmt: skip


def _theirs(place: Place) -> Iterator[Deed]:
    """The keys and calls that it has, on what is others'."""
    arn = place.table_arn(THEIRS)
    for pk in ("beat", "session-epoch"):
        yield _do("dynamodb", "put_item", arn, f"{pk}, a table of others", keys=(pk,),
                  TableName=THEIRS, Item=_key(pk, "x"))  # fmt: skip
    yield _do("dynamodb", "query", arn, "beat, a table of others", keys=("beat",),
              TableName=THEIRS, KeyConditionExpression="pk = :pk",
              ExpressionAttributeValues={":pk": {"S": "beat"}})  # fmt: skip
    yield _do("dynamodb", "get_item", arn, "session-epoch, a table of others",
              keys=("session-epoch",), TableName=THEIRS, Key=_key("session-epoch", "e"))  # fmt: skip
    yield from _stream(place.theirs["stream"], place.theirs["shard_iterator"])
    # Its own publishing is nobody's.
    topic = place.topic
    yield _do("sns", "publish", topic, "our topic", TopicArn=topic, Message="x")
    yield _do("kms", "generate_data_key", place.key, "the topics' key", KeyId=place.key,
              KeySpec="AES_256")  # fmt: skip


def ruin(place: Place) -> Iterator[Deed]:
    """Who may delete the sessions? Nobody here."""
    table = place.session_table
    yield _do("dynamodb", "delete_table", place.table_arn(table), "the sessions", TableName=table)

