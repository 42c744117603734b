"""The Grafana dashboard of what CloudWatch knows, made from the CloudWatch dashboard.

    make grafana      writes it anew after a change of infra/dashboard.yaml

The template's parameters become the dashboard's variables, so one file serves every stack. A test
makes it anew and compares; another holds it against Grafana's own model (tools/check_monitoring.py).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from cfn_values import Values
from template_parts import ROOT, ROOT_FILE
from watch.body import entries
from watch.world import DASHBOARD, World

FILE = ROOT / "infra/monitoring/grafana/dashboards/tidegate-cloudwatch.json"
SOURCE = {"type": "cloudwatch", "uid": "tidegate-cloudwatch"}
#: A row of CloudWatch's is one and a half of Grafana's.
ROWS = 1.5
UNITS = {"seconds": "s", "milliseconds": "ms", "percent": "percent", "bytes a minute": "bytes", "USD": "currencyUSD"}
#: What a variable holds until somebody changes it; the template's defaults for the rest.
EXAMPLES = {
    "Name": "tidegate",
    "Region": "ap-northeast-2",
    "GroupName": "aira-web",
    "LoadBalancerFullName": "app/aira/50dc6c495c0c9188",
    "TargetGroupFullName": "targetgroup/aira/73e2d6bc24d8a067",
    "CacheNodes": 'aira-001" OR "aira-002',
    "RunbookUrl": "docs/runbook.md",
}
#: Parameters that decide what there is; every part stands in Grafana.
CHOICES = {"Sessions": "true"}


def document(world: World) -> str:
    """The dashboard as its file holds it."""
    return written(dashboard(world))


def dashboard(world: World) -> dict:
    """The dashboard of Grafana that shows what the one of CloudWatch shows."""
    template = world.templates[DASHBOARD]
    names = [n for n in template["Parameters"] if n not in CHOICES]
    values = Values(template, {**{n: "${%s}" % n for n in names}, **CHOICES})
    values.names |= {"AWS::Region": "${Region}", "AWS::Partition": "aws", "AWS::AccountId": "${Account}"}
    body = json.loads(values.value(template["Resources"]["Dashboard"]["Properties"]["DashboardBody"]))
    return {
        "uid": "tidegate-cloudwatch",
        "title": "Tidegate: capacity, decisions, savings",
        "description": "Made from infra/dashboard.yaml; change that.",
        "tags": ["tidegate"],
        "timezone": "browser",
        "editable": True,
        "graphTooltip": 1,
        "time": {"from": "now-24h", "to": "now"},
        "refresh": "1m",
        "schemaVersion": 41,
        "templating": {"list": [variable(n, world) for n in ["Region", *names]]},
        "panels": [panel(place, widget) for place, widget in enumerate(body["widgets"], 1)],
    }


def variable(name: str, world: World) -> dict:
    """A box in which the name of a resource, or a number, is written."""
    inner = world.templates[DASHBOARD]["Parameters"].get(name, {})
    root = world.templates[ROOT_FILE]["Parameters"]
    default = {"FixedInstances": root["DayFloor"]["Default"]}.get(name, root.get(name, {}).get("Default", ""))
    value = EXAMPLES.get(name, str(default))
    return {
        "type": "textbox",
        "name": name,
        "label": re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize(),
        "description": inner.get("Description", "Where the stack is."),
        "query": value,
        "current": {"selected": True, "text": value, "value": value},
    }


def panel(place: int, widget: dict) -> dict:
    """A panel of the same place, title and content as a widget."""
    make: dict[str, Callable[[dict], dict]] = {
        "metric": metric_panel,
        "log": log_panel,
        "text": text_panel,
        "alarm": alarm_panel,
    }
    made = make[widget["type"]](widget["properties"])
    height, y = widget["height"] * ROWS, widget["y"] * ROWS
    at = {"x": widget["x"], "y": int(y), "w": widget["width"], "h": int(height)}
    return {"id": place, "type": made.pop("type"), "title": widget["properties"].get("title", ""), "gridPos": at, **made}


def text_panel(properties: dict) -> dict:
    """Words."""
    return {"type": "text", "transparent": True, "options": {"mode": "markdown", "content": properties["markdown"]}}


def alarm_panel(properties: dict) -> dict:
    """Grafana does not show CloudWatch's alarms: their names, to look for."""
    names = [arn.split(":alarm:")[1] for arn in properties["alarms"]]
    lines = ["CloudWatch's alarms say:", "", *(f"- `{name}`" for name in names)]
    return {"type": "text", "options": {"mode": "markdown", "content": "\n".join(lines)}}


