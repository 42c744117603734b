"""Checks of the Grafana dashboards; each yields faults as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from monitoring import model
from monitoring.files import HERE, Files
from monitoring.promql import faults_of, known_series, series_of

COLUMNS = 24
WORKLOAD, CLOUDWATCH = "aira-prometheus.json", "tidegate-cloudwatch.json"
#: Panels that show numbers, which need a unit.
NUMBERS = ("timeseries", "stat", "gauge", "bargauge", "barchart")


def panels(files: Files) -> Iterator[tuple[str, dict]]:
    """Every panel, with the name of its dashboard's file."""
    for name, document in files.dashboards.items():
        for panel in document["panels"]:
            yield name, panel


def grafana_knows_everything(files: Files) -> Iterator[str]:
    for name, document in files.dashboards.items():
        for fault in model.faults_of(document):
            yield f"{name}: {fault}"


def ids_are_unique(files: Files) -> Iterator[str]:
    uids = [d["uid"] for d in files.dashboards.values()]
    if len(uids) != len(set(uids)):
        yield "two dashboards have one uid"
    for name, document in files.dashboards.items():
        ids = [p["id"] for p in document["panels"]]
        if len(ids) != len(set(ids)):
            yield f"{name}: two panels have one id"
        for panel in document["panels"]:
            letters = [t["refId"] for t in panel.get("targets", [])]
            if len(letters) != len(set(letters)):
                yield f"{name}: {panel['title']}: two queries have one letter"


def panels_do_not_overlap(files: Files) -> Iterator[str]:
    for name, document in files.dashboards.items():
        taken: dict[tuple[int, int], str] = {}
        for panel in document["panels"]:
            at = panel["gridPos"]
            if at["x"] < 0 or at["x"] + at["w"] > COLUMNS or at["h"] < 1:
                yield f"{name}: {panel['title']} does not fit into {COLUMNS} columns"
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    if (x, y) in taken:
                        yield f"{name}: {panel['title']} lies on {taken[x, y]}"
                    taken[x, y] = panel["title"]
        rows = max(y for _, y in taken) + 1
        if len(taken) != rows * COLUMNS:
            yield f"{name}: {rows * COLUMNS - len(taken)} places are empty"


def numbers_have_units(files: Files) -> Iterator[str]:
    for name, panel in panels(files):
        if panel["type"] in NUMBERS and not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
            yield f"{name}: {panel['title']} has no unit"
        if panel["type"] != "text" and not panel["title"]:
            yield f"{name}: panel {panel['id']} has no title"


def sources_are_provisioned(files: Files) -> Iterator[str]:
    there = {s["uid"]: s["type"] for s in files.datasources["datasources"]}
    for name, panel in panels(files):
        queries = panel.get("targets", [])
        if panel["type"] != "text" and not queries:
            yield f"{name}: {panel['title']} asks nobody"
        for node in [panel, *queries] if queries else []:
            source = node.get("datasource", {})
            if there.get(source.get("uid")) != source.get("type"):
                yield f"{name}: {panel['title']}: no data source {source.get('uid')} is provisioned"


def queries_are_of_the_workload(files: Files) -> Iterator[str]:
    known = known_series(files)
    for name, panel in panels(files):
        for query in panel.get("targets", []):
            if query["datasource"]["type"] != "prometheus":
                continue
            for fault in faults_of(query["expr"], known):
                yield f"{name}: {panel['title']}: {fault}"
            labels = set().union(*(known.get(s.name, set()) for s in _series(query["expr"])))
            for label in re.findall(r"\{\{\s*(\w+)\s*\}\}", query.get("legendFormat", "")):
                if label not in labels:
                    yield f"{name}: {panel['title']}: no series has the label {label}"


def _series(expression: str) -> list:
    try:
        return list(series_of(expression))
    except ValueError:
        return []


def the_whole_workload_is_shown(files: Files) -> Iterator[str]:
    """Each metric of the list, straight or by a record that is made of it."""
    expressions = [t["expr"] for p in files.dashboards[WORKLOAD]["panels"] for t in p.get("targets", [])]
    read = {s.name for e in expressions for s in _series(e)}
    for name, (kind, _) in files.exported.items():
        names = {f"{name}_bucket", f"{name}_count"} if kind == "histogram" else {name}
        if not names & read:
            yield f"{name} is on no panel"


def variables_are_set(files: Files) -> Iterator[str]:
    for name, document in files.dashboards.items():
        variables = {v["name"]: v for v in document.get("templating", {}).get("list", [])}
        text = str(document["panels"])
        for used in sorted(set(re.findall(r"\$\{(\w+)\}", text))):
            if used not in variables:
                yield f"{name}: nothing sets ${{{used}}}"
        for variable in variables:
            if f"${{{variable}}}" not in text:
                yield f"{name}: ${{{variable}}} is asked for and used nowhere"


