"""What Prometheus itself says of its configuration and rules, where promtool is there.

It comes with Prometheus: on PATH, or unpacked by tools/setup-promtool on Debian 12. Where neither
is, the parser of check_monitoring.py has read every expression all the same, and what was left out
is said aloud.
"""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from monitoring.files import PROMETHEUS, ROOT, Files, rules_of

OWN = ROOT / ".tools/promtool/promtool"


def found() -> str | None:
    """The program, ours or the machine's."""
    return str(OWN) if OWN.exists() else shutil.which("promtool")


def _run(program: str, *words: str, folder: Path) -> tuple[bool, str]:
    done = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def agrees(program: str) -> Iterator[str]:
    """Faults by Prometheus's own word: the configuration, the rules, their unit tests."""
    tests = [f.name for f in sorted((PROMETHEUS / "tests").glob("*.yml"))]
    for words, folder in (
        (["check", "config", "prometheus.yml"], PROMETHEUS),
        (["check", "rules", *(f"rules/{f.name}" for f in sorted((PROMETHEUS / "rules").glob("*.yml")))], PROMETHEUS),
        (["test", "rules", *tests], PROMETHEUS / "tests"),
    ):
        good, said = _run(program, *words, folder=folder)
        if not good:
            yield f"promtool {' '.join(words[:2])}: {said.strip()}"


def survivors(program: str, files: Files) -> Iterator[str]:
    """Each alert with its threshold or its patience changed must fail a unit test."""
    for place, rule in enumerate(rules_of(files, "alert")):
        for what, change in (("threshold", _another_threshold), ("patience", _no_patience)):
            twin = copy.deepcopy(files.rules)
            changed = [r for r in twin["alerts.yml"]["groups"][0]["rules"] if "alert" in r][place]
            change(changed)
            if _still_passes(program, twin):
                yield f"{rule['alert']}, {rule['labels']['severity']}: another {what} is noticed by no test"


def _another_threshold(rule: dict) -> None:
    """So far up that nothing reaches it; a comparison for equality with what is never there."""
    rule["expr"] = re.sub(r"(>=?|==) ([\d.e]+)(?= and|$)", r"\1 1e12", rule["expr"])


def _no_patience(rule: dict) -> None:
    rule["for"] = "0s"


def _still_passes(program: str, rules: dict[str, dict]) -> bool:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(PROMETHEUS / "tests", folder / "tests")
        (folder / "rules").mkdir()
        for file, document in rules.items():
            (folder / "rules" / file).write_text(yaml.safe_dump(document))
        tests = sorted(f.name for f in (folder / "tests").glob("*.yml"))
        return _run(program, "test", "rules", *tests, folder=folder / "tests")[0]
