"""Writes the table of policy keys, as the code prints it, into the README between its marks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BEGINS, ENDS = "<!-- policy-keys -->", "<!-- /policy-keys -->"


def main() -> int:
    command = "cargo run --quiet --locked -p tidegate-ops -- policy-keys".split()
    table = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    readme = ROOT / "README.md"
    before, begins, rest = readme.read_text().partition(BEGINS)
    _old, ends, after = rest.partition(ENDS)
    if not (begins and ends):
        print(f"readme-keys: README.md has no {BEGINS} ... {ENDS}", file=sys.stderr)
        return 1
    readme.write_text(f"{before}{BEGINS}\n{table.strip()}\n{ENDS}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
