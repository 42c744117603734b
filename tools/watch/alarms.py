"""Checks of the alarms and of the runbook; each yields faults as sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from template_parts import ROOT_FILE, functions, variables_of
from watch.body import Metric, identifiers
from watch.dashboard import not_emitted, real_dimensions
from watch.world import CASES, FULL, Stack, World, answered, emitted, stacks

ALARM, COMPOSITE = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"
SERVICE = ("infra/service-alarms.yaml", "infra/cache-alarms.yaml")
#: These call the spike function, or a scaling policy: it is no question of people.
CALLING = ("infra/spike-alarms.yaml", "infra/native.yaml")
#: Pairs that are not named -warning and -critical, because the two have names of their own.
NAMED_PAIRS = {"session-sync-behind": "session-sync-far-behind", "sessions-late": "sessions-cut"}
#: Alarms without a partner, and why.
ALONE = {
    "no-healthy-hosts": "a part of service-down",
    "most-requests-fail": "a part of service-down",
    "service-down": "there is no mild form of it",
    "alarms-waiting": "an alarm that waits ten minutes reaches nobody: there is no mild form of it",
    "alarms-dead-letters": "one alarm that reached nobody is too many",
    "session-sync-errors": "the stream tries again by itself; what lasts three minutes is critical",
    "session-sync-tick-missing": "the same, of ticks every ten seconds",
    "session-failures": "one change that was given up may keep a session alive that was ended",
    "session-cache": "sessions stay right and become slower only",
}
LINK = re.compile(r" Runbook: \$\{RunbookUrl\}#([a-z-]+)$")


@dataclass
class Alarm:
    """An alarm of a template: as it is written, and as it is deployed."""

    file: str
    written: dict
    kind: str
    properties: dict

    @property
    def pattern(self) -> str:
        """Its name as the runbook writes it."""
        name = self.written["AlarmName"]["Fn::Sub"]
        for own, word in (("Name", "STACK"), ("GroupName", "GROUP")):
            name = name.replace(f"${{{own}}}", word)
        return re.sub(r"\$\{\w+Node\}", "NODE", re.sub(r"\$\{\w+Region\}", "REGION", name))

    @property
    def severity(self) -> str:
        """As the router reads it: the tag, else the end of the name."""
        tags = {t["Key"]: t["Value"] for t in self.properties.get("Tags", [])}
        last = self.pattern.rsplit("-", 1)[1]
        return tags.get("severity", last if last in ("warning", "critical") else "")

    @property
    def stem(self) -> str:
        """Its name without whose it is and how bad."""
        plain = re.sub(r"^(STACK|GROUP)-|-(REGION|NODE)\b", "", self.pattern)
        return re.sub(r"-(warning|critical)$", "", plain)


def alarms(world: World, case: str = FULL) -> list[Alarm]:
    """Every alarm that is there under a case's answers."""
    return [
        Alarm(stack.file, resource["Properties"], resource["Type"], properties)
        for stack in stacks(world, CASES[case])
        for _, resource, properties in stack.existing()
        if resource["Type"] in (ALARM, COMPOSITE)
    ]


def every_alarm(world: World) -> list[Alarm]:
    """Those of every case, each once."""
    found = {(a.file, json.dumps(a.written.get("AlarmName"))): a for case in CASES for a in alarms(world, case)}
    return list(found.values())


def every_alarm_is_seen(world: World) -> Iterator[str]:
    """The checks below look at what some case deploys: is that all there is?"""
    written = {
        json.dumps(r["Properties"].get("AlarmName"))
        for t in world.templates.values()
        for r in t["Resources"].values()
        if r["Type"] in (ALARM, COMPOSITE)
    }
    seen = {json.dumps(a.written.get("AlarmName")) for a in every_alarm(world)}
    for name in sorted(written - seen):
        if not re.search(r"\$\{ThirdRegion\}", name):
            yield f"{name}: no case has this alarm"


def alarms_come_in_pairs(world: World) -> Iterator[str]:
    by_stem: dict[str, dict[str, list[Alarm]]] = {}
    for alarm in alarms(world):
        if alarm.file not in CALLING:
            by_stem.setdefault(alarm.stem, {}).setdefault(alarm.severity, []).append(alarm)
    partners = {**NAMED_PAIRS, **{v: k for k, v in NAMED_PAIRS.items()}}
    for stem, pair in sorted(by_stem.items()):
        if set(pair) == {"warning", "critical"}:
            for mild, grave in zip(pair["warning"], pair["critical"], strict=True):
                yield from milder(stem, mild, grave)
        elif stem not in ALONE and partners.get(stem) not in by_stem:
            yield f"{stem}: {' and '.join(sorted(pair))}, without a partner or a reason"
    for stem in sorted(ALONE):
        if stem not in by_stem:
            yield f"{stem} is not there, or not alone any more"


