"""How a probe is written down, and what it is aimed at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from .calls import Actor, Deed, Names, keyed

#: The endpoint leaves the condition on leading keys unread, and so lets these through.
NO_KEYS = "the endpoint does not know dynamodb:LeadingKeys"
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
    failures: str  # the URL of session-sync's queue
    key: str  # the topics' key
    session_table: str
    stream: str  # its stream
    shard_iterator: str  # a place in it
    cache_secret: str
    subnet: str
    actor: Actor  # root, to make what a probe is aimed at
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


def call(
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


def key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def put(place: Place, pk: str, sk: str) -> Deed:
    return call("dynamodb", "put_item", place.table_arn(), f"{pk} {sk}", keys=(pk,),
               blind=NO_KEYS, TableName=place.table, Item=key(pk, sk))  # fmt: skip