def cloudwatch_queries_are_whole(files: Files) -> Iterator[str]:
    for panel in files.dashboards[CLOUDWATCH]["panels"]:
        ids = [t["id"] for t in panel.get("targets", []) if t["queryMode"] == "Metrics"]
        if len(ids) != len(set(ids)):
            yield f"{panel['title']}: two queries have one id"
        for query in panel.get("targets", []):
            plain = query.get("namespace") and query.get("metricName")
            if query["queryMode"] == "Metrics" and bool(plain) == bool(query["expression"]):
                yield f"{panel['title']}: a query that is neither a metric nor an expression, or both"
            if query["queryMode"] == "Logs" and not query.get("logGroupNames"):
                yield f"{panel['title']}: a query of no log"


def the_folder_is_provisioned(files: Files) -> Iterator[str]:
    text = (HERE / "README.md").read_text()
    for name in files.dashboards:
        if name not in text:
            yield f"{name}: the README does not say what it is"


CHECKS: list[Callable[[Files], Iterator[str]]] = [
    grafana_knows_everything,
    ids_are_unique,
    panels_do_not_overlap,
    numbers_have_units,
    sources_are_provisioned,
    queries_are_of_the_workload,
    the_whole_workload_is_shown,
    variables_are_set,
    cloudwatch_queries_are_whole,
    the_folder_is_provisioned,
]


def _panel(files: Files, title: str, name: str = WORKLOAD) -> dict:
    return next(p for p in files.dashboards[name]["panels"] if p["title"] == title)


MUTATIONS: list[tuple[str, str, Callable[[Files], object]]] = [
    ("grafana_knows_everything", "a panel that Grafana does not have", lambda f: _panel(f, "Memory").update(type="timeserie")),
    ("grafana_knows_everything", "a field with a slip", lambda f: _panel(f, "Memory").update(gridPosition={})),
    ("grafana_knows_everything", "a place that is no number", lambda f: _panel(f, "Memory")["gridPos"].update(w="8")),
    ("grafana_knows_everything", "a legend that is none", lambda f: _panel(f, "Memory")["options"]["legend"].update(displayMode="lst")),
    ("grafana_knows_everything", "a line as wide as a word", lambda f: _panel(f, "Memory")["fieldConfig"]["defaults"]["custom"].update(lineWidth="wide")),
    ("grafana_knows_everything", "a query's field with a slip", lambda f: _panel(f, "Memory")["targets"][0].update(exp="up")),
    ("grafana_knows_everything", "a query of CloudWatch with a slip", lambda f: _panel(f, "CPU", CLOUDWATCH)["targets"][0].update(metricname="x")),
    ("grafana_knows_everything", "a source that Grafana does not have", lambda f: _panel(f, "Memory")["datasource"].update(type="promtheus")),
    ("ids_are_unique", "two panels with one id", lambda f: _panel(f, "Memory").update(id=1)),
    ("ids_are_unique", "two queries with one letter", lambda f: _panel(f, "Sessions")["targets"][1].update(refId="A")),
    ("panels_do_not_overlap", "a panel on another", lambda f: _panel(f, "Memory")["gridPos"].update(x=7)),
    ("panels_do_not_overlap", "a hole", lambda f: _panel(f, "Processors")["gridPos"].update(w=7)),
    ("numbers_have_units", "a number of nobody knows what", lambda f: _panel(f, "Memory")["fieldConfig"]["defaults"].pop("unit")),
    ("sources_are_provisioned", "a source that is not provisioned", lambda f: f.datasources["datasources"].pop()),
    ("sources_are_provisioned", "a panel without a query", lambda f: _panel(f, "Memory").pop("targets")),
    ("queries_are_of_the_workload", "a metric that the workload does not have", lambda f: _panel(f, "Memory")["targets"][0].update(expr="process_virtual_memory_bytes")),
    ("queries_are_of_the_workload", "a label that a metric does not have", lambda f: _panel(f, "Refused by reason")["targets"][0].update(legendFormat="{{route}}")),
    ("queries_are_of_the_workload", "a query that cannot be read", lambda f: _panel(f, "Words")["targets"][0].update(expr="sum(rate(aira_tokens_total[5m])")),
    ("the_whole_workload_is_shown", "a metric that is not shown", lambda f: _panel(f, "Words")["targets"][0].update(expr="up")),
    ("the_whole_workload_is_shown", "a new metric that is not shown", lambda f: f.exported.update(aira_errors_total=("counter", ()))),
    ("variables_are_set", "a variable that nothing sets", lambda f: f.dashboards[CLOUDWATCH]["templating"]["list"].pop()),
    ("cloudwatch_queries_are_whole", "a query of nothing", lambda f: _panel(f, "CPU", CLOUDWATCH)["targets"][0].update(metricName="")),
    ("cloudwatch_queries_are_whole", "a query of no log", lambda f: _panel(f, "Reasons", CLOUDWATCH)["targets"][0].update(logGroupNames=[])),
    ("the_folder_is_provisioned", "a dashboard that nobody explains", lambda f: f.dashboards.update({"other.json": f.dashboards[WORKLOAD]})),
]  # fmt: skip
