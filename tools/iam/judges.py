"""Who says whether a role may do something.

The endpoint says it by doing it, with the deployed role. The simulator says it by IAM's rules, on
the same statements as they were read from the endpoint; it knows the conditions that the endpoint
leaves unread. What must stay true: "denied" means a lack of rights and nothing else.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from .calls import Actor, Deed, Names, is_denial
from .roles import Documents, Role, Wardrobe

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / ".tools" / "iam"
#: The condition of a write that was done before: it was let through to the table.
DONE_BEFORE = "ConditionalCheckFailedException"


class Unjudged(Exception):
    """A judge did not understand a question."""


class Judge(Protocol):
    """Answers whether a role with these documents may do something: empty, or the refusal."""

    name: str
    #: Whether it leaves parts of IAM unread.
    blind: bool

    def trying(self, role: Role) -> Any:
        """A context in which the role is tried."""

    def ask(self, role: Role, documents: Documents, deeds: Sequence[Deed]) -> list[str]:
        """For each deed: empty when allowed, `denied`, or another error's code."""


class Endpoint:
    """By execution."""

    name = "endpoint"
    blind = True

    def __init__(self, root: Actor, actors: dict[str, Actor]) -> None:
        self.root, self.actors = root, actors
        self._wardrobe: Wardrobe | None = None

    @contextmanager
    def trying(self, role: Role) -> Iterator[None]:
        with Wardrobe(self.root, role) as self._wardrobe:
            yield

    def ask(self, role: Role, documents: Documents, deeds: Sequence[Deed]) -> list[str]:
        if self._wardrobe is None or self._wardrobe.role is not role:
            raise Unjudged(f"{role.short} is not being tried")
        self._wardrobe.wear(documents)
        return [_plain(deed.do(self.actors[role.short])) for deed in deeds]


def _plain(code: str) -> str:
    if code == DONE_BEFORE:
        return ""
    return "denied" if is_denial(code) else code


class Simulator:
    """By the rules of IAM, offline."""

    name = "simulator"
    blind = False

    def __init__(self, names: Names, resource_policies: dict[str, Any]) -> None:
        self.names, self.resource_policies = names, resource_policies
        script = Path(__file__).with_name("simulator") / "judge.mjs"
        self._process = subprocess.Popen(
            ["node", str(script), str(INSTALLED)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        self._process.communicate()

    @contextmanager
    def trying(self, _role: Role) -> Iterator[None]:
        yield

    def ask(self, role: Role, documents: Documents, deeds: Sequence[Deed]) -> list[str]:
        filled = [d for d in documents.values() if d["Statement"]]
        return [self._ask(role, filled, deed) for deed in deeds]

    def _ask(self, role: Role, documents: list[Any], deed: Deed) -> str:
        question = {
            "documents": documents,
            "principal": f"arn:aws:sts::{self.names.account}:assumed-role/{role.name}/trial",
            "action": deed.action,
            "resource": deed.resource,
            "account": self.names.account,
            "context": self._context(deed),
            "resourcePolicy": self.resource_policies.get(deed.resource),
        }
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline() or '{"error": "it ended"}')
        if "error" in answer:
            raise Unjudged(f"the simulator, of {deed.label} on {deed.resource}: {answer['error']}")
        return "" if answer["decision"] == "Allowed" else "denied"

    def _context(self, deed: Deed) -> dict[str, Any]:
        given = {
            "aws:RequestedRegion": self.names.region,
            "aws:ResourceAccount": self.names.account,
        }
        for key, values in deed.context:
            single = key.startswith(("aws:", "lambda:"))
            given[key] = values[0] if single else list(values)  # type: ignore
        return given


def simulator_is_installed() -> bool:
    stamp = INSTALLED / ".stamp"
    lock = Path(__file__).with_name("simulator") / "package-lock.json"
    same = stamp.exists() and stamp.read_text() == lock.read_text()
    return same and shutil.which("node") is not None


def resource_policies(root: Actor, roles: list[str], keys: list[str], topics: list[str]) -> Any:
    """The policies of what is acted upon; of a role, a trust that lets the account take it."""
    found: dict[str, Any] = {}
    for key in keys:
        policy = root.client("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
        found[key] = json.loads(policy)
    for topic in topics:
        attributes = root.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]
        if "Policy" in attributes:
            found[topic] = json.loads(attributes["Policy"])
    account = root.client("sts").get_caller_identity()["Account"]
    principal = {"AWS": f"arn:aws:iam::{account}:root"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    for role in roles:
        found[role] = {"Version": "2012-10-17", "Statement": [statement]}
    return found
