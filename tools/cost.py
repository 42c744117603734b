"""docs/cost.md: what a stack costs a month, by resource, and the answer that ends each part.

  tools/cost.py            writes the tables anew
  tools/cost.py --check    fails when they are not what this would write, or an answer is not the template's

How many there are of a thing is counted in the templates under the answers of each column. How
often something is called is counted by the simulator for the scaling functions (`tidegate replay`), and
follows from schedules otherwise. What depends on users is an assumption, and named as one.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from deployed import Held, deployed
from template_parts import ROOT, ROOT_FILE, load

PAGE = ROOT / "docs" / "cost.md"
HOURS = 730
MINUTES = HOURS * 60
#: Of a month of the scaling functions, both schedules and a tick a minute: `tidegate replay --json`, four
#: weeks of the trace that comes with it, scaled to 730 hours (2026-11-22).
REPLAYED = {"runs": 61_320, "metrics": 45_882, "writes": 269_899, "reads": 315_360, "log_gb": 0.092, "notices": 18}
#: Lambda's five pollers of a queue, each asking for 20 seconds.
POLLS = 5 * 3 * MINUTES

SERVED = {"DomainName": "chat.example.com", "HostedZoneId": "Z0123456789"}
COLUMNS = {
    "attached": {
        "ExistingGroupName": "their-web",
        "LoadBalancerFullName": "app/their/50dc6c495c0c9188",
        "TargetGroupFullName": "targetgroup/their/73e2d6bc24d8a067",
    },
    "idle": SERVED,
    "busy": {**SERVED, "Sessions": "true", "SessionRegions": "us-west-2", "Cache": "valkey", "Firewall": "bots"}
    | {"NatGateways": "per-zone", "Delivery": "create"},
}
#: The edge is a stack of its own, in us-east-1.
EDGE_FILE = "infra/edge.yaml"
EDGE = {
    "idle": {},
    "busy": {"SecondRegion": "us-west-2", "SecondLoadBalancerDnsName": "b.elb.amazonaws.com", "SecondLoadBalancerZoneId": "Z1"},
}
#: What nobody can count beforehand. Idle: the plan's mean, six by day from Monday to Friday and two otherwise.
ASSUMED = {
    "attached": {"instances": 0, "requests": 0, "flow_gb": 0, "nat_gb": 0, "writes": 0, "reads": 0},
    "idle": {"instances": 3.67, "requests": 0, "flow_gb": 1, "nat_gb": 1, "writes": 0, "reads": 0},
    "busy": {"instances": 10, "requests": 100e6, "flow_gb": 20, "nat_gb": 50, "writes": 20e6, "reads": 5e6},
}


@dataclass(frozen=True)
class Price:
    """USD, us-east-1; `seen` is true where a public page of 2025 or 2026 quotes it."""

    usd: float
    unit: str
    page: str
    seen: bool = False


PRICES = {
    "instance": Price(0.0208, "hour of t3.small", "ec2/pricing/on-demand"),
    "disk": Price(0.08, "GB-month of gp3", "ebs/pricing"),
    "metric": Price(0.30, "custom metric and month", "cloudwatch/pricing", True),
    "alarm": Price(0.10, "metric of an alarm and month", "cloudwatch/pricing"),
    "composite": Price(0.50, "composite alarm and month", "cloudwatch/pricing"),
    "dashboard": Price(3.00, "dashboard and month", "cloudwatch/pricing", True),
    "get-metric": Price(0.01e-3, "metric asked for", "cloudwatch/pricing"),
    "log": Price(0.50, "GB of log", "cloudwatch/pricing", True),
    "run": Price(0.20e-6, "request", "lambda/pricing"),
    "gb-second": Price(16.6667e-6, "GB-second, x86_64", "lambda/pricing"),
    "schedule": Price(1e-6, "call", "eventbridge/pricing"),
    "trace": Price(5e-6, "trace", "xray/pricing"),
    "queue": Price(0.40e-6, "request", "sqs/pricing"),
    "notice": Price(0.50e-6, "publish", "sns/pricing"),
    "write": Price(0.625e-6, "write unit", "dynamodb/pricing", True),
    "read": Price(0.125e-6, "read unit", "dynamodb/pricing", True),
    "key": Price(1.00, "key and month", "kms/pricing"),
    "secret": Price(0.40, "secret and month", "secrets-manager/pricing"),
    "balancer": Price(0.0225, "hour", "elasticloadbalancing/pricing"),
    "lcu": Price(0.008, "hour of one capacity unit", "elasticloadbalancing/pricing"),
    "address": Price(0.005, "hour of a public IPv4 address", "vpc/pricing", True),
    "nat": Price(0.045, "hour", "vpc/pricing", True),
    "nat-gb": Price(0.045, "GB through it", "vpc/pricing", True),
    "cache": Price(0.0128, "hour of cache.t4g.micro, Valkey", "elasticache/pricing"),
    "acl": Price(5.00, "web ACL and month", "waf/pricing", True),
    "rule": Price(1.00, "rule or managed group and month", "waf/pricing", True),
    "inspected": Price(0.60e-6, "request", "waf/pricing", True),
    "bots": Price(10.00, "month", "waf/pricing", True),
    "zone": Price(0.50, "hosted zone and month", "route53/pricing"),
    "health": Price(2.50, "health check over HTTPS every 10 s, of a name in AWS, and month", "route53/pricing"),
    "asked": Price(0.60e-6, "question answered by latency", "route53/pricing"),
    "viewer": Price(1.00e-6, "HTTPS request", "cloudfront/pricing"),
    "bot-request": Price(1.00e-6, "request above ten million", "waf/pricing", True),
}


@dataclass
class Stack:
    """One column: what is there, and what is assumed of its use."""

    held: list[Held]
    assumed: dict[str, float]
    edge: list[Held]
    kinds: Counter = field(init=False)
    edges: Counter = field(init=False)

    def __post_init__(self) -> None:
        self.kinds = Counter(h.kind.removeprefix("AWS::") for h in self.held)
        self.edges = Counter(h.kind.removeprefix("AWS::") for h in self.edge)

    def of(self, kind: str) -> list[dict]:
        return [h.properties for h in self.held if h.kind == f"AWS::{kind}"]

    @property
    def alarm_metrics(self) -> int:
        """An alarm on an expression is paid for by each metric in it."""
        asked = (a.get("Metrics") for a in self.of("CloudWatch::Alarm"))
        return sum(sum("MetricStat" in q for q in queries) if queries else 1 for queries in asked)

    @property
    def rules(self) -> int:
        return sum(len(acl["Rules"]) for acl in self.of("WAFv2::WebACL"))

    @property
    def edge_rules(self) -> int:
        return sum(len(h.properties["Rules"]) for h in self.edge if h.kind == "AWS::WAFv2::WebACL")

    @property
    def syncs(self) -> bool:
        return self.kinds["DynamoDB::GlobalTable"] > 0

    @property
    def regions(self) -> int:
        return sum(len(t["Replicas"]) for t in self.of("DynamoDB::GlobalTable"))


Count = Callable[[Stack], float]


@dataclass(frozen=True)
class Line:
    """A part of the bill: what, its price, how many, and the answer that ends it."""

    what: str
    price: str
    count: Count
    off: str


def _waf(s: Stack, count: float) -> float:
    return count if s.kinds["WAFv2::WebACL"] else 0


TIDEGATE = [
    Line("custom metrics: 11 of each fleet's decisions, 5 of the router", "metric", lambda s: 16, "`SchedulesState=DISABLED`"),
    Line("alarms, by their metrics", "alarm", lambda s: s.alarm_metrics, "`ServiceAlarms=false` (the service's; those on Tidegate stay)"),
    Line("the alarm over the service's alarms", "composite", lambda s: s.kinds["CloudWatch::CompositeAlarm"], "`ServiceAlarms=false`"),
    Line("the dashboard", "dashboard", lambda s: s.kinds["CloudWatch::Dashboard"], "`Dashboard=false`"),
    Line("keys of the account's own", "key", lambda s: s.kinds["KMS::Key"], "the second: `ExistingGroupName`"),
    Line("metrics that the functions read", "get-metric", lambda s: REPLAYED["metrics"], "`SchedulesState=DISABLED`"),
    Line("control table, write units", "write", lambda s: REPLAYED["writes"], "`SchedulesState=DISABLED`"),
    Line("control table, read units", "read", lambda s: REPLAYED["reads"] + 3 * MINUTES, "`SchedulesState=DISABLED`"),
    Line("calls of schedules", "schedule", lambda s: REPLAYED["runs"] + MINUTES * (1 + s.syncs), "`SchedulesState=DISABLED`"),
    Line("functions, requests", "run", lambda s: REPLAYED["runs"] + MINUTES * (1 + s.syncs), "`SchedulesState=DISABLED`"),
    Line("scaling functions and router, GB-seconds at 0.1 s a run", "gb-second", lambda s: 0.1 * (REPLAYED["runs"] * 0.125 + MINUTES * 0.5), "`SchedulesState=DISABLED`; less with `Architecture=arm64`"),
    Line("traces", "trace", lambda s: REPLAYED["runs"] + MINUTES * (1 + s.syncs), "`SchedulesState=DISABLED`"),
    Line("the router's queue, asked by Lambda", "queue", lambda s: POLLS, "`RouteAlarms=false`"),
    Line("logs of the functions, GB", "log", lambda s: REPLAYED["log_gb"] + MINUTES * 1.5e-6 * (1 + s.syncs), "`SchedulesState=DISABLED`"),
    Line("messages", "notice", lambda s: REPLAYED["notices"], "`NoticeEmail` and its like left empty"),
]
SESSIONS = [
    Line("session-sync, GB-seconds: a tick lasts 50 s", "gb-second", lambda s: s.syncs * MINUTES * 50 * 0.25, "`Sessions=false`"),
    Line("beats, one every 10 s in each region", "write", lambda s: s.syncs * 6 * MINUTES * s.regions, "`Sessions=false`"),
    Line("custom metrics of the sync", "metric", lambda s: s.syncs * (5 + 2 * (s.regions - 1)), "`Sessions=false`"),
    Line("writes of sessions, in each region", "write", lambda s: s.syncs * s.assumed["writes"] * s.regions, "`Sessions=false`; one region: `SessionRegions` empty"),
    Line("reads past the cache", "read", lambda s: s.syncs * s.assumed["reads"], "`Sessions=false`"),
    Line("nodes of the cache", "cache", lambda s: s.kinds["ElastiCache::ReplicationGroup"] * 2 * HOURS, "`Cache=none`; half with `CacheNodes=1`"),
    Line("the cache's password", "secret", lambda s: s.kinds["SecretsManager::Secret"], "`Cache=none`"),
]
SERVICE = [
    Line("instances", "instance", lambda s: s.assumed["instances"] * HOURS, "`NightFloor`, `DayFloor`, `InstanceType`"),
    Line("their disks, 16 GB each", "disk", lambda s: s.assumed["instances"] * 16, "as instances"),
    Line("their metrics by the minute, 7 each", "metric", lambda s: s.assumed["instances"] * 7, "none: spikes are judged by the minute"),
    Line("NAT gateways", "nat", lambda s: s.kinds["EC2::NatGateway"] * HOURS, "`NatGateways=none`, or `one`"),
    Line("what goes through them, GB", "nat-gb", lambda s: s.assumed["nat_gb"], "`NatGateways=none`"),
    Line("public addresses: gateways, and the load balancer's two", "address", lambda s: (s.kinds["EC2::EIP"] + 2 * s.kinds["ElasticLoadBalancingV2::LoadBalancer"]) * HOURS, "`NatGateways=none`, `LoadBalancer=none`"),
    Line("the load balancer", "balancer", lambda s: s.kinds["ElasticLoadBalancingV2::LoadBalancer"] * HOURS, "`LoadBalancer=none`"),
    Line("its capacity units", "lcu", lambda s: HOURS * min(1.0, s.assumed["requests"]), "by use"),
    Line("the firewall", "acl", lambda s: s.kinds["WAFv2::WebACL"], "`Firewall=none`"),
    Line("its rules", "rule", lambda s: s.rules, "`Firewall=none`"),
    Line("requests that it reads", "inspected", lambda s: _waf(s, s.assumed["requests"]), "`Firewall=none`"),
    Line("bot control", "bots", lambda s: float(s.rules > 4), "`Firewall=standard`"),
    Line("requests that it judges", "bot-request", lambda s: max(0.0, s.assumed["requests"] - 10e6) * (s.rules > 4), "`Firewall=standard`"),
    Line("flows and what the firewall stopped, GB of log", "log", lambda s: s.assumed["flow_gb"], "`Network=none`"),
]
EDGES = [
    Line("CloudFront, requests above ten million", "viewer", lambda s: max(0.0, s.assumed["requests"] - 10e6) * s.edges["CloudFront::Distribution"], "by use; static files are cached"),
    Line("its firewall", "acl", lambda s: s.edges["WAFv2::WebACL"], "no edge"),
    Line("the rules of it", "rule", lambda s: s.edge_rules, "no edge"),
    Line("requests that it reads first", "inspected", lambda s: s.assumed["requests"] * s.edges["WAFv2::WebACL"], "no edge; or behind it `Firewall=none`, with `CloudFrontPrefixListId`"),
    Line("the name's zone", "zone", lambda s: float(bool(s.edge)), "no edge"),
    Line("health checks", "health", lambda s: s.edges["Route53::HealthCheck"], "`SecondRegion` empty"),
    Line("questions for the name, one for a hundred requests", "asked", lambda s: s.assumed["requests"] / 100 * bool(s.edge), "`RoutingPolicy=failover`: 0.40"),
]
PARTS = {"Tidegate": TIDEGATE, "Sessions": SESSIONS, "The service around it": SERVICE, "The edge": EDGES}


# --- the tables -----------------------------------------------------------------------------------


def usd(value: float) -> str:
    return "-" if value == 0 else "0.01" if value < 0.01 else f"{value:,.2f}"


def amount(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:,.1f} M"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2f}"


def stacks(templates: dict) -> dict[str, Stack]:
    made = {}
    for name, answers in COLUMNS.items():
        edge = list(deployed(templates, EDGE[name], EDGE_FILE)) if name in EDGE else []
        made[name] = Stack(list(deployed(templates, answers)), ASSUMED[name], edge)
    return made


def tables(templates: dict) -> str:
    columns = stacks(templates)
    total = dict.fromkeys(columns, 0.0)
    text = []
    for part, lines in PARTS.items():
        text += [f"### {part}", "", "| | busy: how many | a unit | attached | idle | busy | ends with |"]
        text += ["|---|---|---|---|---|---|---|"]
        sums = dict.fromkeys(columns, 0.0)
        for line in lines:
            price = PRICES[line.price]
            counts = {name: float(line.count(stack)) for name, stack in columns.items()}
            costs = {name: count * price.usd for name, count in counts.items()}
            sums = {name: sums[name] + costs[name] for name in sums}
            cells = " | ".join(usd(costs[name]) for name in columns)
            text.append(f"| {line.what} | {amount(counts['busy'])} | {per(price)} | {cells} | {line.off} |")
        text += [f"| **{part}** | | | " + " | ".join(f"**{usd(v)}**" for v in sums.values()) + " | |", ""]
        total = {name: total[name] + sums[name] for name in total}
    text.append("**All of it, USD a month: " + ", ".join(f"{n} {v:,.2f}" for n, v in total.items()) + ".**")
    return "\n".join(text)


def per(price: Price) -> str:
    small = price.usd < 1e-3
    return f"{price.usd * 1e6:g} / million" if small else f"{price.usd:g}"


def prices() -> str:
    text = ["| USD | for | page: aws.amazon.com/ | seen |", "|---|---|---|---|"]
    for price in PRICES.values():
        text.append(f"| {per(price)} | {price.unit} | {price.page} | {'quoted' if price.seen else 'no'} |")
    return "\n".join(text)


def answers() -> str:
    rows = ["| column | answers (the rest as they come) | assumed |", "|---|---|---|"]
    for name, given in COLUMNS.items():
        said = ", ".join(f"`{k}={v}`" for k, v in given.items() if name != "attached") or "the three names of a group"
        assumed = ", ".join(f"{k.replace('_', ' ')} {amount(v)}" for k, v in ASSUMED[name].items() if v)
        rows.append(f"| {name} | {said} | {assumed or 'nothing'} |")
    return "\n".join(rows)


def written(text: str, templates: dict) -> str:
    made = {"tables": tables(templates), "prices": prices(), "answers": answers()}
    for name, content in made.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise SystemExit(f"cost: {PAGE.name} has no place for {name}")
        text = pattern.sub(lambda m, c=content: m.group(1) + c + "\n" + m.group(2), text)
    return text


# --- the check ------------------------------------------------------------------------------------


def odd_answers(text: str, parameters: dict) -> Iterator[str]:
    """`Name` or `Name=value` in the page: the template asks it, and takes the value."""
    for name, value in re.findall(r"`([A-Z][A-Za-z]+)(?:=([^`]*))?`", text):
        if name not in parameters:
            yield f"{name}: the template does not ask it"
        elif value and not taken(parameters[name], value):
            yield f"{name}: the template does not take {value}"


def taken(parameter: dict, value: str) -> bool:
    if "AllowedValues" in parameter:
        return value in [str(v) for v in parameter["AllowedValues"]]
    if "AllowedPattern" in parameter:
        return re.fullmatch(parameter["AllowedPattern"], value) is not None
    return parameter["Type"] != "Number" or value.replace(".", "", 1).isdigit()


def check(templates: dict) -> int:
    text, parameters = PAGE.read_text(), {**templates[EDGE_FILE]["Parameters"], **templates[ROOT_FILE]["Parameters"]}
    found = list(odd_answers(text, parameters))
    if written(text, templates) != text:
        found.append("docs/cost.md is not what tools/cost.py writes; run it")
    tried = [list(odd_answers(t, parameters)) for t in ("`Colour=blue`", "`Firewall=paper`", "`CacheNodes=many`")]
    found += [f"the check misses an answer: {place}" for place, faults in enumerate(tried) if not faults]
    more = dict(templates)
    more[ROOT_FILE] = {**templates[ROOT_FILE], "Resources": {**templates[ROOT_FILE]["Resources"], "K": {"Type": "AWS::KMS::Key"}}}
    if written(text, more) == text:
        found.append("the check misses a key that costs money")
    for fault in found:
        print(f"FAIL {fault}")
    named = len(set(re.findall(r"`([A-Z][A-Za-z]+)(?:=|`)", text)))
    print(f"cost: {named} answers named, {sum(map(len, PARTS.values()))} lines, {len(found)} faults")
    return 1 if found else 0


def main() -> int:
    templates = load()
    if "--check" in sys.argv[1:]:
        return check(templates)
    PAGE.write_text(written(PAGE.read_text(), templates))
    print(f"cost: {PAGE.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
