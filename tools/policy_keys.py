"""Writes the table of policy keys, as the code prints it, into docs/policy.md between its marks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGINS, ENDS = "<!-- policy-keys -->", "<!-- /policy-keys -->"


def main() -> int:
    command = "cargo run --quiet --locked -p tidegate-ops -- policy-keys".split()
    table = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    page = ROOT / "docs" / "policy.md"
    before, begins, rest = page.read_text().partition(BEGINS)
    _old, ends, after = rest.partition(ENDS)
    if not (begins and ends):
        print(f"policy-keys: docs/policy.md has no {BEGINS} ... {ENDS}", file=sys.stderr)
        return 1
    page.write_text(f"{before}{BEGINS}\n{table.strip()}\n{ENDS}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
