"""Parameters and outputs of every stack: what a person is asked, and what a stack gives.

Run by `make test`. Each check must also find the fault that is put into a copy (MUTATIONS).
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from cfn_values import changed, walk
from template_parts import ROOT, ROOT_FILE, load

NESTED = "AWS::CloudFormation::Stack"
#: What keeps an answer within bounds.
BOUNDS = {"AllowedPattern", "AllowedValues", "MinValue", "MaxValue", "MinLength", "MaxLength"}
#: These take only what exists in the account.
BOUND_BY_TYPE = ("AWS::EC2::", "AWS::SSM::", "List<AWS::EC2::", "AWS::Route53::")
LONGEST = 400


def by_hand(templates: dict) -> set[str]:
    """Files that a person deploys: they are no stack of another one."""
    inner = {inner_file(f, r) for f, t in templates.items() for r in t["Resources"].values() if r["Type"] == NESTED}
    return set(templates) - inner


def inner_file(outer: str, stack: dict) -> str:
    return str(Path(outer).parent / stack["Properties"]["TemplateURL"])


# --- checks -------------------------------------------------------------------------------------


def parameters_say_what_they_take(templates: dict) -> Iterator[str]:
    for file, template in templates.items():
        for name, parameter in template.get("Parameters", {}).items():
            if len(parameter.get("Description", "").split()) < 2:
                yield f"{file}: {name}: no description"
            if not BOUNDS & set(parameter) and not parameter["Type"].startswith(BOUND_BY_TYPE):
                yield f"{file}: {name}: takes anything"


def a_person_may_answer_nothing(templates: dict) -> Iterator[str]:
    for file in sorted(by_hand(templates)):
        for name, parameter in templates[file].get("Parameters", {}).items():
            if "Default" not in parameter and file == ROOT_FILE:
                yield f"{file}: {name}: has no default"


def defaults_are_allowed(templates: dict) -> Iterator[str]:
    for file, template in templates.items():
        for name, parameter in template.get("Parameters", {}).items():
            if "Default" in parameter and "SSM" not in parameter["Type"]:
                yield from (f"{file}: {name}: {fault}" for fault in odd_default(parameter))


def odd_default(parameter: dict) -> Iterator[str]:
    default = parameter["Default"]
    pattern, values = parameter.get("AllowedPattern"), parameter.get("AllowedValues")
    if pattern and not re.fullmatch(pattern, str(default)):
        yield f"its own pattern refuses the default {default!r}"
    if values and str(default) not in [str(v) for v in values]:
        yield f"its own values lack the default {default!r}"
    if parameter["Type"] == "Number":
        if not float(parameter.get("MinValue", default)) <= float(default) <= float(parameter.get("MaxValue", default)):
            yield f"the default {default} is out of bounds"


def the_form_is_whole_and_in_order(templates: dict) -> Iterator[str]:
    """`sam deploy --guided` asks in the parameters' order, the console in that of the groups."""
    for file in sorted(by_hand(templates)):
        template = templates[file]
        form = template.get("Metadata", {}).get("AWS::CloudFormation::Interface", {})
        if not form:
            yield f"{file}: the console shows its parameters in no order"
            continue
        grouped = [name for group in form["ParameterGroups"] for name in group["Parameters"]]
        asked = list(template.get("Parameters", {}))
        for name in sorted(set(asked) ^ set(grouped)):
            yield f"{file}: {name}: {'in no group' if name in asked else 'a group names what is not asked'}"
        for name in sorted({n for n in grouped if grouped.count(n) > 1}):
            yield f"{file}: {name}: in several groups"
        if set(asked) == set(grouped) and asked != [n for n in grouped]:
            place = next(i for i, pair in enumerate(zip(asked, grouped)) if pair[0] != pair[1])
            yield f"{file}: {asked[place]}: the groups have {grouped[place]} in its place"
        labels = form.get("ParameterLabels", {})
        for name in sorted(set(labels) - set(asked)):
            yield f"{file}: {name}: a label of no parameter"
        said = [label["default"] for label in labels.values()]
        if len(set(said)) < len(said):
            yield f"{file}: two parameters have one label"
        if any(not group["Label"]["default"] for group in form["ParameterGroups"]):
            yield f"{file}: a group without a label"


def outputs_are_used_or_explained(templates: dict) -> Iterator[str]:
    used = set()
    for file, template in templates.items():
        stacks = {n: inner_file(file, r) for n, r in template["Resources"].items() if r["Type"] == NESTED}
        for node in walk(template):
            path = node.get("Fn::GetAtt")
            path = path.split(".", 1) if isinstance(path, str) else path
            if path and path[0] in stacks:
                used.add((stacks[path[0]], path[1].removeprefix("Outputs.")))
        # Within a text.
        for stack, inner in stacks.items():
            for output in re.findall(r"\$\{%s\.Outputs\.(\w+)\}" % stack, json.dumps(template)):
                used.add((inner, output))
    for file, template in templates.items():
        for name, output in template.get("Outputs", {}).items():
            if (file, name) not in used and not output.get("Description"):
                yield f"{file}: {name}: nobody uses it, and nothing says what it is for"


