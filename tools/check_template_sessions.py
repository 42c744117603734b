"""Tests of the template's sessions: the table, the stream's way to the function, and its watch.

What must stay true of them: no change of a session is lost in silence, no session is lost with a
stack or a hand's slip, and who keeps no sessions gets nothing of it. Run by check_template.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from template_parts import (
    NETWORK,
    ROLES,
    ROOT,
    ROOT_FILE,
    SESSION_WATCH,
    SESSIONS,
    SYNC,
    as_list,
    functions,
    of_type,
    properties_of,
    statements,
)

FUNCTION = "session-sync"
#: Seconds that DynamoDB keeps a stream's records.
STREAM_KEPT = 86_400
ROOT_STACK = "SessionSync"
#: Where the time between two beats stands.
BEATS = [ROOT / f for f in ("shared/domain/src/sessions/sync.rs", "shared/domain/src/sessions/lag.rs", "shared/sessions/src/sync.rs")]  # fmt: skip
#: Seconds that a beat is late without trouble: two of replication, three of the schedule.
LATEST_ARRIVAL = 5
#: Seconds without replication that are to be noticed.
CUT = 30


def records_are_not_lost(templates: dict) -> Iterator[str]:
    """From the stream to the function, what cannot be taken is set aside alone, and nothing else is."""
    for name, mapping in templates[SYNC]["Resources"].items():
        if mapping["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        properties = mapping["Properties"]
        if properties.get("BisectBatchOnFunctionError") is not True:
            yield f"{name}: a batch that fails is never halved, so one record fails with a thousand"
        if properties.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: the function cannot say which record failed"
        if not 1 <= properties.get("MaximumRetryAttempts", -1) <= 10:
            yield f"{name}: a record that cannot be read stops its shard, or one error gives it up"
        if properties.get("MaximumRecordAgeInSeconds", -1) != STREAM_KEPT:
            yield f"{name}: gives up records that the stream still has, or says nothing of their age"
        if not properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"):
            yield f"{name}: what is given up is gone"
        if properties.get("StartingPosition") != "TRIM_HORIZON":
            yield f"{name}: loses what is written until it polls"
        if properties.get("MaximumBatchingWindowInSeconds", 0) > 1:
            yield f"{name}: a logout waits for a batch to fill"
        if properties.get("ParallelizationFactor", 1) > 2:
            yield f"{name}: takes a small account's whole quota of calls"


def sessions_are_kept(templates: dict) -> Iterator[str]:
    for name, table in of_type(templates, "AWS::DynamoDB::GlobalTable").items():
        properties = table["Properties"]
        if table.get("DeletionPolicy") != "Retain" or table.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: goes with the stack"
        if properties.get("StreamSpecification", {}).get("StreamViewType") != "NEW_AND_OLD_IMAGES":
            yield f"{name}: does not replicate, and a removal says nothing of what was removed"
        ttl = {"AttributeName": "expires_at", "Enabled": True}
        if properties.get("TimeToLiveSpecification") != ttl:
            yield f"{name}: sessions that are over stay"
        if properties.get("SSESpecification") != {"SSEEnabled": True, "SSEType": "KMS"}:
            yield f"{name}: is not encrypted with a key of the account"
        if properties.get("BillingMode") != "PAY_PER_REQUEST":
            yield f"{name}: a region that takes over another's load would be throttled"
        yield from _replicas(name, properties["Replicas"])


def _replicas(name: str, listed: list) -> Iterator[str]:
    replicas = [r["Fn::If"][1] if "Fn::If" in r else r for r in listed]
    for place, replica in enumerate(replicas):
        where = f"{name}, replica {place}"
        recovery = replica.get("PointInTimeRecoverySpecification", {})
        if recovery.get("PointInTimeRecoveryEnabled") is not True:
            yield f"{where}: cannot be brought back to a moment"
        if replica.get("DeletionProtectionEnabled") != {"Ref": "DeletionProtection"}:
            yield f"{where}: can be deleted by a slip"
        if not replica.get("Tags"):
            yield f"{where}: nobody sees whose it is"
    if {"Ref": "AWS::Region"} not in [r["Region"] for r in replicas]:
        yield f"{name}: has no replica in its own region"


def sessions_are_off_by_default(templates: dict) -> Iterator[str]:
    """A deploy that knows nothing of sessions stays as it was."""
    root = templates[ROOT_FILE]
    if root["Parameters"]["Sessions"].get("Default") != "false":
        yield "sessions are kept though nobody asked"
    if root["Resources"][ROOT_STACK].get("Condition") != "KeepsSessions":
        yield f"{ROOT_STACK} is there without sessions"
    for name, output in root["Outputs"].items():
        if ROOT_STACK in json.dumps(output["Value"]) and output.get("Condition") != "KeepsSessions":
            yield f"{name}: an output of a stack that is not there"
    policies = properties_of(templates, ROLES, "ScheduleRole")["Policies"]
    for resource in _lists(policies):
        if FUNCTION in json.dumps(resource) and "Fn::If" not in resource:
            yield "the schedules may call a function that is not there"


def _lists(node) -> Iterator:
    """The resources that the schedules' role names."""
    for policy in node:
        for statement in policy["PolicyDocument"]["Statement"]:
            yield from as_list(statement["Resource"])


