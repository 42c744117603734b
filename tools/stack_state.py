"""Whether a stack's scaling functions still run by themselves, in a word: running, stopped, gone.

Run by tools/uninstall. Gone: there is no such stack. Stopped: its schedules are there and disabled.
Whatever cannot be told is `unknown`, and says why on stderr.
"""

from __future__ import annotations

import sys
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

#: The schedules that wake what writes to a group.
WAKES = ("night", "day", "tick")


def main() -> int:
    stack = sys.argv[1]
    try:
        print(state(stack, boto3.client("cloudformation"), boto3.client("scheduler")))
    except (BotoCoreError, ClientError) as error:
        print(f"uninstall: whether {stack} still runs cannot be told: {error}", file=sys.stderr)
        print("unknown")
    return 0


def state(stack: str, cloudformation: Any, scheduler: Any) -> str:
    """The word for a stack."""
    if not exists(stack, cloudformation):
        return "gone"
    found = {s["Name"]: s["State"] for s in listed(stack, scheduler)}
    states = [found[name] for wake in WAKES if (name := f"{stack}-{wake}") in found]
    if len(states) < len(WAKES):
        print(f"uninstall: {stack} is there, but not all its schedules were found", file=sys.stderr)
        return "unknown"
    return "running" if "ENABLED" in states else "stopped"


def exists(stack: str, cloudformation: Any) -> bool:
    try:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return False
        raise
    return any(not one["StackStatus"].startswith("DELETE_COMPLETE") for one in found)


def listed(stack: str, scheduler: Any) -> list[dict[str, Any]]:
    pages = scheduler.get_paginator("list_schedules").paginate(NamePrefix=f"{stack}-")
    return [schedule for page in pages for schedule in page["Schedules"]]


if __name__ == "__main__":
    sys.exit(main())
