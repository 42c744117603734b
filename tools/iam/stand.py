"""An endpoint of its own with the deployed stack, and things of other people beside it.

The functions' programs are the built ones; in front of each stands a line of shell that points it
to its recorder. What must stay true: the endpoint ends with this process; nothing here touches the
endpoint that somebody works with.
"""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import zipfile
from pathlib import Path
from typing import Any

from demo import deploy
from demo.cast import Fleet
from demo.cloud import Cloud, StageError

from . import sessions
from .calls import Actor
from .cast import FUNCTIONS, SYNC, TEAMS
from .recorder import Recorder
from .services import shard_iterator

ROOT = Path(__file__).resolve().parents[2]
STACK = "tidegate"
#: The endpoint's.
ACCOUNT, REGION = "000000000000", "ap-northeast-2"
#: Where things of the same name stand too, to see that a role ends at its region.
ELSEWHERE = "us-east-1"
#: A group whose name begins like ours.
NEIGHBOUR = "aira-web-2"
THEIRS = "their-things"
#: A log stream in each function's log.
STREAM = "theirs"


def deployed(run: Path, cast: list[Fleet], recorder: Recorder, code: Path | None) -> Cloud:
    """The stack on a fresh endpoint, with recorded programs."""
    os.environ["TIDEGATE_RUN"] = str(run)
    programs = code or _built()
    folder = run / "programs"
    for function in FUNCTIONS:
        bootstrap = folder / function / "bootstrap"
        bootstrap.parent.mkdir(parents=True, exist_ok=True)
        program = (programs / function / "bootstrap").resolve(strict=True)
        where = f"AWS_ENDPOINT_URL={recorder.url(function)}"
        bootstrap.write_text(f"#!/bin/sh\n{where} exec {shlex.quote(str(program))}\n")
        bootstrap.chmod(0o755)
    deploy.begin(os.getpid())
    deploy.take_over_environment()
    recorder.endpoint = os.environ["AWS_ENDPOINT_URL"]
    cloud = Cloud(STACK)
    kept = sessions.answers(cloud.client, ELSEWHERE)
    deploy.stack_on_it(STACK, cast, folder, {**_everybody(), **kept})
    cloud.configurations[SYNC] = cloud.session_function
    return cloud


def _everybody() -> dict[str, str]:
    """Answers with which every topic is there."""
    topics = f"arn:aws:sns:{REGION}:{ACCOUNT}:"
    return {
        "EscalationEmail": "iam@example.com",
        "ChatTopic": "true",
        "MoreTopics": ",".join(f"{team}={topics}{team}" for team in TEAMS),
    }


def ended(run: Path) -> None:
    """Ends the endpoint at once instead of a moment after this process."""
    command = [str(ROOT / "tools" / "endpoint"), "stop", "--run", str(run)]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)


def _built() -> Path:
    command = [str(ROOT / "tools" / "build-functions"), "--story"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise StageError("the functions could not be built; what was said is above")
    return Path(done.stdout.strip())


def surround(root: Actor) -> dict[str, Any]:
    """Makes what belongs to other people, so that the probes reach something real."""
    found: dict[str, Any] = {}
    for name, region in ((THEIRS, ""), (NEIGHBOUR, ""), ("aira-web", ELSEWHERE),
                         ("aira-api", ELSEWHERE)):  # fmt: skip
        _group(root, name, region)
    root.client("dynamodb").create_table(
        TableName=THEIRS,
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
    )
    table = root.client("dynamodb").describe_table(TableName=THEIRS)["Table"]
    found["stream"] = table["LatestStreamArn"]
    found["shard_iterator"] = shard_iterator(root, found["stream"])
    found["topic"] = root.client("sns").create_topic(Name=THEIRS)["TopicArn"]
    found["queue"] = root.client("sqs").create_queue(QueueName=THEIRS)["QueueUrl"]
    root.client("cloudwatch", ELSEWHERE).put_metric_alarm(
        AlarmName=THEIRS, Namespace="x", MetricName="x", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    found["key"] = root.client("kms").create_key()["KeyMetadata"]["Arn"]
    found["role"] = root.client("iam").create_role(
        RoleName=THEIRS, AssumeRolePolicyDocument=json.dumps(_trust_of_account(root))
    )["Role"]["Arn"]
    root.client("logs").create_log_group(logGroupName=f"/aws/lambda/{THEIRS}")
    for name in (THEIRS, *(f"{STACK}-{function}" for function in FUNCTIONS)):
        root.client("logs").create_log_stream(
            logGroupName=f"/aws/lambda/{name}", logStreamName=STREAM
        )
    started = root.client("ec2").run_instances(
        ImageId="ami-0123456789abcdef0", InstanceType="t3.small", MinCount=1, MaxCount=1
    )
    found["instance"] = started["Instances"][0]["InstanceId"]
    root.client("ssm").put_parameter(Name=f"/{THEIRS}", Value="x", Type="String")
    secret = root.client("secretsmanager").create_secret(Name=THEIRS, SecretString="x")
    found["secret"] = secret["ARN"]
    root.client("s3").put_object(Bucket="tidegate-artifacts", Key=THEIRS, Body=b"x")
    _function(root, found["role"])
    return found


def _group(root: Actor, name: str, region: str) -> None:
    data = {"InstanceType": "t3.small", "ImageId": "ami-0123456789abcdef0"}
    launch = f"{name}-theirs"
    root.client("ec2", region).create_launch_template(
        LaunchTemplateName=launch, LaunchTemplateData=data
    )
    root.client("autoscaling", region).create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": launch, "Version": "1"},
        AvailabilityZones=[(region or root.region) + "a"],
        MinSize=1,
        MaxSize=4,
    )


def _function(root: Actor, role: str) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\nexit 0\n")
    root.client("lambda").create_function(
        FunctionName=THEIRS,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role,
        Code={"ZipFile": packed.getvalue()},
    )


def _trust_of_account(root: Actor) -> dict[str, Any]:
    account = root.client("sts").get_caller_identity()["Account"]
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    return {"Version": "2012-10-17", "Statement": [statement]}


def open_role(root: Actor, name: str) -> str:
    """Lets the account take a role; the answer is the trust that it had."""
    iam = root.client("iam")
    before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    document = json.dumps(_trust_of_account(root))
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=document)
    return json.dumps(before)


def acting_as(root: Actor, arn: str) -> Actor:
    """A session of a role.

    The role trusts only the service that runs it, so its trust is opened for this moment. What a
    session may do is the role's policies, which are read anew at each call.
    """
    name = arn.rsplit("/", 1)[1]
    before = open_role(root, name)
    taken = root.client("sts").assume_role(RoleArn=arn, RoleSessionName="iam-trial")
    root.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=before)
    return Actor(root.url, root.region, taken["Credentials"])
