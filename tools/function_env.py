"""Prints a deployed function's own variables as a shell reads them; used by tools/invoke."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path

import boto3

OUTPUTS = {
    "nightly-scale-down": "NightFunction",
    "daytime-scale-up": "DayFunction",
    "spike-step-scaler": "SpikeFunction",
    "alarm-router": "RouterFunction",
    "session-sync": "SessionSyncFunction",
}


def main() -> int:
    outputs, function = Path(sys.argv[1]), sys.argv[2]
    if not outputs.exists():
        print("invoke: nothing is deployed; run make deploy-local first", file=sys.stderr)
        return 2
    deployed = json.loads(outputs.read_text())
    if OUTPUTS[function] not in deployed:
        print(f"invoke: the deployed stack has no {function}", file=sys.stderr)
        return 2
    name = deployed[OUTPUTS[function]]
    found = boto3.client("lambda").get_function_configuration(FunctionName=name)
    for variable, value in sorted(found["Environment"]["Variables"].items()):
        print(f"{variable}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
