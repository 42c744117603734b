"""Checks of the CloudWatch dashboard; each yields faults as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cfn_values import Values
from template_parts import ROOT_FILE
from watch.body import Metric, body_of, entries, identifiers, metrics_of
from watch.world import BALANCED, CASES, DASHBOARD, FULL, Stack, World, emitted, record_keys, stacks

COLUMNS = 24
#: What the original system's dashboard shows, and must not be lost.
ORIGINAL = {
    ("AWS/ApplicationELB", "TargetResponseTime"),
    ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"),
    ("AWS/ApplicationELB", "RequestCount"),
    ("AWS/EC2", "CPUUtilization"),
    ("AWS/EC2", "NetworkIn"),
    ("AWS/EC2", "NetworkOut"),
    ("AWS/AutoScaling", "GroupInServiceInstances"),
    ("AWS/ElastiCache", "CurrConnections"),
    ("AWS/ElastiCache", "GetTypeCmds"),
    ("AWS/ElastiCache", "SetTypeCmds"),
    ("AWS/ElastiCache", "CacheMisses"),
    ("AWS/ElastiCache", "CacheHits"),
}
#: Capacity against need, decisions, the replication and how far it is behind, sessions, alarms.
OURS = {
    *(("Tidegate", n) for n in ("Need", "InService", "Desired", "Raised", "Lowered", "Held", "Refused")),
    *(("Tidegate", n) for n in ("ReplicationLag", "ReplicationAge", "RecordsApplied", "CacheFailures")),
    *(("Tidegate", n) for n in ("AlarmsReceived", "MessagesSent")),
    ("AWS/AutoScaling", "GroupTotalInstances"),
    ("AWS/Lambda", "IteratorAge"),
    ("AWS/Lambda", "Errors"),
    ("AWS/Lambda", "Duration"),
}
VIEWS = {"metric": {"timeSeries", "singleValue", "gauge", "bar", "pie"}, "log": {"table", "timeSeries", "bar", "pie"}}
STATISTICS = re.compile(r"Average|Sum|Minimum|Maximum|SampleCount|p\d{1,2}(\.\d+)?")


def dashboards(world: World) -> Iterator[tuple[str, list[Stack], dict]]:
    """For each case with a dashboard: the stacks, and its body."""
    for case, answers in CASES.items():
        deployed = stacks(world, answers)
        for stack in deployed:
            body = body_of(stack)
            if body is not None:
                yield case, deployed, body


def there_is_one_unless_it_is_off(world: World) -> Iterator[str]:
    with_one = {case for case, _, _ in dashboards(world)}
    for case, answers in CASES.items():
        if (answers.get("Dashboard", "true") == "true") != (case in with_one):
            yield f"{case}: the parameter Dashboard says otherwise"


def every_metric_is_on_it(world: World) -> Iterator[str]:
    for case, _, body in dashboards(world):
        if case != FULL:
            continue
        shown = {(m.namespace, m.name) for w in body["widgets"] for m in metrics_of(w)}
        for namespace, name in sorted((ORIGINAL | OURS) - shown):
            yield f"{namespace} {name} is not on the dashboard"
        expressions = [o.get("expression", "") for w in body["widgets"] for _, o in entries(w)]
        for what, pattern in {
            "miss rate": r"100 \* misses / \(misses \+ hits\)",
            "saved hours": r"RUNNING_SUM\(\(20 - total\) \* PERIOD\(total\) / 3600\)$",
            "saved money": r"RUNNING_SUM\(\(20 - total\) \* PERIOD\(total\) / 3600\) \* 0\.026$",
        }.items():
            if not any(re.search(pattern, expression) for expression in expressions):
                yield f"no expression gives the {what}"
        if not any("by reason.code" in w["properties"].get("query", "") for w in body["widgets"]):
            yield "no widget counts the reasons"


def our_metrics_are_emitted(world: World) -> Iterator[str]:
    known = emitted(world.sources)
    for case, _, body in dashboards(world):
        for widget in body["widgets"]:
            for metric in metrics_of(widget):
                if metric.namespace == "Tidegate":
                    yield from (f"{case}: {fault}" for fault in not_emitted(metric, known))


def not_emitted(metric: Metric, known: dict[str, set[frozenset[str]]]) -> Iterator[str]:
    """Faults of a metric of ours that no source emits so."""
    if metric.name not in known:
        yield f"{metric} is emitted nowhere"
    elif frozenset(n for n, _ in metric.dimensions) not in known[metric.name]:
        yield f"{metric} is not emitted with {', '.join(n for n, _ in metric.dimensions) or 'no dimension'}"


def widgets_do_not_overlap(world: World) -> Iterator[str]:
    for case, _, body in dashboards(world):
        taken: dict[tuple[int, int], str] = {}
        for widget in body["widgets"]:
            title = widget["properties"].get("title", widget["type"])
            if widget["x"] < 0 or widget["x"] + widget["width"] > COLUMNS or widget["height"] < 1:
                yield f"{case}: {title} does not fit into {COLUMNS} columns"
            for x in range(widget["x"], widget["x"] + widget["width"]):
                for y in range(widget["y"], widget["y"] + widget["height"]):
                    if (x, y) in taken:
                        yield f"{case}: {title} lies on {taken[x, y]}"
                    taken[x, y] = title
        rows = max(y for _, y in taken) + 1
        if len(taken) != rows * COLUMNS:
            yield f"{case}: {rows * COLUMNS - len(taken)} places of {rows} rows are empty"


def dimensions_are_real(world: World) -> Iterator[str]:
    for case, deployed, body in dashboards(world):
        real = real_dimensions(world, deployed, CASES[case])
        for widget in body["widgets"]:
            for metric in metrics_of(widget):
                for name, value in metric.dimensions:
                    if value is not None and value not in real.get(name, set()):
                        yield f"{case}: {metric}: there is no {name} {value!r}"


def real_dimensions(world: World, deployed: list[Stack], answers: dict[str, str]) -> dict[str, set[str]]:
    """The values that dimensions can have in a deployed stack."""
    root = Values(world.templates[ROOT_FILE], answers)
    group = answers.get("ExistingGroupName") or root.names["WebGroupName"]
    balancer = BALANCED if root.holds("CreatesBalancer") else root.names
    found: dict[str, set[str]] = {
        "AutoScalingGroupName": {group},
        "fleet": {group},
        "function": {"session-sync"},
        "to": {root.names["AWS::Region"]},
        "from": set(filter(None, root.names["SessionRegions"].split(","))),
        "LoadBalancer": set(filter(None, [balancer["LoadBalancerFullName"]])),
        "TargetGroup": set(filter(None, [balancer["TargetGroupFullName"]])),
        "CacheClusterId": cache_nodes(root),
    }
    kinds = {"AWS::DynamoDB::GlobalTable": "TableName", "AWS::SQS::Queue": "QueueName"}
    kinds |= dict.fromkeys(("AWS::Serverless::Function", "AWS::Lambda::Function"), "FunctionName")
    for stack in deployed:
        for _, resource, properties in stack.existing():
            name = kinds.get(resource["Type"])
            if name and name in properties:
                found.setdefault(name, set()).add(properties[name])
    return found


def cache_nodes(root: Values) -> set[str]:
    """The nodes of the cache that is made, by how ElastiCache names them; else those that were named."""
    if not root.holds("CreatesCache"):
        return set(filter(None, root.names["CacheNodeIds"].split(",")))
    return {f"${{Cache}}-{place:03}" for place in range(1, min(int(root.names["CacheNodes"]), 2) + 1)}


def expressions_know_their_ids(world: World) -> Iterator[str]:
    for case, _, body in dashboards(world):
        for widget in body["widgets"]:
            title = widget["properties"].get("title", "")
            ids = [o["id"] for _, o in entries(widget) if "id" in o]
            if len(ids) != len(set(ids)):
                yield f"{case}: {title}: two lines have one id"
            for _, options in entries(widget):
                for name in sorted(identifiers(options.get("expression", "")) - set(ids)):
                    yield f"{case}: {title}: the expression refers to {name}, which is not there"


def widgets_are_whole(world: World) -> Iterator[str]:
    for case, _, body in dashboards(world):
        for widget in body["widgets"]:
            properties, kind = widget["properties"], widget["type"]
            if kind not in ("text", "metric", "log", "alarm"):
                yield f"{case}: there is no widget {kind}"
            if kind == "text":
                continue
            if not properties.get("title"):
                yield f"{case}: a widget has no title"
            if kind in VIEWS and (properties.get("view") not in VIEWS[kind] or not properties.get("region")):
                yield f"{case}: {properties.get('title')}: no such view, or no region"
            if properties.get("view") == "timeSeries" and not properties.get("yAxis", {}).get("left", {}).get("label"):
                yield f"{case}: {properties.get('title')}: nobody knows what is counted"
            named = [properties.get("stat"), *(o.get("stat") for _, o in entries(widget))]
            for statistic in filter(None, named):
                if not STATISTICS.fullmatch(statistic):
                    yield f"{case}: {properties.get('title')}: there is no statistic {statistic}"


def queries_know_the_records(world: World) -> Iterator[str]:
    keys = record_keys(world.sources)
    for case, deployed, body in dashboards(world):
        logs = {
            p["LogGroupName"]
            for s in deployed
            for _, r, p in s.existing()
            if r["Type"] == "AWS::Logs::LogGroup"
        }
        for widget in body["widgets"]:
            query = widget["properties"].get("query", "")
            for log in re.findall(r"SOURCE '([^']*)'", query):
                if log not in logs:
                    yield f"{case}: there is no log group {log}"
            for part in (p.strip() for p in query.split("|")):
                for key in sorted(named_in(part) - keys):
                    yield f"{case}: no record has the key {key}"


def named_in(part: str) -> set[str]:
    """The keys that one step of a query names."""
    if part.startswith("fields"):
        return {key.strip() for key in part.removeprefix("fields").split(",")}
    if part.startswith("stats"):
        return {key.strip() for key in part.split(" by ")[1].split(",")}
    if part.startswith("filter"):
        return set(re.findall(r"([\w.]+) !?=", part))
    return set()


def alarms_on_it_exist(world: World) -> Iterator[str]:
    for case, deployed, body in dashboards(world):
        names = {
            p["AlarmName"]
            for s in deployed
            for _, r, p in s.existing()
            if r["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        }
        for widget in body["widgets"]:
            for arn in widget["properties"].get("alarms", []):
                if arn.split(":alarm:")[1] not in names:
                    yield f"{case}: there is no alarm {arn.split(':alarm:')[1]}"


CHECKS: list[Callable[[World], Iterator[str]]] = [
    there_is_one_unless_it_is_off,
    every_metric_is_on_it,
    our_metrics_are_emitted,
    widgets_do_not_overlap,
    dimensions_are_real,
    expressions_know_their_ids,
    widgets_are_whole,
    queries_know_the_records,
    alarms_on_it_exist,
]


def _in_body(world: World, old: str, new: str) -> None:
    """Replaces a text wherever it stands in the dashboard's body."""
    resource = world.templates[DASHBOARD]["Resources"]["Dashboard"]["Properties"]
    resource["DashboardBody"] = _replaced(resource["DashboardBody"], old, new)


