"""The command line of the trial."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from demo.cast import fleets
from demo.cloud import StageError

from . import applications, coverage, probes, report, roles, scenes, services, sessions, stand, trial
from .calls import Actor, Deed, Names, Seen, Unreadable, read
from .cast import FUNCTIONS, ROUTER, SCALERS, SYNC
from .judges import Endpoint, Judge, Simulator, Unjudged, resource_policies, simulator_is_installed
from .probe import Place
from .probes_elsewhere import ruins
from .recorder import Recorder
from .services import NO_SUCH_CALL

RUN = stand.ROOT / ".tools" / "run-iam"
SCHEDULES = "schedules"
#: Fewer than this many probes that reach something would be no proof.
ENOUGH = 30


def main() -> int:
    options = _options()
    if options.simulator == "required" and not simulator_is_installed():
        print("iam: the simulator is not installed: tools/iam/install-simulator", file=sys.stderr)
        return 2
    recorder = Recorder(FUNCTIONS)
    try:
        return Trial(options, recorder).run()
    except (StageError, Unreadable, Unjudged, BotoCoreError, ClientError) as error:
        print(f"iam: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        recorder.close()
        stand.ended(RUN)


class Trial:
    """One run of it all."""

    def __init__(self, options: argparse.Namespace, recorder: Recorder) -> None:
        self.options, self.recorder = options, recorder
        self.began = time.monotonic()
        self.faults: list[str] = []

    def run(self) -> int:
        seen = self._live()
        self.roles = self._roles()
        self.places = self._places()
        self.calls, self.probes = self._calls(seen), self._probes()
        self.faults.extend(coverage.faults(seen))
        report.seen_calls(seen, self.in_its_name, self.options.verbose)
        judges = self._judges()
        verdicts = {judge.name: self._try(judge) for judge in judges}
        for short, role in self.roles.items():
            report.statements(role, {name: found[short] for name, found in verdicts.items()})
        print()
        self._as_root()
        for judge in judges:
            self._with_all_rights(judge, verdicts[judge.name])
        return self._end(judges)

    # --- before ---------------------------------------------------------------------------------

    def _live(self) -> list[Seen]:
        cast = fleets()
        self.cloud = stand.deployed(RUN, cast, self.recorder, self.options.code)
        self._say("deployed")
        self.root = Actor(self.cloud.url, self.cloud.region)
        woken = scenes.play(self.cloud, self.recorder, cast)
        recorded = list(self.recorder.seen)
        self._say(f"the functions were woken {woken} times and sent {len(recorded)} requests")
        self.theirs = stand.surround(self.root)
        self.names = self._names()
        seen = read(recorded, self.names)
        for one in seen:
            if one.denied:
                self.faults.append(f"{one.function} was denied {one.deed.label} when it lived")
        failed = scenes.dead_letters(self.cloud)
        if failed < len(SCALERS):
            self.faults.append(f"only {failed} events that failed were set aside")
        return seen

    def _names(self) -> Names:
        described = self.root.client("autoscaling").describe_auto_scaling_groups()
        groups = {
            g["AutoScalingGroupName"]: g["AutoScalingGroupARN"]
            for g in described["AutoScalingGroups"]
        }
        return Names(self.cloud.account, self.cloud.region, groups)

    def _roles(self) -> dict[str, roles.Role]:
        arns = {f: c["Role"] for f, c in self.cloud.configurations.items()}
        arns[SCHEDULES] = services.schedule_role(self.cloud)
        arns[applications.NAME] = applications.role(self.root, self.cloud)
        if self.options.plant:
            _plant(self.root, arns[FUNCTIONS[0]], self.options.plant)
        return {short: roles.read(self.root, short, arn) for short, arn in arns.items()}

    def _calls(self, seen: list[Seen]) -> dict[str, list[Deed]]:
        key = self._key()
        self.in_its_name = {
            f: list(
                services.of_function(
                    self.root, self.cloud, f, self.names, key, self._subnet() if f == SYNC else ""
                )
            )
            for f in FUNCTIONS
        }
        self.in_its_name[SCHEDULES] = list(services.of_schedules(self.cloud))
        self.in_its_name[applications.NAME] = applications.calls(self.places[applications.NAME])
        # The story's clock is read by the programs for the story alone.
        own = [s for s in seen if s.port != coverage.STORY]
        return {
            short: [s.deed for s in own if s.function == short] + self.in_its_name[short]
            for short in self.roles
        }

    def _cache_secret(self) -> str:
        variables = self.cloud.configurations[SYNC]["Environment"]["Variables"]
        return str(variables["TIDEGATE_CACHE_SECRET_ARN"])

    def _subnet(self) -> str:
        """One of those that session-sync was given."""
        return str(self.root.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"])

    def _key(self) -> str:
        for stack in self.cloud.client("cloudformation").describe_stacks()["Stacks"]:
            for output in stack.get("Outputs", []):
                if output["OutputKey"] == "KeyArn":
                    return str(output["OutputValue"])
        raise StageError("no stack says which key the topics have")

    def _places(self) -> dict[str, Place]:
        shared = self.roles[FUNCTIONS[0]].attached[0]
        found = {}
        for short, role in self.roles.items():
            other = next(f for f in FUNCTIONS if f != short)
            found[short] = Place(
                names=self.names,
                stack=self.cloud.stack,
                table=self.cloud.control_table,
                topic=self.cloud.topics["warning"],
                dead_letters=f"{self.cloud.url}/{self.cloud.account}/{stand.STACK}-dead-letters",
                alarms=f"{self.cloud.url}/{self.cloud.account}/{stand.STACK}-alarms",
                failures=f"{self.cloud.url}/{self.cloud.account}/{stand.STACK}-session-failures",
                key=self._key(),
                session_table=self.cloud.session_table,
                stream=sessions.stream_of(self.cloud),
                shard_iterator=services.shard_iterator(self.root, sessions.stream_of(self.cloud)),
                cache_secret=self._cache_secret(),
                subnet=self._subnet(),
                actor=self.root,
                policy=shared,
                log_group=f"/aws/lambda/{self.cloud.function_name(other)}",
                own=role,
                other_role=self.roles[other].arn,
                theirs=self.theirs,
            )
        return found

    def _probes(self) -> dict[str, list[Deed]]:
        found: dict[str, list[Deed]] = {}
        for short, place in self.places.items():
            if short == SCHEDULES:
                found[short] = probes.of_schedules(place)
            elif short == applications.NAME:
                found[short] = list(applications.probes(place))
            elif short == ROUTER:
                found[short] = probes.of_router(place)
            elif short == SYNC:
                found[short] = probes.of_sync(place)
            else:
                found[short] = probes.of_function(place, short != coverage.DAY)
        return found

    # --- the trial ------------------------------------------------------------------------------

    def _judges(self) -> list[Judge]:
        actors = {s: stand.acting_as(self.root, r.arn) for s, r in self.roles.items()}
        judges: list[Judge] = [Endpoint(self.root, actors)]
        if self.options.simulator != "off" and simulator_is_installed():
            policies = resource_policies(
                self.root,
                [r.arn for r in self.roles.values()] + [self.theirs["role"]],
                [self._key(), self.theirs["key"]],
                [*self.cloud.topics.values(), self.theirs["topic"]],
            )
            judges.append(Simulator(self.names, policies))
        return judges

    def _try(self, judge: Judge) -> dict[str, trial.Verdict]:
        found = {}
        for short, role in self.roles.items():
            found[short] = trial.try_role(judge, role, self.calls[short], self.probes[short])
            if roles.read(self.root, short, role.arn) != role:
                self.faults.append(f"the role of {short} was not put back")
        self._say(f"tried on the {judge.name}")
        return found

    def _as_root(self) -> None:
        """Every probe once as the account's root, destruction included: it must reach something."""
        for role in self.roles.values():
            stand.open_role(self.root, role.name)
        every = list(dict.fromkeys(d for deeds in self.probes.values() for d in deeds))
        every.sort(key=lambda d: ruins(d.action))
        codes = [(deed, deed.do(self.root)) for deed in every]
        reached = sum(not code for _, code in codes)
        unknown = [deed.action for deed, code in codes if code == NO_SUCH_CALL]
        for deed, code in codes:
            if code not in ("", NO_SUCH_CALL):
                self.faults.append(f"root gets {code} for {deed.label}: it is no probe")
        if reached < ENOUGH:
            self.faults.append(f"only {reached} probes reach something")
        report.probes(len(every), reached, unknown)

    def _with_all_rights(self, judge: Judge, tried: dict[str, trial.Verdict]) -> None:
        found = list(tried.values())
        for short, role in self.roles.items():
            found.append(trial.with_all_rights(judge, role, self.probes[short]))
        for one in found:
            self.faults.extend(one.faults)
        report.counts(judge, found)
        report.undecided(found)

    def _end(self, judges: list[Judge]) -> int:
        for judge in judges:
            if isinstance(judge, Simulator):
                judge.close()
        if len(judges) == 1:
            print("\n*** SKIPPED: the offline simulator. Conditions that the endpoint does not know"
                  " (dynamodb:LeadingKeys), logs and X-Ray were judged by nobody."
                  "\n*** Install it: tools/iam/install-simulator (needs node and npm)")  # fmt: skip
        print()
        for fault in self.faults:
            print(f"FAIL {fault}")
        took = time.monotonic() - self.began
        print(f"iam: {len(self.faults)} faults, {took:.0f} s")
        return 1 if self.faults else 0

    def _say(self, what: str) -> None:
        print(f"  {time.monotonic() - self.began:4.0f} s  {what}", flush=True)


def _plant(root: Actor, arn: str, which: str) -> None:
    """Spoils a deployed role: the run must then fail."""
    role = roles.read(root, "", arn)
    if which == "wide":
        statement = {"Effect": "Allow", "Action": "autoscaling:*", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        root.client("iam").put_role_policy(
            RoleName=role.name, PolicyName="planted", PolicyDocument=json.dumps(document)
        )
    else:
        root.client("iam").detach_role_policy(RoleName=role.name, PolicyArn=role.attached[-1])


def _options() -> Any:
    parser = argparse.ArgumentParser(
        prog="tools/iam.py", description="Proves the roles by execution on a local endpoint."
    )
    parser.add_argument(
        "--code", type=Path, metavar="DIR", help="built programs with the feature `story`"
    )
    parser.add_argument(
        "--simulator",
        choices=["auto", "required", "off"],
        default="auto",
        help="the offline simulator: when it is installed, always, never",
    )
    parser.add_argument(
        "--plant", choices=["wide", "narrow"], help="spoil a deployed role first; must fail"
    )
    parser.add_argument("--verbose", action="store_true", help="every call that was seen")
    return parser.parse_args()
