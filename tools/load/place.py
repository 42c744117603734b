"""The local endpoint with a table like the template's, or a live table.

What must stay true: without --live nothing but a loopback address is asked; the endpoint is this
run's own and ends with it; a live table is looked at before it is loaded, and never changed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from samcli.yamlhelper import yaml_parse

from .options import Options
from .work import Place

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / ".tools" / "run-load"
TABLE = "tidegate-sessions"
LOCAL_REGION = "ap-northeast-2"


class NoPlace(Exception):
    """There is nothing to load; the sentence says why."""


@contextmanager
def local() -> Iterator[Place]:
    """An endpoint of this run's own."""
    command = [str(ROOT / "tools" / "endpoint")]
    run = ["--run", str(RUN)]
    done = subprocess.run([*command, "start", *run, "--for", str(os.getpid())], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise NoPlace("the local endpoint does not start; what it said is above")
    try:
        _take_over(subprocess.run([*command, "env", *run], capture_output=True, text=True, check=True).stdout)
        url = os.environ["AWS_ENDPOINT_URL"]
        dynamodb: Any = boto3.client("dynamodb", region_name=LOCAL_REGION, endpoint_url=url)
        dynamodb.create_table(TableName=TABLE, **of_template())
        yield Place(TABLE, LOCAL_REGION, url)
    finally:
        subprocess.run([*command, "stop", *run], stdout=subprocess.DEVNULL, check=False)


def of_template() -> dict[str, Any]:
    """What `CreateTable` needs of infra/sessions.yaml."""
    template = yaml_parse((ROOT / "infra" / "sessions.yaml").read_text())
    found = next(
        r["Properties"] for r in template["Resources"].values() if r["Type"] == "AWS::DynamoDB::GlobalTable"
    )
    stream = {"StreamEnabled": True, **found["StreamSpecification"]}
    same = {key: found[key] for key in ("BillingMode", "AttributeDefinitions", "KeySchema")}
    return {**same, "StreamSpecification": stream}


def live(options: Options) -> tuple[Place, int]:
    """The table that is named, and how many regions have it."""
    dynamodb: Any = boto3.client("dynamodb", region_name=options.region)
    table = dynamodb.describe_table(TableName=options.table)["Table"]
    keys = [(k["AttributeName"], k["KeyType"]) for k in table["KeySchema"]]
    if keys != [("pk", "HASH"), ("sk", "RANGE")]:
        raise NoPlace(f"{options.table} is no session table: its keys are not pk and sk")
    ttl = dynamodb.describe_time_to_live(TableName=options.table)["TimeToLiveDescription"]
    if ttl.get("AttributeName") != "expires_at" or ttl["TimeToLiveStatus"] != "ENABLED":
        raise NoPlace(f"{options.table} keeps what is written for ever: its time to live is not expires_at")
    print(f"load-sessions: asks {dynamodb.meta.endpoint_url}")
    return Place(options.table, options.region), 1 + len(table.get("Replicas", []))


def _take_over(told: str) -> None:
    """What a shell takes from `tools/endpoint env`."""
    for line in told.splitlines():
        verb, _, rest = line.partition(" ")
        if verb == "export":
            name, _, value = rest.partition("=")
            os.environ[name] = value
        elif verb == "unset":
            for name in rest.split():
                os.environ.pop(name, None)
