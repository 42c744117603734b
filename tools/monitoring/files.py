"""The files of infra/monitoring, and the list of what the workload exports."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = ROOT / "infra/monitoring"
PROMETHEUS = HERE / "prometheus"
KINDS = ("counter", "gauge", "histogram")


@dataclass
class Files:
    """All that is checked; a test's fault is put into a copy."""

    #: Each metric of the workload: its type and its labels.
    exported: dict[str, tuple[str, tuple[str, ...]]]
    config: dict
    #: By file name: groups of rules, unit tests, dashboards.
    rules: dict[str, dict]
    tests: dict[str, dict]
    dashboards: dict[str, dict]
    datasources: dict
    runbook: str
    #: The root template's text: its defaults are what the configuration is for.
    template: str


def read() -> Files:
    """The files as they stand."""
    return Files(
        exported=listed((HERE / "workload-metrics.txt").read_text()),
        config=yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text()),
        rules=_yaml(PROMETHEUS / "rules"),
        tests=_yaml(PROMETHEUS / "tests"),
        dashboards={f.name: json.loads(f.read_text()) for f in sorted((HERE / "grafana/dashboards").glob("*.json"))},
        datasources=yaml.safe_load((HERE / "grafana/provisioning/datasources/tidegate.yaml").read_text()),
        runbook=(ROOT / "docs/runbook.md").read_text(),
        template=(ROOT / "template.yaml").read_text(),
    )


def _yaml(folder: Path) -> dict[str, dict]:
    return {f.name: yaml.safe_load(f.read_text()) for f in sorted(folder.glob("*.yml"))}


def listed(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The list of metrics: NAME TYPE LABELS."""
    found = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, kind, labels = line.split()
        if kind not in KINDS or name in found:
            raise ValueError(f"workload-metrics.txt: {line}")
        found[name] = (kind, () if labels == "-" else tuple(labels.split(",")))
    return found


def rules_of(files: Files, kind: str) -> list[dict]:
    """All rules with the key `alert` or `record`."""
    groups = [g for document in files.rules.values() for g in document["groups"]]
    return [rule for group in groups for rule in group["rules"] if kind in rule]
