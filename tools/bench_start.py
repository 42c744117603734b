#!/usr/bin/env python3
"""Measures how fast the functions start; `make bench-start` calls this.

    tools/bench_start.py [--rounds N] [--no-build] [--no-fail] [--json FILE] [--also NAME=PROGRAM]

Compares the three functions, as the deploy builds them, with an empty lambda_runtime function, a
Python boto3 function that makes the same AWS call, and a bare program that only speaks the
protocol (what the measuring itself costs). Ends with 1 when a goal is missed.
What exactly is measured stands in tools/bench/rounds.py; docs/decisions/0001-release-profile.md has
the figures.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
PYTHON = TOOLS.parent / ".tools" / "sam" / "bin" / "python"

if Path(sys.prefix).resolve() != PYTHON.parent.parent.resolve():
    if not PYTHON.exists():
        sys.exit("bench-start: boto3 is not installed here; run tools/setup first")
    os.execv(PYTHON, [str(PYTHON), __file__, *sys.argv[1:]])

sys.path.insert(0, str(TOOLS))

from bench.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
