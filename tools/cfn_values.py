"""Evaluates a template's parameters, conditions and the intrinsic functions we use.

Enough to see what a stack would get for given answers, without a stack. What it does not know it
keeps as it stands, so a caller sees it; it never guesses.
"""

from __future__ import annotations

import copy
import re

PSEUDO = {
    "AWS::AccountId": "000000000000",
    "AWS::Region": "ap-northeast-2",
    "AWS::Partition": "aws",
    "AWS::StackName": "tidegate",
    "AWS::NoValue": None,
}


class Values:
    """A template under given answers; answers that are not given take the parameter's default."""

    def __init__(self, template: dict, answers: dict[str, str] | None = None):
        defaults = {name: p.get("Default", "") for name, p in template.get("Parameters", {}).items()}
        unknown = set(answers or {}) - set(defaults)
        if unknown:
            raise KeyError(f"no such parameter: {', '.join(sorted(unknown))}")
        self.names = {**PSEUDO, **{n: text(v) for n, v in {**defaults, **(answers or {})}.items()}}
        self.conditions = template.get("Conditions", {})

    def holds(self, condition: str) -> bool:
        return bool(self.value(self.conditions[condition]))

    def value(self, node, local: dict[str, str] | None = None):
        if isinstance(node, list):
            return [v for v in (self.value(item, local) for item in node) if v is not None]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (function, argument), = node.items()
            rule = getattr(self, "_" + function.replace("::", "_").lower(), None)
            if rule:
                return rule(argument, local)
        values = {key: self.value(item, local) for key, item in node.items()}
        return {key: item for key, item in values.items() if item is not None}

    def _ref(self, name, _local):
        return self.names[name] if name in self.names else {"Ref": name}

    def _condition(self, name, _local):
        return self.holds(name)

    def _fn_equals(self, pair, local):
        left, right = (self.value(item, local) for item in pair)
        # CloudFormation compares texts: the number 1 is the text 1.
        return left == right or text(left) == text(right)

    def _fn_not(self, items, local):
        return not self.value(items[0], local)

    def _fn_or(self, items, local):
        return any(self.value(item, local) for item in items)

    def _fn_and(self, items, local):
        return all(self.value(item, local) for item in items)

    def _fn_select(self, pair, local):
        place, items = self.value(pair, local)
        return items[int(place)] if isinstance(items, list) else {"Fn::Select": pair}

    def _fn_if(self, branches, local):
        condition, yes, no = branches
        return self.value(yes if self.holds(condition) else no, local)

    def _fn_join(self, pair, local):
        delimiter, items = pair
        return delimiter.join(text(item) for item in self.value(items, local))

    def _fn_split(self, pair, local):
        delimiter, whole = pair
        known = self.value(whole, local)
        return known.split(delimiter) if isinstance(known, str) else {"Fn::Split": [delimiter, known]}

    def _fn_sub(self, argument, local):
        pattern, own = argument if isinstance(argument, list) else (argument, {})
        own = {name: self.value(item, local) for name, item in own.items()}

        def one(found: re.Match) -> str:
            name = found.group(1)
            if name in own:
                return text(own[name])
            return text(self.names[name]) if name in self.names else found.group(0)

        # What is behind ${! is meant for another reader, without the mark.
        return re.sub(r"\$\{([^!}][^}]*)\}", one, pattern).replace("${!", "${")


def text(value) -> str:
    return value if isinstance(value, str) else str(value)


def walk(node):
    """Every dictionary inside."""
    if isinstance(node, dict):
        yield node
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from walk(item)


def changed(templates: dict, change) -> dict:
    """A copy on which `change` was done."""
    twin = copy.deepcopy(templates)
    change(twin)
    return twin