def secrets_are_named_only(templates: dict) -> Iterator[str]:
    """The cache's password comes by the name of its secret, and who runs without one may read none."""
    variables = functions(templates)[FUNCTION]["Environment"]["Variables"]
    for name in variables:
        if any(word in name for word in ("PASSWORD", "TOKEN", "USERNAME")):
            yield f"{name}: a secret in an environment"
    pattern = templates[ROOT_FILE]["Parameters"]["CacheUrl"].get("AllowedPattern", ".*")
    if "@" in pattern or ".*" in pattern:
        yield "CacheUrl: takes a password"
    for file in (SYNC, SESSIONS):
        branches = json.dumps(templates[file]["Resources"])
        for name, statement in statements({file: templates[file]}):
            if "secretsmanager:GetSecretValue" not in as_list(statement["Action"]):
                continue
            if statement["Resource"] != {"Ref": "CacheSecretArn"}:
                yield f"{name}: may read other secrets than the cache's"
            if f'{{"Fn::If": ["HasSecret", {json.dumps(statement)}' not in branches:
                yield f"{name}: may read a secret that is not there"


def the_function_does_not_move_the_network(templates: dict) -> Iterator[str]:
    """Lambda makes the network's calls in the role's name; the program itself never does."""
    for name, statement in statements(templates):
        if not NETWORK & set(as_list(statement["Action"])):
            continue
        if statement.get("Condition") != {"Null": {"lambda:SourceFunctionArn": "true"}}:
            yield f"{name}: the program may change the network"


def sessions_are_watched(templates: dict) -> Iterator[str]:
    """Every way in which a region falls behind has an alarm."""
    alarms = [r["Properties"] for r in templates[SESSION_WATCH]["Resources"].values()]
    watched = {alarm["MetricName"] for alarm in alarms}
    wanted = {"ApproximateNumberOfMessagesVisible", "CacheFailures", "Errors", "IteratorAge"}
    for metric in sorted((wanted | {"ReplicationAge", "TickCompleted"}) - watched):
        yield f"no alarm on {metric}"
    pairs = [a["Dimensions"] for a in alarms if a["MetricName"] == "ReplicationAge"]
    for region in ("FirstRegion", "SecondRegion", "ThirdRegion"):
        pair = [
            {"Name": "from", "Value": {"Ref": region}},
            {"Name": "to", "Value": {"Ref": "AWS::Region"}},
        ]
        if pairs.count(pair) != 2:
            yield f"{region}: no pair of alarms, a warning and a critical one"


def a_cut_of_half_a_minute_is_seen(templates: dict) -> Iterator[str]:
    """By the beats that the function really makes, and the alarms on their age."""
    text = "".join(f.read_text() for f in BEATS if f.exists())
    found = re.search(r"const BEAT_EVERY: \w+ = \w+::from_secs\((\d+)\)", text)
    every = int(found.group(1)) if found else 60
    tick = properties_of(templates, SYNC, "Tick")
    beats = json.loads(tick["Target"]["Input"]).get("beats", 1) if found else 1
    if beats * every != 60 or tick["ScheduleExpression"] != "rate(1 minute)":
        yield f"the tick: {beats} beats, one every {every} seconds, do not fill a minute"
    if functions(templates)[FUNCTION]["Timeout"] <= (beats - 1) * every + 5:
        yield "the function: ends before its last beat"
    late = every + LATEST_ARRIVAL
    for name, alarm in templates[SESSION_WATCH]["Resources"].items():
        properties = alarm["Properties"]
        if properties["MetricName"] != "ReplicationAge":
            continue
        if properties["Threshold"] <= late:
            yield f"{name}: goes off without a cut; an age of {late} s is none"
        is_first_notice = properties["Statistic"] == "Maximum" and properties["EvaluationPeriods"] == 1
        if is_first_notice and properties["Threshold"] > CUT - every:
            yield f"{name}: does not see a cut of {CUT} s"


