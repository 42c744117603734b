"""Faults that are put into a copy of the template: each check of check_template.py must find its own."""

from __future__ import annotations

from template_parts import (
    DELIVERY,
    ROLES,
    ROOT_FILE,
    ROUTER,
    SCHEDULES,
    SPIKE,
    TRIGGERS,
    TICKS,
    WATCH,
    properties_of,
    shared_statements,
    variables_of,
)

# What is done to a copy, and the check that must then find a fault.
MUTATIONS = [
    ("every_trigger_has_an_event", "a trigger with an input of its own", lambda t: properties_of(t, SCHEDULES, "Tick")["Target"].update(Input='{"schedule":"hourly"}')),
    ("variables_are_read_and_set", "a variable that is not set", lambda t: variables_of(t).pop("TIDEGATE_LEDGER_DAYS")),
    ("variables_are_read_and_set", "a variable that nobody reads", lambda t: variables_of(t).update(TIDEGATE_FORGOTTEN="1")),
    ("the_composed_policy_is_valid", "a floor that is no number", lambda t: t[ROOT_FILE]["Parameters"]["DayFloor"].update(Default="six")),
    ("roles_allow_what_is_called", "a right that nobody uses", lambda t: shared_statements(t).append({"Effect": "Allow", "Action": "dynamodb:Scan", "Resource": "x"})),
    ("roles_allow_what_is_called", "a call without its right", lambda t: shared_statements(t)[0]["Action"].remove("cloudwatch:GetMetricData")),
    ("roles_are_narrow", "a wildcard action", lambda t: shared_statements(t)[0]["Action"].append("autoscaling:*")),
    ("roles_are_narrow", "a right over permissions", lambda t: shared_statements(t)[0]["Action"].append("iam:PassRole")),
    ("roles_are_narrow", "a write to every group", lambda t: properties_of(t, ROLES, "Raise")["PolicyDocument"]["Statement"][0].update(Resource="*")),
    ("roles_are_narrow", "the whole control table", lambda t: shared_statements(t)[2].pop("Condition")),
    ("roles_trust_own_services_only", "schedules of any account", lambda t: properties_of(t, ROLES, "ScheduleRole")["AssumeRolePolicyDocument"]["Statement"][0].pop("Condition")),
    ("each_function_has_its_own_role", "one role for two", lambda t: properties_of(t, ROOT_FILE, "DaytimeScaleUp").update(Role=properties_of(t, ROOT_FILE, "NightlyScaleDown")["Role"])),
    ("alarms_may_call_and_nobody_else", "alarms of any account", lambda t: properties_of(t, SPIKE, "CpuHighMayCall").pop("SourceAccount")),
    ("alarms_may_call_and_nobody_else", "any alarm", lambda t: properties_of(t, SPIKE, "RequestsHighMayCall").pop("SourceArn")),
    ("alarms_may_call_and_nobody_else", "an alarm without action", lambda t: properties_of(t, TICKS, "TickMissingCritical").pop("AlarmActions")),
    ("alarms_may_call_and_nobody_else", "an alarm action of any account", lambda t: properties_of(t, ROUTER, "AlarmsMayCall").pop("SourceAccount")),
    ("every_trigger_has_an_event", "a queue whose batches nobody tried", lambda t: properties_of(t, ROUTER, "Batches").update(FunctionName={"Ref": "NightFunctionArn"}) or properties_of(t, TRIGGERS, "Alarms")["Parameters"].update(NightFunctionArn={"Ref": "NightFunctionArn"})),
    ("roles_trust_own_services_only", "a chat with rights that any account can ask", lambda t: properties_of(t, ROUTER, "SlackRole").update(ManagedPolicyArns=["x"])),
    ("the_watch_needs_no_function", "a watch that needs the router", lambda t: properties_of(t, ROUTER, "AlarmsWait").update(AlarmActions=[{"Ref": "RouterFunctionArn"}])),
    ("alarms_are_not_lost", "a rule that leaves alarms out", lambda t: properties_of(t, ROUTER, "Changes")["EventPattern"].update(detail={"alarmName": [{"prefix": "x"}]})),
    ("alarms_are_not_lost", "a rule that drops what it cannot deliver", lambda t: properties_of(t, ROUTER, "Changes")["Targets"][0].pop("DeadLetterConfig")),
    ("alarms_are_not_lost", "a queue without a dead-letter queue", lambda t: properties_of(t, ROUTER, "Queue").pop("RedrivePolicy")),
    ("alarms_are_not_lost", "a batch that comes back too soon", lambda t: properties_of(t, ROUTER, "Queue").update(VisibilityTimeout=60)),
    ("alarms_are_not_lost", "a batch that fails as a whole", lambda t: properties_of(t, ROUTER, "Batches").pop("FunctionResponseTypes")),
    ("alarms_are_not_lost", "a queue that any rule may fill", lambda t: properties_of(t, ROUTER, "QueuePolicy")["PolicyDocument"]["Statement"][0]["Condition"].pop("ArnEquals")),
    ("the_composed_policy_is_valid", "an environment that is too large", lambda t: properties_of(t, ROOT_FILE, "AlarmRouter")["Environment"]["Variables"].update(TIDEGATE_MORE_TOPICS="x" * 3000)),
    ("failures_are_kept", "a schedule without a dead-letter queue", lambda t: properties_of(t, SCHEDULES, "Night")["Target"].pop("DeadLetterConfig")),
    ("roles_trust_own_services_only", "any repository of GitHub", lambda t: properties_of(t, DELIVERY, "GitHubRole")["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]["StringEquals"].pop("token.actions.githubusercontent.com:sub")),
    ("data_is_kept_and_encrypted", "a table that goes with the stack", lambda t: t[ROOT_FILE]["Resources"]["ControlTable"].pop("DeletionPolicy")),
    ("data_is_kept_and_encrypted", "a topic in plain text", lambda t: properties_of(t, WATCH, "Critical").pop("KmsMasterKeyId")),
    ("parameters_explain_themselves", "a parameter that takes anything", lambda t: t[ROOT_FILE]["Parameters"]["TimeZone"].pop("AllowedPattern")),
    ("nested_stacks_fit", "a parameter that nobody takes", lambda t: properties_of(t, TRIGGERS, "SpikeAlarms")["Parameters"].update(Colour="blue")),
]  # fmt: skip
