"""Everything in Seoul: what is made, how it is closed, that a change resets and replaces nothing, and what stays."""

from __future__ import annotations

from typing import Any

from .stage import Stage

STACK, GROUP = "aira-seoul", "aira-chat"
CERTIFICATE = "arn:aws:acm:ap-northeast-2:000000000000:certificate/11111111-2222-3333-4444-555555555555"
ANSWERS = {
    "CertificateArn": CERTIFICATE,
    "GitHubRepository": "example/aira",
    "CloudFrontPrefixListId": "pl-22a6434b",
    # Nothing wakes the functions during the test, and nothing is too well kept to be deleted.
    "SchedulesState": "DISABLED",
    "LoadBalancerProtection": "false",
    "SessionDeletionProtection": "false",
}
CHANGE = {"WarmupSeconds": "240", "MaximumInstances": "44", "ScalingDriver": "native", "SchedulesState": "ENABLED"}
#: What must not be made anew by a change.
LASTING = {
    "AWS::AutoScaling::AutoScalingGroup", "AWS::DynamoDB::Table", "AWS::EC2::Subnet", "AWS::EC2::VPC",
    "AWS::ElastiCache::ReplicationGroup", "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue", "AWS::SNS::Topic",
}  # fmt: skip


def run(stage: Stage) -> None:
    outputs = stage.deploy(STACK, "aira-seoul", ANSWERS)
    made = list(stage.resources(STACK))
    ids = {(kind, name): physical for kind, name, physical in made}
    network(stage, ids)
    balancer(stage, ids)
    fleet(stage, ids)
    sessions(stage, outputs, ids)
    stores(stage, ids)
    changed(stage, outputs, made)
    deleted(stage, outputs)


def network(stage: Stage, ids: dict) -> None:
    report, ec2 = stage.report, stage.client("ec2")
    vpc = ids["AWS::EC2::VPC", "Vpc"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    zones = sorted(s["AvailabilityZone"] for s in subnets)
    report.holds("two public and two private subnets, in zones a and c", zones == ["ap-northeast-2a"] * 2 + ["ap-northeast-2c"] * 2, zones)
    report.holds("nothing gets a public address by itself", not any(s["MapPublicIpOnLaunch"] for s in subnets), subnets)
    groups = {g["GroupId"]: g for g in ec2.describe_security_groups()["SecurityGroups"]}
    hears = {name: sources(groups[physical]) for (kind, name), physical in ids.items() if kind == "AWS::EC2::SecurityGroup"}
    own = {name: physical for (kind, name), physical in ids.items() if kind == "AWS::EC2::SecurityGroup"}
    wanted = {
        "Balancer": {(443, "pl-22a6434b")},
        "Instances": {(8080, own["Balancer"])},
        "Cache": {(6379, own["Instances"]), (6379, own["Sync"])},
        "Sync": set(),
    }
    report.holds("each part hears only those whom it serves", hears == wanted, hears)


def sources(group: dict[str, Any]) -> set[tuple[int, str]]:
    found = set()
    for rule in group["IpPermissions"]:
        names = [p["GroupId"] for p in rule["UserIdGroupPairs"]] + [r["CidrIp"] for r in rule["IpRanges"]]
        names += [p["PrefixListId"] for p in rule["PrefixListIds"]]
        found |= {(rule["FromPort"], name) for name in names}
    return found


def balancer(stage: Stage, ids: dict) -> None:
    report, elb = stage.report, stage.client("elbv2")
    arn = ids["AWS::ElasticLoadBalancingV2::LoadBalancer", "Balancer"]
    attributes = {a["Key"]: a["Value"] for a in elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]}
    report.holds("requests are written down, odd headers dropped", attributes["access_logs.s3.enabled"] == attributes["routing.http.drop_invalid_header_fields.enabled"] == "true", attributes)
    listeners = {x["Port"]: x for x in elb.describe_listeners(LoadBalancerArn=arn)["Listeners"]}
    actions = {port: x["DefaultActions"][0]["Type"] for port, x in listeners.items()}
    report.holds("443 serves, 80 redirects", actions == {443: "forward", 80: "redirect"}, actions)
    report.holds("TLS 1.2 at least", listeners[443]["SslPolicy"] == "ELBSecurityPolicy-TLS13-1-2-2021-06", listeners[443])
    targets = ids["AWS::ElasticLoadBalancingV2::TargetGroup", "Targets"]
    drain = {a["Key"]: a["Value"] for a in elb.describe_target_group_attributes(TargetGroupArn=targets)["Attributes"]}
    report.holds("an instance answers what it has begun", drain["deregistration_delay.timeout_seconds"] == "120", drain)
    health = elb.describe_target_groups(TargetGroupArns=[targets])["TargetGroups"][0]
    report.holds("health is asked at its path", health["HealthCheckPath"] == "/healthz", health)
    acl = stage.client("wafv2").list_web_acls(Scope="REGIONAL")["WebACLs"]
    report.holds("a firewall is there", [a["Name"] for a in acl] == [STACK], acl)


