"""Each clause of infra/rules, broken in a copy of examples/right.yaml: the rule that must notice it."""

from __future__ import annotations


def _p(t: dict, name: str) -> dict:
    return t["Resources"][name]["Properties"]


def _statement(t: dict, name: str, place: int = 0) -> dict:
    document = next(v for k, v in _p(t, name).items() if k in ("PolicyDocument", "KeyPolicy", "AssumeRolePolicyDocument"))
    statement = document["Statement"][place]
    return statement["Fn::If"][1] if "Fn::If" in statement else statement


def _granted(t: dict, place: int) -> dict:
    statement = _p(t, "ScheduleRole")["Policies"][0]["PolicyDocument"]["Statement"][place]
    return statement["Fn::If"][1] if "Fn::If" in statement else statement


def _launch(t: dict) -> dict:
    return _p(t, "Template")["LaunchTemplateData"]


def _edge(t: dict) -> dict:
    return _p(t, "Distribution")["DistributionConfig"]


def _closed(t: dict) -> dict:
    return _p(t, "Bucket")["PublicAccessBlockConfiguration"]


SUB = "token.actions.githubusercontent.com:sub"

#: The rule, what is wrong, and what is done to the copy.
CLAUSES = [
    ("permissions_name_account_and_source", "an alarm of any account", lambda t: _p(t, "Permission").pop("SourceAccount")),
    ("permissions_name_account_and_source", "any alarm", lambda t: _p(t, "Permission").pop("SourceArn")),
    ("topics_name_account_and_source", "a topic for any account", lambda t: _statement(t, "TopicPolicy")["Condition"].pop("StringEquals")),
    ("topics_name_account_and_source", "a topic for any alarm", lambda t: _statement(t, "TopicPolicy")["Condition"].pop("ArnLike")),
    ("topics_name_account_and_source", "a topic for anybody", lambda t: _statement(t, "TopicPolicy").pop("Condition")),
    ("queues_name_account_and_source", "a queue for any account", lambda t: _statement(t, "QueuePolicy")["Condition"].pop("StringEquals")),
    ("queues_name_account_and_source", "a queue for any rule", lambda t: _statement(t, "QueuePolicy")["Condition"].pop("ArnEquals")),
    ("buckets_name_the_source", "a bucket for any distribution", lambda t: _statement(t, "BucketPolicy").pop("Condition")),
    ("keys_name_the_account", "a key for any account", lambda t: _statement(t, "Key").pop("Condition")),
    ("roles_name_the_account", "a role for any account's schedules", lambda t: _statement(t, "ScheduleRole").pop("Condition")),
    ("stream_mappings_lose_nothing", "a batch that is not halved", lambda t: _p(t, "Records").pop("BisectBatchOnFunctionError")),
    ("stream_mappings_lose_nothing", "a batch that is said not to be halved", lambda t: _p(t, "Records").update(BisectBatchOnFunctionError=False)),
    ("stream_mappings_lose_nothing", "a record that is tried for ever", lambda t: _p(t, "Records").update(MaximumRetryAttempts=-1)),
    ("stream_mappings_lose_nothing", "a record that is never tried again", lambda t: _p(t, "Records").update(MaximumRetryAttempts=0)),
    ("stream_mappings_lose_nothing", "a record without an age", lambda t: _p(t, "Records").pop("MaximumRecordAgeInSeconds")),
    ("stream_mappings_lose_nothing", "a record that is given up and gone", lambda t: _p(t, "Records").pop("DestinationConfig")),
    ("stream_mappings_lose_nothing", "a batch that fails as one", lambda t: _p(t, "Records").pop("FunctionResponseTypes")),
    ("queue_mappings_fail_alone", "a batch of messages that fails as one", lambda t: _p(t, "Messages").pop("FunctionResponseTypes")),
    ("queue_mappings_fail_alone", "messages that take all concurrency", lambda t: _p(t, "Messages").pop("ScalingConfig")),
    ("failed_events_are_kept", "an event six hours old", lambda t: _p(t, "Failed").pop("MaximumEventAgeInSeconds")),
    ("failed_events_are_kept", "an event an hour old", lambda t: _p(t, "Failed").update(MaximumEventAgeInSeconds=3600)),
    ("failed_events_are_kept", "tries by default", lambda t: _p(t, "Failed").pop("MaximumRetryAttempts")),
    ("failed_events_are_kept", "a failed event that is gone", lambda t: _p(t, "Failed").pop("DestinationConfig")),
    ("every_function_has_an_invoke_config", "a second function without one", lambda t: t["Resources"].update(Second=t["Resources"]["Function"])),
    ("only_session_sync_is_in_the_vpc", "a scaler in the VPC", lambda t: _p(t, "Function").update(FunctionName={"Fn::Sub": "${Name}-spike"})),
    ("only_session_sync_is_in_the_vpc", "a function of another name in the VPC", lambda t: _p(t, "Function").update(FunctionName="scaler")),
    ("functions_are_traced", "a function without traces", lambda t: _p(t, "Function").pop("TracingConfig")),
    ("no_zero_minimum", "a group of none", lambda t: _p(t, "Group").update(MinSize=0)),
    ("no_zero_minimum", "a group of none, as text", lambda t: _p(t, "FixedGroup").update(MinSize="0")),
    ("no_zero_minimum", "a night of none", lambda t: _p(t, "Night").update(MinSize=0)),
    ("no_zero_minimum", "a night that wants none", lambda t: _p(t, "Night").update(DesiredCapacity=0)),
    ("no_zero_minimum", "a minimum of none unless answered", lambda t: t["Parameters"]["MinimumInstances"].update(Default=0)),
    ("groups_leave_desired_capacity_alone", "a deploy that sets the size", lambda t: _p(t, "Group").update(DesiredCapacity=2)),
    ("groups_leave_desired_capacity_alone", "a deploy that sets the sizes back", lambda t: t["Resources"]["Group"].pop("UpdatePolicy")),
    ("alarms_tell_somebody", "an alarm without an action", lambda t: _p(t, "Alarm").pop("AlarmActions")),
    ("alarms_tell_somebody", "an alarm with no action", lambda t: _p(t, "Both").update(AlarmActions=[])),
    ("alarms_tell_somebody", "an alarm that says nothing", lambda t: _p(t, "Alarm").pop("AlarmDescription")),
    ("alarms_say_what_silence_means", "an alarm for which silence means anything", lambda t: _p(t, "Alarm").pop("TreatMissingData")),
    ("instances_ask_for_a_token", "IMDSv1", lambda t: _launch(t)["MetadataOptions"].update(HttpTokens="optional")),
    ("instances_ask_for_a_token", "metadata by default", lambda t: _launch(t).pop("MetadataOptions")),
    ("instances_ask_for_a_token", "a token that travels", lambda t: _launch(t)["MetadataOptions"].update(HttpPutResponseHopLimit=2)),
    ("instances_have_no_public_address", "a public address", lambda t: _launch(t)["NetworkInterfaces"][0].update(AssociatePublicIpAddress=True)),
    ("volumes_are_encrypted", "a volume in plain text", lambda t: _launch(t)["BlockDeviceMappings"][0]["Ebs"].update(Encrypted=False)),
    ("volumes_are_encrypted", "the image's own volume", lambda t: _launch(t).pop("BlockDeviceMappings")),
    ("listeners_speak_tls", "old TLS", lambda t: _p(t, "Https").update(SslPolicy="ELBSecurityPolicy-2016-08")),
    ("listeners_speak_tls", "TLS of the balancer's choice", lambda t: _p(t, "Https").pop("SslPolicy")),
    ("listeners_speak_tls", "TLS without a certificate", lambda t: _p(t, "Https").pop("Certificates")),
    ("listeners_speak_tls", "HTTP that is served", lambda t: _p(t, "Http").update(DefaultActions=[{"Type": "forward", "TargetGroupArn": "x"}])),
    ("listeners_speak_tls", "HTTP that leads to HTTP", lambda t: _p(t, "Http")["DefaultActions"][0]["RedirectConfig"].update(Protocol="HTTP")),
    ("listeners_speak_tls", "a listener of neither", lambda t: _p(t, "Https").update(Protocol="TCP")),
    ("the_edge_speaks_tls", "viewers in plain text", lambda t: _edge(t)["DefaultCacheBehavior"].update(ViewerProtocolPolicy="allow-all")),
    ("the_edge_speaks_tls", "static files in plain text", lambda t: _edge(t)["CacheBehaviors"][0].update(ViewerProtocolPolicy="allow-all")),
    ("the_edge_speaks_tls", "an open way to the origin", lambda t: _edge(t)["Origins"][0]["CustomOriginConfig"].update(OriginProtocolPolicy="match-viewer")),
    ("tables_are_encrypted", "a table under AWS's own key", lambda t: _p(t, "Table").pop("SSESpecification")),
    ("topics_are_encrypted", "a topic in plain text", lambda t: _p(t, "Topic").pop("KmsMasterKeyId")),
    ("topics_are_encrypted", "a topic that alarms cannot publish to", lambda t: _p(t, "NamedKeyTopic").update(KmsMasterKeyId="alias/aws/sns")),
    ("queues_are_encrypted", "a queue in plain text", lambda t: _p(t, "Queue").update(SqsManagedSseEnabled=False)),
    ("logs_end", "a log for ever", lambda t: _p(t, "Log").pop("RetentionInDays")),
    ("caches_are_encrypted", "a cache that writes plain snapshots", lambda t: _p(t, "Cache").pop("AtRestEncryptionEnabled")),
    ("caches_are_encrypted", "a cache without TLS", lambda t: _p(t, "Cache").update(TransitEncryptionEnabled=False)),
    ("buckets_are_encrypted_and_closed", "a bucket under a default key", lambda t: _p(t, "Bucket").pop("BucketEncryption")),
    ("buckets_are_encrypted_and_closed", "a bucket that may be opened", lambda t: _p(t, "Bucket").pop("PublicAccessBlockConfiguration")),
    ("buckets_are_encrypted_and_closed", "a bucket that an ACL opens", lambda t: _closed(t).update(BlockPublicAcls=False)),
    ("buckets_are_encrypted_and_closed", "a bucket that a policy opens", lambda t: _closed(t).update(BlockPublicPolicy=False)),
    ("buckets_are_encrypted_and_closed", "a bucket that an old ACL opens", lambda t: _closed(t).update(IgnorePublicAcls=False)),
    ("buckets_are_encrypted_and_closed", "a bucket that others may read", lambda t: _closed(t).update(RestrictPublicBuckets=False)),
    ("keys_are_rotated", "a key for ever", lambda t: _p(t, "Key").pop("EnableKeyRotation")),
    ("no_write_on_everything", "a write on everything, inline", lambda t: _granted(t, 1).update(Resource="*")),
    ("no_write_on_everything", "a write on everything, beside others", lambda t: _granted(t, 1).update(Resource=["arn:x", "*"])),
    ("no_write_on_everything", "a write among reads", lambda t: _granted(t, 0)["Action"].append("ec2:RunInstances")),
    ("no_write_on_everything", "a wildcard action", lambda t: _granted(t, 0)["Action"].append("ec2:*")),
    ("no_write_on_everything", "a network that the program may change", lambda t: _granted(t, 2).pop("Condition")),
    ("no_write_on_everything", "a write on everything, managed", lambda t: _statement(t, "Traces").update(Action="sns:Publish")),
    ("only_the_repository_may_deploy", "every repository", lambda t: _statement(t, "DeployRole")["Condition"].pop("StringLike")),
    ("only_the_repository_may_deploy", "every repository, by a pattern", lambda t: _statement(t, "DeployRole")["Condition"]["StringLike"].update({SUB: "repo:*"})),
    ("only_the_repository_may_deploy", "whatever there is, by a pattern", lambda t: _statement(t, "DeployRole")["Condition"]["StringLike"].update({SUB: "*"})),
    ("only_the_repository_may_deploy", "tokens for others", lambda t: _statement(t, "DeployRole")["Condition"].pop("StringEquals")),
]  # fmt: skip
