"""Who may call a function, fill a queue and publish to a topic from outside: ours, and nobody else.

Run by `make test`, offline. Of every policy in the templates that lets a service in, its own source
is asked first, and must get in; then come strangers, made from it: another account's source, another
account that names our source, our account with another name, another region, another service, nobody's
source, and ours without TLS where there is a choice. None may get in. Each condition is then taken out
of a copy, and a stranger must get in: otherwise the questions prove nothing.

`--simulator` asks the offline IAM simulator (node; tools/iam/install-simulator) the same questions;
the two must agree.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from resource_policies import ACCOUNT, FUNCTION, REGION, Held, Request, allows, held
from template_parts import as_list, load

STRANGER = "999999999999"
Judge = Callable[[Held, Request], bool]


@dataclass(frozen=True)
class Question:
    """A request, and whether it may get through."""

    what: str
    request: Request
    wanted: bool


def questions(policy: Held) -> Iterator[Question]:
    for statement in policy.document["Statement"]:
        if statement["Effect"] != "Allow" or "Service" not in statement["Principal"]:
            continue
        (service,) = as_list(statement["Principal"]["Service"])
        action = as_list(statement["Action"])[0]
        resource = as_list(statement["Resource"])[0].replace("*", "some/thing")
        yield from _of(policy, statement, service, action, resource)


def _of(policy: Held, statement: dict, service: str, action: str, resource: str) -> Iterator[Question]:
    pattern = source_pattern(statement)
    ours = pattern.replace("*", "some-thing")

    def ask(what: str, wanted: bool, account=ACCOUNT, arn=ours, who=service, tls="true") -> Question:
        given = {"aws:SourceAccount": account, "aws:SourceArn": arn, "aws:SecureTransport": tls}
        context = {key: value for key, value in given.items() if value}
        return Question(what, Request(who, action, resource, context), wanted)

    yield ask("our own source", True)
    foreign = ours.replace(ACCOUNT, STRANGER)
    yield ask("another account's source", False, account=STRANGER, arn=foreign)
    # A bucket's ARN tells no account: its name is one bucket's in all the world.
    if foreign != ours:
        yield ask("another account's source that says it is ours", False, arn=foreign)
    # CloudFront tells no account: its distribution's ARN holds it.
    if service != "cloudfront.amazonaws.com":
        yield ask("another account that names our source", False, account=STRANGER)
    yield ask("another service", False, who="iot.amazonaws.com")
    yield ask("a source that nobody names", False, account="", arn="")
    yield ask("another kind of source", False, arn=f"arn:aws:iot:{REGION}:{ACCOUNT}:thing/x")
    if f":{REGION}:" in ours:
        yield ask("another region's source", False, arn=ours.replace(REGION, "eu-west-1"))
    if not pattern.endswith((":alarm:*", ":rule/*", ":loadbalancer/*")):
        yield ask("another name", False, arn=_renamed(ours))
        yield ask("a longer name in front", False, arn=_renamed(ours, "other-"))
    if any(s["Effect"] == "Deny" for s in policy.document["Statement"]):
        yield ask("our own source without TLS", False, tls="false")
    root = f"arn:aws:iam::{STRANGER}:root"
    yield ask("another account's people", False, account="", arn="", who=root)


def source_pattern(statement: dict) -> str:
    for wanted in statement.get("Condition", {}).values():
        for key, pattern in wanted.items():
            if key.lower() == "aws:sourcearn":
                return as_list(pattern)[0]
    return f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:any"


def _renamed(arn: str, front: str = "") -> str:
    """Another thing of the same kind, or one whose name only ends as ours."""
    head, sign, name = arn.rpartition("/" if "/" in arn else ":")
    return head + sign + (front + name if front else "somebody-elses")


def without_conditions(policy: Held) -> Iterator[tuple[str, Held]]:
    """Copies of a policy in which one condition of one statement is missing."""
    for place, statement in enumerate(policy.document["Statement"]):
        if statement["Effect"] != "Allow" or "Service" not in statement["Principal"]:
            continue
        for operator in statement.get("Condition", {}):
            for key in statement["Condition"][operator]:
                document = copy.deepcopy(policy.document)
                conditions = document["Statement"][place]["Condition"]
                del conditions[operator][key]
                if not conditions[operator]:
                    del conditions[operator]
                yield key, Held(policy.where, policy.resource, document)


def faults(policy: Held, judge: Judge) -> Iterator[str]:
    for question in questions(policy):
        got = judge(policy, question.request)
        if got != question.wanted:
            yield f"{policy.where}: {question.what} is {'let in' if got else 'refused'}"


def strangers_get_in(policy: Held, spoilt: Held) -> bool:
    """The questions are those of the whole policy."""
    return any(allows(spoilt.document, q.request) for q in questions(policy) if not q.wanted)


def python(policy: Held, request: Request) -> bool:
    return allows(policy.document, request)


def simulator() -> Judge:
    from iam.judges import simulator_is_installed
    from iam.resource_judge import ResourceJudge

    if not simulator_is_installed():
        raise SystemExit("sources: the simulator is not installed: tools/iam/install-simulator")
    return ResourceJudge(ACCOUNT).allows


def main() -> int:
    judge = simulator() if "--simulator" in sys.argv[1:] else python
    policies = [p for file, template in load().items() for p in held(file, template)]
    asked = failed = spoilt_count = 0
    for policy in policies:
        these = list(questions(policy))
        found = list(faults(policy, judge))
        asked, failed = asked + len(these), failed + len(found)
        if these:
            print(f"{'FAIL' if found else 'ok  '} {policy.where}: {len(these)} questions")
        for fault in found:
            print(f"       {fault}")
        for key, spoilt in without_conditions(policy):
            spoilt_count += 1
            if not strangers_get_in(policy, spoilt):
                failed += 1
                print(f"FAIL {policy.where}: without {key} nobody more gets in, so nothing tests it")
    if not any(p.resource == FUNCTION for p in policies) or not spoilt_count:
        failed += 1
        print("FAIL no permission was found to ask about")
    print(f"sources: {asked} questions to {len(policies)} policies, {spoilt_count} conditions taken out")
    print(f"sources: {asked + spoilt_count - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
