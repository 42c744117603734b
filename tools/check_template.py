"""Tests of the template: what a linter cannot know, because it concerns this project's code.

Run by `make test` with the environment in .tools/sam. Each check yields faults as sentences. Each
must also find the fault that is put into a copy of the template on purpose (MUTATIONS): a check
that cannot fail proves nothing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import check_template_service as service
import check_template_sessions as sessions
from cfn_values import Values, changed, walk
from template_answers import cases, composed_policy
from template_mutations import MUTATIONS
from template_parts import (
    FAILURES,
    NOT_OUR_CALLS,
    NOT_OUR_ROLES,
    NO_RESOURCE,
    OPERATORS_CALLS,
    ROOT,
    ROUTER,
    SESSION_WATCH,
    STREAM,
    TICKS,
    WATCH,
    as_list,
    attribute_of,
    called_function,
    callers,
    functions,
    load,
    of_type,
    schedules,
    statements,
    variables_of,
)

GITHUB = "token.actions.githubusercontent.com"
OWN_ACCOUNT_ONLY = {"codedeploy.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com"}
ALARMS = "lambda.alarms.cloudwatch.amazonaws.com"

# Set for the system's libraries, not for our code.
NOT_OUR_VARIABLES = {"SSL_CERT_FILE"}
OPS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "tidegate-ops"


# --- checks -----------------------------------------------------------------------------------


def every_trigger_has_an_event(templates: dict) -> Iterator[str]:
    alarmed = callers(templates, "AWS::Lambda::Permission")
    batched = callers(templates, "AWS::Lambda::EventSourceMapping")
    folders = {name: (ROOT / "events" / name).glob("*.json") for name in functions(templates)}
    found = {name: [json.loads(f.read_text()) for f in files] for name, files in folders.items()}
    for name, trigger, schedule in schedules(templates):
        wanted = json.loads(schedule["Target"]["Input"])
        key = (set(wanted), wanted["schedule"])
        if not any((set(e), e.get("schedule")) == key for e in found[name]):
            yield f"{name}: no file in events/{name}/ has the input of the trigger {trigger}"
    for name, events in found.items():
        if name in alarmed and not any("alarmData" in e for e in events):
            yield f"{name}: no file in events/{name}/ is an alarm's payload"
        source = "aws:dynamodb" if name == sessions.FUNCTION else "aws:sqs"
        records = [r for e in events for r in e.get("Records", [])]
        if name in batched and not any(r.get("eventSource") == source for r in records):
            yield f"{name}: no file in events/{name}/ is a batch of {source}"


def every_event_is_used(_templates: dict) -> Iterator[str]:
    rust = [f for top in ("tests", "functions", "shared") for f in (ROOT / top).rglob("*.rs")]
    sources = [f.read_text() for f in rust]
    for file in sorted((ROOT / "events").rglob("*.json")):
        if not any(names(source, file) for source in sources):
            yield f"{file.relative_to(ROOT)} is used by no test"


def names(source: str, file: Path) -> bool:
    """Whole, or its folder once and its name in a table."""
    folder = f"{file.parent.name}/"
    own = (f'"{file.stem}"', f'"{file.name}"')
    return folder + file.name in source or (folder in source and any(n in source for n in own))


def variables_are_read_and_set(templates: dict) -> Iterator[str]:
    shared = (ROOT / "shared/adapters/src").glob("config*.rs")
    code = "".join(f.read_text() for f in [*shared, *(ROOT / "functions").rglob("*.rs")])
    read = set(re.findall(r'"(TIDEGATE_[A-Z_]+)"', code))
    given = set(variables_of(templates))
    for function in functions(templates).values():
        given |= set(function.get("Environment", {}).get("Variables", {}))
    for name in sorted(read - given):
        yield f"{name} is read by the functions and not set by the template"
    for name in sorted(given - read - NOT_OUR_VARIABLES):
        yield f"{name} is set by the template and read by no function"


def the_composed_policy_is_valid(templates: dict) -> Iterator[str]:
    for case, answers in cases().items():
        values = Values(templates["template.yaml"], answers)
        document = composed_policy(templates, values)
        variables = {**values.value(variables_of(templates)), "TIDEGATE_SEED_POLICY": document}
        if "${" in document:
            yield f"{case}: a placeholder is left in the policy document"
        with_policy = {n: f for n, f in functions(templates).items() if "CodeUri" in f}
        for name, function in with_policy.items():
            own = values.value(function.get("Environment", {}).get("Variables", {}))
            size = environment_bytes({**variables, **own})
            if size > 4096:
                yield f"{case}: the environment of {name} takes {size} bytes; Lambda gives 4096"
        done = subprocess.run([OPS, "policy-check", "-"], input=document, cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            yield f"{case}: the composed policy is refused: {(done.stderr or done.stdout).strip()}"


def environment_bytes(variables: dict) -> int:
    # ARNs and the table's name are known only after a deploy; 200 bytes each is ample.
    sizes = [200 if isinstance(v, dict) else len(str(v).encode()) for v in variables.values()]
    return sum(sizes) + sum(len(name) for name in variables)


def roles_allow_what_is_called(templates: dict) -> Iterator[str]:
    """Exactly the calls in the adapters, and nothing that an SDK call does not need."""
    of_functions = {f: t for f, t in templates.items() if f not in NOT_OUR_ROLES}
    allowed = {action for _, s in statements(of_functions) for action in as_list(s["Action"])}
    files = sorted((ROOT / "shared/adapters/src").glob("*.rs"))
    code = "".join(f.read_text() for f in files if f.name not in OPERATORS_CALLS)
    ours = ("autoscaling:", "cloudwatch:", "dynamodb:", "secretsmanager:", "sns:")
    for action in sorted(a for a in allowed - NOT_OUR_CALLS if a.startswith(ours)):
        method = re.sub(r"(?<!^)(?=[A-Z])", "_", action.split(":")[1]).lower()
        if f".{method}()" not in code:
            yield f"{action} is allowed and never called"
    calls = r"\.((?:batch|describe|set|update|put|delete|get|list)_[a-z_]+|query|publish)\(\)"
    for method in sorted(set(re.findall(calls, code))):
        action = "".join(word.capitalize() for word in method.split("_"))
        if not any(a.split(":")[1] == action for a in allowed):
            yield f"{method} is called and {action} is not allowed"
    for action in sorted(a for a in allowed - NOT_OUR_CALLS if not a.startswith(ours)):
        yield f"{action} is allowed and not needed"


def roles_are_narrow(templates: dict) -> Iterator[str]:
    for name, statement in statements(templates):
        for action in as_list(statement["Action"]):
            if "*" in action:
                yield f"{name}: the action {action} has a wildcard"
            if action.lower().startswith("iam:"):
                yield f"{name}: {action} lets a function change permissions"
        if "*" in as_list(statement["Resource"]) and not set(as_list(statement["Action"])) <= NO_RESOURCE:
            yield f"{name}: {statement.get('Sid')} is not limited to a resource"
        keyed = any("dynamodb:LeadingKeys" in node for node in walk(statement.get("Condition", {})))
        tables = [a for a in as_list(statement["Action"]) if a.startswith("dynamodb:")]
        if set(tables) - STREAM and not keyed:
            yield f"{name}: {statement.get('Sid')} is not limited to keys of a table"


def roles_trust_own_services_only(templates: dict) -> Iterator[str]:
    for name, role in of_type(templates, "AWS::IAM::Role").items():
        if not {"Policies", "ManagedPolicyArns"} & set(role["Properties"]):
            continue  # It may do nothing, whoever takes it.
        for statement in role["Properties"]["AssumeRolePolicyDocument"]["Statement"]:
            service = statement["Principal"].get("Service", "")
            if "Federated" in statement["Principal"]:
                yield from one_repository_only(name, statement)
                continue
            # They take a role only for what is of the role's account; others can be asked.
            if service not in OWN_ACCOUNT_ONLY and "aws:SourceAccount" not in json.dumps(statement):
                yield f"{name}: {service or 'somebody'} of any account could take it"


def one_repository_only(name: str, statement: dict) -> Iterator[str]:
    """GitHub gives tokens to everybody; the condition says whose are taken."""
    equal = statement.get("Condition", {}).get("StringEquals", {})
    wanted = {"Fn::Sub": "repo:${GitHubRepository}:${GitHubSubject}"}
    if equal.get(f"{GITHUB}:sub") != wanted or equal.get(f"{GITHUB}:aud") != "sts.amazonaws.com":
        yield f"{name}: workflows of other repositories or branches could take it"


def each_function_has_its_own_role(templates: dict) -> Iterator[str]:
    roles = [json.dumps(f.get("Role")) for f in functions(templates).values()]
    if "null" in roles or len(set(roles)) < len(roles):
        yield "functions share a role, or one has none"


def alarms_may_call_and_nobody_else(templates: dict) -> Iterator[str]:
    permissions = of_type(templates, "AWS::Lambda::Permission")
    for name, permission in permissions.items():
        properties = permission["Properties"]
        if properties["Principal"] != ALARMS:
            yield f"{name}: the principal of an alarm's action is {ALARMS}"
        for key in ("SourceAccount", "SourceArn"):
            if not properties.get(key):
                yield f"{name}: without {key} another account could call the function"
    trusted = json.dumps([p["Properties"].get("SourceArn") for p in permissions.values()])
    for name, alarm in of_type(templates, "AWS::CloudWatch::Alarm").items():
        properties = alarm["Properties"]
        if not properties.get("AlarmActions"):
            yield f"{name}: an alarm that does nothing"
        if "TreatMissingData" not in properties or "AlarmDescription" not in properties:
            yield f"{name}: says neither what missing data means nor what the alarm does"
        calls = "SpikeFunctionArn" in json.dumps(properties.get("AlarmActions"))
        if calls and f"{name}.Arn" not in trusted.replace('", "', "."):
            yield f"{name}: may not call the function that it names"


def the_watch_needs_no_function(templates: dict) -> Iterator[str]:
    """Alarms on Tidegate itself go straight to a topic."""
    for file in (WATCH, TICKS, FAILURES, ROUTER, SESSION_WATCH):
        for name, resource in templates[file]["Resources"].items():
            actions = json.dumps(resource["Properties"].get("AlarmActions", ""))
            if resource["Type"] == "AWS::CloudWatch::Alarm" and "Function" in actions:
                yield f"{name}: needs the function that it may be about"


def alarms_are_not_lost(templates: dict) -> Iterator[str]:
    """From EventBridge through the queue to the function, nothing is dropped in silence."""
    resources = templates[ROUTER]["Resources"]
    for rule in (r["Properties"] for r in resources.values() if r["Type"] == "AWS::Events::Rule"):
        if set(rule["EventPattern"]) != {"source", "detail-type"} or len(rule["EventPattern"]["detail-type"]) != 2:
            yield "the rule leaves alarms out"
        if any("DeadLetterConfig" not in target for target in rule["Targets"]):
            yield "the rule: what it cannot deliver is gone"
    for name, mapping in resources.items():
        if mapping["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        properties = mapping["Properties"]
        queue = resources[attribute_of(properties["EventSourceArn"])]["Properties"]
        function = functions(templates)[called_function(templates, ROUTER, properties["FunctionName"])]
        if queue.get("RedrivePolicy", {}).get("maxReceiveCount", 0) < 5:
            yield f"{name}: an alarm that is throttled a few times is set aside, or none ever is"
        if queue.get("VisibilityTimeout", 30) < 6 * function["Timeout"]:
            yield f"{name}: a batch comes back while it is worked on"
        if properties.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name}: one record that fails brings the whole batch back"
        if properties.get("ScalingConfig", {}).get("MaximumConcurrency") != 2:
            yield f"{name}: a storm's batches fight over their groups"
    for name, policy in resources.items():
        for statement in policy["Properties"].get("PolicyDocument", {}).get("Statement", []):
            condition = json.dumps(statement.get("Condition", {}))
            if statement["Effect"] == "Allow" and not ("Changes" in condition and "aws:SourceAccount" in condition):
                yield f"{name}: others than the rule may send"


def failures_are_kept(templates: dict) -> Iterator[str]:
    defaults = templates["template.yaml"]["Globals"]["Function"]
    invoke = defaults.get("EventInvokeConfig", {})
    if not invoke.get("MaximumEventAgeInSeconds") or not invoke.get("DestinationConfig", {}).get("OnFailure"):
        yield "functions: no age limit or no place for failed events"
    of_plain = callers(templates, "AWS::Lambda::EventInvokeConfig")
    for name, config in of_type(templates, "AWS::Lambda::EventInvokeConfig").items():
        if not {"MaximumEventAgeInSeconds", "DestinationConfig"} <= set(config["Properties"]):
            yield f"{name}: no age limit or no place for failed events"
    for name, trigger, schedule in schedules(templates):
        missing = {"RoleArn", "RetryPolicy", "DeadLetterConfig"} - set(schedule["Target"])
        missing |= {"State"} - set(schedule)
        if missing:
            yield f"{name}: the trigger {trigger} has no {', '.join(sorted(missing))}"
        if "cron" in schedule["ScheduleExpression"] and "ScheduleExpressionTimezone" not in schedule:
            yield f"{name}: the trigger {trigger} runs in no time zone"
    logs = [g["Properties"] for g in of_type(templates, "AWS::Logs::LogGroup").values()]
    kept = sum("RetentionInDays" in log for log in logs)
    for name, function in functions(templates).items():
        if "CodeUri" not in function and name not in of_plain:
            yield f"{name}: SAM's defaults do not reach it, and nothing says where failed events go"
        if "LoggingConfig" not in function or kept < len(functions(templates)):
            yield f"{name}: no log group with a retention"


def data_is_kept_and_encrypted(templates: dict) -> Iterator[str]:
    for name, table in of_type(templates, "AWS::DynamoDB::Table").items():
        properties = table["Properties"]
        if table.get("DeletionPolicy") != "Retain" or table.get("UpdateReplacePolicy") != "Retain":
            yield f"{name}: goes with the stack"
        for part in ("SSESpecification", "PointInTimeRecoverySpecification", "TimeToLiveSpecification"):
            if part not in properties:
                yield f"{name}: has no {part}"
    policies = [*of_type(templates, "AWS::SNS::TopicPolicy").values()]
    policies += of_type(templates, "AWS::SQS::QueuePolicy").values()
    tls_only = json.dumps([p for p in policies if "aws:SecureTransport" in json.dumps(p)])
    for kind, key in (("SNS::Topic", "KmsMasterKeyId"), ("SQS::Queue", "SqsManagedSseEnabled")):
        for name, resource in of_type(templates, f"AWS::{kind}").items():
            if not resource["Properties"].get(key):
                yield f"{name}: is not encrypted"
            if f'"{name.split()[0]}"' not in tls_only:
                yield f"{name}: takes messages without TLS"


def parameters_explain_themselves(templates: dict) -> Iterator[str]:
    root = templates["template.yaml"]
    groups = root["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    grouped = [name for group in groups for name in group["Parameters"]]
    for name, parameter in root["Parameters"].items():
        if grouped.count(name) != 1:
            yield f"{name}: stands in {grouped.count(name)} groups of the form"
        if not parameter.get("Description"):
            yield f"{name}: no description"
        bounds = {"AllowedPattern", "AllowedValues", "MinValue", "MaxLength"} & set(parameter)
        if not bounds and "SSM" not in parameter["Type"]:
            yield f"{name}: takes anything"


def nested_stacks_fit(templates: dict) -> Iterator[str]:
    """The linter looks at one file at a time."""
    for file, outer in templates.items():
        for name, stack in outer["Resources"].items():
            if stack["Type"] != "AWS::CloudFormation::Stack":
                continue
            inner = templates[str(Path(file).parent / stack["Properties"]["TemplateURL"])]
            given, wanted = set(stack["Properties"]["Parameters"]), set(inner["Parameters"])
            for odd in sorted(given ^ wanted):
                yield f"{name}: the parameter {odd} is {'not taken' if odd in given else 'not given'}"
            for node in walk(outer):
                path = node.get("Fn::GetAtt")
                path = path.split(".", 1) if isinstance(path, str) else path
                if path and path[0] == name and path[1].split(".")[1] not in inner["Outputs"]:
                    yield f"{name}: there is no output {path[1]}"


CHECKS = [
    every_trigger_has_an_event,
    every_event_is_used,
    variables_are_read_and_set,
    the_composed_policy_is_valid,
    roles_allow_what_is_called,
    roles_are_narrow,
    roles_trust_own_services_only,
    each_function_has_its_own_role,
    alarms_may_call_and_nobody_else,
    the_watch_needs_no_function,
    alarms_are_not_lost,
    failures_are_kept,
    data_is_kept_and_encrypted,
    parameters_explain_themselves,
    nested_stacks_fit,
    *sessions.CHECKS,
    *service.CHECKS,
]


def main() -> int:
    subprocess.run("cargo build --quiet --locked -p tidegate-ops".split(), cwd=ROOT, check=True)
    templates = load()
    failed = 0
    for check in CHECKS:
        faults = list(check(templates))
        failed += bool(faults)
        print(f"{'FAIL' if faults else 'ok  '} {check.__name__.replace('_', ' ')}")
        for fault in faults:
            print(f"       {fault}")
    by_name = {check.__name__: check for check in CHECKS}
    mutations = [*MUTATIONS, *sessions.MUTATIONS, *service.MUTATIONS]
    for name, what, change in mutations:
        found = list(by_name[name](changed(templates, change)))
        failed += not found
        print(f"{'ok  ' if found else 'FAIL'} finds {what}")
    total = len(CHECKS) + len(mutations)
    print(f"template: {total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