def fleet(stage: Stage, ids: dict) -> None:
    report, group = stage.report, stage.group(GROUP)
    private = {ids["AWS::EC2::Subnet", "FirstPrivate"], ids["AWS::EC2::Subnet", "SecondPrivate"]}
    report.holds("instances start in the private subnets", set(group["VPCZoneIdentifier"].split(",")) == private, group)
    report.holds("by the load balancer's judgement", group["HealthCheckType"] == "ELB", group["HealthCheckType"])
    report.holds("at the sizes that were asked for", (group["MinSize"], group["MaxSize"]) == (2, 30), group)
    template = ids["AWS::EC2::LaunchTemplate", "LaunchTemplate"]
    data = stage.client("ec2").describe_launch_template_versions(LaunchTemplateId=template)["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    report.holds("tokens for the metadata, a closed disk", data["MetadataOptions"]["HttpTokens"] == "required" and data["BlockDeviceMappings"][0]["Ebs"]["Encrypted"], data)
    report.holds("no public address", data["NetworkInterfaces"][0]["AssociatePublicIpAddress"] is False, data)
    report.holds("target tracking only adds", tracking(group) == [True, True], group["policies"])


def tracking(group: dict[str, Any]) -> list[bool]:
    found = [p["TargetTrackingConfiguration"] for p in group["policies"] if p["PolicyType"] == "TargetTrackingScaling"]
    return [bool(t.get("DisableScaleIn")) for t in found]


def sessions(stage: Stage, outputs: dict[str, str], ids: dict) -> None:
    report = stage.report
    # The endpoint keeps no function's network, so what its stack was given is looked at.
    given = stage.parameters(ids["AWS::CloudFormation::Stack", "Sync"])
    private = {ids["AWS::EC2::Subnet", "FirstPrivate"], ids["AWS::EC2::Subnet", "SecondPrivate"]}
    report.holds("session-sync is in the private subnets", set(given["SubnetIds"].split(",")) == private, given)
    report.holds("in its own security group", given["SecurityGroupIds"] == ids["AWS::EC2::SecurityGroup", "Sync"], given)
    variables = stage.variables(outputs["SessionSyncFunction"])
    report.holds("it knows the cache that was made", variables["TIDEGATE_CACHE_URL"].startswith("rediss://"), variables)
    secret = stage.client("secretsmanager").get_secret_value(SecretId=variables["TIDEGATE_CACHE_SECRET_ARN"])
    report.holds("and where its password is", len(secret["SecretString"]) == 64, len(secret["SecretString"]))
    cache = stage.client("elasticache").describe_replication_groups()["ReplicationGroups"][0]
    report.holds("the cache is closed on the wire and at rest", cache["TransitEncryptionEnabled"] and cache["AtRestEncryptionEnabled"], cache)
    attached = stage.client("iam").list_entities_for_policy(PolicyArn=outputs["SessionPolicyArn"])["PolicyRoles"]
    report.holds("the instances may keep sessions", len(attached) == 1, attached)
    seed = stage.variables(outputs["NightFunction"])["TIDEGATE_SEED_POLICY"]
    report.holds("the policy counts users, 40 an instance", "Aira/Chat ConcurrentUsers" in seed and "capacity_per_instance = 40" in seed, seed)
    alarm = stage.client("cloudwatch").describe_alarms(AlarmNames=[outputs["CpuHighAlarm"]])["MetricAlarms"][0]
    report.holds("it grows above 50 % CPU", alarm["Threshold"] == 50, alarm["Threshold"])


def stores(stage: Stage, ids: dict) -> None:
    report, s3 = stage.report, stage.client("s3")
    for (kind, name), physical in sorted(ids.items()):
        if kind == "AWS::S3::Bucket":
            closed = s3.get_public_access_block(Bucket=physical)["PublicAccessBlockConfiguration"]
            rule = s3.get_bucket_encryption(Bucket=physical)["ServerSideEncryptionConfiguration"]["Rules"]
            report.holds(f"the bucket {name} is closed and encrypted", all(closed.values()) and bool(rule), (closed, rule))
    logs = stage.client("logs").describe_log_groups()["logGroups"]
    keyed = {g["logGroupName"] for g in logs if g.get("kmsKeyId")}
    report.holds("flows and blocked requests are written under the key", {f"/{STACK}/network", f"aws-waf-logs-{STACK}"} <= keyed, keyed)


def changed(stage: Stage, outputs: dict[str, str], before: list[tuple[str, str, str]]) -> None:
    """Tidegate had moved the group; then a deploy changes it and hands it to AWS's own policies."""
    report = stage.report
    stage.client("autoscaling").update_auto_scaling_group(AutoScalingGroupName=GROUP, MinSize=7, DesiredCapacity=9)
    again = stage.deploy(STACK, "aira-seoul", {**ANSWERS, **CHANGE}, update=True)
    group = stage.group(GROUP)
    sizes = (group["MinSize"], group["DesiredCapacity"], group["MaxSize"])
    report.holds("sizes survive a change; the one that was changed is", sizes == (7, 9, 44), sizes)
    after = set(stage.resources(STACK))
    lost = [r for r in before if r[0] in LASTING and r not in after]
    report.holds("a change makes nothing anew that lasts", not lost, lost)
    report.holds("native: target tracking goes both ways", tracking(group) == [False, False], group["policies"])
    steps = [p for p in group["policies"] if p["PolicyType"] == "StepScaling"]
    report.holds("native: steps from the same table", [s["ScalingAdjustment"] for p in steps for s in p["StepAdjustments"]] == [10, 30, 60], steps)
    actions = sorted((a["Recurrence"], a["MinSize"], a["TimeZone"]) for a in group["actions"])
    report.holds("native: day and night by the group's own actions", actions == [("00 08 * * MON-FRI", 10, "Asia/Seoul"), ("00 23 * * *", 2, "Asia/Seoul")], actions)
    states = {s["Name"].removeprefix(f"{STACK}-"): s["State"] for s in stage.client("scheduler").list_schedules()["Schedules"]}
    wanted = {"night": "DISABLED", "day": "DISABLED", "tick": "DISABLED", "alarms-tick": "ENABLED", "sessions-tick": "ENABLED"}
    report.holds("native: the scaling functions sleep, the others do not", states == wanted, states)
    alarms = stage.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{GROUP}-")["MetricAlarms"]
    callers = [a["AlarmName"] for a in alarms if outputs["SpikeFunction"] in str(a["AlarmActions"])]
    report.holds("native: no alarm calls the spike function", not callers and again["CpuHighAlarm"] == "", callers)


def deleted(stage: Stage, outputs: dict[str, str]) -> None:
    report = stage.report
    stage.delete(STACK)
    tables = stage.client("dynamodb").list_tables()["TableNames"]
    for name in ("ControlTableName", "SessionTableName"):
        report.holds(f"deleted, {outputs[name]} stays", outputs[name] in tables, tables)
    report.holds("the group is gone", not stage.group(GROUP))
    left = stage.leftovers((STACK, GROUP))
    report.holds("functions, schedules, alarms, topics and queues are gone", not left, left)
    ours = [v for v in stage.client("ec2").describe_vpcs()["Vpcs"] if not v["IsDefault"]]
    report.holds("the network is gone", not ours, ours)
    caches = stage.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    balancers = stage.client("elbv2").describe_load_balancers()["LoadBalancers"]
    report.holds("load balancer and cache are gone", not caches and not balancers, (caches, balancers))