def stacks_say_what_they_take_and_give(templates: dict) -> Iterator[str]:
    for file, template in templates.items():
        text = template.get("Description", "")
        if file != ROOT_FILE and not ("Takes" in text and "Gives" in text):
            yield f"{file}: does not open with what it takes and gives"
        if not 40 <= len(text) <= 1024:
            yield f"{file}: its description has {len(text)} characters; CloudFormation takes 1024"


def files_are_short(_templates: dict) -> Iterator[str]:
    yield from too_long({f: len((ROOT / f).read_text().splitlines()) for f in load()})


def too_long(lines: dict[str, int]) -> Iterator[str]:
    for file, count in lines.items():
        if count > LONGEST:
            yield f"{file}: {count} lines; {LONGEST} are read in one sitting"


CHECKS = [
    parameters_say_what_they_take,
    a_person_may_answer_nothing,
    defaults_are_allowed,
    the_form_is_whole_and_in_order,
    outputs_are_used_or_explained,
    stacks_say_what_they_take_and_give,
    files_are_short,
]


# --- faults that are put into a copy --------------------------------------------------------------


def _root(t: dict) -> dict:
    return t[ROOT_FILE]["Parameters"]


def _form(t: dict) -> dict:
    return t[ROOT_FILE]["Metadata"]["AWS::CloudFormation::Interface"]


def _turned(t: dict) -> None:
    _form(t)["ParameterGroups"][0]["Parameters"].reverse()


MUTATIONS = [
    ("parameters_say_what_they_take", "a question without words", lambda t: _root(t)["TimeZone"].pop("Description")),
    ("parameters_say_what_they_take", "an answer without bounds", lambda t: _root(t)["TimeZone"].pop("AllowedPattern")),
    ("parameters_say_what_they_take", "a nested one without words", lambda t: t["infra/roles.yaml"]["Parameters"]["Name"].pop("Description")),
    ("a_person_may_answer_nothing", "a question that must be answered", lambda t: _root(t)["InstanceType"].pop("Default")),
    ("defaults_are_allowed", "a default against its pattern", lambda t: _root(t)["DayStarts"].update(Default="8 am")),
    ("defaults_are_allowed", "a default that is no choice", lambda t: _root(t)["Architecture"].update(Default="riscv")),
    ("defaults_are_allowed", "a default out of bounds", lambda t: _root(t)["Headroom"].update(Default=9)),
    ("the_form_is_whole_and_in_order", "a question in no group", lambda t: _form(t)["ParameterGroups"][1]["Parameters"].pop()),
    ("the_form_is_whole_and_in_order", "a question in two groups", lambda t: _form(t)["ParameterGroups"][1]["Parameters"].append("DryRun")),
    ("the_form_is_whole_and_in_order", "a group of what is not asked", lambda t: _form(t)["ParameterGroups"][1]["Parameters"].append("Colour")),
    ("the_form_is_whole_and_in_order", "two orders", _turned),
    ("the_form_is_whole_and_in_order", "a label of nothing", lambda t: _form(t)["ParameterLabels"].update(Colour={"default": "Colour"})),
    ("the_form_is_whole_and_in_order", "one label for two", lambda t: _form(t)["ParameterLabels"].update(DryRun={"default": "Mail"}, DayFloor={"default": "Mail"})),
    ("the_form_is_whole_and_in_order", "a form that is gone", lambda t: t[ROOT_FILE].pop("Metadata")),
    ("outputs_are_used_or_explained", "an output that nobody uses", lambda t: t["infra/roles.yaml"]["Outputs"].update(Odd={"Value": "x"})),
    ("stacks_say_what_they_take_and_give", "a stack that says nothing", lambda t: t["infra/roles.yaml"].update(Description="Roles.")),
]  # fmt: skip


def main() -> int:
    templates = load()
    failed = 0
    for check in CHECKS:
        found = list(check(templates))
        failed += bool(found)
        print(f"{'FAIL' if found else 'ok  '} {check.__name__.replace('_', ' ')}")
        for fault in found:
            print(f"       {fault}")
    by_name = {check.__name__: check for check in CHECKS}
    for name, what, change in MUTATIONS:
        found = set(by_name[name](changed(templates, change))) - set(by_name[name](templates))
        failed += not found
        print(f"{'ok  ' if found else 'FAIL'} finds {what}")
    if not list(too_long({"x": LONGEST + 1})) or list(too_long({"x": LONGEST})):
        failed += 1
        print("FAIL finds a long file")
    total = len(CHECKS) + len(MUTATIONS) + 1
    count = sum(len(t.get("Parameters", {})) for t in templates.values())
    print(f"parameters: {count} in {len(templates)} stacks; {total - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
