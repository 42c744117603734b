#!/usr/bin/env python3
"""Loads Aira with Locust's users, prints what it bore, and writes a report with pictures.

    make load USERS=40 MINUTES=2                   an Aira process of its own, on this machine
    make load USERS=40 MINUTES=2 URL=https://chat.example.com CODES=codes.json [INSTANCES=2]
    make load STAGES=0:5,60:40,180:5,240:          users over time, instead of USERS and MINUTES

Without URL one Aira process is built and started, with sessions in memory; variables such as
AIRA_CONCURRENCY count. With URL the service there is loaded, and CODES is a file of JSON with a
name and its access code for each user, {"kim": "...", "lee": "..."}: `aira code kim 1` writes one
that is good for a day, where the service's key is.

INSTANCES is how many serve there, for the pictures. Exit code 1: something that was told to be done
was lost, an answer was cut, or Locust took more than 80 % of a core, which makes a run invalid.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Iterator

from load_demo import people
from load_demo.programs import Missing, free_port
from load_report import figures, pictures, run
from load_report.table import faults, table

ROOT = Path(__file__).resolve().parents[1]
#: All users have come after so many seconds.
RISE_SECS = 10
#: A drain is over after this.
LEAVE_SECS = 110


@dataclass(frozen=True)
class Place:
    """What is loaded."""

    url: str
    codes: dict[str, str]
    instances: int | None


def main() -> int:
    asked = arguments()
    signal.signal(signal.SIGTERM, stop)
    try:
        stages = stages_of(asked)
        users = max(int(part.partition(":")[2] or 0) for part in stages.split(","))
        out = Path(asked.out)
        out.mkdir(parents=True, exist_ok=True)
        with theirs(asked) if asked.url else ours(asked, users, out) as place:
            if len(place.codes) < users:
                raise ValueError(f"{users} users need {users} access codes, not {len(place.codes)}")
            print(f"load: {users} users at {place.url}, stages {stages}", flush=True)
            code = locust(place, stages, asked, out)
        return report(code, out, place.instances)
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError, Missing, subprocess.CalledProcessError) as problem:
        print(f"load: {problem}", file=sys.stderr)
        return 2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=2)
    parser.add_argument("--stages", default="")
    parser.add_argument("--url", default="")
    parser.add_argument("--codes", default="", help="JSON: {name: access code}")
    parser.add_argument("--instances", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="build/load")
    parser.add_argument("--program", default="", help="an Aira that is built, instead of cargo's")
    return parser.parse_args()


def stages_of(asked: argparse.Namespace) -> str:
    if asked.stages:
        return str(asked.stages)
    if asked.users < 1 or asked.minutes <= 0:
        raise ValueError("USERS and MINUTES must be more than nothing")
    return f"0:{asked.users},{asked.minutes * 60:g}:"


@contextlib.contextmanager
def theirs(asked: argparse.Namespace) -> Iterator[Place]:
    """A service that runs, and whose users were given codes."""
    if not asked.codes:
        raise ValueError(
            "URL needs CODES, a file of JSON with a name and an access code for each user;"
            " `aira code NAME` writes one where the service's key is (tools/load_aira.py --help)"
        )
    codes = json.loads(Path(asked.codes).read_text(encoding="utf-8"))
    yield Place(asked.url.rstrip("/"), codes, asked.instances)


@contextlib.contextmanager
def ours(asked: argparse.Namespace, users: int, out: Path) -> Iterator[Place]:
    """One Aira process on a free port, with a key of its own."""
    if asked.codes or asked.instances not in (None, 1):
        raise ValueError("CODES and INSTANCES go with URL; without it one process is started here")
    program = Path(asked.program) if asked.program else build()
    address, key = f"127.0.0.1:{free_port()}", secrets.token_hex(32)
    environment = {
        **os.environ,
        "AIRA_LISTEN": address,
        "AIRA_STORE": "memory",
        "AIRA_INSECURE_COOKIE": "1",
        "AIRA_KEY": key,
    }
    codes = people.codes(program, key, [f"user{n:03}" for n in range(users)])
    with (out / "aira.log").open("wb") as log:
        aira = start([str(program)], environment, log)
    try:
        await_ready(aira, f"http://{address}", out)
        print(f"load: one Aira process, sessions in memory (log: {out}/aira.log)", flush=True)
        yield Place(f"http://{address}", codes, 1)
    finally:
        aira.terminate()
        aira.wait(LEAVE_SECS)


def build() -> Path:
    """As workload/run does: without AWS."""
    command = "cargo build --quiet --locked -p aira --no-default-features"
    subprocess.run(command.split(), cwd=ROOT, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug" / "aira"


def await_ready(aira: subprocess.Popen[bytes], url: str, out: Path) -> None:
    for _ in range(200):
        if aira.poll() is not None:
            break
        with contextlib.suppress(urllib.error.URLError):
            with urllib.request.urlopen(f"{url}/readyz", timeout=5):
                return
        time.sleep(0.1)
    raise OSError(f"Aira does not start; see {out}/aira.log")


def locust(place: Place, stages: str, asked: argparse.Namespace, out: Path) -> int:
    """Runs it to its end, also when it is told to stop; its exit code."""
    for old in [*out.glob("*.csv"), *out.glob("*.svg")]:
        old.unlink()
    # Codes are as good as passwords: the file is ours alone, and gone with the run.
    with tempfile.NamedTemporaryFile("w", suffix=".json") as codes:
        json.dump(place.codes, codes)
        codes.flush()
        environment = {
            **os.environ,
            "LOAD_CODES": codes.name,
            "LOAD_OUT": str(out),
            "LOAD_STAGES": stages,
            "LOAD_SPAWN": str(max(1, asked.users // RISE_SECS) if not asked.stages else 50),
            "LOAD_SEED": str(asked.seed),
        }
        with (out / "locust.log").open("wb") as log:
            process = start(people.locust(place.url, out), environment, log)
            while True:
                try:
                    return process.wait()
                except KeyboardInterrupt:
                    print("load: stopping; users finish what they asked", flush=True)
                    process.terminate()


def start(
    command: list[str], environment: dict[str, str], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    """A process that does not hear a terminal's Ctrl-C: it is ended in its turn."""
    return subprocess.Popen(
        command, env=environment, stdout=log, stderr=log, start_new_session=True
    )


def stop(*_: Any) -> None:
    raise KeyboardInterrupt


def report(code: int, out: Path, instances: int | None) -> int:
    if code != 0:
        print(f"load: Locust ended with {code}; see {out}/locust.log", file=sys.stderr)
        return 2
    found = run.read(out, instances)
    told = figures.of(found)
    pictures.write(found, out)
    text = table(told)
    (out / "summary.txt").write_text(text + "\n", encoding="utf-8")
    print(f"\n{text}\n\nload: {out}/locust.html, requests.svg, latency.svg, errors.svg")
    wrong = faults(told)
    for fault in wrong:
        print(f"load: {fault}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
