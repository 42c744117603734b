"""Tests of the service around the fleet: sizes, the net, who may talk to whom, what is optional.

What must stay true of them: a deploy resets no size, nothing scales in beside Tidegate, each part hears
only those whom it serves, and who names a group of his own gets the controller alone. Run by
check_template.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from cfn_values import PSEUDO, Values, walk
from template_parts import ROOT_FILE, SESSIONS, TRIGGERS, WEB, environments, of_type, properties_of

SERVICE, SECURITY, ALARMS = "infra/service.yaml", "infra/security.yaml", "infra/service-alarms.yaml"
BALANCER, FIREWALL, EDGE = "infra/load-balancer.yaml", "infra/waf.yaml", "infra/edge.yaml"
HERE = PSEUDO["AWS::Region"]
#: Who may speak to whom: group, port, and the group that it comes from or goes to.
HEARS = {("Instances", "ApplicationPort", "Balancer"), ("Cache", 6379, "Instances"), ("Cache", 6379, "Sync")}
RULES = {
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesKnownBadInputsRuleSet",
}


def the_group_keeps_its_sizes(templates: dict) -> Iterator[str]:
    for name, group in of_type(templates, "AWS::AutoScaling::AutoScalingGroup").items():
        if "DesiredCapacity" in group["Properties"]:
            yield f"{name}: a deploy would set the desired capacity"
        action = group.get("UpdatePolicy", {}).get("AutoScalingScheduledAction", {})
        if action.get("IgnoreUnmodifiedGroupSizeProperties") is not True:
            yield f"{name}: a deploy would set the sizes back"
    for name, policy in of_type(templates, "AWS::AutoScaling::ScalingPolicy").items():
        tracking = policy["Properties"].get("TargetTrackingConfiguration")
        if tracking and tracking.get("DisableScaleIn") != {"Fn::If": ["AddsOnly", True, False]}:
            yield f"{name}: the net must not scale in under Tidegate"
    if templates[WEB]["Conditions"]["AddsOnly"] != {"Fn::Equals": [{"Ref": "ScalingDriver"}, "tidegate"]}:
        yield "AddsOnly: is not what ScalingDriver says"


def native_is_left_alone(templates: dict) -> Iterator[str]:
    """With AWS's own policies nothing wakes a scaling function; the router goes on."""
    resources = templates[TRIGGERS]["Resources"]
    asleep = {"Fn::If": ["TidegateScales", {"Ref": "SchedulesState"}, "DISABLED"]}
    if resources["Schedules"]["Properties"]["Parameters"]["SchedulesState"] != asleep:
        yield "the schedules wake the scaling functions beside the native policies"
    if resources["SpikeAlarms"].get("Condition") != "TidegateScales":
        yield "the spike's alarms call the function beside the native policies"


def the_net_is_below_capacity(templates: dict) -> Iterator[str]:
    """Target tracking stands at 70 % of what one instance serves: CloudFormation cannot multiply."""
    defaults = {n: p.get("Default") for n, p in templates["template.yaml"]["Parameters"].items()}
    share = float(defaults["TrackingRequests"]) / float(defaults["CapacityPerInstance"])
    if abs(share - 0.7) > 0.005:
        yield f"TrackingRequests: is {share:.0%} of CapacityPerInstance, not 70 %"


def nested_files_open_with_what_they_give(templates: dict) -> Iterator[str]:
    for file, template in templates.items():
        text = template.get("Description", "")
        if file != "template.yaml" and not ("Takes:" in text and "Gives:" in text):
            yield f"{file}: does not say what it takes and what it gives"


