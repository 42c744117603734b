"""What the tests of the watch look at: the templates, the runbook, and what the functions emit.

Nested stacks are evaluated as they would be deployed: with the values that their outer stack gives,
as far as these are known without a deploy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from cfn_values import Values
from template_parts import ROOT, ROOT_FILE, load

DASHBOARD = "infra/dashboard.yaml"
NESTED = "AWS::CloudFormation::Stack"
STORED = "AWS::SSM::Parameter"
UNKNOWN = "arn:unknown:"
BALANCED = {
    "LoadBalancerFullName": "app/aira/50dc6c495c0c9188",
    "TargetGroupFullName": "targetgroup/aira/73e2d6bc24d8a067",
}
CACHED = {"CacheNodeIds": "aira-001,aira-002"}
KEPT = {"Sessions": "true", "CacheUrl": "rediss://cache:6379", "SessionRegions": "us-east-1,eu-west-1"}
#: Answers under which everything is looked at.
CASES: dict[str, dict[str, str]] = {
    "as it comes": {},
    "no load balancer": {"Network": "none", "LoadBalancer": "none"},
    "a load balancer": BALANCED,
    "one cache node": {"CacheNodeIds": "aira-001"},
    "sessions": KEPT,
    "everything": {**BALANCED, **CACHED, **KEPT, "FixedInstances": "20"},
    "all of it made here": {"Network": "create", "LoadBalancer": "create", "DomainName": "aira.example.com", "HostedZoneId": "Z0123456789", "Cache": "valkey", "Sessions": "true"},
    "a cache of one node made here": {"Network": "create", "Cache": "redis", "CacheNodes": "1", "Sessions": "true"},
    "native policies": {"ScalingDriver": "native", "RouteAlarms": "false"},
    "without the router": {**BALANCED, **CACHED, "RouteAlarms": "false"},
    "an existing group": {"ExistingGroupName": "their/web.group_1", **BALANCED},
    "neither dashboard nor alarms on the service": {**BALANCED, "Dashboard": "false", "ServiceAlarms": "false"},
}
FULL = "everything"


@dataclass
class World:
    """All that is checked; a test's fault is put into a copy."""

    templates: dict[str, dict]
    runbook: str
    #: Sources that emit metrics, by their path.
    sources: dict[str, str]
    #: What was worked out already, no part of what is compared: stacks by their answers, and
    #: values of nested stacks, by the outer ones and the name.
    deployed: dict[tuple, list[Stack]] = field(default_factory=dict, compare=False, repr=False)
    worked_out: dict[tuple[int, str], tuple[Values, str, Values]] = field(default_factory=dict, compare=False, repr=False)


def read() -> World:
    """The files as they stand."""
    emitters = sorted((ROOT / "shared/wire/src").rglob("*.rs"))
    ledger = ROOT / "shared/domain/src/ledger.rs"
    return World(
        load(),
        (ROOT / "docs/runbook.md").read_text(),
        {str(f.relative_to(ROOT)): f.read_text() for f in [*emitters, ledger]},
    )


@dataclass
class Stack:
    """A stack as it would be deployed: its template's file and its values."""

    file: str
    resources: dict[str, dict]
    values: Values

    @cached_property
    def _existing(self) -> list[tuple[str, dict, dict]]:
        there = [
            (name, resource)
            for name, resource in self.resources.items()
            if "Condition" not in resource or self.values.holds(resource["Condition"])
        ]
        return [(name, resource, self.values.value(resource.get("Properties", {}))) for name, resource in there]

    def existing(self) -> Iterator[tuple[str, dict, dict]]:
        """Name, resource and evaluated properties of what is created."""
        yield from self._existing


def stacks(world: World, answers: dict[str, str]) -> list[Stack]:
    """The root and every nested stack that is created under the answers."""
    key = tuple(sorted(answers.items()))
    if key not in world.deployed:
        world.deployed[key] = list(_stacks(world, ROOT_FILE, Values(world.templates[ROOT_FILE], answers)))
    return world.deployed[key]


