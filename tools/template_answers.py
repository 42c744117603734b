"""Answers of a deploy, and the policy document that they make."""

from __future__ import annotations

from cfn_values import Values
from template_parts import FLEET, environments, properties_of, stack_of

LONG = {"ExistingGroupName": "g" * 60, "GrowthHourPercent": "10000"}
BALANCED = {
    "LoadBalancerFullName": "app/aira/50dc6c495c0c9188",
    "TargetGroupFullName": "targetgroup/aira/73e2d6bc24d8a067",
}
ANSWERS = {
    "as it comes": {},
    "neither network nor load balancer": {"Network": "none", "LoadBalancer": "none"},
    "a metric of its own": {"LoadMetric": "Aira/Chat ConcurrentUsers Maximum Service=chat", "CapacityPerInstance": "40"},
    "with a load balancer": BALANCED,
    "an existing group": {"ExistingGroupName": "their/web.group_1", **BALANCED},
    "vetoes": {"VetoAlarmNames": "aira-web-latency-critical,aira-web-5xx-critical"},
    "long names": {**LONG, **BALANCED, "VetoAlarmNames": ",".join("v" * 60 + str(n) for n in range(4))},
    "everybody is told": {
        **BALANCED,
        "EscalationEmail": "boss@example.com",
        "SlackWorkspaceId": "T0123456789",
        "SlackChannelId": "C0123456789",
        "MoreTopics": ",".join(f"team-{n}=arn:aws:sns:ap-northeast-2:123456789012:team-{n}" for n in range(4)),
    },
}


def cases() -> dict[str, dict[str, str]]:
    """The answers below, and the environments of samconfig.toml that deploy the root."""
    named = {f"environment {n}": answers for n, answers in environments().items() if n != "edge"}
    return {**ANSWERS, **named}


def composed_policy(templates: dict, root: Values) -> str:
    """What infra/fleet.yaml makes of a deploy's answers; created things get the names of BALANCED."""
    _, given = stack_of(templates, FLEET)
    answers = {name: root.value(value) for name, value in given.items()}
    answers |= {n: BALANCED[n] for n, value in answers.items() if isinstance(value, dict)}
    seed = properties_of(templates, FLEET, "Seed")
    return Values(templates[FLEET], answers).value(seed["Value"])