def each_hears_whom_it_serves(templates: dict) -> Iterator[str]:
    groups = {n: g["Properties"] for n, g in of_type({SECURITY: templates[SECURITY]}, "AWS::EC2::SecurityGroup").items()}
    heard = set()
    for name, group in groups.items():
        if not group.get("SecurityGroupEgress"):
            yield f"{name}: speaks to everybody, because no rule says to whom"
        for rule in walk(group.get("SecurityGroupIngress", [])):
            if "FromPort" not in rule:
                continue
            source = rule.get("SourceSecurityGroupId", {}).get("Ref")
            if name != "Balancer" and not source:
                yield f"{name}: hears more than groups of this stack"
            port = rule["FromPort"]
            heard.add((name, port["Ref"] if isinstance(port, dict) else port, source))
    for odd in sorted(map(str, {h for h in heard if h[0] != "Balancer"} ^ HEARS)):
        yield f"{odd}: may speak and should not, or the other way round"
    said = {json.dumps(e["Properties"]["DestinationSecurityGroupId"]) for e in of_type(templates, "AWS::EC2::SecurityGroupEgress").values()}
    if said != {'{"Ref": "Instances"}', '{"Ref": "Cache"}'}:
        yield "egress: somebody cannot reach whom he should, or reaches others"


def nobody_is_served_in_plain_text(templates: dict) -> Iterator[str]:
    for action in properties_of(templates, BALANCER, "Http")["DefaultActions"]:
        if action["Type"] != "redirect":
            yield f"port 80 answers with {action['Type']}"
    if "TLS13" not in properties_of(templates, BALANCER, "Https").get("SslPolicy", ""):
        yield "Https: takes old versions of TLS"
    attributes = {a["Key"]: a["Value"] for a in properties_of(templates, BALANCER, "Balancer")["LoadBalancerAttributes"]}
    for key in ("access_logs.s3.enabled", "routing.http.drop_invalid_header_fields.enabled"):
        if attributes.get(key) != "true":
            yield f"Balancer: {key} is not set"


def the_firewall_is_whole(templates: dict) -> Iterator[str]:
    rules = properties_of(templates, FIREWALL, "Acl")["Rules"]
    found = {n["Name"] for n in walk(rules) if n.get("VendorName") == "AWS"}
    for name in sorted(RULES - found):
        yield f"no rule {name}"
    if not any("RateBasedStatement" in node for node in walk(rules)):
        yield "one address may ask as often as it likes"
    always = json.dumps([rule for rule in rules if "Fn::If" not in rule])
    if "BotControl" in always:
        yield "bot control costs, and nobody asked for it"


def an_existing_group_gets_the_controller_alone(templates: dict) -> Iterator[str]:
    root = templates[ROOT_FILE]
    if root["Resources"]["Service"].get("Condition") != "CreatesGroup":
        yield "Service is there beside an existing group"
    values = Values(root, {"ExistingGroupName": "theirs", "Cache": "valkey", "Delivery": "create"})
    for condition in ("CreatesGroup", "CreatesBalancer", "CreatesCache", "CreatesDelivery"):
        if values.holds(condition):
            yield f"{condition} holds beside an existing group"


def parts_can_be_left_out(templates: dict) -> Iterator[str]:
    """Every stack of the service but the fleet itself has a condition."""
    for name, resource in templates[SERVICE]["Resources"].items():
        if resource["Type"] == "AWS::CloudFormation::Stack" and name != "Web" and "Condition" not in resource:
            yield f"{name}: cannot be left out"


def environments_answer_what_is_asked(templates: dict) -> Iterator[str]:
    """Every answer of samconfig.toml is to a parameter, and one that it takes."""
    for name, answers in environments().items():
        template = templates[EDGE if name == "edge" else ROOT_FILE]
        for key, value in answers.items():
            parameter = template["Parameters"].get(key)
            if parameter is None:
                yield f"{name}: {key} is asked nowhere"
                continue
            if not re.fullmatch(parameter.get("AllowedPattern", ".*"), value):
                yield f"{name}: {key} does not take {value!r}"
            if value not in [str(v) for v in parameter.get("AllowedValues", [value])]:
                yield f"{name}: {key} is none of its values: {value!r}"
    seoul = environments()["aira-seoul"]
    if (seoul["Zones"], seoul["CpuHighPercent"], seoul["CapacityPerInstance"]) != ("a,c", "50", "40"):
        yield "aira-seoul: is not the first Aira service (zones a and c, 50 % CPU, 40 users)"


