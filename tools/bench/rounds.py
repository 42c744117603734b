"""Starts programs and measures them.

For each start, with a monotonic clock, all on the loopback address:

    init         from just before posix_spawn of the program until its first
                 GET /2018-06-01/runtime/invocation/next has arrived
    invocation   from just before the event is sent until the whole answer has arrived
                 (POST .../response). The first one opens the TLS connection to the stub of AWS
                 and makes the one call; the warm ones use the connection again.
    memory       VmHWM of the process after the first invocation, and after the warm ones

A function here gets the whole machine: in a Lambda of 128 MB it has a small share of one CPU, and
Lambda adds the time to fetch and to start a sandbox. The ratios carry over, milliseconds do not.
All subjects take turns, each round in another order; the first rounds only warm the page cache.
The clients trust the stub's authority alone; one row shows what a public bundle adds, as a Lambda
has it: more than a hundred authorities to parse at every start, whatever the language.
"""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from .aws import Stub
from .build import Subject, matches, say
from .runtime_api import Invocations

WARM_UP_ROUNDS = 2
WARM_INVOCATIONS = 20
REGION = "ap-northeast-2"


@dataclass
class Sample:
    """One start; milliseconds and megabytes (10^6 bytes)."""

    init: float
    first: float
    warm: list[float]
    memory: float
    memory_warm: float
    stub_cpu: float  # of the first invocation


def run(subjects: list[Subject], stub: Stub, rounds: int, folder: Path) -> dict[str, list[Sample]]:
    samples: dict[str, list[Sample]] = {subject.name: [] for subject in subjects}
    with Invocations() as api:
        for number in range(-WARM_UP_ROUNDS, rounds):
            # Whoever follows the long start of Python finds cold caches: let it be anyone.
            for subject in random.Random(number).sample(subjects, len(subjects)):
                sample = start(subject, api, stub, folder)
                if number >= 0:
                    samples[subject.name].append(sample)
            if number >= 0 and (number + 1) % 10 == 0:
                say(f"{number + 1} of {rounds} rounds")
    return samples


def start(subject: Subject, api: Invocations, stub: Stub, folder: Path) -> Sample:
    """One life of a program: start, first invocation, warm invocations, end."""
    log = folder / (subject.name.replace(" ", "-") + ".log")
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    to_log = [(os.POSIX_SPAWN_DUP2, output, 1), (os.POSIX_SPAWN_DUP2, output, 2)]
    environment = environment_of(subject, api, stub)
    calls = stub.calls
    began = time.perf_counter_ns()
    pid = os.posix_spawn(subject.command[0], subject.command, environment, file_actions=to_log)
    os.close(output)
    try:
        asked = api.wait_for_next(pid, log)
        before = stub.cpu
        first = invoke(subject, api, pid, log)
        stub_cpu, memory = stub.cpu - before, peak(pid)
        warm = [invoke(subject, api, pid, log) for _ in range(WARM_INVOCATIONS)]
        sample = Sample(ms(asked - began), first, warm, memory, peak(pid), stub_cpu)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        api.forget()
    made, expected = stub.calls - calls, subject.aws_calls * (1 + WARM_INVOCATIONS)
    if made != expected:
        raise SystemExit(f"bench-start: {subject.name} made {made} AWS calls, not {expected}: {log}")
    return sample


def invoke(subject: Subject, api: Invocations, pid: int, log: Path) -> float:
    sent = api.send(subject.event)
    answered, body = api.wait_for_answer(pid, log)
    if not matches(body, subject.answer):
        raise SystemExit(f"bench-start: {subject.name} answered {body[:300]!r}; log: {log}")
    api.wait_for_next(pid, log)
    return ms(answered - sent)


def ms(nanoseconds: int) -> float:
    return nanoseconds / 1e6


def peak(pid: int) -> float:
    """The process's peak resident memory in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def environment_of(subject: Subject, api: Invocations, stub: Stub) -> dict[str, str]:
    """What Lambda and the template set; every subject gets the same."""
    trusted = str(stub.bundle if subject.full_bundle else stub.authority)
    topic = f"arn:aws:sns:{REGION}:123456789012"
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/bench",
        "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_ENDPOINT_URL": stub.url,
        "SSL_CERT_FILE": trusted,
        "AWS_CA_BUNDLE": trusted,
        "TIDEGATE_CONTROL_TABLE": "tidegate-control",
        "TIDEGATE_WARNING_TOPIC": f"{topic}:warning",
        "TIDEGATE_CRITICAL_TOPIC": f"{topic}:critical",
        "TIDEGATE_ACCOUNT": "123456789012",
        "TIDEGATE_LEDGER_DAYS": "30",
        "TIDEGATE_SEED_POLICY": (Path(__file__).parent / "policy.toml").read_text(),
    }