def _replaced(node, old: str, new: str):
    if isinstance(node, str):
        return node.replace(old, new)
    if isinstance(node, list):
        return [_replaced(item, old, new) for item in node]
    return {key: _replaced(item, old, new) for key, item in node.items()} if isinstance(node, dict) else node


def _hide(name: str) -> tuple[str, str, Callable[[World], None]]:
    return ("every_metric_is_on_it", f"a dashboard without {name}", lambda w: _in_body(w, f'"{name}', '"Another'))


MUTATIONS: list[tuple[str, str, Callable[[World], None]]] = [
    *(_hide(name) for _, name in sorted(ORIGINAL | OURS)),
    ("every_metric_is_on_it", "savings without a price", lambda w: _in_body(w, " * ${InstanceHourPrice}", "")),
    ("every_metric_is_on_it", "decisions without reasons", lambda w: _in_body(w, "by reason.code", "by outcome")),
    ("there_is_one_unless_it_is_off", "a dashboard that cannot be turned off", lambda w: w.templates["infra/watch.yaml"]["Resources"]["DashboardStack"].pop("Condition")),
    ("our_metrics_are_emitted", "a metric that nobody emits", lambda w: _in_body(w, '"Raised"', '"Grown"')),
    ("our_metrics_are_emitted", "a metric with another dimension", lambda w: _in_body(w, '"Need", "fleet"', '"Need", "group"')),
    ("our_metrics_are_emitted", "a name that only a comment has", lambda w: w.sources.update({k: v.replace('"Need"', '"Want"') for k, v in w.sources.items()})),
    ("widgets_do_not_overlap", "a widget on another", lambda w: _in_body(w, '"x": 12, "y": 18', '"x": 11, "y": 18')),
    ("widgets_do_not_overlap", "a widget that is too wide", lambda w: _in_body(w, '"x": 16, "y": 6, "width": 8', '"x": 16, "y": 6, "width": 9')),
    ("widgets_do_not_overlap", "a hole", lambda w: _in_body(w, '"x": 18, "y": 54, "width": 6', '"x": 18, "y": 54, "width": 5')),
    ("dimensions_are_real", "a group that is not there", lambda w: _in_body(w, '"AutoScalingGroupName", "${GroupName}"', '"AutoScalingGroupName", "${Name}"')),
    ("dimensions_are_real", "a function that is not there", lambda w: _in_body(w, "${Name}-alarm-router", "${Name}-router")),
    ("dimensions_are_real", "a part that is shown without its resource", lambda w: w.templates[DASHBOARD]["Conditions"].update(HasLoadBalancer={"Fn::Equals": ["a", "a"]})),
    ("expressions_know_their_ids", "an expression about nothing", lambda w: _in_body(w, "(misses + hits)", "(misses + finds)")),
    ("widgets_are_whole", "a statistic that is none", lambda w: _in_body(w, '"stat": "p95"', '"stat": "percentile95"')),
    ("widgets_are_whole", "an axis without a word", lambda w: _in_body(w, '"label": "percent"', '"label": ""')),
    ("queries_know_the_records", "a key that no record has", lambda w: _in_body(w, "by reason.code", "by reason.name")),
    ("queries_know_the_records", "a log that is not there", lambda w: _in_body(w, "/aws/lambda/${Name}-daytime", "/lambda/${Name}-daytime")),
    ("alarms_on_it_exist", "an alarm that is not there", lambda w: _in_body(w, "throttles-critical", "throttled")),
]  # fmt: skip
