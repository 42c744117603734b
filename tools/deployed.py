"""What a stack and its nested stacks would hold, under given answers: conditions judged, nothing deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cfn_values import Values
from template_parts import ROOT_FILE

NESTED = "AWS::CloudFormation::Stack"
#: Stands for what is known only after a deploy: an ARN, an id. It is not empty.
LATER = "known-after-the-deploy"


@dataclass(frozen=True)
class Held:
    """A resource that would be created, with its values as far as they are known."""

    file: str
    name: str
    kind: str
    properties: dict


def deployed(templates: dict, answers: dict[str, str], file: str = ROOT_FILE) -> Iterator[Held]:
    template = templates[file]
    values = Values(template, answers)
    for name, resource in template["Resources"].items():
        if "Condition" in resource and not values.holds(resource["Condition"]):
            continue
        properties = values.value(resource.get("Properties", {}))
        if resource["Type"] != NESTED:
            yield Held(file, name, resource["Type"], properties)
            continue
        inner = str(Path(file).parent / properties["TemplateURL"])
        given = {k: v if isinstance(v, (str, int, float, bool)) else LATER for k, v in properties["Parameters"].items()}
        yield from deployed(templates, {k: str(v) for k, v in given.items()}, inner)
