"""What a run stands on: the deployed stack with sessions in two regions, at the local endpoint.

Every run gets it anew. All variants have it, because Aira keeps its sessions in its table; only in
Tidegate's are the functions woken.
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo import caches, deploy, stage
from demo.cast import AWAY, Fleet
from demo.cloud import Cloud

from . import alarms

STACK = "tidegate"
TOPICS = {"EscalationEmail": "lead@example.com", "ChatTopic": "true"}
#: The names of the environment that Aira's AWS clients read.
CLIENT = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_EC2_METADATA_DISABLED",
)


@dataclass(frozen=True)
class World:
    """The endpoint in both regions, and what an Aira process of a region is told of it."""

    home: Cloud
    away: Cloud
    environments: dict[str, dict[str, str]]


def build(
    fleet: Fleet, policy: Path, periods: int, code: Path | None, ends: ExitStack
) -> World:
    """Deploys everything and sets the group to its smallest size."""
    deploy.end()  # a new process: the old one keeps the memory of its last run
    here, there = (ends.enter_context(caches.server()) for _ in range(2))
    answers = {"Sessions": "true", "SessionRegions": AWAY, "CacheUrl": here.url, **TOPICS}
    deploy.fresh(STACK, [fleet], os.getpid(), code, answers)
    deploy.elsewhere(STACK, AWAY, code, {"Sessions": "true", "CacheUrl": there.url})
    deploy.take_over_environment()
    home, away = Cloud(STACK), Cloud(STACK, AWAY)
    _set_up(home, fleet, periods)
    stage.store_policy(home, policy)
    environments = {c.region: _environment(c, u) for c, u in ((home, here.url), (away, there.url))}
    return World(home, away, environments)


def _environment(cloud: Cloud, cache: str) -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in CLIENT},
        "AWS_REGION": cloud.region,
        "AWS_DEFAULT_REGION": cloud.region,
        "AIRA_STORE": "table",
        "TIDEGATE_SESSION_TABLE": cloud.session_table,
        "TIDEGATE_CONTROL_TABLE": cloud.control_table,
        "TIDEGATE_CACHE_URL": cache,
    }


def _set_up(cloud: Cloud, fleet: Fleet, periods: int) -> None:
    least = int(fleet.policy["min"])
    sizes = {"MinSize": least, "MaxSize": fleet.max_size, "DesiredCapacity": least}
    cloud.groups.update_auto_scaling_group(AutoScalingGroupName=fleet.name, **sizes)
    function = cloud.configurations["spike-step-scaler"]["FunctionArn"]
    actions: dict[str, Any] = {"AlarmActions": [function], "OKActions": [function]}
    spike, errors = alarms.spike(fleet, periods).watch, alarms.errors(fleet).watch
    for watch, more in ((spike, actions), (errors, {})):
        terms = {"EvaluationPeriods": watch.periods, **more}
        stage.alarm(cloud, watch.name, watch.metric, watch.threshold, **terms)


