"""checkov on every template and on what SAM makes of the root one: nothing is found without a reason.

Run by `make test`, offline. infra/rules/checkov.yaml names the findings that are no faults here. A
finding that it does not name fails the run, and so does an entry without a reason, or one that no
finding needs any more. SELF_TESTS shows that each of these can fail.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from expansion import expanded
from samcli.yamlhelper import yaml_parse

ROOT = Path(__file__).resolve().parent.parent
CHECKOV = ROOT / ".tools" / "checkov" / "bin" / "checkov"
SUPPRESSIONS = ROOT / "infra" / "rules" / "checkov.yaml"
EXPANSION = "expansion"
#: A fault that checkov must see in each run: one that sees nothing is silent in the same way.
PLANTED = ("infra/rules/examples/queues_are_encrypted.yaml", "CKV_AWS_27")
#: Shorter than this is no reason.
WORDS = 8


@dataclass(frozen=True)
class Finding:
    """One failed check on one resource."""

    check: str
    place: str
    what: str


@dataclass(frozen=True)
class Report:
    """What checkov saw: the findings, and how much it looked at."""

    findings: list[Finding]
    passed: int
    resources: int


def look(files: list[Path], expansion: Path) -> Report:
    """Runs checkov; it ends with 1 when it found something, and prints JSON either way."""
    command: list[str | Path] = [CHECKOV, "--skip-download", "--framework", "cloudformation"]
    command += ["--quiet", "--compact", "--output", "json", "--file", *files, expansion, PLANTED[0]]
    quiet = {**os.environ, "LOG_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True)
    try:
        said = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise SystemExit(f"checkov: ended with {done.returncode}: {done.stderr[-600:]}") from None
    results, summary = said["results"], said["summary"]
    if summary["parsing_errors"] or results.get("parsing_errors"):
        raise SystemExit(f"checkov: could not read {results.get('parsing_errors')}")
    seen = [Finding(f["check_id"], place_of(f, expansion), f["check_name"]) for f in results["failed_checks"]]
    findings = [f for f in seen if not f.place.startswith(PLANTED[0])]
    if not any(f.check == PLANTED[1] for f in seen if f not in findings):
        raise SystemExit(f"checkov: does not see the fault in {PLANTED[0]}")
    return Report(findings, summary["passed"], summary["resource_count"])


def place_of(found: dict, expansion: Path) -> str:
    """FILE:RESOURCE, without the resource's type."""
    file = found["file_path"].lstrip("/")
    file = EXPANSION if Path(file).name == expansion.name else file
    return f"{file}:{found['resource'].rsplit('.', 1)[-1]}"


def faults(findings: list[Finding], entries: list[dict]) -> Iterator[str]:
    """Findings that no entry names, and entries that are not what they must be."""
    for entry in entries:
        odd = set(entry) ^ {"check", "where", "reason"}
        if odd:
            yield f"{entry.get('check', entry)}: {', '.join(sorted(odd))} is missing or unknown"
        elif len(str(entry["reason"]).split()) < WORDS:
            yield f"{entry['check']}: no reason"
        for pattern in entry.get("where", []):
            if not any(f.check == entry.get("check") and fnmatchcase(f.place, pattern) for f in findings):
                yield f"{entry.get('check')} on {pattern}: nothing needs it any more"
    for found in findings:
        if not any(names(entry, found) for entry in entries):
            yield f"{found.place}: {found.check} {found.what}"


def names(entry: dict, found: Finding) -> bool:
    patterns = entry.get("where", [])
    return entry.get("check") == found.check and any(fnmatchcase(found.place, p) for p in patterns)


# --- what must be noticed -----------------------------------------------------------------------

_FOUND = [Finding("CKV_1", "infra/web.yaml:Group", "is open")]
_REASON = "because it is closed by the security group in front of it"
_ENTRY = {"check": "CKV_1", "where": ["infra/web.yaml:*"], "reason": _REASON}

#: What is tried, the findings, the entries, and a word of the fault; empty: there is none.
SELF_TESTS = [
    ("a finding with a reason", _FOUND, [_ENTRY], ""),
    ("a finding without an entry", _FOUND, [], "is open"),
    ("an entry for another check", _FOUND, [{**_ENTRY, "check": "CKV_2"}], "is open"),
    ("an entry for another file", _FOUND, [{**_ENTRY, "where": ["infra/cache.yaml:*"]}], "is open"),
    ("an entry without a reason", _FOUND, [{**_ENTRY, "reason": ""}], "no reason"),
    ("an entry with a word for a reason", _FOUND, [{**_ENTRY, "reason": "ok"}], "no reason"),
    ("an entry with no reason key", _FOUND, [{"check": "CKV_1", "where": ["*"]}], "reason is missing"),
    ("an entry that nothing needs", [], [_ENTRY], "any more"),
    ("a place that nothing needs", _FOUND, [{**_ENTRY, "where": ["infra/web.yaml:*", "x:*"]}], "x:*"),
]


def main() -> int:
    failed = 0
    for what, findings, entries, wanted in SELF_TESTS:
        told = list(faults(findings, entries))
        good = any(wanted in fault for fault in told) if wanted else not told
        failed += not good
        print(f"{'ok  ' if good else 'FAIL'} {'takes' if not wanted else 'refuses'} {what}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        expansion = Path(folder) / "tidegate-expansion.json"
        expansion.write_text(json.dumps(expanded(), indent=1))
        files = [Path("template.yaml"), *sorted(f.relative_to(ROOT) for f in (ROOT / "infra").glob("*.yaml"))]
        report = look(files, expansion)
    told = list(faults(report.findings, yaml_parse(SUPPRESSIONS.read_text())))
    for fault in told:
        print(f"FAIL {fault}")
    seconds = time.monotonic() - began
    print(f"checkov: {report.resources} resources, {report.passed} checks passed, in {seconds:.0f} s;")
    print(f"checkov: {len(report.findings)} findings, each with a reason, but {len(told)} faults")
    print(f"checkov: {len(SELF_TESTS) - failed} passed, {failed + len(told)} failed")
    return 1 if failed or told else 0


if __name__ == "__main__":
    sys.exit(main())