def log_panel(properties: dict) -> dict:
    """A query of Logs Insights."""
    steps = [step.strip() for step in properties["query"].split("|")]
    names = [step.split("'")[1] for step in steps if step.startswith("SOURCE")]
    query = " | ".join(step for step in steps if not step.startswith("SOURCE"))
    target = {
        "refId": "A",
        "id": "",
        "datasource": SOURCE,
        "queryMode": "Logs",
        "region": "${Region}",
        "expression": query,
        "statsGroups": re.findall(r"stats .* by ([\w.]+)", query),
        "logGroupNames": names,
    }
    kind = {"pie": "piechart"}.get(properties["view"], properties["view"])
    # Each row of the answer is a slice of its own.
    options = {"reduceOptions": {"values": True, "calcs": []}} if kind == "piechart" else {}
    return {"type": kind, "datasource": SOURCE, "targets": [target], "options": options, **fields("short", [])}


def metric_panel(properties: dict) -> dict:
    """A graph, or a number."""
    lines = list(entries({"properties": properties}))
    label = properties.get("yAxis", {}).get("left", {}).get("label", "")
    unit = UNITS.get(label, "currencyUSD" if "USD" in properties["title"] else "short")
    right = [o.get("label", "") for _, o in lines if o.get("yAxis") == "right"]
    targets = [target(place, words, options, properties) for place, (words, options) in enumerate(lines)]
    made = {"datasource": SOURCE, "targets": targets, **fields(unit, right, label)}
    if properties["view"] == "singleValue":
        options = {"reduceOptions": {"values": False, "calcs": ["lastNotNull"]}, "graphMode": "area"}
        return {"type": "stat", "options": options, **made}
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}}
    return {"type": "timeseries", "options": options, **made}


def fields(unit: str, right: list[str], label: str = "") -> dict:
    """How numbers are written; which of them have an axis of their own."""
    defaults: dict = {"unit": unit, "min": 0} if label else {"unit": unit}
    if label:
        defaults["custom"] = {"axisLabel": label, "fillOpacity": 5, "lineWidth": 2}
    overrides = [
        {
            "matcher": {"id": "byName", "options": name},
            "properties": [{"id": "custom.axisPlacement", "value": "right"}],
        }
        for name in right
    ]
    return {"fieldConfig": {"defaults": defaults, "overrides": overrides}}


def target(place: int, words: list, options: dict, properties: dict) -> dict:
    """One line of a widget as a query."""
    expression = options.get("expression", "")
    return {
        "refId": chr(ord("A") + place),
        "id": options.get("id", f"m{place}"),
        "hide": not options.get("visible", True),
        "datasource": SOURCE,
        "queryMode": "Metrics",
        "metricQueryType": 0,
        "metricEditorMode": 1 if expression else 0,
        "region": "${Region}",
        "namespace": words[0] if words else "",
        "metricName": words[1] if words else "",
        "dimensions": {name: [value] for name, value in zip(words[2::2], words[3::2], strict=True)},
        "matchExact": True,
        "expression": expression,
        "statistic": options.get("stat", properties["stat"]),
        "period": str(properties["period"]),
        "label": options.get("label", ""),
    }


def written(node, indent: int = 0) -> str:
    """JSON with a line for a query, an axis, a variable: what is changed as one."""
    flat = json.dumps(node, ensure_ascii=False)
    if len(flat) <= 700 or not isinstance(node, dict | list) or not node:
        return flat + ("\n" if indent == 0 else "")
    pad = " " * (indent + 2)
    if isinstance(node, dict):
        rows = [f"{pad}{json.dumps(key)}: {written(item, indent + 2)}" for key, item in node.items()]
    else:
        rows = [pad + written(item, indent + 2) for item in node]
    opens, closes = ("{", "}") if isinstance(node, dict) else ("[", "]")
    return f"{opens}\n" + ",\n".join(rows) + f"\n{' ' * indent}{closes}" + ("\n" if indent == 0 else "")


def grafana_shows_the_same(world: World) -> Iterator[str]:
    """The file is what the CloudWatch dashboard makes."""
    if FILE.read_text() != document(world):
        yield f"{FILE.relative_to(ROOT)} is not made from {DASHBOARD} as it is: make grafana writes it"


CHECKS: list[Callable[[World], Iterator[str]]] = [grafana_shows_the_same]


def _another_title(world: World) -> None:
    sub = world.templates[DASHBOARD]["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    sub[1]["Money"]["Fn::Sub"] = sub[1]["Money"]["Fn::Sub"].replace("a fixed fleet", "a large fleet")


MUTATIONS: list[tuple[str, str, Callable[[World], object]]] = [
    ("grafana_shows_the_same", "a dashboard that Grafana does not show", _another_title),
]