def milder(stem: str, mild: Alarm, grave: Alarm) -> Iterator[str]:
    """A critical alarm asks for more, or for as much for longer."""
    asks = [(float(a.properties["Threshold"]), span(a)) for a in (mild, grave)]
    upward = "Greater" in grave.properties["ComparisonOperator"]
    more = asks[1][0] > asks[0][0] if upward else asks[1][0] < asks[0][0]
    if not more and not (asks[1][0] == asks[0][0] and asks[1][1] > asks[0][1]):
        yield f"{stem}: the critical alarm comes no later than the warning"


def span(alarm: Alarm) -> int:
    """Seconds of the data that an alarm wants to see breaching."""
    properties = alarm.properties
    inner = [m["MetricStat"]["Period"] for m in properties.get("Metrics", []) if "MetricStat" in m]
    period = int(properties.get("Period") or inner[0])
    return period * int(properties.get("DatapointsToAlarm") or properties["EvaluationPeriods"])


def the_severity_says_who_is_told(world: World) -> Iterator[str]:
    """With the router and without: a name that ends -critical goes to the critical topic."""
    for case in (FULL, "without the router"):
        for alarm in alarms(world, case):
            if alarm.file in CALLING:
                continue
            name = alarm.pattern
            routed = alarm.file in SERVICE and case == FULL
            told = json.dumps(alarm.properties.get("AlarmActions", []))
            wanted = alarm.severity.capitalize() if alarm.severity else "Warning"
            if not alarm.severity and alarm.stem not in ("no-healthy-hosts", "most-requests-fail"):
                yield f"{name}: the router cannot read how bad it is"
            if routed and told != "[]":
                yield f"{case}: {name} is told by the router and by itself"
            if not routed and f"{wanted}" not in told:
                yield f"{case}: {name} does not go to the {wanted.lower()} topic"
            if "Function" in told:
                yield f"{name}: needs a function"


def only_what_exists_is_watched(world: World) -> Iterator[str]:
    known = emitted(world.sources)
    for case, answers in CASES.items():
        deployed = stacks(world, answers)
        real = real_dimensions(world, deployed, answers)
        real |= {"QueueName": {"", *real.get("QueueName", set())}}
        for alarm in alarms(world, case):
            for metric in metrics_of(alarm):
                if metric.namespace == "Tidegate":
                    yield from (f"{case}: {alarm.pattern}: {fault}" for fault in not_emitted(metric, known))
                for name, value in metric.dimensions:
                    if value not in real.get(name, set()) and not str(value).startswith("arn:unknown:"):
                        yield f"{case}: {alarm.pattern}: there is no {name} {value!r}"


def metrics_of(alarm: Alarm) -> Iterator[Metric]:
    """What an alarm looks at."""
    properties = alarm.properties
    plain = [properties] if "MetricName" in properties else []
    inner = [m["MetricStat"]["Metric"] for m in properties.get("Metrics", []) if "MetricStat" in m]
    for metric in [*plain, *inner]:
        pairs = metric.get("Dimensions", [])
        values = [d["Value"] if isinstance(d["Value"], str) else "arn:unknown:" for d in pairs]
        names = [d["Name"] for d in pairs]
        yield Metric(metric["Namespace"], metric["MetricName"], tuple(zip(names, values, strict=True)))


def expressions_of_alarms_are_sound(world: World) -> Iterator[str]:
    for case in CASES:
        for alarm in alarms(world, case):
            metrics = alarm.properties.get("Metrics", [])
            ids = {m["Id"] for m in metrics}
            answers = [m for m in metrics if str(m.get("ReturnData", "true")).lower() == "true"]
            if metrics and len(answers) != 1:
                yield f"{case}: {alarm.pattern}: {len(answers)} of its metrics are its value"
            named = {n for m in metrics for n in identifiers(m.get("Expression", ""))}
            for name in sorted(named - ids):
                yield f"{case}: {alarm.pattern}: the expression refers to {name}, which is not there"
            for name in sorted({m["Id"] for m in metrics if "MetricStat" in m} - named):
                yield f"{case}: {alarm.pattern}: {name} is paid and not looked at"


def durations_are_of_the_limits(world: World) -> Iterator[str]:
    limits = world.templates[ROOT_FILE]
    shared = limits["Globals"]["Function"]["Timeout"]
    router = limits["Resources"]["AlarmRouter"]["Properties"].get("Timeout", shared)
    wanted = {"night": shared, "day": shared, "spike": shared, "router": router}
    for alarm in alarms(world):
        if alarm.stem == "duration":
            found = dict(re.findall(r"(\w+) / (\d+)000\b", alarm.properties["Metrics"][0]["Expression"]))
            for name, seconds in wanted.items():
                if found.get(name) != str(seconds):
                    yield f"{alarm.pattern}: the limit of {name} is {seconds} s"


