"""The deployed roles' statements; roles with a part taken away or a limit loosened.

What must stay true: a role is put back as it was, and that is checked.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .calls import Actor

Documents = dict[str, dict[str, Any]]
ALLOW_ALL: Documents = {
    "wide": {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Wide", "Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
}


@dataclass(frozen=True)
class Variant:
    """A role's documents, changed in one place."""

    sid: str
    what: str
    actions: frozenset[str]  # whose calls it can concern
    documents: Documents = field(compare=False, repr=False)


@dataclass
class Role:
    """A role as it is deployed."""

    short: str  # the function's name, or the schedules'
    arn: str
    attached: list[str]
    inline: Documents
    managed: Documents

    @property
    def name(self) -> str:
        return self.arn.rsplit("/", 1)[1]

    @property
    def documents(self) -> Documents:
        return {**self.managed, **self.inline}

    def statements(self) -> Iterator[tuple[str, int, dict[str, Any], str]]:
        """Document, place, statement and its name."""
        for document, content in self.documents.items():
            for place, statement in enumerate(content["Statement"]):
                yield document, place, statement, statement.get("Sid") or f"{document}.{place}"


def read(root: Actor, short: str, arn: str) -> Role:
    iam = root.client("iam")
    name = arn.rsplit("/", 1)[1]
    inline = {
        policy: iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]
    }
    attached = [
        policy["PolicyArn"]
        for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    ]
    return Role(short, arn, attached, inline, {a: _managed(iam, a) for a in attached})


def _managed(iam: Any, arn: str) -> dict[str, Any]:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = iam.get_policy_version(PolicyArn=arn, VersionId=version)
    document: dict[str, Any] = found["PolicyVersion"]["Document"]
    return document


# --- variants ---------------------------------------------------------------------------------


def removals(role: Role) -> Iterator[Variant]:
    """Each statement, and where it lists several, each action and each resource."""
    for document, place, statement, sid in role.statements():
        actions = _list(statement["Action"])
        without = copy.deepcopy(role.documents)
        del without[document]["Statement"][place]
        yield Variant(sid, "", frozenset(actions), without)
        for part in ("Action", "Resource"):
            values = _list(statement[part])
            for value in values if len(values) > 1 else []:
                rest = [v for v in values if v != value]
                changed = _changed(role, document, place, {part: rest})
                concerned = frozenset([value] if part == "Action" else actions)
                yield Variant(sid, value, concerned, changed)


def widenings(role: Role) -> Iterator[Variant]:
    """Each limit let go: the resource where there is one, and each condition."""
    for document, place, statement, sid in role.statements():
        actions = frozenset(_list(statement["Action"]))
        if _list(statement["Resource"]) != ["*"]:
            changed = _changed(role, document, place, {"Resource": "*"})
            yield Variant(sid, "any resource", actions, changed)
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                condition = copy.deepcopy(statement["Condition"])
                del condition[operator][key]
                if not condition[operator]:
                    del condition[operator]
                changed = _changed(role, document, place, {"Condition": condition})
                yield Variant(sid, f"any {key}", actions, changed)


def _changed(role: Role, document: str, place: int, update: dict[str, Any]) -> Documents:
    changed = copy.deepcopy(role.documents)
    statement = changed[document]["Statement"][place]
    statement.update(update)
    if statement.get("Condition") == {}:
        del statement["Condition"]
    return changed


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# --- wearing ----------------------------------------------------------------------------------


class Wardrobe:
    """Gives a deployed role other documents, all inline, so that no other role changes."""

    def __init__(self, root: Actor, role: Role) -> None:
        self.iam, self.role = root.client("iam"), role
        self._worn: dict[str, str] = {}

    def __enter__(self) -> "Wardrobe":
        role = self.role.name
        # As it is now: root's probes may have changed it since it was read.
        for policy in self.iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            self.iam.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
        for inline in self.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=role, PolicyName=inline)
        self.wear(self.role.documents)
        return self

    def wear(self, documents: Documents) -> None:
        filled = {n: d for n, d in documents.items() if d["Statement"]}
        wanted = {n.rsplit("/", 1)[-1]: json.dumps(d) for n, d in filled.items()}
        for name in [n for n in self._worn if n not in wanted]:
            self.iam.delete_role_policy(RoleName=self.role.name, PolicyName=name)
        for name, text in wanted.items():
            if self._worn.get(name) != text:
                self.iam.put_role_policy(
                    RoleName=self.role.name, PolicyName=name, PolicyDocument=text
                )
        self._worn = wanted

    def __exit__(self, *_: object) -> None:
        self.wear({})
        for policy, document in self.role.inline.items():
            self.iam.put_role_policy(
                RoleName=self.role.name, PolicyName=policy, PolicyDocument=json.dumps(document)
            )
        for arn in self.role.attached:
            self.iam.attach_role_policy(RoleName=self.role.name, PolicyArn=arn)