def the_edge_can_take_its_alarm(templates: dict) -> Iterator[str]:
    """Route 53 takes alarms on one metric and a plain statistic, no composite ones and no metric math."""
    name = environments()["edge"]["FirstHealthAlarm"].removeprefix(templates[ROOT_FILE]["Parameters"]["WebGroupName"]["Default"])
    alarms = of_type({ALARMS: templates[ALARMS]}, "AWS::CloudWatch::Alarm").values()
    found = [a["Properties"] for a in alarms if a["Properties"]["AlarmName"] == {"Fn::Sub": "${GroupName}" + name}]
    if not any(a.get("Statistic") in ("Average", "Maximum", "Minimum", "SampleCount", "Sum") for a in found):
        yield f"edge: no plain alarm is named GROUP{name}"


def one_region_owns_the_table(templates: dict) -> Iterator[str]:
    """The sessions' table is made where PrimaryRegion says, and nowhere beside a replica of it."""
    for primary, stream, wanted in (("", "", True), (HERE, "", True), ("eu-west-1", "", False), (HERE, "arn:aws:x", False)):
        values = Values(templates[SESSIONS], {"PrimaryRegion": primary, "StreamArn": stream})
        if values.holds("CreatesTable") != wanted:
            yield f"PrimaryRegion={primary or 'none'}, {'a' if stream else 'no'} replica: the table is {'not ' if wanted else ''}made"


def deployments_are_taken_back(templates: dict) -> Iterator[str]:
    """By alarms that are there, without an answer."""
    answers = {"Delivery": "create"}
    given = properties_of(templates, ROOT_FILE, "Service")["Parameters"]["RollbackAlarmNames"]
    names = Values(templates[ROOT_FILE], answers).value(given).split(",")
    group = templates[ROOT_FILE]["Parameters"]["WebGroupName"]["Default"]
    alarms = of_type({ALARMS: templates[ALARMS]}, "AWS::CloudWatch::Alarm").values()
    there = {a["Properties"]["AlarmName"]["Fn::Sub"].replace("${GroupName}", group) for a in alarms}
    for name in names:
        if name not in there:
            yield f"a bad deployment stays: there is no alarm {name or 'at all'}"


CHECKS = [
    deployments_are_taken_back,
    one_region_owns_the_table,
    the_edge_can_take_its_alarm,
    environments_answer_what_is_asked,
    the_group_keeps_its_sizes,
    native_is_left_alone,
    the_net_is_below_capacity,
    nested_files_open_with_what_they_give,
    each_hears_whom_it_serves,
    nobody_is_served_in_plain_text,
    the_firewall_is_whole,
    an_existing_group_gets_the_controller_alone,
    parts_can_be_left_out,
]


# --- faults that are put into a copy ------------------------------------------------------------


def _ingress(t: dict, name: str) -> list:
    return properties_of(t, SECURITY, name)["SecurityGroupIngress"]


def _attributes(t: dict) -> list:
    return properties_of(t, BALANCER, "Balancer")["LoadBalancerAttributes"]


