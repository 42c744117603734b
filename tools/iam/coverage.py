"""Whether every call of the ports was seen, or why a function never makes it.

The list of calls is the strict fakes' (`shared/fakes/src/call.rs`), which the code's own contract
tests keep complete. What must stay true: a call is seen, or a sentence here says why not; a
sentence about a call that was seen after all is an error too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .calls import Seen
from .cast import FUNCTIONS, ROUTER, SCALERS, SYNC

FAKES = Path(__file__).resolve().parents[2] / "shared" / "fakes" / "src"
CALLS, SESSION_CALLS = FAKES / "call.rs", FAKES / "sessions" / "stage.rs"
#: Of no port's fake: the way into the cache.
CACHE_PASSWORD = "GetSecretValue cache"
DAY = "daytime-scale-up"
SPIKE = "spike-step-scaler"

PEOPLE = "the operator's tool alone"
#: What session-sync does, all of it.
OF_SYNC = {
    "PutItem beat",
    "Query beat",
    "GetItem session-epoch",
    "PutItem session-epoch",
    CACHE_PASSWORD,
}
#: What a function never does, and why. Of session-sync it is everything but its own.
NEVER = {
    "PutItem policy": (FUNCTIONS, f"{PEOPLE} stores policies"),
    "PutItem silence": (FUNCTIONS, f"{PEOPLE} writes silences"),
    **{
        name: (FUNCTIONS, f"{PEOPLE} looks at a group before it is attached, and takes off what was put there")
        for name in (
            "DescribeAutoScalingGroups setup",
            "DescribeScheduledActions all",
            "DescribePolicies kinds",
            "DescribeLifecycleHooks",
            "Query ledger first",
            "DeleteScheduledAction",
            "DeleteTags",
        )
    },
    "Query ledger": (SCALERS, "people and the router read the ledger; these only add to it"),
    "SetDesiredCapacity": ((DAY, ROUTER), "who raises does it by MinSize alone, or not at all"),
    "PutScheduledUpdateGroupAction": ((DAY, ROUTER), "only who lowers keeps the backstop"),
    **{
        name: ((*(f for f in SCALERS if f != SPIKE), ROUTER), "only the tick asks sizing")
        for name in ("GetItem sizing", "PutItem sizing")
    },
    **{
        name: ((ROUTER,), "the router touches no group and no fleet's memory")
        for name in (
            "DescribeAutoScalingGroups",
            "DescribeScalingActivities",
            "UpdateAutoScalingGroup",
            "DescribeAlarms",
            "GetMetricData",
            "UpdateItem lease",
            "DeleteItem lease",
            "GetItem memory",
            "PutItem memory",
            "PutItem ledger",
            "Publish",
        )
    },
    **{
        name: (SCALERS, "alarms to people are the router's")
        for name in (
            "Query alarm-groups",
            "UpdateItem alarm-groups",
            "PutItem alarm-groups",
            "BatchGetItem member",
            "PutItem member",
            "DeleteItem member",
            "UpdateItem group lease",
            "DeleteItem group lease",
            "Query group",
            "PutItem group",
            "Query silences",
            "UpdateItem spent",
            "DescribeAlarms firing",
            "DescribeAlarms named",
            "ListTagsForResource",
            "Publish alarm",
            "Publish chat",
        )
    },
}
#: The clock of a played day, which programs for AWS cannot read; the simulator denies it.
STORY = "Query story"


def faults(seen: list[Seen]) -> Iterator[str]:
    """What is neither seen nor explained, and what is seen and should not be."""
    names = call_names()
    for function in FUNCTIONS:
        ports = {s.port for s in seen if s.function == function}
        for name in names:
            functions, why = never(name)
            if name in ports and function in functions:
                yield f"{function} was seen to call {name}; it is said that {why}"
            if name not in ports and function not in functions:
                yield f"{function} was never seen to call {name}"
    for name in sorted((set(NEVER) | OF_SYNC) - set(names)):
        yield f"{name} is explained, and no port has such a call"


def never(name: str) -> tuple[tuple[str, ...], str]:
    """Which functions never do it, and why."""
    if name in OF_SYNC:
        return (*SCALERS, ROUTER), "beats, the epoch and the cache are session-sync's"
    if name in session_names():
        return FUNCTIONS, "sessions and scores are read and written by applications"
    functions, why = NEVER.get(name, ((), ""))
    return (*functions, SYNC), why or "session-sync touches nothing but what sessions need"


def call_names() -> list[str]:
    found = re.findall(r'Self::\w+ => "([A-Za-z -]+)"', CALLS.read_text())
    declared = re.search(r"ALL: \[Self; (\d+)\]", CALLS.read_text())
    if declared is None or len(found) != int(declared.group(1)):
        raise SystemExit(f"iam: the calls in {CALLS} cannot be read")
    return [*found, *session_names(), CACHE_PASSWORD]


def session_names() -> list[str]:
    """Those that go to AWS: the cache has no rights to be tried."""
    found = re.findall(r'Self::\w+ => "([A-Za-z -]+)"', SESSION_CALLS.read_text())
    if len(found) < len(OF_SYNC):
        raise SystemExit(f"iam: the calls in {SESSION_CALLS} cannot be read")
    return [name for name in found if not name.startswith("cache ")]
