"""Our own cfn-guard rules (infra/rules) on every template, on the expansion, and on their examples.

Run by `make test`, after `tools/setup` built cfn-guard. Three things must hold:
  1. no rule is broken by a template of ours, or by what SAM makes of the root one;
  2. every rule has an example that breaks it and no other (infra/rules/examples/RULE.yaml);
  3. examples/right.yaml keeps all of them, and each clause that is broken in a copy of it is noticed.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cfn_values import changed
from expansion import expanded
from guard_clauses import CLAUSES
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "infra" / "rules"
EXAMPLES = RULES / "examples"
GUARD = ROOT / ".tools" / "bin" / "cfn-guard"


@dataclass
class Verdict:
    """What cfn-guard says of one file."""

    kept: set[str]
    broken: dict[str, list[str]] = field(default_factory=dict)


def judge(files: list[Path]) -> dict[str, Verdict]:
    """By the file's name; cfn-guard ends with 19 when a rule is broken, and that is an answer too."""
    command: list[str | Path] = [GUARD, "validate", "--structured", "--output-format", "json"]
    command += ["--show-summary", "none", "--rules", RULES]
    for file in files:
        command += ["--data", file]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode not in (0, 19):
        raise SystemExit(f"rules: cfn-guard ended with {done.returncode}: {done.stderr.strip()[-600:]}")
    return {Path(said["name"]).name: verdict(said) for said in json.loads(done.stdout)}


def verdict(said: dict) -> Verdict:
    found = Verdict(kept=set(said["compliant"]))
    for node in said["not_compliant"]:
        (rule,) = node.values()
        found.broken[rule["name"]] = sorted(set(messages(rule)))
    return found


def messages(node) -> Iterator[str]:
    """What the broken clauses say, and of which resource."""
    if isinstance(node, dict):
        told = (node.get("messages") or {}).get("custom_message")
        if told:
            place = re.search(r'"path": "(/[^"]+)"|Path=(/[^\[]+)', json.dumps(node))
            where = next((g for g in place.groups() if g), "") if place else ""
            yield f"{where}: {told}" if where else told
        for item in node.values():
            yield from messages(item)
    elif isinstance(node, list):
        for item in node:
            yield from messages(item)


def all_rules() -> list[str]:
    """The rules that judge a file; those with arguments are parts of others."""
    text = "".join(f.read_text() for f in sorted(RULES.glob("*.guard")))
    return re.findall(r"^rule ([a-z_]+)(?! *\()\b", text, re.MULTILINE)


def templates_keep_the_rules(scratch: Path) -> Iterator[str]:
    expansion = scratch / "the expansion of template.yaml"
    expansion = expansion.with_suffix(".json")
    expansion.write_text(json.dumps(expanded()))
    files = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml")), expansion]
    for name, said in judge(files).items():
        for rule, told in said.broken.items():
            yield f"{name} breaks {rule}: {'; '.join(told) or 'see infra/rules'}"


def every_rule_has_its_example(_scratch: Path) -> Iterator[str]:
    said = judge(sorted(EXAMPLES.glob("*.yaml")))
    for rule in all_rules():
        example = said.get(f"{rule}.yaml")
        if example is None:
            yield f"{rule}: no example breaks it"
        elif set(example.broken) != {rule}:
            yield f"{rule}: its example breaks {', '.join(example.broken) or 'nothing'}"
    for name in sorted(set(said) - {f"{rule}.yaml" for rule in all_rules()} - {"right.yaml"}):
        yield f"{name}: an example of no rule"


def the_right_example_keeps_all(_scratch: Path) -> Iterator[str]:
    right = judge([EXAMPLES / "right.yaml"])["right.yaml"]
    for rule, told in right.broken.items():
        yield f"right.yaml breaks {rule}: {'; '.join(told)}"
    for rule in sorted(set(all_rules()) - right.kept - set(right.broken)):
        yield f"right.yaml: {rule} does not apply"


def every_clause_can_break(scratch: Path) -> Iterator[str]:
    right = yaml_parse((EXAMPLES / "right.yaml").read_text())
    files = []
    for place, (_, _, change) in enumerate(CLAUSES):
        file = scratch / f"{place}.json"
        file.write_text(json.dumps(changed(right, change)))
        files.append(file)
    said = judge(files)
    for place, (rule, what, _) in enumerate(CLAUSES):
        broken = set(said[f"{place}.json"].broken)
        if broken != {rule}:
            yield f"{what}: breaks {', '.join(sorted(broken)) or 'nothing'}, not {rule}"


CHECKS = [
    templates_keep_the_rules,
    every_rule_has_its_example,
    the_right_example_keeps_all,
    every_clause_can_break,
]


def main() -> int:
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for check in CHECKS:
            faults = list(check(Path(folder)))
            failed += bool(faults)
            print(f"{'FAIL' if faults else 'ok  '} {check.__name__.replace('_', ' ')}")
            for fault in faults:
                print(f"       {fault}")
    print(f"rules: {len(all_rules())} rules, {len(CLAUSES)} clauses broken on purpose")
    print(f"rules: {len(CHECKS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
