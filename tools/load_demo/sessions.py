"""Where Aira's sessions are on the local endpoint, and what its processes are told about it.

The stack makes the session table in the endpoint's own region and a replica in the other one; each
region has a cache of its own, which the deployed session-sync keeps in step with the table. This
module deploys nothing and starts nothing. It says what the template is to be answered
(`home_answers`, `away_answers`), reads what came of it (`outputs`), and makes of that the whole
environment of an Aira process (`store`): the process inherits nothing.

    here, there = (ends.enter_context(caches.server()) for _ in range(2))  # of tools/demo
    tools/deploy-local STACK --code DIR --set NAME=VALUE ...      with home_answers(here.url, AWAY)
    tools/deploy-local STACK --code DIR --region AWAY --sessions-of STACK --set ...
                                                                  with away_answers(there.url)
    key = new_key()                                               one for all regions
    environment = store(outputs(run), HOME, here.url, key)
    environment = store(outputs(run, AWAY), AWAY, there.url, key)
    subprocess.Popen([aira], env={**environment, "AIRA_LISTEN": "127.0.0.1:9001"})

What must stay true: all processes of a run have the same key, the same table and the same idle time,
else a user of one is a stranger to the others; and each has the cache of its own region.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from pathlib import Path

HOME, AWAY = "ap-northeast-2", "us-east-1"
#: Not secrets: the endpoint takes any, and these are its account's root.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
KEY_BYTES = 32
CODE_DAYS = 2


def home_answers(cache_url: str, away: str = AWAY) -> dict[str, str]:
    """To the template where the table is made."""
    return {"Sessions": "true", "SessionRegions": away, "CacheUrl": cache_url}


def away_answers(cache_url: str) -> dict[str, str]:
    """To the template where the table's replica is; tools/deploy-local finds its stream itself."""
    return {"Sessions": "true", "CacheUrl": cache_url}


def outputs(run: Path, region: str = HOME) -> dict[str, str]:
    """What tools/deploy-local left of a region's stack in the run folder (TIDEGATE_RUN)."""
    name = "outputs.json" if region == HOME else f"outputs-{region}.json"
    return dict(json.loads((run / name).read_text()))


def new_key() -> str:
    """A key for codes and tokens, as all instances of a run share it."""
    return secrets.token_hex(KEY_BYTES)


def store(stack: dict[str, str], region: str, cache_url: str, key: str) -> dict[str, str]:
    """The environment of an Aira process of a region; `stack` are the region's [`outputs`].

    AIRA_LISTEN and limits are still to be added. The cookie needs no TLS, as on a loopback address.
    """
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "AIRA_STORE": "table",
        "AIRA_KEY": key,
        "AIRA_INSECURE_COOKIE": "1",
        "TIDEGATE_SESSION_TABLE": stack["SessionTableName"],
        "TIDEGATE_CONTROL_TABLE": stack["ControlTableName"],
        "TIDEGATE_CACHE_URL": cache_url,
        "AWS_ENDPOINT_URL": stack["Endpoint"],
        "AWS_REGION": region,
        **CREDENTIALS,
    }


def codes(aira: Path, key: str, names: list[str]) -> dict[str, str]:
    """An access code for each name, as the program itself writes them."""
    return {name: _code(aira, key, name) for name in names}


def _code(aira: Path, key: str, name: str) -> str:
    command = [str(aira), "code", name, str(CODE_DAYS)]
    environment = {"AIRA_KEY": key}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return told.stdout.strip()