def every_function_is_watched(world: World) -> Iterator[str]:
    stems = {alarm.stem for alarm in alarms(world)}
    for name in functions(world.templates):
        silence = (f"{name}-missing", f"{name}-tick-missing")
        if f"{name}-errors" not in stems:
            yield f"{name}: nobody hears that it fails"
        if not set(silence) & stems:
            yield f"{name}: nobody hears that it is silent"


def the_service_is_down_as_a_whole(world: World) -> Iterator[str]:
    """The composite alarm's parts are there, and the policy holds back the others while it fires."""
    everything = alarms(world)
    names = {a.properties["AlarmName"] for a in everything if a.kind == ALARM}
    composites = [a for a in everything if a.kind == COMPOSITE]
    if not composites:
        yield "there is no alarm for the service as a whole"
    for alarm in composites:
        rule = alarm.written["AlarmRule"]["Fn::Sub"]
        resources = world.templates[alarm.file]["Resources"]
        for part in re.findall(r'ALARM\("\$\{(\w+)\}"\)', rule):
            if part not in resources or resources[part].get("Condition") != "HasLoadBalancer":
                yield f"{alarm.pattern}: the part {part} is not there"
        seed = policy_of(world, stacks(world, CASES[FULL])[0])
        source = re.search(r"source = \['alarm =~ \"(.*service-down.*)\"'\], target = \{\}, equal = \[\"fleet\"\]", seed)
        if source is None or not re.fullmatch(source[1], alarm.properties["AlarmName"]):
            yield f"{alarm.pattern}: the policy does not hold back the group's others while it fires"
        if any(re.fullmatch(source[1], n) for n in names) if source else False:
            yield f"{alarm.pattern}: a part of it holds back the others too"


def policy_of(world: World, root: Stack) -> str:
    """The policy document that a deploy's answers make."""
    seed = variables_of(world.templates)["TIDEGATE_SEED_POLICY"]
    return str(answered(world, root.file, root.values, root.values.value(seed)))


def every_alarm_has_its_entry(world: World) -> Iterator[str]:
    """The runbook and the alarms, both ways: links, anchors, names."""
    anchors = re.findall(r'<a id="([a-z-]+)"></a>', world.runbook)
    rows = {a: line for line in world.runbook.splitlines() for a in re.findall(r'<a id="([a-z-]+)"></a>', line)}
    for anchor in sorted({a for a in anchors if anchors.count(a) > 1}):
        yield f"the runbook has two entries {anchor}"
    linked: dict[str, set[str]] = {}
    for alarm in every_alarm(world):
        text = alarm.written.get("AlarmDescription", {}).get("Fn::Sub", "")
        found = LINK.search(text)
        if found is None:
            yield f"{alarm.pattern}: its text does not end with its entry in the runbook"
            continue
        linked.setdefault(found[1], set()).add(alarm.pattern)
        if found[1] not in rows:
            yield f"{alarm.pattern}: the runbook has no entry {found[1]}"
        elif alarm.pattern not in names_in(rows[found[1]]):
            yield f"{alarm.pattern}: the entry {found[1]} does not name it"
    for anchor, row in sorted(rows.items()):
        if anchor.startswith("prometheus-"):
            continue  # Their rules are looked at by check_monitoring.py.
        for name in sorted(names_in(row) - linked.get(anchor, set())):
            yield f"the runbook's entry {anchor} names {name}, which is no alarm, or another entry's"
        if anchor not in linked:
            yield f"the runbook's entry {anchor} is of no alarm"


def names_in(row: str) -> set[str]:
    """The alarms that a row names, `-critical` behind a warning spelt out."""
    found: set[str] = set()
    last = ""
    for name in re.findall(r"`([^`]+)`", row.split(" | ")[0]):
        if name == "-critical":
            name = last.removesuffix("-warning") + "-critical"
        found.add(name)
        last = name
    return found


CHECKS: list[Callable[[World], Iterator[str]]] = [
    every_alarm_is_seen,
    alarms_come_in_pairs,
    the_severity_says_who_is_told,
    only_what_exists_is_watched,
    expressions_of_alarms_are_sound,
    durations_are_of_the_limits,
    every_function_is_watched,
    the_service_is_down_as_a_whole,
    every_alarm_has_its_entry,
]


def _alarm(world: World, file: str, name: str) -> dict:
    return world.templates[f"infra/{file}.yaml"]["Resources"][name]["Properties"]


