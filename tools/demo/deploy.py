"""Brings a fresh endpoint with the stack on it, by the project's own tools.

The endpoint is emptied first: metrics cannot be taken back, so every story needs a clean one.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from .cast import Fleet
from .cloud import StageError

ROOT = Path(__file__).resolve().parents[2]
NO_NETWORK = {"Network": "none", "LoadBalancer": "none"}


def fresh(
    stack: str,
    fleets: list[Fleet],
    owner: int,
    code: Path | None,
    more: dict[str, str] | None = None,
) -> None:
    """Starts the endpoint, empties it, deploys.

    The endpoint ends with the process `owner`, if given; `code` is a folder of programs that are
    built already; `more` are further answers to the template.
    """
    begin(owner)
    stack_on_it(stack, fleets, code, more)


def begin(owner: int) -> None:
    """An empty endpoint; it ends with the process `owner`, if given."""
    _run("endpoint", "start", *(["--for", str(owner)] if owner else []))
    _run("endpoint", "reset")


def end() -> None:
    """Ends the endpoint, if it runs."""
    _run("endpoint", "stop")


def stack_on_it(
    stack: str, fleets: list[Fleet], code: Path | None, more: dict[str, str] | None = None
) -> None:
    """Deploys to the endpoint as it is; the arguments are those of [`fresh`]."""
    own = next(f for f in fleets if f.mode == "owner")
    others = [f for f in fleets if f is not own]
    parameters = {
        "WebGroupName": own.name,
        "LoadBalancerFullName": own.load_balancer,
        "TargetGroupFullName": own.target_group,
        "MaximumInstances": str(own.max_size),
        "VetoAlarmNames": own.veto_alarm,
        **_more_groups(others),
        # The story's group stands in the endpoint's own network, behind a load balancer that is played.
        **NO_NETWORK,
        # The story sends the schedules' events itself: the endpoint knows only the real time.
        "SchedulesState": "DISABLED",
        **(more or {}),
    }
    built = ["--code", str(code)] if code else []
    _run("deploy-local", stack, "--story", *built, *_settings(parameters))


def _more_groups(others: list[Fleet]) -> dict[str, str]:
    if not others:
        return {}
    names = ",".join(f.name for f in others)
    return {"MoreGroupNames": names, "MoreAlarmPrefix": f"{others[0].name}-"}


def elsewhere(stack: str, region: str, code: Path | None, answers: dict[str, str]) -> None:
    """The same stack in another region, from the programs that `fresh` built, on its replica."""
    parameters = {"SchedulesState": "DISABLED", **NO_NETWORK, **answers}
    programs = code or ROOT / "target" / "functions-story"
    where = ("--region", region, "--sessions-of", stack, "--code", str(programs))
    _run("deploy-local", stack, *where, *_settings(parameters), without="left out of")


def _settings(parameters: dict[str, str]) -> list[str]:
    return [word for name, value in parameters.items() for word in ("--set", f"{name}={value}")]


def take_over_environment() -> None:
    """What a shell takes from `tools/endpoint env`."""
    command = [str(ROOT / "tools" / "endpoint"), "env"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for line in told.splitlines():
        verb, _, rest = line.partition(" ")
        if verb == "export":
            name, _, value = rest.partition("=")
            os.environ[name] = value
        elif verb == "unset":
            for name in rest.split():
                os.environ.pop(name, None)


def _run(tool: str, *arguments: str, without: str = "never") -> None:
    """Runs one of the project's tools and passes on its sentences, not its data.

    Sentences with `without` were said before.
    """
    command = [str(ROOT / "tools" / tool), *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said = line.startswith(f"{tool}: ") and f" {without} " not in line
            if said or line.startswith("endpoint: "):
                print(f"  {line.rstrip()}", flush=True)
    if process.returncode != 0:
        raise StageError(f"tools/{tool} failed; what it said is above")
