"""What session-sync lives through: ticks, a batch of changes, and a cache that does not answer.

The cache's address leads nowhere, so the function reads its password, finds the cache gone and puts
the epoch in doubt, as it does in an outage. What must stay true: neither makes a batch fail.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from demo.cloud import Cloud, StageError, stamp

from .cast import SYNC

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "python"))

from sessions import SessionStore  # noqa: E402

LIFE_SECS = 3600
#: The secret with the cache's password.
SECRET = "iam-cache"
#: A port that nobody listens at.
NOWHERE = "redis://127.0.0.1:9"


def answers(cloud_client: Any, elsewhere: str) -> dict[str, str]:
    """Answers to the template with which session-sync has everything that it can have."""
    secret = cloud_client("secretsmanager").create_secret(Name=SECRET, SecretString="hunter2")
    subnets = cloud_client("ec2").describe_subnets()["Subnets"]
    groups = cloud_client("ec2").describe_security_groups()["SecurityGroups"]
    return {
        "Sessions": "true",
        "SessionRegions": elsewhere,
        # The trial's last probes delete the table.
        "SessionDeletionProtection": "false",
        "CacheUrl": NOWHERE,
        "CacheSecretArn": secret["ARN"],
        "CacheSubnetIds": ",".join(s["SubnetId"] for s in subnets),
        "CacheSecurityGroupIds": groups[0]["GroupId"],
    }


def stream_of(cloud: Cloud) -> str:
    return str(cloud.tables.describe_table(TableName=cloud.session_table)["Table"]["LatestStreamArn"])


def play(cloud: Cloud, at: datetime) -> int:
    """Everything; the answer is how often session-sync was woken."""
    table = cloud.session_table
    store = SessionStore(cloud.tables, table, cloud.region, b"k" * 32)
    session = store.create("iam", {"user": "kim"}, not_after=store._clock() + LIFE_SECS)
    tick = {"schedule": "tick", "scheduled_time": stamp(at), "execution_id": "iam"}
    for event in (tick, _batch(cloud, table), tick):
        answer, failed = cloud.invoke(SYNC, event)
        if failed or answer.get("batchItemFailures"):
            raise StageError(f"{SYNC}: {failed or answer}")
    assert session.values
    return 3


def _batch(cloud: Cloud, table: str) -> dict[str, Any]:
    """The session's change, as the stream brings it."""
    found = cloud.tables.scan(TableName=table, ConsistentRead=True)["Items"]
    item = next(i for i in found if i["pk"]["S"].startswith("session#"))
    change = {
        "ApproximateCreationDateTime": 1_800_000_000,
        "Keys": {"pk": item["pk"], "sk": item["sk"]},
        "NewImage": item,
        "SequenceNumber": "100000000000000000001",
        "SizeBytes": 400,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    record = {
        "eventID": "iam",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": cloud.region,
        "dynamodb": change,
        "eventSourceARN": stream_of(cloud),
    }
    return {"Records": [record]}