def _runbook(world: World, old: str, new: str) -> None:
    world.runbook = world.runbook.replace(old, new)


MUTATIONS: list[tuple[str, str, Callable[[World], object]]] = [
    ("every_alarm_is_seen", "an alarm that no case has", lambda w: w.templates["infra/service-alarms.yaml"]["Resources"]["CpuWarning"].update(Condition="Never") or w.templates["infra/service-alarms.yaml"]["Conditions"].update(Never={"Fn::Equals": ["a", "b"]})),
    ("alarms_come_in_pairs", "a warning without its critical one", lambda w: w.templates["infra/service-alarms.yaml"]["Resources"].pop("LatencyCritical")),
    ("alarms_come_in_pairs", "a warning that is as grave", lambda w: _alarm(w, "service-alarms", "CpuWarning").update(Threshold=99)),
    ("alarms_come_in_pairs", "thresholds the wrong way round", lambda w: w.templates[ROOT_FILE]["Parameters"]["LatencySeconds"].update(Default="3,1")),
    ("the_severity_says_who_is_told", "a critical alarm that only warns", lambda w: _alarm(w, "tick-alarms", "SpikeMissingCritical").update(AlarmActions=[{"Ref": "WarningTopicArn"}])),
    ("the_severity_says_who_is_told", "an alarm that is told twice", lambda w: _alarm(w, "service-alarms", "CpuCritical").update(AlarmActions=[{"Ref": "CriticalTopicArn"}])),
    ("the_severity_says_who_is_told", "an alarm that nobody hears without the router", lambda w: _alarm(w, "cache-alarms", "CacheMissesWarning").pop("AlarmActions")),
    ("the_severity_says_who_is_told", "an alarm whose severity the router cannot read", lambda w: _alarm(w, "session-watch", "CacheFails").pop("Tags")),
    ("only_what_exists_is_watched", "a cache that is not there", lambda w: w.templates["infra/cache-alarms.yaml"]["Conditions"].update(HasSecondNode={"Fn::Equals": ["a", "a"]})),
    ("only_what_exists_is_watched", "a load balancer that is not there", lambda w: w.templates["infra/service-alarms.yaml"]["Resources"]["LatencyWarning"].pop("Condition")),
    ("only_what_exists_is_watched", "a metric that nobody emits", lambda w: _alarm(w, "tick-alarms", "TickMissingWarning").update(MetricName="TickDone")),
    ("expressions_of_alarms_are_sound", "an expression about nothing", lambda w: _alarm(w, "function-alarms", "ThrottlesWarning")["Metrics"][0].update(Expression="SUM([night, dawn])")),
    ("expressions_of_alarms_are_sound", "an alarm with two values", lambda w: _alarm(w, "function-alarms", "ThrottlesWarning")["Metrics"][1].update(ReturnData=True)),
    ("durations_are_of_the_limits", "a limit that was raised", lambda w: w.templates[ROOT_FILE]["Globals"]["Function"].update(Timeout=60)),
    ("every_function_is_watched", "a function whose errors nobody hears", lambda w: [w.templates["infra/function-alarms.yaml"]["Resources"].pop(n) for n in ("DayErrorsWarning", "DayErrorsCritical")]),
    ("every_function_is_watched", "a function whose silence nobody hears", lambda w: [w.templates["infra/tick-alarms.yaml"]["Resources"].pop(n) for n in ("NightMissingWarning", "NightMissingCritical")]),
    ("the_service_is_down_as_a_whole", "a whole without a part", lambda w: w.templates["infra/service-alarms.yaml"]["Resources"].pop("MostRequestsFail")),
    ("the_service_is_down_as_a_whole", "a whole that holds nothing back", lambda w: _alarm(w, "service-alarms", "ServiceDown").update(AlarmName={"Fn::Sub": "${GroupName}-gone-critical"})),
    ("every_alarm_has_its_entry", "an alarm without a link", lambda w: _alarm(w, "spike-alarms", "CpuHigh").update(AlarmDescription={"Fn::Sub": "CPU is high."})),
    ("every_alarm_has_its_entry", "a link to nowhere", lambda w: _runbook(w, '<a id="latency">', '<a id="slow">')),
    ("every_alarm_has_its_entry", "an entry of an alarm that is gone", lambda w: [w.templates["infra/service-alarms.yaml"]["Resources"].pop(n) for n in ("LatencyWarning", "LatencyCritical")]),
    ("every_alarm_has_its_entry", "an entry that names another alarm", lambda w: _runbook(w, "`STACK-alarms-waiting`", "`STACK-alarms-late`")),
]  # fmt: skip
