"""What is measured: each subject's program, event and what it must have done."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import certifi

HERE = Path(__file__).resolve().parent
# One AWS call: the function asks for the stored policies, finds that the event's only fleet is in
# none, and answers. Everything else of a run (lease, group, metrics) would be more calls.
FLEETLESS = {"fleets": ["no-such-fleet"]}
SCHEDULES = {"nightly-scale-down": "night", "daytime-scale-up": "day", "spike-step-scaler": "tick"}


@dataclass
class Subject:
    """One program under measurement."""

    name: str
    kind: str  # function | empty | python | bare | variant
    command: list[str]
    event: dict = field(default_factory=dict)
    aws_calls: int = 0  # of each invocation
    answer: dict = field(default_factory=dict)  # what must be in the answer
    full_bundle: bool = False  # trusts a public bundle of authorities too

    @property
    def program(self) -> Path:
        return Path(self.command[-1])


def subjects(root: Path, folder: Path, fresh: bool) -> list[Subject]:
    """Every subject, built unless `fresh` is false."""
    functions = root / "target" / "functions"
    if fresh:
        say("building the functions as the deploy does (tools/build-functions)")
        run([root / "tools" / "build-functions"], root)
        build_programs(root, folder)
    found = [function(name, functions / name / "bootstrap") for name in SCHEDULES]
    found.append(Subject("empty lambda_runtime", "empty", [str(program(folder, "empty"))]))
    python = Subject("Python boto3", "python", [sys.executable, str(HERE / "python_function.py")])
    python.aws_calls, python.answer = 1, {"policies": 0}
    public = Path(certifi.where()).read_text().count("BEGIN CERTIFICATE")
    bundle = variant(f"spike, {public} authorities", functions / "spike-step-scaler" / "bootstrap")
    bundle.full_bundle = True
    found += [python, bundle, Subject("bare protocol", "bare", [str(program(folder, "bare"))])]
    missing = [str(s.program) for s in found if not s.program.exists()]
    if missing:
        sys.exit(f"bench-start: not built: {', '.join(missing)}")
    return found


def function(name: str, program: Path) -> Subject:
    event = {"schedule": SCHEDULES[name], **FLEETLESS}
    answer = {"function": name, "decisions": [], "errors": []}
    return Subject(name, "function", [str(program)], event, 1, answer)


def variant(name: str, program: Path) -> Subject:
    """Another build of the spike function."""
    subject = function("spike-step-scaler", program)
    subject.name, subject.kind = name, "variant"
    return subject


def program(folder: Path, name: str) -> Path:
    """One of tools/bench/programs, built."""
    return folder / "lambda" / name / "bootstrap"


def build_programs(root: Path, folder: Path) -> None:
    """Builds them with the workspace's profile, its locked versions and, where the features
    agree, its built dependencies."""
    say("building what they are compared with")
    package = folder / "programs"
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(HERE / "programs", package)
    # cargo drops from the copy what is not used here, and keeps the versions.
    shutil.copy(root / "Cargo.lock", package)
    manifest = (root / "Cargo.toml").read_text()
    profile = folder / "profile.toml"
    profile.write_text(tables(manifest, "[profile.release"))
    configs = [part for text in lambda_configs(manifest) for part in ("--config", text)]
    command = [
        "cargo", "lambda", "build", "--release", "--quiet", "--config", profile, *configs,
        "--lambda-dir", folder / "lambda",
    ]
    target = f'export CARGO_TARGET_DIR="{root}/target"'
    shell = f'. "{root}/tools/env.sh" && {target} && cd "{package}" && exec "$@"'
    run(["bash", "-c", shell, "bash", *command], root)


def tables(manifest: str, beginning: str) -> str:
    """The tables of a manifest whose head begins so, as they stand there."""
    kept, inside = [], False
    for line in manifest.splitlines():
        if re.match(r"\[[a-z]", line):
            inside = line.startswith(beginning)
        if inside:
            kept.append(line)
    return "\n".join(kept) + "\n"


def lambda_configs(manifest: str) -> list[str]:
    """What cargo-lambda builds our functions with beside the profile: cargo's `--config` texts."""
    found = re.findall(
        r"""^ +(?:'([^']+)'|"([^"]+)"),$""", tables(manifest, "[workspace.metadata.lambda"), re.M
    )
    return [single or double for single, double in found]


def run(command: list, cwd: Path) -> None:
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdout=sys.stderr)
    if done.returncode != 0:
        sys.exit(f"bench-start: failed: {' '.join(str(part) for part in command)}")


def say(text: str) -> None:
    print(f"bench-start: {text}", file=sys.stderr, flush=True)


def matches(answer: bytes, wanted: dict) -> bool:
    """Whether the answer holds every wanted key with its value."""
    try:
        got = json.loads(answer or b"null")
    except ValueError:
        return False
    return not wanted or all(got.get(key) == value for key, value in wanted.items())