#: What is done to a copy, and the check that must then find a fault.
MUTATIONS = [
    ("deployments_are_taken_back", "a bad deployment that stays", lambda t: properties_of(t, ROOT_FILE, "Service")["Parameters"].update(RollbackAlarmNames={"Ref": "RollbackAlarmNames"})),
    ("deployments_are_taken_back", "an alarm under another name", lambda t: properties_of(t, ALARMS, "NoHealthyHosts").update(AlarmName={"Fn::Sub": "${GroupName}-none-healthy"})),
    ("one_region_owns_the_table", "a second table in a second region", lambda t: t[SESSIONS]["Conditions"].update(CreatesTable={"Fn::Equals": [{"Ref": "StreamArn"}, ""]})),
    ("the_edge_can_take_its_alarm", "a health check on a percentile", lambda t: properties_of(t, ALARMS, "NoHealthyHosts").update(ExtendedStatistic=properties_of(t, ALARMS, "NoHealthyHosts").pop("Statistic"))),
    ("environments_answer_what_is_asked", "an environment with an answer to nothing", lambda t: t[ROOT_FILE]["Parameters"].pop("Zones")),
    ("environments_answer_what_is_asked", "an environment whose answer is refused", lambda t: t[EDGE]["Parameters"]["RoutingPolicy"].update(AllowedValues=["random"])),
    ("the_group_keeps_its_sizes", "a desired capacity", lambda t: properties_of(t, WEB, "Group").update(DesiredCapacity=2)),
    ("the_group_keeps_its_sizes", "a net that scales in", lambda t: properties_of(t, WEB, "Tracking")["TargetTrackingConfiguration"].update(DisableScaleIn=False)),
    ("the_group_keeps_its_sizes", "a net that scales in under Tidegate", lambda t: properties_of(t, WEB, "TrackingOfRequests")["TargetTrackingConfiguration"].update(DisableScaleIn={"Fn::If": ["AddsOnly", False, True]})),
    ("native_is_left_alone", "schedules that wake Tidegate beside the native policies", lambda t: properties_of(t, TRIGGERS, "Schedules")["Parameters"].update(SchedulesState={"Ref": "SchedulesState"})),
    ("native_is_left_alone", "alarms that call Tidegate beside the native policies", lambda t: t[TRIGGERS]["Resources"]["SpikeAlarms"].pop("Condition")),
    ("the_net_is_below_capacity", "a net that adds before Tidegate does", lambda t: t[ROOT_FILE]["Parameters"]["TrackingRequests"].update(Default=200)),
    ("nested_files_open_with_what_they_give", "a file that says nothing of itself", lambda t: t[WEB].update(Description="A web group.")),
    ("each_hears_whom_it_serves", "instances that hear the internet", lambda t: _ingress(t, "Instances").append({"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"})),
    ("each_hears_whom_it_serves", "a cache that nobody can ask", lambda t: _ingress(t, "Cache").pop()),
    ("each_hears_whom_it_serves", "a cache that may speak to everybody", lambda t: properties_of(t, SECURITY, "Cache").pop("SecurityGroupEgress")),
    ("each_hears_whom_it_serves", "a load balancer that reaches nobody", lambda t: t[SECURITY]["Resources"].pop("BalancerToInstances")),
    ("nobody_is_served_in_plain_text", "plain text that nobody asked for", lambda t: properties_of(t, BALANCER, "Http").update(DefaultActions=[{"Type": "forward"}])),
    ("nobody_is_served_in_plain_text", "TLS of 2016", lambda t: properties_of(t, BALANCER, "Https").update(SslPolicy="ELBSecurityPolicy-2016-08")),
    ("nobody_is_served_in_plain_text", "requests that nobody writes down", lambda t: _attributes(t).pop(1)),
    ("the_firewall_is_whole", "a firewall without a limit", lambda t: properties_of(t, FIREWALL, "Acl")["Rules"].pop(0)),
    ("the_firewall_is_whole", "bot control that everybody pays", lambda t: properties_of(t, FIREWALL, "Acl")["Rules"].append(properties_of(t, FIREWALL, "Acl")["Rules"][-1]["Fn::If"][1])),
    ("an_existing_group_gets_the_controller_alone", "a network beside an existing group", lambda t: t[ROOT_FILE]["Resources"]["Service"].pop("Condition")),
    ("an_existing_group_gets_the_controller_alone", "a cache beside an existing group", lambda t: t[ROOT_FILE]["Conditions"].update(CreatesCache={"Fn::Not": [{"Fn::Equals": [{"Ref": "Cache"}, "none"]}]})),
    ("parts_can_be_left_out", "a firewall that is always paid", lambda t: t[SERVICE]["Resources"]["Waf"].pop("Condition")),
]  # fmt: skip
