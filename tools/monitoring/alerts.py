"""Checks of the Prometheus configuration, its rules and their tests; each yields faults as sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import promql_parser

from monitoring.files import Files, rules_of
from monitoring.promql import faults_of, grouped_by, known_series, parsed

SECONDS = {"s": 1, "m": 60, "h": 3600}


def expressions_are_of_the_workload(files: Files) -> Iterator[str]:
    known = known_series(files)
    for kind in ("record", "alert"):
        for rule in rules_of(files, kind):
            for fault in faults_of(rule["expr"], known):
                yield f"{rule[kind]}: {fault}"


def records_are_named_and_used(files: Files) -> Iterator[str]:
    text = str([r["expr"] for r in [*rules_of(files, "alert"), *rules_of(files, "record")]]) + str(files.dashboards)
    for rule in rules_of(files, "record"):
        if not re.fullmatch(r"aira:[a-z_]+:[a-z0-9_]+", rule["record"]):
            yield f"{rule['record']} is not named LEVEL:METRIC:OPERATION"
        if rule["record"] not in text:
            yield f"{rule['record']} is computed and looked at by nobody"


def alerts_come_in_pairs(files: Files) -> Iterator[str]:
    pairs: dict[str, dict[str, dict]] = {}
    for rule in rules_of(files, "alert"):
        pairs.setdefault(rule["alert"], {})[rule.get("labels", {}).get("severity", "none")] = rule
    for name, pair in sorted(pairs.items()):
        if set(pair) != {"warning", "critical"}:
            yield f"{name}: {' and '.join(sorted(pair))}"
            continue
        asks = [(threshold(pair[s]["expr"]), seconds(pair[s].get("for", "0s"))) for s in ("warning", "critical")]
        if not asks[1][0] > asks[0][0] and not (asks[1][0] == asks[0][0] and asks[1][1] > asks[0][1]):
            yield f"{name}: the critical alert comes no later than the warning"


def threshold(expression: str) -> float:
    """The number that an alert compares with."""
    node = parsed(expression)
    while isinstance(node, promql_parser.BinaryExpr) and not isinstance(node.rhs, promql_parser.NumberLiteral):
        node = node.lhs
    if not isinstance(node, promql_parser.BinaryExpr):
        raise ValueError(f"compares with no number: {expression}")
    return float(node.rhs.val)


def seconds(span: str) -> int:
    """Of a time such as 5m."""
    return int(span[:-1]) * SECONDS[span[-1]]


def alerts_explain_themselves(files: Files) -> Iterator[str]:
    known = known_series(files)
    entries = set(re.findall(r'<a id="(prometheus-[a-z-]+)"></a>', files.runbook))
    linked: set[str] = set()
    for rule in rules_of(files, "alert"):
        notes = rule.get("annotations", {})
        anchor = notes.get("runbook_url", "").removeprefix("docs/runbook.md#")
        linked.add(anchor)
        if anchor not in entries:
            yield f"{rule['alert']}: the runbook has no entry {anchor or 'of it'}"
        row = next((line for line in files.runbook.splitlines() if f'id="{anchor}"' in line), "")
        if f"`{rule['alert']}`" not in row:
            yield f"{rule['alert']}: the entry {anchor} does not name it"
        if not notes.get("summary"):
            yield f"{rule['alert']} says nothing"
        kept = grouped_by(rule["expr"])
        for label in re.findall(r"\$labels\.(\w+)", notes.get("summary", "")):
            if label not in kept and not any(label in labels for n, labels in known.items() if n in rule["expr"]):
                yield f"{rule['alert']}: names the label {label}, which it does not have"
    for anchor in sorted(entries - linked):
        yield f"the runbook's entry {anchor} is of no alert"


def every_alert_is_tried(files: Files) -> Iterator[str]:
    """The unit tests see each alert fire, and not fire."""
    fired: set[tuple[str, str]] = set()
    quiet: set[str] = set()
    for document in files.tests.values():
        for test in document["tests"]:
            for look in test["alert_rule_test"]:
                expected = look["exp_alerts"]
                fired |= {(look["alertname"], e["exp_labels"]["severity"]) for e in expected}
                if not expected:
                    quiet.add(look["alertname"])
    for rule in rules_of(files, "alert"):
        name, severity = rule["alert"], rule.get("labels", {}).get("severity", "")
        if (name, severity) not in fired:
            yield f"{name}: no test sees the {severity} one fire"
        if name not in quiet and name != "AiraDown":
            yield f"{name}: no test sees that it does not fire"


def tests_play_what_there_is(files: Files) -> Iterator[str]:
    known = known_series(files)
    for name, document in files.tests.items():
        for test in document["tests"]:
            for series in test["input_series"]:
                metric, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})?", series["series"]).groups()
                if metric == "other":
                    continue  # Stands for a Prometheus that knows nothing of the workload.
                if metric not in known:
                    yield f"{name}: there is no series {metric}"
                    continue
                for label in re.findall(r"(\w+)=", labels or ""):
                    if label not in known[metric]:
                        yield f"{name}: {metric} has no label {label}"


def everything_is_scraped(files: Files) -> Iterator[str]:
    jobs = {job["job_name"]: job for job in files.config["scrape_configs"]}
    kept = [r["regex"] for r in jobs["aira"]["metric_relabel_configs"] if r["action"] == "keep"]
    for name in known_series(files):
        if ":" not in name and not all(re.fullmatch(regex, name) for regex in kept):
            yield f"{name} is thrown away when it is scraped"
    made = {r["target_label"] for r in jobs["aira"]["relabel_configs"]}
    for label in ("instance", "zone"):
        if label not in made:
            yield f"no series has the label {label}"
    for name in files.rules:
        if files.config["rule_files"] != ["rules/*.yml"]:
            yield f"{name} is not read"
    if not files.config.get("alerting"):
        yield "nobody is told of an alert"


def the_group_is_found(files: Files) -> Iterator[str]:
    """The configuration is for the group and the port that the template makes unless told otherwise."""
    job = next(j for j in files.config["scrape_configs"] if j["job_name"] == "aira")
    looked_for = job["ec2_sd_configs"][0]
    values = {f["name"]: f["values"] for f in looked_for["filters"]}
    for name, found in (
        ("ApplicationPort", looked_for["port"]),
        ("WebGroupName", values["tag:aws:autoscaling:groupName"][0]),
    ):
        default = re.search(rf"^  {name}: .*?Default: ([^,]+),", files.template, re.MULTILINE)
        if default is None or default[1] != str(found):
            yield f"prometheus.yml looks for {found}; the template's {name} is {default[1] if default else 'gone'}"


CHECKS: list[Callable[[Files], Iterator[str]]] = [
    expressions_are_of_the_workload,
    records_are_named_and_used,
    alerts_come_in_pairs,
    alerts_explain_themselves,
    every_alert_is_tried,
    tests_play_what_there_is,
    everything_is_scraped,
    the_group_is_found,
]


def _alert(files: Files, name: str, severity: str) -> dict:
    found = [r for r in rules_of(files, "alert") if r["alert"] == name and r["labels"]["severity"] == severity]
    return found[0]


def _record(files: Files, name: str) -> dict:
    return next(r for r in rules_of(files, "record") if r["record"] == name)


def _drop(files: Files, name: str, severity: str) -> None:
    groups = files.rules["alerts.yml"]["groups"]
    groups[0]["rules"].remove(_alert(files, name, severity))


MUTATIONS: list[tuple[str, str, Callable[[Files], object]]] = [
    ("expressions_are_of_the_workload", "a metric that the workload lost", lambda f: f.exported.pop("aira_refused_total")),
    ("expressions_are_of_the_workload", "a label that a metric lost", lambda f: f.exported.update(aira_requests_total=("counter", ("route",)))),
    ("expressions_are_of_the_workload", "a histogram that became a gauge", lambda f: f.exported.update(aira_answer_seconds=("gauge", ()))),
    ("expressions_are_of_the_workload", "a function that Prometheus does not have", lambda f: _record(f, "aira:tokens:rate5m").update(expr="sum(speed(aira_tokens_total[5m]))")),
    ("expressions_are_of_the_workload", "a counter that is added up as it is", lambda f: _record(f, "aira:tokens:rate5m").update(expr="sum(aira_tokens_total)")),
    ("expressions_are_of_the_workload", "the growth of a gauge", lambda f: _record(f, "aira:occupancy:ratio").update(expr="rate(aira_answers_in_flight[5m])")),
    ("expressions_are_of_the_workload", "a bracket that is open", lambda f: _alert(f, "AiraFull", "warning").update(expr="aira:occupancy:ratio > (1")),
    ("records_are_named_and_used", "a record that nobody looks at", lambda f: _record(f, "aira:tokens:rate5m").update(record="aira:words:rate5m")),
    ("alerts_come_in_pairs", "a warning alone", lambda f: _drop(f, "AiraFull", "critical")),
    ("alerts_come_in_pairs", "a warning that is as grave", lambda f: _alert(f, "AiraFull", "warning").update(expr="aira:occupancy:ratio > 0.99")),
    ("alerts_come_in_pairs", "a severity that nobody knows", lambda f: _alert(f, "AiraFull", "critical")["labels"].update(severity="page")),
    ("alerts_explain_themselves", "an alert without its entry", lambda f: _alert(f, "AiraFull", "critical")["annotations"].update(runbook_url="docs/runbook.md#prometheus-full")),
    ("alerts_explain_themselves", "an entry without its alert", lambda f: [_drop(f, "AiraFull", s) for s in ("warning", "critical")]),
    ("alerts_explain_themselves", "an alert that names what it does not know", lambda f: _alert(f, "AiraFull", "warning")["annotations"].update(summary="{{ $labels.route }}")),
    ("every_alert_is_tried", "an alert that no test has seen", lambda f: f.tests.pop("store.yml")),
    ("tests_play_what_there_is", "a test of something else", lambda f: f.exported.update(aira_draining=("gauge", ())) or f.exported.pop("aira_admission_limit")),
    ("everything_is_scraped", "a metric that is thrown away", lambda f: f.exported.update(http_requests_total=("counter", ()))),
    ("the_group_is_found", "a port that nobody listens at", lambda f: f.config["scrape_configs"][0]["ec2_sd_configs"][0].update(port=80)),
    ("everything_is_scraped", "instances without a name", lambda f: f.config["scrape_configs"][0]["relabel_configs"].pop(0)),
]  # fmt: skip
