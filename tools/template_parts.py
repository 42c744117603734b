"""The template and its nested stacks, and how to find one's way in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cfn_values import walk
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
FUNCTION = "AWS::Serverless::Function"
ROOT_FILE, ROLES, WEB = "template.yaml", "infra/roles.yaml", "infra/web.yaml"
SPIKE, WATCH = "infra/spike-alarms.yaml", "infra/observability.yaml"
ROUTER = "infra/alarm-router.yaml"


def load() -> dict[str, dict]:
    files = [ROOT / "template.yaml", *sorted((ROOT / "infra").glob("*.yaml"))]
    return {str(f.relative_to(ROOT)): yaml_parse(f.read_text()) for f in files}


def of_type(templates: dict, kind: str) -> dict[str, dict]:
    return {
        name: resource
        for template in templates.values()
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def functions(templates: dict) -> dict[str, dict]:
    """By the name of the folder that their code is in."""
    found = of_type(templates, FUNCTION).values()
    return {Path(f["Properties"]["CodeUri"]).name: f["Properties"] for f in found}


def called_function(templates: dict, file: str, resource: dict) -> str:
    """The folder of the function that a nested stack's resource names by a parameter."""
    root = templates["template.yaml"]["Resources"]
    given = next(r["Properties"]["Parameters"] for r in root.values() if r["Properties"].get("TemplateURL") == file)
    name = attribute_of(given[resource["Properties"]["FunctionName"]["Ref"]])
    return Path(root[name]["Properties"]["CodeUri"]).name


def attribute_of(node: dict) -> str:
    """The resource whose attribute is meant."""
    path = node["Fn::GetAtt"]
    return path.split(".")[0] if isinstance(path, str) else path[0]


def callers(templates: dict, kind: str) -> dict[str, set[str]]:
    """Nested resources of a kind that call functions, by the function's folder."""
    found: dict[str, set[str]] = {}
    for file, template in templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] == kind and file != "template.yaml":
                found.setdefault(called_function(templates, file, resource), set()).add(name)
    return found


def statements(templates: dict) -> Iterator[tuple[str, dict]]:
    """The statements of roles and managed policies, those in an `If` too."""
    kinds = ("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", FUNCTION)
    for kind in kinds:
        for name, resource in of_type(templates, kind).items():
            granted = {k: v for k, v in resource["Properties"].items() if not k.startswith("Assume")}
            for node in walk(granted):
                if node.get("Effect") == "Allow":
                    yield name, node


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


def variables_of(templates: dict) -> dict:
    return templates[ROOT_FILE]["Globals"]["Function"]["Environment"]["Variables"]


def shared_statements(templates: dict) -> list:
    return templates[ROLES]["Resources"]["Shared"]["Properties"]["PolicyDocument"]["Statement"]


def properties_of(templates: dict, file: str, name: str) -> dict:
    return templates[file]["Resources"][name]["Properties"]