def _stacks(world: World, file: str, values: Values) -> Iterator[Stack]:
    stack = Stack(file, world.templates[file]["Resources"], values)
    yield stack
    for name, resource, _ in stack.existing():
        if resource["Type"] == NESTED:
            yield from _stacks(world, *_inner(world, file, values, name))


def _inner(world: World, file: str, values: Values, name: str) -> tuple[str, Values]:
    """A nested stack's file, and its values as the outer stack gives them; worked out once."""
    known = world.worked_out.get((id(values), name))
    if known is None:
        # The outer values are kept too: an id is only theirs while they live.
        known = (values, *_evaluated(world, file, values, name))
        world.worked_out[id(values), name] = known
    return known[1], known[2]


def _evaluated(world: World, file: str, values: Values, name: str) -> tuple[str, Values]:
    properties = world.templates[file]["Resources"][name]["Properties"]
    inner = str(Path(file).parent / properties["TemplateURL"])
    template = world.templates[inner]
    given = values.value(properties["Parameters"])
    known = {n: str(answered(world, file, values, v)) for n, v in given.items() if n in template["Parameters"]}
    return inner, Values(template, known)


def answered(world: World, file: str, values: Values, node: object) -> object:
    """A value; an output of a nested stack, or a stored text, is looked up where it is made.

    What is not known before a deploy stands as an address of its own, a load balancer that is
    created under the names of BALANCED.
    """
    if isinstance(node, str | int | float):
        return node
    path = node.get("Fn::GetAtt", "") if isinstance(node, dict) else ""
    name, _, attribute = (path if isinstance(path, str) else ".".join(path)).partition(".")
    resource = world.templates[file]["Resources"].get(name, {"Type": ""})
    if resource["Type"] == NESTED:
        inner, inside = _inner(world, file, values, name)
        output = attribute.removeprefix("Outputs.")
        made = inside.value(world.templates[inner]["Outputs"][output]["Value"])
        found = str(answered(world, inner, inside, made))
        return BALANCED.get(output, found) if found.startswith(UNKNOWN) else found
    if resource["Type"] == STORED and attribute == "Value":
        return values.value(resource["Properties"]["Value"])
    return unknown(node)


def unknown(node) -> str:
    """A value of a resource that is known only once it is deployed."""
    path = node.get("Fn::GetAtt", node.get("Ref", node)) if isinstance(node, dict) else node
    return UNKNOWN + re.sub(r"[^A-Za-z0-9.]+", ".", str(path)).strip(".")


# --- what the functions emit ------------------------------------------------------------------

ROW = re.compile(r"^//! \| (`.*?`) \| (.*) \|$", re.MULTILINE)


def emitted(sources: dict[str, str]) -> dict[str, set[frozenset[str]]]:
    """Each metric's sets of dimensions, by the tables of the sources, if its code has the name too."""
    found: dict[str, set[frozenset[str]]] = {}
    for source in sources.values():
        code = "\n".join(line for line in source.split("#[cfg(test)]")[0].splitlines() if not line.startswith("//!"))
        header = re.search(r"^//! \| metric \| (.*) \|$", source, re.MULTILINE)
        if header is None:
            continue
        columns = header[1].split(" | ")
        default = frozenset({"fleet"}) if "one dimension `fleet`" in source else frozenset()
        for names, rest in ROW.findall(source):
            cells = rest.split(" | ")
            own = cells[columns.index("dimensions")] if "dimensions" in columns else None
            dimensions = default if own is None else frozenset(re.findall(r"`(\w+)`", own))
            for name in re.findall(r"`(\w+)`", names):
                if f'"{name}"' in code:
                    found.setdefault(name, set()).add(dimensions)
    return found


def record_keys(sources: dict[str, str]) -> set[str]:
    """Keys of a decision's record that a query may name."""
    source = sources["shared/domain/src/ledger.rs"]
    entry = source[source.index("pub struct LedgerEntry") :].split("\n}\n")[0]
    keys = set(re.findall(r"^    pub (\w+):", entry, re.MULTILINE))
    return keys | {"reason.code", "action.kind"}