CHECKS = [
    records_are_not_lost,
    sessions_are_kept,
    sessions_are_off_by_default,
    secrets_are_named_only,
    the_function_does_not_move_the_network,
    sessions_are_watched,
    a_cut_of_half_a_minute_is_seen,
]


# --- faults that are put into a copy ------------------------------------------------------------


def _mapping(t: dict) -> dict:
    return properties_of(t, SYNC, "Records")


def _table(t: dict) -> dict:
    return properties_of(t, SESSIONS, "Table")


def _replica(t: dict, place: int) -> dict:
    replica = _table(t)["Replicas"][place]
    return replica["Fn::If"][1] if "Fn::If" in replica else replica


def _role(t: dict, sid: str) -> dict:
    return next(s for _, s in statements({SYNC: t[SYNC]}) if s.get("Sid") == sid)


def _always(t: dict, sid: str) -> None:
    """Takes the `If` around a statement away."""
    listed = properties_of(t, SYNC, "Role")["Policies"][0]["PolicyDocument"]["Statement"]
    for place, node in enumerate(listed):
        if "Fn::If" in node and node["Fn::If"][1].get("Sid") == sid:
            listed[place] = node["Fn::If"][1]


#: What is done to a copy, and the check that must then find a fault.
MUTATIONS = [
    ("records_are_not_lost", "a batch that is never halved", lambda t: _mapping(t).pop("BisectBatchOnFunctionError")),
    ("records_are_not_lost", "a poison record that fails its batch", lambda t: _mapping(t).pop("FunctionResponseTypes")),
    ("records_are_not_lost", "a poison record that stops its shard", lambda t: _mapping(t).pop("MaximumRetryAttempts")),
    ("records_are_not_lost", "a record that one error gives up", lambda t: _mapping(t).update(MaximumRetryAttempts=0)),
    ("records_are_not_lost", "records without an age", lambda t: _mapping(t).pop("MaximumRecordAgeInSeconds")),
    ("records_are_not_lost", "records that are given up after an hour", lambda t: _mapping(t).update(MaximumRecordAgeInSeconds=3600)),
    ("records_are_not_lost", "records that are given up and gone", lambda t: _mapping(t).pop("DestinationConfig")),
    ("records_are_not_lost", "a mapping that begins too late", lambda t: _mapping(t).update(StartingPosition="LATEST")),
    ("records_are_not_lost", "a logout that waits for a batch", lambda t: _mapping(t).update(MaximumBatchingWindowInSeconds=30)),
    ("records_are_not_lost", "a stream that takes every call", lambda t: _mapping(t).update(ParallelizationFactor=10)),
    ("sessions_are_kept", "sessions that go with the stack", lambda t: t[SESSIONS]["Resources"]["Table"].pop("DeletionPolicy")),
    ("sessions_are_kept", "a stream without old images", lambda t: _table(t).update(StreamSpecification={"StreamViewType": "NEW_IMAGE"})),
    ("sessions_are_kept", "sessions that never go", lambda t: _table(t).pop("TimeToLiveSpecification")),
    ("sessions_are_kept", "a TTL of another attribute", lambda t: _table(t)["TimeToLiveSpecification"].update(AttributeName="live_until")),
    ("sessions_are_kept", "sessions in plain text", lambda t: _table(t).pop("SSESpecification")),
    ("sessions_are_kept", "a table of a fixed capacity", lambda t: _table(t).pop("BillingMode")),
    ("sessions_are_kept", "a table without recovery", lambda t: _replica(t, 0).pop("PointInTimeRecoverySpecification")),
    ("sessions_are_kept", "a replica without recovery", lambda t: _replica(t, 2).pop("PointInTimeRecoverySpecification")),
    ("sessions_are_kept", "a replica that can be deleted", lambda t: _replica(t, 3).pop("DeletionProtectionEnabled")),
    ("sessions_are_kept", "a table without its own region", lambda t: _table(t)["Replicas"].pop(0)),
    ("sessions_are_off_by_default", "sessions that nobody asked for", lambda t: t[ROOT_FILE]["Parameters"]["Sessions"].update(Default="true")),
    ("sessions_are_off_by_default", "a function without sessions", lambda t: t[ROOT_FILE]["Resources"][ROOT_STACK].pop("Condition")),
    ("sessions_are_off_by_default", "an output without sessions", lambda t: t[ROOT_FILE]["Outputs"]["SessionTableName"].pop("Condition")),
    ("sessions_are_off_by_default", "a call of what is not there", lambda t: properties_of(t, ROLES, "ScheduleRole")["Policies"][0]["PolicyDocument"]["Statement"][0]["Resource"].append("x-session-sync")),
    ("secrets_are_named_only", "a password in the environment", lambda t: functions(t)[FUNCTION]["Environment"]["Variables"].update(TIDEGATE_CACHE_PASSWORD="x")),
    ("secrets_are_named_only", "a password in the address", lambda t: t[ROOT_FILE]["Parameters"]["CacheUrl"].update(AllowedPattern="^rediss?://.*$")),
    ("secrets_are_named_only", "every secret of the account", lambda t: _role(t, "ReadTheCachesSecret").update(Resource="*")),
    ("secrets_are_named_only", "a secret that is not there", lambda t: _always(t, "ReadTheCachesSecret")),
    ("the_function_does_not_move_the_network", "a program that changes the network", lambda t: _role(t, "BeInTheNetwork").pop("Condition")),
    ("sessions_are_watched", "nobody who looks at the iterator's age", lambda t: t[SESSION_WATCH]["Resources"]["SyncBehind"]["Properties"].update(MetricName="Duration") or t[SESSION_WATCH]["Resources"].pop("SyncFarBehind")),
    ("sessions_are_watched", "records that are set aside unseen", lambda t: t[SESSION_WATCH]["Resources"].pop("FailuresWaiting")),
    ("sessions_are_watched", "a region that may be cut off unseen", lambda t: t[SESSION_WATCH]["Resources"].pop("ThirdCut")),
    ("sessions_are_watched", "ticks that may stop unseen", lambda t: t[SESSION_WATCH]["Resources"].pop("SyncTickMissing")),
    ("a_cut_of_half_a_minute_is_seen", "a beat a minute", lambda t: properties_of(t, SYNC, "Tick")["Target"].update(Input='{"schedule":"tick"}')),
    ("a_cut_of_half_a_minute_is_seen", "a tick every five minutes", lambda t: properties_of(t, SYNC, "Tick").update(ScheduleExpression="rate(5 minutes)")),
    ("a_cut_of_half_a_minute_is_seen", "a function that ends between beats", lambda t: functions(t)[FUNCTION].update(Timeout=30)),
    ("a_cut_of_half_a_minute_is_seen", "an alarm that goes off by itself", lambda t: properties_of(t, SESSION_WATCH, "FirstLate").update(Threshold=12)),
    ("a_cut_of_half_a_minute_is_seen", "an alarm that sleeps through it", lambda t: properties_of(t, SESSION_WATCH, "SecondLate").update(Threshold=45)),
    ("roles_are_narrow", "every item of the session table", lambda t: _role(t, "Beat").pop("Condition")),
    ("roles_are_narrow", "every stream of the account", lambda t: _role(t, "ReadStream").update(Resource="*")),
    ("roles_allow_what_is_called", "a secret that nobody reads", lambda t: _role(t, "ReadTheCachesSecret").update(Action=["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"])),
    ("failures_are_kept", "a tick whose failures are gone", lambda t: t[SYNC]["Resources"].pop("Failed")),
    ("failures_are_kept", "a tick without a dead-letter queue", lambda t: properties_of(t, SYNC, "Tick")["Target"].pop("DeadLetterConfig")),
    ("every_trigger_has_an_event", "a tick with an input of its own", lambda t: properties_of(t, SYNC, "Tick")["Target"].update(Input='{"schedule":"hourly"}')),
    ("variables_are_read_and_set", "a function without its table", lambda t: functions(t)[FUNCTION]["Environment"]["Variables"].pop("TIDEGATE_SESSION_TABLE")),
    ("nested_stacks_fit", "a nested stack that lacks a parameter", lambda t: properties_of(t, SESSIONS, "Sync")["Parameters"].pop("CacheUrl")),
    ("the_watch_needs_no_function", "a watch that needs the function", lambda t: properties_of(t, SESSION_WATCH, "SyncErrors").update(AlarmActions=[{"Ref": "SyncFunction"}])),
]  # fmt: skip
