#!/usr/bin/env python3
"""Plays one accelerated day through the deployed functions; `make demo` calls this.

    tools/demo.py [--seed N] [--quick] [--stack NAME]

Expects a fresh local endpoint with the stack deployed (AWS_ENDPOINT_URL and the dummy credentials
in the environment: eval "$(tools/endpoint env)"). Prints what each function decided and why,
writes build/demo/day.html, and ends with 1 and a list when an assertion does not hold.
What is played by the driver because no local endpoint does it stands in tools/demo/world.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from demo.main import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
