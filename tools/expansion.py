"""The root template as CloudFormation gets it: SAM's transform, run here, offline."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

# The transform asks for a region, and for nothing else of the account.
os.environ.setdefault("AWS_DEFAULT_REGION", "ap-northeast-2")

from samcli.yamlhelper import yaml_parse  # noqa: E402
from samtranslator.parser.parser import Parser  # noqa: E402
from samtranslator.translator.translator import Translator  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
#: Where `sam deploy` would have put the programs; the transform takes no local folder.
ARTIFACT = "s3://artifacts/"


def expanded(template: dict | None = None) -> dict:
    """What AWS::Serverless-2016-10-31 makes of the root template (a copy is transformed)."""
    source = template or yaml_parse((ROOT / "template.yaml").read_text())
    twin = json.loads(json.dumps(source, default=str))
    for resource in twin["Resources"].values():
        properties = resource["Properties"]
        if "CodeUri" in properties:
            properties["CodeUri"] = ARTIFACT + Path(properties["CodeUri"]).name
        if "TemplateURL" in properties:
            properties["TemplateURL"] = "https://s3.amazonaws.com/artifacts/" + properties["TemplateURL"]
    defaults = {n: p["Default"] for n, p in twin["Parameters"].items() if "Default" in p}
    return Translator({}, Parser()).translate(twin, defaults)


def main() -> int:
    json.dump(expanded(), sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
